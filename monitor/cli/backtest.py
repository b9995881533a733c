"""`monitor backtest`: build the grid that the scanner alerts from, and say what it is worth."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
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
    told_apart,
)
from monitor.cli.backtest_text import Progress, run_json, run_lines
from monitor.cli.options import DAY, DECIMAL, WHOLE, OneOf, dry_run_option, home_option, json_option
from monitor.clock import SystemClock
from monitor.config import Settings
from monitor.config_load import load_settings
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import BandMode, SpreadType
from monitor.errors import InputError, MonitorError
from monitor.home import Home, find_home

if TYPE_CHECKING:
    from monitor.backtest.open_chains import Inputs
    from monitor.backtest.run_plan import GridResult, Plan
    from monitor.backtest.write_run import Written

SCHEMA_VERSION = 1

EPILOG = """\b
Examples:
  monitor backtest --ticker NDX --days 90 --source recorded_chains
  monitor backtest --source recorded_chains --dte 0 --band P98 --spread iron_condor --dry-run
  monitor backtest --source recorded_chains --source bars --out tight --compare tight
"""


class StoppedError(MonitorError):
    """The person stopped the run; what was finished is kept."""


@click.command(epilog=EPILOG)
@click.option("--ticker", "tickers", multiple=True, metavar="T", help="Underlying; repeatable.")
@click.option("--days", type=WHOLE, metavar="N", help="The last N recorded sessions (90).")
@click.option("--from", "first", type=DAY, help="First entry day (instead of --days).")
@click.option("--to", "last", type=DAY, help="Last entry day (default: the last recorded).")
@click.option(
    "--source",
    "sources",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    multiple=True,
    required=True,
    help="Recorded chains (the folder that holds options_csv_output_full); repeat it for "
    "folders with bars of VIX, VXN and the underlying.",
)
@click.option("--dte", "dtes", multiple=True, metavar="N", help="Sessions to expiration: 0,1,3.")
@click.option("--band", "bands", multiple=True, metavar="P98", help="Band: P95,P97,P98,P99,P100.")
@click.option(
    "--spread", "spreads", multiple=True, type=OneOf(SpreadType), help="What is sold; repeatable."
)
@click.option("--width", "widths", multiple=True, metavar="N", help="Points: 10,25 (5 to 90 by 5).")
@click.option("--time", "times", multiple=True, metavar="HH:MM", help="Entry time, Pacific.")
@click.option("--exit-policy", "policies", multiple=True, metavar="hold|managed", help="Both.")
@click.option("--fill", type=DECIMAL, metavar="F", help="Share of the half-spread paid (0.5).")
@click.option(
    "--band-mode",
    type=OneOf(BandMode),
    help="Past moves as they were (raw100, the default) or by the volatility of their day.",
)
@click.option("--min-sample", type=WHOLE, metavar="N", help="Fewest past moves of a band (60).")
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
    """Backtest the whole grid on recorded chains and write results/NAME.

    Lists may be given with commas. Entry times are on the Pacific wall clock. The monitor takes
    the newest grid under results/ by itself.
    """
    home = find_home(options["home"])
    settings = load_settings(home.root)
    asked = _asked(options, settings, home)
    if options["dry_run"]:
        _say_dry_run(asked, as_json=options["as_json"])
        return
    from monitor.providers.sessions import load_calendar

    home.prepare()
    calendar = load_calendar(home.data, today=SystemClock().now().date())
    done = [_run(asked, ticker, calendar, home) for ticker in asked.tickers]
    if options["as_json"]:
        runs = [run_json(one) for one in done]
        document = {"schema_version": SCHEMA_VERSION, "ok": True, "runs": runs}
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    for one in done:
        click.echo("\n".join(run_lines(one, before=options["compare"])))


def _asked(options: dict[str, Any], settings: Settings, home: Home) -> Asked:
    """The command line, checked before anything long begins."""
    from monitor.backtest.run_folder import check_name, find_run
    from monitor.domain.position_input import check_ticker

    if options["dask"] is not None:
        from monitor.backtest.run_dask import check_address

        check_address(options["dask"])
    tickers = split_all(options["tickers"], check_ticker) or settings.tickers
    chains, history = told_apart(options["sources"], tickers[0])
    workers = options["workers"] if options["workers"] is not None else os.cpu_count() or 1
    min_sample = options["min_sample"]
    for name, value in (("--workers", workers), ("--min-sample", min_sample)):
        if value is not None and not 1 <= value <= 10_000:
            raise InputError(f"{name} {value}: need 1 to 10,000")
    return Asked(
        tickers=tickers,
        days=lone_days(options),
        first=options["first"],
        last=options["last"],
        source=chains,
        history=history,
        dims=asked_dimensions(options),
        policies=asked_policies(options["policies"]),
        fill=fills_with(options["fill"])[1],
        fills=fills_with(options["fill"])[0],
        min_sample=60 if min_sample is None else min_sample,
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


def _run(asked: Asked, ticker: str, calendar: TradingCalendar, home: Home) -> Written:
    """One ticker from its files to its results folder."""
    from monitor.backtest.grid_build import build_grid
    from monitor.backtest.open_chains import open_chains
    from monitor.backtest.write_run import write_run

    clock, watch = SystemClock(), Stopwatch.begin()
    with Progress(ticker, quiet=asked.quiet) as told:
        inputs = open_chains(
            asked.source, history=asked.history, ticker=ticker, calendar=calendar,
            dtes=asked.dims.dtes,
            cache_dir=home.data / "history" / "chains", workers=asked.workers,
            progress=lambda done, total, _: told.step("reading chains", done, total),
        )  # fmt: skip
        watch.lap("read")
        plan = _plan(asked, inputs, calendar)
        watch.lap("plan")
        result = _simulated(asked, plan, inputs, home, told)
        watch.lap("simulate")
        told.say("judging")
        built = build_grid(result, policies=asked.policies, workers=asked.workers)
        watch.lap("statistics")
        told.say("writing")
        return write_run(
            home.results, _name(asked, ticker, now=clock.now()), result=result, built=built,
            inputs=inputs, policies=asked.policies, now=clock.now(), seconds=watch.seconds,
            against=asked.against,
        )  # fmt: skip


def _plan(asked: Asked, inputs: Inputs, calendar: TradingCalendar) -> Plan:
    from monitor.backtest.run_blocks import make_plan
    from monitor.backtest.run_plan import RunSpec
    from monitor.domain.exits import ExitRules

    first, last = asked.span(inputs.days)
    spec = RunSpec(
        ticker=inputs.ticker, first=first, last=last, source=inputs.source, dims=asked.dims,
        rules=ExitRules.from_settings(asked.settings.exits), fills=asked.fills, fill=asked.fill,
        min_sample=asked.min_sample,
    )  # fmt: skip
    return make_plan(
        spec, sessions=inputs.sessions, prices=inputs.prices, source=inputs.marks,
        calendar=calendar, vol=inputs.vol, vix=inputs.vix, edges=asked.settings.regime,
        workers=asked.workers,
    )  # fmt: skip


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
        with _stop_on_signals():
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


def _say_dry_run(asked: Asked, *, as_json: bool) -> None:
    from monitor.backtest.configs import config_table
    from monitor.backtest.open_chains import recorded_days

    table = config_table(asked.dims)
    runs = []
    for ticker in asked.tickers:
        days = recorded_days(asked.source, ticker, dtes=asked.dims.dtes)
        first, last = asked.span(days)
        sessions = sum(first <= day <= last for day in days)
        runs.append(
            {
                "ticker": ticker,
                "day_files": len(days),
                "first": str(first),
                "last": str(last),
                "entry_sessions": sessions,
                "configurations": len(table),
                "counted_as_before": table.counted_as_before,
                "exit_policies": [p.value for p in asked.policies],
                "fills": list(asked.fills),
                "configuration_days": len(table) * sessions,
                "out": f"results/{asked.out or 'TICKER-TIME'}",
            }
        )
    if as_json:
        document = {"schema_version": SCHEMA_VERSION, "ok": True, "dry_run": True, "runs": runs}
        click.echo(json.dumps(document, indent=1))
        return
    for run in runs:
        click.echo(
            f"{run['ticker']}: {run['entry_sessions']} entry sessions {run['first']} to "
            f"{run['last']} ({run['day_files']} recorded days), {run['configurations']:,} "
            f"configurations ({run['counted_as_before']:,} as counted before), exits "
            f"{' and '.join(p.value for p in asked.policies)}, fills "
            f"{', '.join(f'{f:g}' for f in asked.fills)}: {run['configuration_days']:,} "
            f"configuration-days, into {run['out']}; nothing was computed or written"
        )
