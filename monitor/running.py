"""Which monitor runs on a home: the lock says that one does, a note beside it says which."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from monitor.home import Home


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMonitor:
    """The process that holds the home's lock."""

    pid: int


PROBE_S = 0.1  # a look at the lock holds it for a moment, which must not be taken for a monitor
TURN_S = 0.5  # of one that wants to keep it
PROBE_EVERY_S = 0.01


def is_held(lock: Path) -> bool:
    """Whether a living process holds the lock; the system frees a dead one's."""
    if not lock.exists():
        return False
    held = FileLock(lock, timeout=PROBE_S)
    try:
        held.acquire(poll_interval=PROBE_EVERY_S)
    except Timeout:
        return True
    held.release()
    return False


def note_of(home: Home) -> Path:
    return home.data / "monitor.pid.json"


def leave_note(home: Home, *, pid: int) -> None:
    """Say who holds the lock; to be called by its holder."""
    note_of(home).write_text(json.dumps({"pid": pid}), "utf-8")


def remove_note(home: Home) -> None:
    with suppress(FileNotFoundError):
        note_of(home).unlink()


def what_runs(home: Home) -> RunningMonitor | None:
    """The running monitor, or None: also where an old note names a process that is gone."""
    if not is_held(home.lock):
        return None
    try:
        return RunningMonitor(pid=int(json.loads(note_of(home).read_text("utf-8"))["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
