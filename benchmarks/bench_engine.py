"""Speed of the engine alone: recorded quotes and model prices, on made-up dense chains.

    python benchmarks/bench_engine.py [--days 60] [--workers 2]

Counts a trade once for each exit policy, and says configuration-days a second as well (most
of those end in "no trade", which costs time, too). The first run compiles; it is not counted.
Beside the clock stands the processor's time, which other work on the machine disturbs less.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np

from monitor.backtest.bars_panel import (
    OPEN_MINUTE,
    SLOTS,
    PriceTable,
    Sessions,
    sessions_between,
)
from monitor.backtest.configs import Dimensions
from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.model_marks import model_marks
from monitor.backtest.run_blocks import make_plan, run_block, run_blocks
from monitor.backtest.run_plan import MarksSource, Plan, RunSpec
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import BandMode
from monitor.providers.sessions import load_calendar

HISTORY = 120  # sessions before the first entry, for the bands


@dataclass(frozen=True)
class Kept:
    """Marks made once, so that only the engine is timed."""

    made: dict[int, ExpirationMarks | None]

    def part(self, first: int, stop: int) -> MarksSource:
        return Kept({e: m for e, m in self.made.items() if first <= e < stop})

    def marks(self, expiration: int) -> ExpirationMarks | None:
        return self.made.get(expiration)


def market(calendar: TradingCalendar, days: int) -> tuple[Sessions, PriceTable, PriceTable]:
    last = date(2025, 10, 31)
    sessions = sessions_between(calendar, last - timedelta(days=(days + HISTORY) * 3 // 2), last)
    sessions = sessions.part(len(sessions) - days - HISTORY, len(sessions))
    rng = np.random.default_rng(1)
    moves = rng.normal(0, 0.011 / np.sqrt(len(SLOTS)), len(sessions) * len(SLOTS))
    path = 6000 * np.exp(np.cumsum(moves)).reshape(len(sessions), -1)
    path[SLOTS[None, :] >= sessions.close_minute[:, None]] = np.nan
    last_slot = (sessions.close_minute - OPEN_MINUTE) // 5 - 1
    close = path[np.arange(len(sessions)), last_slot]
    vix = PriceTable(price=np.full(path.shape, np.nan), close=rng.uniform(15, 20, len(sessions)))
    return sessions, PriceTable(price=path, close=close), vix


def plan_of(
    calendar: TradingCalendar, days: int, minutes: int, widths: tuple[float, ...] | None = None
) -> Plan:
    sessions, prices, vix = market(calendar, days)
    spec = RunSpec(
        ticker="SPX", first=date.fromordinal(int(sessions.day[HISTORY])),
        last=date.fromordinal(int(sessions.day[-1])), source="model", fills=(0.5,),
        dims=Dimensions(modes=(BandMode.RAW100,), widths=widths),
    )  # fmt: skip
    plan = make_plan(
        spec, sessions=sessions, prices=prices, source=Kept({}), calendar=calendar,
        vol=vix, vix=vix,
    )  # fmt: skip
    marked = prices.price.copy()
    entry = np.isin(SLOTS, plan.facts.minute)
    marked[:, ((SLOTS - OPEN_MINUTE) % minutes != 0) & ~entry] = np.nan
    source = model_marks(
        "SPX", sessions=sessions, prices=PriceTable(price=marked, close=prices.close),
        vols={"VIX": vix}, calendar=calendar, low=plan.facts.low, high=plan.facts.high,
        dtes=plan.table.cell_dte, widest=90.0,
    )  # fmt: skip
    return replace(plan, source=source)


def tell(what: str, plan: Plan, workers: int) -> None:
    run_block(plan.block(0))
    best = used = np.inf
    for _ in range(5):
        begun, cpu = time.perf_counter(), time.process_time()
        grid = run_blocks(plan, workers=workers)
        best = min(best, time.perf_counter() - begun)
        used = min(used, time.process_time() - cpu)
    trades = 2 * len(grid.trades)
    asked = 2 * len(plan.table) * grid.n_entry_days
    print(
        f"{what:<37} {best:6.3f} s  {trades / best / 1e6:6.2f} M trades/s  "
        f"{asked / best / 1e6:6.2f} M configuration-days/s; {used:.3f} s of processor  "
        f"{trades / used / 1e6:6.2f} M trades/s a core  ({trades:,} trades)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    calendar = load_calendar(None, today=date(2026, 3, 2))
    for minutes in (15, 5):
        plan = plan_of(calendar, args.days, minutes)
        made = {e: plan.source.marks(e) for e in range(plan.first, len(plan.days))}
        kept = replace(plan, source=Kept(made))
        tell(f"marks at hand, every {minutes} minutes", kept, args.workers)
        tell(f"model prices, every {minutes} minutes", plan, args.workers)
    for days in (args.days // 4, args.days // 2, args.days):
        tell(f"model prices, {days} days", plan_of(calendar, days, 15), args.workers)
    for step in (20, 10, 5):
        plan = plan_of(calendar, args.days, 15, tuple(float(w) for w in range(step, 85, step)))
        made = {e: plan.source.marks(e) for e in range(plan.first, len(plan.days))}
        what = f"marks at hand, {len(plan.table):,} configurations"
        tell(what, replace(plan, source=Kept(made)), args.workers)


if __name__ == "__main__":
    main()
