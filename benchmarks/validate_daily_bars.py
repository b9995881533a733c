"""How far managed exits on daily bars are from those on 5-minute bars: docs/engine.md's table.

    python benchmarks/validate_daily_bars.py [--data FOLDER]

Takes 5-minute bars of NDX level (`intraday/NAS100cfd_5m…`), makes daily bars of them, and runs the
same entries at the open on both, at model prices. VIX and VXN are known by the day alone in all
runs. Recorded data: CONDORWATCH_SHARED_DATA, else ../shared/data.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from monitor.backtest.bars_panel import PriceTable, Sessions, price_table, sessions_between
from monitor.backtest.configs import BandMode, Dimensions
from monitor.backtest.day_ranges import DayRanges, day_ranges, opens
from monitor.backtest.history import load_history
from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.model_marks import model_marks
from monitor.backtest.run_blocks import make_plan, run_blocks
from monitor.backtest.run_plan import GridResult, Plan, RunSpec
from monitor.backtest.trade_codes import Exit
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.providers.sessions import load_calendar

REPOSITORY = Path(__file__).resolve().parent.parent
FIRST, LAST = date(2013, 1, 2), date(2024, 6, 28)
INDICES = ("VIX", "VXN", "VIX9D", "VIX3M", "VIX1D")
FILL = 0.5


@dataclass(frozen=True, slots=True)
class NoMarks:
    """Stands where marks will be when the bands are known."""

    def marks(self, expiration: int) -> ExpirationMarks | None:
        raise AssertionError(expiration)

    def part(self, first: int, stop: int) -> NoMarks:
        return self


def daily_of(bars: Bars, sessions: Sessions) -> DailyBars:
    """Open, high, low and close of each session that has bars."""
    session, _ = sessions.place(bars.start)
    keep = session >= 0
    day, first = np.unique(session[keep], return_index=True)
    last = np.append(first[1:], np.count_nonzero(keep)) - 1
    return DailyBars(
        symbol=bars.symbol, day=sessions.day[day], open=bars.open[keep][first],
        high=np.maximum.reduceat(bars.high[keep], first),
        low=np.minimum.reduceat(bars.low[keep], first), close=bars.close[keep][last],
        volume=np.full(len(day), np.nan), source="5-minute bars by the day",
    )  # fmt: skip


def runs(folder: Path, calendar: TradingCalendar) -> Iterator[tuple[str, GridResult]]:
    bars = load_history([folder / "intraday"], "NDX", calendar=calendar).bars[0]
    sessions = sessions_between(calendar, date(2012, 1, 19), date(2024, 12, 31))
    daily = daily_of(bars, sessions)
    histories = {s: load_history([folder / "daily"], s, calendar=calendar).daily for s in INDICES}
    known = {name: d for name, d in histories.items() if d is not None}
    vols = {name: price_table(sessions, (), d) for name, d in known.items()}
    fine = price_table(sessions, [bars])
    coarse = PriceTable(price=np.full(fine.price.shape, np.nan), close=fine.close)
    coarse.price[:, 0] = np.where(np.isfinite(opens(sessions, daily)), fine.price[:, 0], np.nan)
    fine.price[~np.isfinite(coarse.price[:, 0])] = np.nan  # the same entries in both
    ranges = day_ranges(sessions, daily, known["VIX"])
    nothing = np.full(len(sessions), np.nan)
    before = np.concatenate([[np.nan], vols["VIX"].close[:-1]])
    plan = _plan(sessions, fine, vols, calendar)
    for name, prices, days in (
        ("5-minute bars", fine, None),
        ("daily: open and close", coarse, DayRanges(low=nothing, high=nothing, vix_high=nothing)),
        ("daily, extremes with VIX of the close before", coarse, replace(ranges, vix_high=before)),
        ("daily, low with VIX's high", coarse, ranges),
    ):
        source = model_marks(
            "NDX", sessions=sessions, prices=prices, vols=vols, calendar=calendar,
            low=plan.facts.low, high=plan.facts.high, dtes=plan.table.cell_dte, widest=90.0,
            days=days,
        )  # fmt: skip
        yield name, run_blocks(replace(plan, source=source))


def _plan(
    sessions: Sessions, prices: PriceTable, vols: dict[str, PriceTable], calendar: TradingCalendar
) -> Plan:
    spec = RunSpec(
        ticker="NDX", first=FIRST, last=LAST, source="model", fills=(FILL,),
        dims=Dimensions(
            dtes=(1, 3, 5, 10), modes=(BandMode.RAW100,), entry_minutes_pt=(390,),
            widths=tuple(range(10, 100, 20)),
        ),
        hypothetical_listing=True,
    )  # fmt: skip
    return make_plan(
        spec, sessions=sessions, prices=prices, source=NoMarks(), calendar=calendar,
        vol=vols["VXN"], vix=vols["VIX"],
    )  # fmt: skip


def row(name: str, grid: GridResult, kinds: tuple[int, ...]) -> str:
    trades = grid.trades[np.isin(grid.table.kind[grid.trades["config"]], kinds)]
    share = [100 * float(np.mean(trades["reason"] == code)) for code in (Exit.STOP, Exit.TARGET)]
    managed = 100 * float(np.mean(trades["pnl_managed"] / trades["max_loss"]))
    hold = 100 * float(np.mean(trades["pnl_hold"] / trades["max_loss"]))
    return (
        f"| {name} | {len(trades):,} | {share[0]:.0f} | {share[1]:.0f} | {managed:+.1f} "
        f"| {hold:+.1f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Managed exits on daily against 5-minute bars.")
    default = os.environ.get("CONDORWATCH_SHARED_DATA", str(REPOSITORY.parent / "shared" / "data"))
    parser.add_argument("--data", type=Path, default=Path(default))
    folder = parser.parse_args().data
    print("| | trades | stopped % | target % | managed % | held % |")
    print("|---|---|---|---|---|---|")
    for name, grid in runs(folder, load_calendar(None, today=date(2026, 6, 1))):
        for what, kinds in (("puts", (0, 1)), ("calls", (2, 3)), ("condors", (4,))):
            print(row(f"{what}, {name}", grid, kinds))


if __name__ == "__main__":
    main()
