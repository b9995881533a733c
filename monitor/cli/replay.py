"""`monitor replay`: past days through the very same code, in a home of its own."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click
import msgspec

from monitor.app import REPLAY_PREFIX, Wiring, calendar_for, open_runner, replay_path
from monitor.cli.options import DAY, OneOf, home_option, json_option
from monitor.cli.run import RunOptions, banner, check_ticker, run_once, served_page
from monitor.clock import FixedClock, SystemClock
from monitor.config import Settings, load_settings
from monitor.domain.alert_text import vix_text
from monitor.domain.vocabulary import Profile, Regime, Trend
from monitor.errors import DataError, InputError
from monitor.home import Home, find_home
from monitor.providers.replay import ReplayProvider
from monitor.runtime.logs import configure_logging
from monitor.runtime.replay import ReplaySummary, run_replay
from monitor.runtime.runner import Runner
from monitor.scratch_home import prepare_scratch_home

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


@click.command(epilog=EPILOG)
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
    """One replay as asked for."""

    folder: Path
    first: date
    last: date
    speed: float | None
    page: bool
    as_json: bool
    trend: Trend | None


def play(request: Request, settings: Settings, home: Home) -> None:
    """Run the replay and print its summary."""
    started = time.monotonic()
    with _replaying(request, settings, home) as (runner, instants):
        with served_page(runner, enabled=request.page) as url:
            if url and not request.as_json:
                click.echo(banner(runner, url))
            with _until_interrupted() as stopped:
                summary = run_replay(
                    runner,
                    instants,
                    speed=request.speed,
                    on_progress=_progress(instants),
                    stopped=stopped,
                )
            runner.stopped(instants[-1])
        if request.as_json:
            click.echo(_as_json(summary, runner))
        else:
            zone = ZoneInfo(settings.hours.display_timezone)
            click.echo("\n".join(_text(summary, runner, zone, time.monotonic() - started)))


def replay_newest(options: RunOptions, settings: Settings, home: Home) -> int:
    """`monitor --source replay:PATH`: the newest recorded session, watched as if it were live."""
    folder = _folder(settings, home)
    calendar = calendar_for(home, SystemClock())
    provider = ReplayProvider(folder, calendar=calendar)
    newest = provider.cycle_instants(
        calendar.first, calendar.last, calendar, symbols=settings.tickers
    )[-1].date()
    request = Request(
        folder=folder,
        first=newest,
        last=newest,
        speed=WATCHED_SPEED,
        page=not options.no_dashboard,
        as_json=options.as_json,
        trend=Trend(options.trend) if options.trend else None,
    )
    if not options.once:
        play(request, settings, home)
        return 0
    with _replaying(request, settings, home) as (runner, instants):
        return run_once(runner, FixedClock(instants[-1]), as_json=options.as_json)


@contextmanager
def _replaying(
    request: Request, settings: Settings, home: Home
) -> Iterator[tuple[Runner, list[datetime]]]:
    scratch = Home(home.root / FOLDER)
    prepare_scratch_home(scratch, marker=MARKER, words=WORDS)
    configure_logging(scratch.logs)
    calendar = calendar_for(scratch, SystemClock())
    provider = ReplayProvider(request.folder, calendar=calendar)
    instants = list(
        provider.cycle_instants(request.first, request.last, calendar, symbols=settings.tickers)
    )
    if not instants:
        raise DataError(f"no bars from {request.first} to {request.last} in {request.folder}")
    settings = _at_the_bars_pace(settings, instants, home)
    wiring = Wiring(
        provider=provider,
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
        yield runner, instants


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
def _until_interrupted() -> Iterator[Any]:
    """Ctrl-C ends after the running cycle, with the summary of what was done."""
    asked = []
    old = {
        number: signal.signal(number, lambda *_: asked.append(True))
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield lambda: bool(asked)
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
            click.echo(
                f"\r{done}/{total} cycles, {now:%Y-%m-%d %H:%M} UTC {end}", nl=False, err=True
            )

    return show


def _text(summary: ReplaySummary, runner: Runner, zone: ZoneInfo, seconds: float) -> Iterator[str]:
    yield (
        f"Replayed {len(summary.sessions)} session(s), {summary.cycles} cycles "
        f"in {seconds:.1f} s ({runner.identity.source})"
    )
    yield "Regimes:"
    for at, previous, current, vix in summary.regimes:
        change = f"{Regime(previous).label} → " if previous else "starts "
        local = at.astimezone(zone)
        yield f"  {local:%Y-%m-%d %H:%M} PT  {change}{Regime(current).label} (VIX {vix_text(vix)})"
    if not summary.regimes:
        yield "  none: VIX was never known"
    yield "Alerts sent: " + (
        ", ".join(f"{n} {kind}" for kind, n in sorted(summary.notices.items())) or "none"
    )
    if summary.problems:
        yield "Unknown or refused (cycles):"
        yield from (f"  {n:5d}  {what}" for what, n in summary.problems.most_common(8))
    yield f"Its files: {runner.home.root}"


def _as_json(summary: ReplaySummary, runner: Runner) -> str:
    return msgspec.json.encode(
        {
            "schema_version": 1,
            "sessions": sorted(summary.sessions),
            "cycles": summary.cycles,
            "regimes": [
                {"at": at, "previous": before, "regime": after, "vix": vix}
                for at, before, after, vix in summary.regimes
            ],
            "notices": dict(summary.notices),
            "problems": dict(summary.problems),
            "home": str(runner.home.root),
            "simulated": runner.identity.simulated,
        }
    ).decode()
