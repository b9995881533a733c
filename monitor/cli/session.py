"""What the default command, the demo and a watched replay share: options, loop, page, lock."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from filelock import FileLock, Timeout

from monitor import __version__
from monitor.cli.once import exit_code, report
from monitor.clock import Clock, SystemClock
from monitor.domain.vocabulary import Profile
from monitor.errors import ConfigError, InputError, StoreUnavailableError
from monitor.home import Home
from monitor.running import PROBE_EVERY_S, TURN_S, leave_note, remove_note
from monitor.runtime.loop import Loop
from monitor.runtime.runner import Runner
from monitor.service.watchdog import Watchdog


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The flags of `monitor`, as click gives them; None: not given."""

    tickers: tuple[str, ...] = ()
    trend: str | None = None
    scan_interval: float | None = None
    data_interval: float | None = None
    source: str | None = None
    profile: Profile | None = None
    grid_file: Path | None = None
    no_dashboard: bool = False
    port: int | None = None
    once: bool = False
    max_iterations: int | None = None
    as_json: bool = False
    home: Path | None = None

    def flags(self) -> dict[str, Any]:
        """As settings; None where the person said nothing."""
        return {
            "tickers": [check_ticker(t) for t in self.tickers] or None,
            "trend": self.trend,
            "scanning.scan_interval": self.scan_interval,
            "scanning.data_interval": self.data_interval,
            "data.source": self.source,
            "quality.profile": self.profile,
            "grid": str(self.grid_file) if self.grid_file else None,
            "dashboard.port": self.port,
        }


def check_ticker(text: str) -> str:
    """A symbol in capitals without the caret of index symbols.

    Raises:
        InputError: It cannot be a symbol.
    """
    symbol = text.strip().upper().removeprefix("^")
    if not (symbol.isascii() and symbol.replace(".", "").replace("-", "").isalnum()) or (
        len(symbol) > 10
    ):
        raise InputError(
            f"--ticker {text!r} is no symbol", hint="letters and digits, as NDX, SPX, QQQ"
        )
    return symbol


def run_once(runner: Runner, clock: Clock, *, as_json: bool) -> int:
    """One cycle and its report; 3 when a price or VIX is missing or stale."""
    runner.cycle(clock.now())
    if runner.snapshot is None:
        raise AssertionError("a cycle always leaves a snapshot")
    runner.stopped(clock.now())  # nobody refreshes the page after this
    click.echo(report(runner.snapshot, as_json=as_json))
    return exit_code(runner.snapshot)


def run_all_day(runner: Runner, clock: Clock, *, options: RunOptions, interval_s: float) -> int:
    """The loop and the page, until a signal or the asked number of cycles."""
    watchdog = Watchdog()
    loop = Loop(
        cycle=lambda: _cycle(runner, clock, watchdog),
        interval_s=interval_s,
        clock=SystemClock(),
        max_iterations=options.max_iterations,
        health=runner.job,
        on_stop=runner.builder.ask_to_stop if runner.builder else lambda: None,
    )
    loop.stop_on_signals()
    with served_page(runner, enabled=not options.no_dashboard) as url:
        click.echo(banner(runner, url))
        try:
            ended = loop.run()
            watchdog.stopping()
        finally:
            if runner.builder is not None:
                runner.builder.close()
        runner.stopped(clock.now())
    if not ended:
        click.echo("stopped while a fetch was still hanging; everything decided is saved", err=True)
        _end_now(1 if loop.failed else 0)
    if loop.failed:
        click.echo(f"error: the last cycles failed: {loop.health.error}", err=True)
        click.echo(f"  see {runner.home.logs / 'monitor.log'}", err=True)
        return 1
    click.echo("stopped")
    return 0


def _cycle(runner: Runner, clock: Clock, watchdog: Watchdog) -> None:
    try:
        result = runner.cycle(clock.now())
    except StoreUnavailableError as error:
        watchdog.waiting(error.message)  # a restart would not bring the database back
        raise
    watchdog.cycle_done(f"cycle {runner.iteration}")
    if result.scanned and runner.snapshot is not None and sys.stdout.isatty():
        from monitor.cli.once import status_line

        click.echo(status_line(runner.snapshot))


def _end_now(code: int) -> None:
    """Leave without waiting for a thread that hangs in the network."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def single_instance(
    home: Home, path: Path | None = None, *, shown: Path | None = None
) -> Iterator[None]:
    """Hold the home's lock; a second monitor on it is refused at once.

    Args:
        path: The lock; default the home's own.
        shown: The folder to name to the person; default the home's own.
    """
    home.prepare()
    lock = FileLock(path or home.lock, timeout=TURN_S)
    try:
        lock.acquire(poll_interval=PROBE_EVERY_S)
    except Timeout as error:
        raise ConfigError(
            f"another monitor runs on {shown or home.root}",
            hint="stop it first, or give this one a home of its own with --home",
        ) from error
    try:
        leave_note(home, pid=os.getpid())
        yield
    finally:
        remove_note(home)
        lock.release()


@contextmanager
def served_page(runner: Runner, *, enabled: bool) -> Iterator[str | None]:
    """The page beside the loop; None when it is not wanted."""
    if not enabled:
        yield None
        return
    from dashboard.serve import page_server
    from dashboard.snapshot_source import FileSnapshotSource

    settings = runner.settings.dashboard
    server = page_server(
        FileSnapshotSource(runner.home.root),
        SystemClock(),
        host=settings.host,
        port=settings.port,
        token=settings.token,
        names=settings.names,
    )
    server.start()
    if server.warning:
        click.echo(f"warning: {server.warning}", err=True)
    try:
        yield server.url
    finally:
        server.stop()


def banner(runner: Runner, url: str | None) -> str:
    """What runs, said once at the start."""
    s = runner.settings
    simulated = "SIMULATED " if runner.identity.simulated else ""
    lines = [
        f"Condorwatch {__version__} | {simulated}{', '.join(s.tickers)} | source "
        f"{runner.identity.source} | profile {s.quality.profile.value}",
        f"home {runner.home.root}",
        f"page {url}" if url else "no page (--no-dashboard)",
        f"data every {s.scanning.data_interval:g} s, scan every {s.scanning.scan_interval:g} s, "
        "Ctrl-C stops",
    ]
    return "\n".join(lines)
