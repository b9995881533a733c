"""Looking at a home's lock holds it for a moment; nobody may take that for a monitor."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from monitor.cli.session import single_instance
from monitor.errors import ConfigError
from monitor.home import Home
from monitor.running import is_held


@contextmanager
def a_look(home: Home, seconds: float) -> Iterator[None]:
    """Another process looks at the lock, for as long as a busy machine may take."""
    home.prepare()
    lock = FileLock(home.lock, thread_local=False)
    lock.acquire()
    ending = threading.Timer(seconds, lock.release)
    ending.start()
    try:
        yield
    finally:
        ending.join()


def test_a_look_at_the_lock_keeps_no_monitor_from_starting(home: Path) -> None:
    with a_look(Home(home), 0.1), single_instance(Home(home)):
        assert is_held(Home(home).lock)


def test_two_looks_at_once_see_no_monitor(home: Path) -> None:
    with a_look(Home(home), 0.02):
        assert not is_held(Home(home).lock)


def test_fault_26_a_monitor_that_runs_refuses_the_second_within_a_second(home: Path) -> None:
    with single_instance(Home(home)):
        began = time.monotonic()
        with pytest.raises(ConfigError, match="another monitor runs"), single_instance(Home(home)):
            raise AssertionError("two monitors on one home")
        assert time.monotonic() - began < 1
