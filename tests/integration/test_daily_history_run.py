"""Decades of daily bars through the whole engine at model prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from monitor.backtest.bars_panel import price_table, sessions_between
from monitor.backtest.configs import Dimensions
from monitor.backtest.day_ranges import day_ranges, opens
from monitor.backtest.history import load_history
from monitor.backtest.legs import ExpirationMarks
from monitor.backtest.model_marks import model_marks
from monitor.backtest.run_blocks import make_plan, run_blocks
from monitor.backtest.run_plan import GridResult, RunSpec
from monitor.backtest.trade_codes import Exit, NoTrade, PriceSource
from monitor.providers.sessions import load_calendar


@dataclass(frozen=True, slots=True)
class NoMarks:
    def marks(self, expiration: int) -> ExpirationMarks | None:
        raise AssertionError(expiration)

    def part(self, first: int, stop: int) -> NoMarks:
        return self


@pytest.fixture(scope="module")
def grid(shared_data: Path) -> GridResult:
    """SPX from 1990 on, expirations of today's pattern."""
    calendar = load_calendar(None, today=date(2026, 6, 1))
    found = {
        name: load_history([shared_data / "daily"], name, calendar=calendar).daily
        for name in ("SPX", "VIX", "VIX9D", "VIX3M", "VIX1D")
    }
    spx, vix = found["SPX"], found["VIX"]
    assert spx is not None
    assert vix is not None
    sessions = sessions_between(calendar, date(1990, 1, 2), date(2025, 12, 31))
    prices = price_table(sessions, (), spx)
    prices.price[:, 0] = opens(sessions, spx)
    vols = {n: price_table(sessions, (), d) for n, d in found.items() if d and n != "SPX"}
    spec = RunSpec(
        ticker="SPX", first=date(1990, 1, 2), last=date(2025, 12, 31), source="model",
        dims=Dimensions(dtes=(1, 3), bands=(95,), widths=(25,)), hypothetical_listing=True,
    )  # fmt: skip
    plan = make_plan(
        spec, sessions=sessions, prices=prices, source=NoMarks(), calendar=calendar,
        vol=vols["VIX"], vix=vols["VIX"],
    )  # fmt: skip
    source = model_marks(
        "SPX", sessions=sessions, prices=prices, vols=vols, calendar=calendar,
        low=plan.facts.low, high=plan.facts.high, dtes=plan.table.cell_dte, widest=25.0,
        days=day_ranges(sessions, spx, vix),
    )  # fmt: skip
    return run_blocks(replace(plan, source=source))


def test_decades_of_daily_bars_run_and_every_configuration_day_is_counted(grid: GridResult) -> None:
    assert grid.n_entry_days > 9000
    for fill in range(3):
        traded = np.count_nonzero(grid.trades["fill"] == fill)
        assert traded + grid.no_trade[fill].sum() == len(grid.table) * grid.n_entry_days
    assert set(grid.price_sources(fill=0.5)) == {PriceSource.MODEL}
    assert set(grid.trades["entry_minute"]) == {570}  # the open, and no other time
    reasons = grid.no_trade_reasons(fill=0.5)
    other_times = 18 * len(grid.table) // 19
    assert reasons[NoTrade.NO_PRICE] > 0.9 * other_times * grid.n_entry_days


def test_repeated_opens_bring_no_entry(grid: GridResult) -> None:
    """In the file of the S&P 500, 85 to 97 % of the opens of 2002 and 2003 are such."""
    year = np.array([date.fromordinal(int(d)).year for d in grid.days])[grid.trades["entry"]]
    fake = np.count_nonzero((year == 2002) | (year == 2003))
    real = np.count_nonzero((year == 2017) | (year == 2018))
    assert 0 < fake < 0.2 * real


def test_stops_at_an_extreme_have_no_minute_and_everything_else_has(grid: GridResult) -> None:
    trades = grid.trades
    minute = trades["exit_minute"]
    at_extreme = (trades["reason"] == Exit.STOP) & (minute == 0)
    assert np.count_nonzero(at_extreme) > 100
    opens_and_closes = {570, 780, 840, 960}  # 14:00 was an early close in the nineties
    assert set(minute[trades["reason"] == Exit.TARGET]) <= opens_and_closes
    assert (minute[trades["reason"] == Exit.SETTLED] == 0).all()
    timed = trades[trades["reason"] == Exit.TIME]
    assert set(timed["exit_minute"]) <= opens_and_closes
    assert (trades["pnl_managed"][at_extreme] < 0).all()
