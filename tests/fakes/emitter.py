"""A program that commits alerts and sends them to the two log files, killed at chosen lines.

    python tests/fakes/emitter.py HOME KILLS

Each child is killed at another line of the code that commits and sends; then the next start sends
what is left. Prints how many children were really killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine, select

from monitor.clock import PACIFIC, FixedClock
from monitor.domain.alert_lifecycle import AlertPolicy, advance
from monitor.domain.alerts import Condition
from monitor.domain.vocabulary import Level
from monitor.notify.dispatcher import Dispatcher
from monitor.notify.jsonl import alerts_jsonl
from monitor.notify.logfile import alerts_log
from monitor.store import alerts, schema
from monitor.store.engine import open_engine, read, write

NOW = datetime(2026, 2, 20, 18, 45, tzinfo=UTC)
LINES = range(3, 400, 8)  # of a whole emission's some four hundred
LINES_OF_AN_ALERT = 2


def start(home: Path) -> tuple[Engine, Dispatcher]:
    engine = open_engine(f"sqlite:///{home / 'monitor.db'}")
    files = [alerts_log(home / "alerts.log", zone=PACIFIC), alerts_jsonl(home / "alerts.jsonl")]
    return engine, Dispatcher(engine, files, clock=FixedClock(NOW))


def emit(home: Path) -> None:
    engine, sender = start(home)
    with write(engine) as connection:
        number = alerts.next_number(connection)
        new = [Condition(key=f"k{number + i}", level=Level.EXIT, title="T") for i in range(3)]
        result = advance(
            {}, new, now=NOW, policy=AlertPolicy(), next_number=number, simulated=False
        )
        alerts.save(connection, result, channels=sender.channels)
    sender.dispatch_due(NOW)


def kill_at(line: int) -> Callable[..., Any]:
    """A trace function that kills this process at the so-many-th line of the code in question."""
    left = line

    def trace(frame: FrameType, event: str, _arg: object) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.endswith(("/channel.py", "/journal.py", "/engine.py")):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    return trace


def kill_many(home: Path, kills: int) -> int:
    """How many of `kills` children were killed before they had finished."""
    killed = 0
    for number in range(kills):
        child = os.fork()
        if child == 0:
            sys.settrace(kill_at(LINES[number % len(LINES)] + number // len(LINES)))
            emit(home)
            os._exit(0)
        killed += os.waitpid(child, 0)[1] == signal.SIGKILL
        start(home)[1].dispatch_due(NOW)  # what the next start does
    return killed


@dataclass(frozen=True)
class Compared:
    """Alerts of the database against alerts.log."""

    missing: int
    doubled: int
    torn: int


@dataclass(frozen=True)
class Emitter:
    """The program in a process of its own, without threads, so that it may fork."""

    home: Path

    def kill(self, kills: int) -> int:
        engine = start(self.home)[0]
        schema.metadata.create_all(engine)
        engine.dispose()
        done = subprocess.run(
            [sys.executable, __file__, str(self.home), str(kills)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return int(done.stdout)

    def compare(self) -> Compared:
        engine = start(self.home)[0]
        with read(engine) as connection:
            numbers = connection.execute(select(schema.notices.c.alert_number)).scalars()
            committed = Counter(f"  Alert A{n}" for n in numbers)
        engine.dispose()
        lines = (self.home / "alerts.log").read_text("utf-8").splitlines()
        told = Counter(line for line in lines if line.startswith("  Alert"))
        return Compared(
            missing=(committed - told).total(),
            doubled=(told - committed).total(),
            torn=len(lines) - LINES_OF_AN_ALERT * told.total(),
        )


if __name__ == "__main__":
    sys.stdout.write(f"{kill_many(Path(sys.argv[1]), int(sys.argv[2]))}\n")
