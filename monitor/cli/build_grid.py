"""`python -m monitor.cli.build_grid HOME TICKER`: what a monitor without a grid starts.

The backtest with its defaults, at low priority, one at a time on a home. Progress and outcome are
JSON lines on stdout, for `monitor/runtime/grid_builder.py`; nobody calls it by hand.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from monitor.backtest.configs import DTES
from monitor.backtest.run_folder import GRID_CSV
from monitor.cli.backtest import backtest, read_asked, run_all
from monitor.cli.backtest_args import YAHOO
from monitor.cli.backtest_sources import find_sources
from monitor.cli.backtest_text import Progress, left_text
from monitor.config_load import load_settings
from monitor.errors import ConfigError, MonitorError
from monitor.home import Home

PRIORITY = 10
TELL_EVERY_S = 1.0
ENOUGH_RECORDED = 60  # sessions: fewer past moves make no band


class ProgressLines(Progress):
    """Progress for a program: the newest state, at most once a second."""

    def __init__(self, ticker: str, results: Path) -> None:
        super().__init__(ticker, quiet=True)
        self.results = results

    def step(self, name: str, done: int, total: int) -> None:
        now = time.monotonic()
        if name != self.current:
            self.say(name)
            self.begun = now
        if total and now - self.last >= TELL_EVERY_S:
            self.last = now
            left = left_text(done, total, now - self.begun)
            tell(text=f"{self.ticker}: {name}, {100 * done // total} %{left}")

    def say(self, name: str) -> None:
        if name == "writing" and any(self.results.glob(f"*/{GRID_CSV}")):
            raise ConfigError("there is a grid by now: this one is not written beside it")
        self.current = name
        tell(text=f"{self.ticker}: {name}")


def tell(**what: Any) -> None:
    """One line; a monitor that is gone ends the build by the broken pipe."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


@contextmanager
def one_at_a_time(home: Home) -> Iterator[None]:
    """Hold the home's builder lock.

    Raises:
        ConfigError: Another builder holds it.
    """
    home.prepare()
    lock = FileLock(home.data / "grid_build.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout as error:
        raise ConfigError("another process is building a grid already") from error
    try:
        yield
    finally:
        lock.release()


def build(home: Home, ticker: str) -> str:
    """Build one ticker's grid; returns the run's name."""
    workers = max(1, (os.cpu_count() or 1) - 1)
    given = ["--ticker", ticker, "--workers", str(workers), "--home", str(home.root), "--json"]
    given += [word for source in best_sources(home, ticker) for word in ("--source", source)]
    options = backtest.make_context("backtest", given).params
    asked = read_asked(options, load_settings(home.root), home)
    (done,) = run_all(asked, home, progress=lambda t: ProgressLines(t, home.results))
    return done.folder.name


def best_sources(home: Home, ticker: str) -> tuple[str, ...]:
    """Recorded chains under home with history beside them, if they suffice for bands; else Yahoo.

    History gives the days before a recording its prices, VIX and official closes.
    """
    from monitor.backtest.open_chains import recorded_days

    found = find_sources((), ticker, home)
    if found.chains is None:
        return (YAHOO,)
    recorded = recorded_days(found.chains, ticker, dtes=DTES)
    return (str(found.chains), YAHOO) if len(recorded) >= ENOUGH_RECORDED else (YAHOO,)


def main(root: str, ticker: str) -> int:
    """Build; returns the exit code."""
    if hasattr(os, "nice"):
        os.nice(PRIORITY)
    home = Home(Path(root))
    try:
        with one_at_a_time(home):
            tell(built=build(home, ticker))
    except MonitorError as error:
        tell(error=error.message, hint=error.hint)
        return error.exit_code
    except KeyboardInterrupt:
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
