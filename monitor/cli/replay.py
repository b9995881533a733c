"""`monitor replay`: past days through the very same code, in a home of its own."""

from __future__ import annotations

import shutil
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from monitor.app import REPLAY_PREFIX, Wiring, calendar_for, open_runner, replay_path
from monitor.cli.options import DAY, OneOf, home_option, json_option
from monitor.cli.replay_report import Lacking, replay_json, replay_text
from monitor.cli.session import (
    RunOptions,
    banner,
    check_ticker,
    run_once,
    served_page,
    single_instance,
)
from monitor.clock import NEW_YORK, FixedClock, SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.domain.alert_text import clock_text
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Profile, Trend
from monitor.errors import DataError, InputError
from monitor.home import Home, find_home
from monitor.providers.replay import ReplayProvider
from monitor.providers.replay_chains import ReplayChainProvider
from monitor.providers.sessions import SESSIONS_FILE
from monitor.runtime.logs import configure_logging
from monitor.runtime.replay import run_replay
from monitor.runtime.runner import Runner
from monitor.scratch_home import claim_scratch_home, clear_scratch_home

FOLDER = "replay"
MARKER = "REPLAY.txt"
WORDS = "This folder was made by `monitor replay`, which clears it at each start.\n"
MAX = "max"
FASTEST = 3600.0
WATCHED_SPEED = 60.0  # `monitor --source replay:PATH`: a minute of the market in a second

EPILOG = """\b
Example:
  monitor replay 2022-03-14 --to 2022-04-18 --source replay:bars --ticker SPX
"""


class Speed(click.ParamType[float]):
    """`max`, or market seconds per real second."""

    name = "max|1..3600"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        if isinstance(value, float):
            return value
        if value == MAX:
            return float("inf")
        if str(value).isascii() and str(value).isdigit() and 1 <= int(value) <= FASTEST:
            return float(value)
        self.fail(f"{value!r}: write {MAX}, or a whole number from 1 to {FASTEST:g}", param, ctx)


@click.command(epilog=EPILOG, short_help="Run past days through the very same code.")
@click.argument("first", type=DAY, metavar="DATE")
@click.option("--to", "last", type=DAY, help="Last day (default: DATE alone).")
@click.option(
    "--source",
    metavar="replay:PATH",
    help="Folder of bars (default: what the monitor recorded under data/history).",
)
@click.option("--ticker", "tickers", multiple=True, metavar="T", help="Underlying; repeatable.")
@click.option("--trend", metavar="up|down|sideways", help="Your own view of the market then.")
@click.option("--profile", type=OneOf(Profile), help="How strict the quality filter is.")
@click.option("--speed", type=Speed(), default=MAX, help="max, or market seconds a second (max).")
@click.option("--page", is_flag=True, help="Serve the page while it runs.")
@json_option
@home_option
def replay(first: date, last: date | None, as_json: bool, **options: Any) -> None:
    """Run past days through the monitor's own cycle and sum up what it would have said.

    Positions, alerts and logs of a replay go to <home>/replay/, never to the live ones. The grid
    is the one in force. Two runs of the same days write the same alerts.jsonl.
    """
    _refuse_live_source(options["source"])
    home = find_home(options["home"])
    settings = load_settings(home.root, flags=_flags(options))
    last = last or first
    if last < first:
        raise InputError(f"--to {last} is before {first}")
    request = Request(
        folder=_folder(settings, home),
        first=first,
        last=last,
        speed=None if options["speed"] == float("inf") else options["speed"],
        page=options["page"],
        as_json=as_json,
        trend=Trend(settings.trend) if options["trend"] else None,
    )
    play(request, settings, home)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One replay as asked for; without dates: the newest recorded session."""

    folder: Path
    first: date | None
    last: date | None
    max_cycles: int | None = None
    speed: float | None
    page: bool
    as_json: bool
    trend: Trend | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A replay ready to run."""

    runner: Runner
    instants: Sequence[datetime]
    lacking: Lacking


def play(request: Request, settings: Settings, home: Home) -> None:
    """Run the replay and print its summary."""
    started = time.monotonic()
    with _prepared(request, settings, home) as ready, _until_interrupted() as stop:
        runner, instants = ready.runner, ready.instants[: request.max_cycles]
        with served_page(runner, enabled=request.page) as url:
            if url and not request.as_json:
                click.echo(banner(runner, url))
            summary = run_replay(
                runner,
                instants,
                speed=request.speed,
                on_progress=_progress(instants),
                wait=stop.wait,
            )
            runner.stopped(runner.last_cycle_at or instants[0])
        if request.as_json:
            click.echo(replay_json(summary, runner, ready.lacking))
        else:
            zone = ZoneInfo(settings.hours.display_timezone)
            seconds = time.monotonic() - started
            click.echo(replay_text(summary, runner, ready.lacking, zone=zone, seconds=seconds))


def replay_newest(options: RunOptions, settings: Settings, home: Home) -> int:
    """`monitor --source replay:PATH`: the newest recorded session, watched as if it were live."""
    request = Request(
        folder=_folder(settings, home),
        first=None,
        last=None,
        max_cycles=options.max_iterations,
        speed=WATCHED_SPEED,
        page=not options.no_dashboard,
        as_json=options.as_json,
        trend=Trend(options.trend) if options.trend else None,
    )
    if not options.once:
        play(request, settings, home)
        return 0
    with _prepared(request, settings, home) as ready:
        return run_once(ready.runner, FixedClock(ready.instants[-1]), as_json=options.as_json)


@contextmanager
def _prepared(request: Request, settings: Settings, home: Home) -> Iterator[Prepared]:
    scratch = Home(home.root / FOLDER)
    lock = claim_scratch_home(scratch, marker=MARKER, words=WORDS)
    with single_instance(scratch, lock):
        clear_scratch_home(scratch)
        configure_logging(scratch.logs)
        _borrow_sessions(home, scratch)
        calendar = calendar_for(scratch, SystemClock())
        provider = ReplayProvider(request.folder, calendar=calendar)
        chains = ReplayChainProvider(request.folder, calendar=calendar)
        instants, lacking = _recorded(provider, request, settings.tickers, calendar)
        lacking = replace(lacking, notes=(*lacking.notes, *chains.notes))
        settings = _at_the_bars_pace(settings, instants, home)
        wiring = Wiring(
            provider=provider,
            chains=chains,
            calendar=calendar,
            source=settings.data.source,
            started_at=instants[0],
            clock=SystemClock(),
            console=not request.as_json and request.speed is not None,
            threaded=False,
            record=False,
            durable=False,
            flag_trend=request.trend,
            results=home.results,
        )
        with open_runner(settings, scratch, wiring) as runner:
            yield Prepared(runner=runner, instants=instants, lacking=lacking)


def _borrow_sessions(home: Home, scratch: Home) -> None:
    """Begin with the live home's table of sessions: making one anew takes a second."""
    with suppress(OSError):  # none there yet, or not readable: then it is made
        shutil.copy2(home.data / SESSIONS_FILE, scratch.data / SESSIONS_FILE)


def _recorded(
    provider: ReplayProvider, request: Request, tickers: Sequence[str], calendar: TradingCalendar
) -> tuple[list[datetime], Lacking]:
    """The instants of the asked span, and what of it the folder lacks."""
    first, last = request.first or calendar.first, request.last or calendar.last
    instants = provider.cycle_instants(first, last, calendar, symbols=tickers)
    if request.first is None:
        first = last = instants[-1].astimezone(NEW_YORK).date()
        instants = provider.cycle_instants(first, last, calendar, symbols=tickers)
    missing = provider.missing_sessions(first, last, calendar, symbols=tickers)
    return instants, Lacking(sessions=missing, notes=provider.notes)


def _refuse_live_source(source: str | None) -> None:
    """`replay DATE --source yahoo` would silently replay something else."""
    if source is not None and not source.startswith(REPLAY_PREFIX):
        raise InputError(
            f"--source {source} cannot be replayed",
            hint="give a folder of bars as replay:PATH, or leave it out for what was recorded",
        )


def _flags(options: dict[str, Any]) -> dict[str, Any]:
    return {
        "tickers": [check_ticker(t) for t in options["tickers"]] or None,
        "trend": options["trend"],
        "quality.profile": options["profile"],
        "data.source": options["source"],
    }


def _folder(settings: Settings, home: Home) -> Path:
    """The folder that `--source replay:PATH` names, else what the monitor recorded."""
    given = replay_path(settings.data.source)
    folder = given or home.history
    if not folder.exists():
        raise DataError(
            f"nothing was recorded yet under {folder}",
            hint="give a folder of bars with --source replay:PATH (docs/data-formats.md)",
        )
    return folder


def _at_the_bars_pace(settings: Settings, instants: Sequence[datetime], home: Home) -> Settings:
    """A cycle comes with each bar: its length is the data interval that staleness is judged by."""
    step = min((b - a for a, b in pairwise(instants)), default=timedelta(minutes=1))
    scanning = msgspec.structs.replace(
        settings.scanning, data_interval=max(5.0, step.total_seconds())
    )
    source = settings.data.source
    if not source.startswith(REPLAY_PREFIX):
        source = f"{REPLAY_PREFIX}{home.history}"
    return msgspec.structs.replace(
        settings,
        scanning=scanning,
        data=msgspec.structs.replace(settings.data, source=source),
        store=msgspec.structs.replace(settings.store, url=""),
    )


@contextmanager
def _until_interrupted() -> Iterator[Event]:
    """An event that Ctrl-C and SIGTERM set: end after the running cycle, with the summary."""
    stop = Event()
    old = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield stop
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


def _progress(instants: Sequence[datetime]) -> Any:
    if not sys.stderr.isatty():
        return lambda _done, _now: None
    total = len(instants)

    def show(done: int, now: datetime) -> None:
        if done % 26 == 0 or done == total:
            end = "\n" if done == total else ""
            click.echo(f"\r{done}/{total} cycles, {clock_text(now)} {end}", nl=False, err=True)

    return show
