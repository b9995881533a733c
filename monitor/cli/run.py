"""The default command: choose the source, wire everything, run."""

from __future__ import annotations

import sys

import click

from monitor.app import Wiring, calendar_for, live_sources, open_runner, replay_path
from monitor.cli.session import RunOptions, run_all_day, run_once, single_instance
from monitor.clock import Clock, SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.domain.vocabulary import Trend
from monitor.errors import InputError
from monitor.home import Home, find_home
from monitor.runtime.logs import configure_logging
from monitor.store.store import open_store

DEMO = "demo"


def run(options: RunOptions) -> int:
    """Run the monitor; returns the exit code."""
    home = find_home(options.home)
    settings = load_settings(home.root, flags=options.flags())
    if options.max_iterations is not None and options.max_iterations < 1:
        raise InputError(f"--max-iterations {options.max_iterations}: at least 1")
    if settings.data.source == DEMO:
        from monitor.cli.demo import run_demo

        return run_demo(options, settings, home)
    if replay_path(settings.data.source) is not None:
        from monitor.cli.replay import replay_newest

        return replay_newest(options, settings, home)
    return run_live(options, settings, home)


def run_live(options: RunOptions, settings: Settings, home: Home) -> int:
    home.prepare()
    configure_logging(home.logs)
    clock = SystemClock()
    with single_instance(home):
        _take_trend_flag(options, settings, home, clock)
        calendar = calendar_for(home, clock)
        sources = live_sources(settings, home, calendar)
        wiring = Wiring(
            provider=sources.market,
            chains=sources.chains,
            calendar=calendar,
            source=settings.data.source,
            started_at=clock.now(),
            clock=clock,
            console=not options.as_json,
            threaded=not options.once,
            flag_trend=Trend(options.trend) if options.trend else None,
            on_progress=progress if sys.stderr.isatty() else lambda _text: None,
        )
        with open_runner(settings, home, wiring) as runner:
            if options.once:
                return run_once(runner, clock, as_json=options.as_json)
            return run_all_day(
                runner, clock, options=options, interval_s=settings.scanning.data_interval
            )


def progress(text: str) -> None:
    click.echo(f"fetching {text} …", err=True)


def _take_trend_flag(options: RunOptions, settings: Settings, home: Home, clock: Clock) -> None:
    """The newest word counts: a --trend at the start replaces an older `trend set`."""
    if options.trend is None:
        return
    from monitor.store.controls import set_trend
    from monitor.store.engine import write

    store = open_store(home.root, settings)
    try:
        with write(store.engine) as connection:
            set_trend(connection, None, at=clock.now())
    finally:
        store.close()
