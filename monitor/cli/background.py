"""`monitor start` and `stop`: the same monitor, without a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from monitor.cli.options import home_option
from monitor.errors import ConfigError, MonitorError
from monitor.home import Home, find_home
from monitor.running import is_held, what_runs

BEGIN_S = 30.0
END_S = 8.0  # a monitor ends within 5 s of its signal
LOOK_EVERY_S = 0.1
OUTPUT = "monitor.out"
ERROR = "error: "  # how every command begins what went wrong


@click.command(
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    short_help="Run the monitor in the background.",
)
@home_option
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
def start(home: Path | None, options: tuple[str, ...]) -> None:
    """Run the monitor in the background; OPTIONS are those of `monitor`.

    It goes on when the terminal closes, not when the machine restarts: for that there is
    `monitor service install`. What it prints is in logs/monitor.out.

    Example: monitor start --ticker NDX --trend sideways
    """
    found = find_home(home)
    _refuse_simulated(options)
    found.prepare()
    _refuse_second(found)
    output = found.logs / OUTPUT
    with output.open("ab") as file:
        child = subprocess.Popen(  # noqa: S603 -- our own program with the person's own options
            [sys.executable, "-m", "monitor.cli.main", "--home", str(found.root), *options],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=Path.cwd(),
        )
    before = _written_at(found)
    if not _wait(lambda: child.poll() is not None or _began(found, child.pid, before), BEGIN_S):
        raise MonitorError(
            f"the monitor (pid {child.pid}) has not finished a cycle after {BEGIN_S:g} s",
            hint=f"`monitor status` tells more later; what it printed is in {output}",
        )
    if child.poll() is not None:
        said, *todo = _last_words(output)
        raise MonitorError(
            f"the monitor ended at once with exit code {child.returncode}: {said}",
            hint="\n  ".join([*todo, f"all that it printed is in {output}"]),
        )
    click.echo(f"started, pid {child.pid}; `monitor status` looks after it, `monitor stop` ends it")


@click.command(short_help="End the monitor that runs on this home.")
@home_option
def stop(home: Path | None) -> None:
    """End the monitor that runs on this home, in the background or not.

    Example: monitor stop
    """
    found = find_home(home)
    who = what_runs(found)
    if who is None:
        if is_held(found.lock):
            raise MonitorError(
                f"a monitor runs on {found.root}, and its process number is not known",
                hint="end it where it was started",
            )
        raise MonitorError(f"no monitor runs on {found.root}", hint="`monitor status` tells more")
    os.kill(who.pid, signal.SIGTERM)
    if not _wait(lambda: not is_held(found.lock), END_S):
        raise MonitorError(
            f"the monitor (pid {who.pid}) did not end within {END_S:g} s",
            hint=f"logs/monitor.log may tell why; `kill -9 {who.pid}` loses nothing that was saved",
        )
    click.echo(f"stopped, pid {who.pid}: nobody watches your positions now")


def _refuse_simulated(options: tuple[str, ...]) -> None:
    for option in options:
        value = option.removeprefix("--source=")
        if value == "demo" or value.startswith("replay:"):
            raise ConfigError(
                f"{value} does not run in the background: it is a show of a home of its own",
                hint=f"run it in a terminal: monitor --source {value}",
            )


def _refuse_second(home: Home) -> None:
    if is_held(home.lock):
        who = what_runs(home)
        raise ConfigError(
            f"a monitor runs on {home.root} already" + (f" (pid {who.pid})" if who else ""),
            hint="`monitor stop` ends it; another home needs --home",
        )


def _began(home: Home, pid: int, before: float | None) -> bool:
    who = what_runs(home)
    return who is not None and who.pid == pid and _written_at(home) != before


def _written_at(home: Home) -> float | None:
    try:
        return home.snapshot.stat().st_mtime
    except OSError:
        return None


def _wait(done: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if done():
            return True
        time.sleep(LOOK_EVERY_S)
    return done()


def _last_words(output: Path) -> list[str]:
    """The error it ended with, then what to do about it; else the last line it printed."""
    lines = [line for line in output.read_text("utf-8", "replace").splitlines() if line.strip()]
    said = lines[-5:]
    starts = [n for n, line in enumerate(said) if line.startswith(ERROR)]
    if not starts:
        return [said[-1].strip() if said else "it printed nothing"]
    first, *after = said[starts[-1] :]
    return [first.removeprefix(ERROR), *(line.strip() for line in after if line.startswith("  "))]
