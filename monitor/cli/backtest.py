"""`monitor backtest`: build the grid that the scanner alerts from, and say what it is worth."""

from __future__ import annotations

import gc
import json
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from monitor.cli.backtest_args import (
    Asked,
    asked_dimensions,
    asked_policies,
    fills_with,
    lone_days,
    split_all,
)
from monitor.cli.backtest_dry import say_dry_run
from monitor.cli.backtest_sources import find_sources, open_inputs
from monitor.cli.backtest_text import Progress, run_json, run_lines
from monitor.cli.options import DAY, DECIMAL, WHOLE, OneOf, dry_run_option, home_option, json_option
from monitor.clock import Clock, SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import BandMode, SpreadType
from monitor.errors import InputError, MonitorError
from monitor.home import Home, find_home

if TYPE_CHECKING:
    from monitor.backtest.grid_build import BuiltGrid
    from monitor.backtest.open_chains import Inputs
    from monitor.backtest.run_plan import GridResult, Plan
    from monitor.backtest.write_run import Written

SCHEMA_VERSION = 1
HYPOTHETICAL = (
    "hypothetical listing: expirations of today's pattern are taken as listed in years when they "
    "were not"
)
COLLECT_AFTER = 20_000  # new objects

EPILOG = """\b
Examples:
  monitor backtest --ticker NDX --source yahoo
  monitor backtest --ticker NDX --days 90 --source recorded_chains
  monitor backtest --source recorded_chains --dte 0 --band P98 --spread iron_condor --dry-run
  monitor backtest --source recorded_chains --source bars --out tight --compare tight
"""


class StoppedError(MonitorError):
    """The person stopped the run; what was finished is kept."""


@click.command(epilog=EPILOG)
@click.option("--ticker", "tickers", multiple=True, metavar="T", help="Underlying; repeatable.")
@click.option(
    "--days", type=WHOLE, metavar="N", help="The last N sessions (recorded chains: 90; bars: all)."
)
@click.option("--from", "first", type=DAY, help="First entry day (instead of --days).")
@click.option("--to", "last", type=DAY, help="Last entry day (default: the last there is).")
@click.option(
    "--source",
    "sources",
    metavar="FOLDER|yahoo",
    multiple=True,
    help="Recorded chains (the folder that holds options_csv_output_full), folders of bars, or "
    "yahoo; repeatable. Without chains the prices are model prices. Default: recorded chains "
    "under home, else yahoo.",
)
@click.option("--dte", "dtes", multiple=True, metavar="N", help="Sessions to expiration: 0,1,3.")
@click.option("--band", "bands", multiple=True, metavar="P98", help="Band: P95,P97,P98,P99,P100.")
@click.option(
    "--spread", "spreads", multiple=True, type=OneOf(SpreadType), help="What is sold; repeatable."
)
@click.option(
    "--width", "widths", multiple=True, metavar="N", help="Points: 10,25 (all: 5 to 90 by 5)."
)
@click.option("--time", "times", multiple=True, metavar="HH:MM", help="Entry time, Pacific.")
@click.option("--exit-policy", "policies", multiple=True, metavar="hold|managed", help="Both.")
@click.option("--fill", type=DECIMAL, metavar="F", help="Share of the half-spread paid (0.5).")
@click.option(
    "--band-mode",
    type=OneOf(BandMode),
    help="Past moves as they were (raw100, the default) or by the volatility of their day.",
)
@click.option("--min-sample", type=WHOLE, metavar="N", help="Fewest past moves of a band (60).")
@click.option(
    "--anchored",
    is_flag=True,
    help="Recorded chains: price with surfaces fitted to them, also what they do not quote.",
)
@click.option(
    "--hypothetical-listing",
    "hypothetical",
    is_flag=True,
    help="Model prices: take today's expirations as listed in earlier years too; the run says so.",
)
@click.option("--workers", type=WHOLE, metavar="N", help="Threads (the machine's cores).")
@click.option(
    "--dask", metavar="tcp://HOST:PORT", help="Simulate on this Dask cluster (extra: cluster)."
)
@click.option("--out", metavar="NAME", help="Name of the run: results/NAME.")
@click.option("--resume", is_flag=True, help="Go on with the same run where it was stopped.")
@click.option("--compare", metavar="RUN", help="Say what changed against an earlier run.")
@dry_run_option
@json_option
@home_option
def backtest(**options: Any) -> None:
    """Backtest the whole grid and write results/NAME.

    On recorded chains it trades at their quotes, on bars alone at model prices, and says so in
    every row. Lists may be given with commas. Entry times are on the Pacific wall clock. The
    monitor takes the newest grid under results/ by itself.
    """
    home = find_home(options["home"])
    settings = load_settings(home.root)
    with _few_collections():
        _backtest(read_asked(options, settings, home), options, home)


def _backtest(asked: Asked, options: dict[str, Any], home: Home) -> None:
    if options["dry_run"]:
        say_dry_run(asked, home, SystemClock(), as_json=options["as_json"])
        return
    from monitor.backtest.jit import start_without_blas

    start_without_blas()
    done = run_all(asked, home, progress=lambda ticker: Progress(ticker, quiet=asked.quiet))
    if options["as_json"]:
        runs = [run_json(one) for one in done]
        document = {"schema_version": SCHEMA_VERSION, "ok": True, "runs": runs}
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    for one in done:
        click.echo("\n".join(run_lines(one, before=options["compare"])))


def run_all(asked: Asked, home: Home, *, progress: Callable[[str], Progress]) -> list[Written]:
    """Every asked ticker, one after the other.

    Args:
        progress: Makes the one who is told how a ticker's run goes.
    """
    from monitor.providers.sessions import load_calendar

    home.prepare()
    clock = SystemClock()
    calendar = load_calendar(home.data, today=clock.now().date())
    with _stop_on_signals():
        return [_run(asked, t, calendar, home, clock, progress(t)) for t in asked.tickers]


def read_asked(options: dict[str, Any], settings: Settings, home: Home) -> Asked:
    """The command line, checked before anything long begins."""
    from monitor.backtest.run_folder import check_name, find_run
    from monitor.domain.position_input import check_ticker

    if options["dask"] is not None:
        from monitor.backtest.run_dask import check_address

        check_address(options["dask"])
    tickers = split_all(options["tickers"], check_ticker) or settings.tickers
    sources = {ticker: find_sources(options["sources"], ticker, home) for ticker in tickers}
    workers = options["workers"] if options["workers"] is not None else os.cpu_count() or 1
    if options["hypothetical"] and any(one.chains for one in sources.values()):
        raise InputError("--hypothetical-listing: recorded chains show themselves what was listed")
    if options["anchored"] and not all(one.chains for one in sources.values()):
        raise InputError("--anchored: there are no recorded chains to fit surfaces to")
    min_sample = options["min_sample"]
    for name, value in (("--workers", workers), ("--min-sample", min_sample)):
        if value is not None and not 1 <= value <= 10_000:
            raise InputError(f"{name} {value}: need 1 to 10,000")
    return Asked(
        tickers=tickers,
        days=lone_days(options),
        first=options["first"],
        last=options["last"],
        sources=sources,
        dims=asked_dimensions(options),
        policies=asked_policies(options["policies"]),
        fill=fills_with(options["fill"])[1],
        fills=fills_with(options["fill"])[0],
        min_sample=60 if min_sample is None else min_sample,
        anchored=options["anchored"],
        hypothetical=options["hypothetical"],
        workers=workers,
        dask=options["dask"],
        out=None if options["out"] is None else check_name(options["out"]),
        resume=options["resume"],
        against=None if options["compare"] is None else find_run(home.results, options["compare"]),
        settings=settings,
        quiet=options["as_json"],
    )


@dataclass(slots=True)
class Stopwatch:
    """Seconds of each step, for run.json."""

    seconds: dict[str, float]
    _at: float

    @classmethod
    def begin(cls) -> Stopwatch:
        return cls({}, time.perf_counter())

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = now - self._at
        self._at = now


def _run(
    asked: Asked,
    ticker: str,
    calendar: TradingCalendar,
    home: Home,
    clock: Clock,
    progress: Progress,
) -> Written:
    """One ticker from its sources to its results folder."""
    watch, found = Stopwatch.begin(), asked.sources[ticker]
    with progress as told:
        if found.taken:
            told.note(found.taken)
        inputs = open_inputs(
            asked, ticker, home=home, calendar=calendar, now=clock.now(), step=told.step
        )
        watch.lap("read")
        told.say("planning")
        plan, exploratory = _plan(asked, inputs, calendar)
        watch.lap("plan")
        Thread(target=_load_last_steps, daemon=True).start()
        result = _simulated(asked, plan, inputs, home, told)
        watch.lap("simulate")
        build_grid, write_run = _load_last_steps()
        told.say("judging")
        built = build_grid(result, policies=asked.policies, workers=asked.workers)
        watch.lap("statistics")
        told.say("writing")
        return write_run(
            home.results, _name(asked, ticker, now=clock.now()), result=result, built=built,
            inputs=inputs, policies=asked.policies, now=clock.now(), seconds=watch.seconds,
            exploratory=exploratory, against=asked.against,
        )  # fmt: skip


def _load_last_steps() -> tuple[Callable[..., BuiltGrid], Callable[..., Written]]:
    """Import what comes after the simulation: best while that runs, as it holds no lock."""
    from monitor.backtest.grid_build import build_grid
    from monitor.backtest.write_run import write_run

    return build_grid, write_run


def _plan(asked: Asked, inputs: Inputs, calendar: TradingCalendar) -> tuple[Plan, tuple[int, ...]]:
    """The plan, and the entry times that are kept out of rankings."""
    from monitor.backtest.exploratory import exploratory_note, exploratory_times
    from monitor.backtest.plan_run import plan_run
    from monitor.backtest.run_plan import RunSpec
    from monitor.domain.exits import ExitRules

    first, last = asked.span(inputs.days, inputs.usual)
    spec = RunSpec(
        ticker=inputs.ticker, first=first, last=last, source=inputs.source, dims=asked.dims,
        rules=ExitRules.from_settings(asked.settings.exits), fills=asked.fills, fill=asked.fill,
        min_sample=asked.min_sample, hypothetical_listing=asked.hypothetical,
    )  # fmt: skip
    notes: list[str] = []
    exploratory: tuple[int, ...] = ()
    if inputs.marks is None:
        from monitor.backtest.open_history import around, entry_notes  # heavy: pyarrow.compute

        inputs = around(inputs, first, last, longest=max(asked.dims.dtes))
        notes += entry_notes(inputs, first, last)
        notes += [HYPOTHETICAL] if asked.hypothetical else []
        exploratory = exploratory_times(
            inputs.prices, inputs.sessions, asked.dims.entry_minutes_pt, first=first, last=last
        )
        notes += [exploratory_note(exploratory)] if exploratory else []
    plan = plan_run(
        spec, inputs, calendar=calendar, edges=asked.settings.regime, notes=tuple(notes),
        workers=asked.workers,
    )  # fmt: skip
    return plan, exploratory


def _simulated(asked: Asked, plan: Plan, inputs: Inputs, home: Home, told: Progress) -> GridResult:
    """Run the blocks; what was finished when the person stops is kept for `--resume`."""
    from monitor import __version__
    from monitor.backtest.kept_blocks import KeptBlocks, run_key

    key = run_key(plan.spec, fingerprint=inputs.fingerprint, version=__version__)
    kept = KeptBlocks(home.data / "backtest" / key, time.monotonic)
    done = kept.load() if asked.resume else []
    if done:
        told.note(f"going on: {len(done)} of {plan.n_blocks} blocks were kept")
    elif asked.resume:
        told.note("nothing was kept of this very run (same options, same data): starting anew")

    def steps(done_now: int, total: int) -> None:
        told.step("simulating", done_now, total)

    try:
        result = _simulate(plan, asked, done=done, keep=kept.keep, progress=steps)
    except MonitorError:
        kept.flush()  # a lost cluster loses no finished block
        raise
    except KeyboardInterrupt:
        kept.flush()
        count = len(kept.load())
        raise StoppedError(
            f"stopped: {count} of {plan.n_blocks} blocks are kept; no results were written",
            hint="go on with the same command and --resume",
        ) from None
    kept.clear()
    return result


def _simulate(plan: Plan, asked: Asked, **keeping: Any) -> GridResult:
    """On threads here, or on the cluster that was named."""
    if asked.dask is None:
        from monitor.backtest.run_blocks import run_blocks

        return run_blocks(plan, workers=asked.workers, **keeping)
    from monitor.backtest.run_dask import run_on_dask

    return run_on_dask(plan, address=asked.dask, **keeping)


@contextmanager
def _few_collections() -> Iterator[None]:
    """Look for garbage rarely: imports alone bring it up fifty times, and find nothing."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECT_AFTER)
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def _stop_on_signals() -> Iterator[None]:
    """An end by the system is met like the person's own Ctrl-C."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _name(asked: Asked, ticker: str, *, now: datetime) -> str:
    from monitor.backtest.run_folder import run_name

    if asked.out is None:
        return run_name([ticker], now=now)
    return asked.out if len(asked.tickers) == 1 else f"{asked.out}-{ticker.lower()}"
