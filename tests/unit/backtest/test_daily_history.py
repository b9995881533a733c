"""Daily bars alone: entries at the open, marks at the close, the stop at the day's extremes.

Worked by hand: SPX stands at 6,000 for weeks (opens 6,000, closes 6,001), once two sessions
brought −2 %. On Tuesday 3 March 2026 it opens 0.2 % up at 6,012: P100 of two sessions lies at
6,012 × (5,880/6,000) = 5,891.76, so the put spread 5,890/5,865 is sold into Thursday. VIX closes
at 16 every day and nothing else is known, so the term structure is straight: 30/365 · VIX² over
the 22.16 sessions of 30 days (22 sessions, 8 closed days of 0.02) from Monday's and Tuesday's
close, 21.18 from Wednesday's, as Good Friday falls into them. Left are 0.7 + 2 sessions at
Tuesday's open, 0.7 + 1 at Wednesday's, one at its close.
"""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import QuantLib as ql
from scipy.interpolate import PchipInterpolator

from monitor.backtest.bars_panel import PriceTable, Sessions, price_table, sessions_between
from monitor.backtest.configs import BandMode, Dimensions
from monitor.backtest.day_ranges import DayRanges, day_ranges, opens
from monitor.backtest.engine_kernel import simulate
from monitor.backtest.engine_plain import simulate_plain
from monitor.backtest.entry import entries_into
from monitor.backtest.legs import DAY_HIGH, DAY_LOW, ExpirationTask
from monitor.backtest.model_marks import model_marks
from monitor.backtest.run_blocks import make_plan, run_blocks
from monitor.backtest.run_plan import GridResult, Plan, RunSpec
from monitor.backtest.trade_codes import Exit, PriceSource
from monitor.domain.quotes import DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import SpreadType
from monitor.providers.sessions import load_calendar

MON, TUE, WED, THU = (date(2026, 3, d) for d in (2, 3, 4, 5))
NAN = float("nan")
Z = (-7, -6, -5, -4, -3, -2.5, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4)
SPX_SMILE = (2.745, 2.444, 2.158, 1.870, 1.588, 1.469, 1.366, 1.269, 1.161, 1.069, 1,
             0.933, 0.882, 0.861, 0.899, 0.993, 1.122, 1.423)  # fmt: skip


def hand_put(
    strike: float, *, spot: float, vix: float, sessions: float, c: float, month: float = 22.16
) -> float:
    """The surface's formulas, priced by QuantLib; neither interest nor dividends."""
    atm = c * vix * math.sqrt(30 / 365 * sessions / month)
    smile = float(PchipInterpolator(Z, SPX_SMILE)(math.log(strike / spot) / atm))
    return float(ql.blackFormula(ql.Option.Put, strike, spot, atm * smile))


def hand_spread(**at: float) -> float:
    return hand_put(5890, **at) - hand_put(5865, **at)


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 3, 2))


def bars(symbol: str, sessions: Sessions, *, base: float, rise: float) -> DailyBars:
    n = len(sessions)
    return DailyBars(
        symbol=symbol, day=sessions.day, open=np.full(n, base), high=np.full(n, base + 2 * rise),
        low=np.full(n, base - rise), close=np.full(n, base + rise), volume=np.full(n, NAN),
        source="test",
    )  # fmt: skip


def _set(daily: DailyBars, day: date, **values: float) -> None:
    at = int(np.searchsorted(daily.day, day.toordinal()))
    for name, value in values.items():
        getattr(daily, name)[at] = value


def plan_of(calendar: TradingCalendar, *, with_ranges: bool = True, **wednesday: float) -> Plan:
    sessions = sessions_between(calendar, date(2025, 11, 3), date(2026, 3, 10))
    spx, vix = bars("SPX", sessions, base=6000, rise=1), bars("VIX", sessions, base=15.9, rise=0.1)
    _set(spx, date(2026, 1, 14), close=5880.0, low=5870.0)
    _set(spx, TUE, open=6012.0, high=6020.0, low=6005.0)
    _set(spx, WED, **({"open": 6010.0, "high": 6015.0, "low": 5900.0, "close": 6008.0} | wednesday))
    _set(spx, THU, open=6009.0)
    _set(vix, WED, high=24.0)
    prices = PriceTable(
        price=price_table(sessions, ()).price, close=price_table(sessions, (), spx).close
    )
    prices.price[:, 0] = opens(sessions, spx)
    vol = price_table(sessions, (), vix)
    spec = RunSpec(
        ticker="SPX", first=TUE, last=TUE, source="model", fills=(0.5,),
        dims=Dimensions(
            dtes=(2,), bands=(100,), modes=(BandMode.RAW100,), widths=(25,),
            spread_types=(SpreadType.PUT_SPREAD,), entry_minutes_pt=(390, 420),
        ),
    )  # fmt: skip
    ranges = day_ranges(sessions, spx, vix)
    plan = make_plan(
        spec, sessions=sessions, prices=prices, source=_Nothing(), calendar=calendar,
        vol=vol, vix=vol,
    )  # fmt: skip
    source = model_marks(
        "SPX", sessions=sessions, prices=prices, vols={"VIX": vol}, calendar=calendar,
        low=plan.facts.low, high=plan.facts.high, dtes=plan.table.cell_dte, widest=25.0,
        days=ranges if with_ranges else None,
    )  # fmt: skip
    return replace(plan, source=source)


class _Nothing:
    def marks(self, expiration: int) -> None:
        raise AssertionError(expiration)

    def part(self, first: int, stop: int) -> _Nothing:
        return self


def the_row(grid: GridResult) -> np.void:
    assert len(grid.trades) == 1
    row = grid.trades[0]
    assert (row["short_put"], row["entry_minute"]) == (5890, 570)
    assert row["source"] == PriceSource.MODEL
    return row


CREDIT_MID = hand_spread(spot=6012, vix=0.16, sessions=2.7, c=0.81)


def test_stopped_at_the_days_low_with_vix_at_its_own_high(calendar: TradingCalendar) -> None:
    """Filled at the mark of the low; the half-spreads are those of the legs' mids."""
    row = the_row(run_blocks(plan_of(calendar), workers=1))
    assert row["credit_mid"] == pytest.approx(CREDIT_MID, rel=1e-6)
    entry_half = 0.15 + 0.15  # 5.23 and 3.68 points
    credit = math.floor((CREDIT_MID - 0.5 * entry_half) * 20) / 20
    assert row["credit"] == pytest.approx(credit)
    low = {"spot": 5900.0, "vix": 0.24, "sessions": 1.7, "c": 0.76}
    debit = hand_spread(**low)
    assert debit > 3 * credit
    paid = math.ceil((debit + 0.5 * (0.30 + 0.30)) * 20) / 20  # 29.82 and 21.06 points
    assert row["reason"] == Exit.STOP
    assert (row["exit_session"], row["exit_minute"]) == (1, 0)
    assert row["pnl_managed"] == pytest.approx(100 * (credit - paid) - 4, abs=1e-3)
    assert row["pnl_hold"] == pytest.approx(100 * credit - 2, abs=1e-3)


def test_without_ranges_the_open_alone_is_seen(calendar: TradingCalendar) -> None:
    """The stop is missed, and the time exit of Wednesday waits for Thursday's open."""
    row = the_row(run_blocks(plan_of(calendar, with_ranges=False), workers=1))
    assert row["reason"] in (Exit.TARGET, Exit.TIME)
    assert row["exit_minute"] == 570


def test_the_time_exit_is_the_close_of_the_session_before_expiration(
    calendar: TradingCalendar,
) -> None:
    """Wednesday falls to 5,975 and stays: neither stop nor target, closed at 16:00."""
    quiet = {"open": 5985.0, "low": 5980.0, "high": 5990.0, "close": 5975.0}
    plan = plan_of(calendar, **quiet)
    row = the_row(run_blocks(plan, workers=1))
    debit = hand_spread(spot=5975, vix=0.16, sessions=1.0, c=0.76, month=21.18)
    credit = float(row["credit"])
    assert (row["reason"], row["exit_session"], row["exit_minute"]) == (Exit.TIME, 1, 960)
    assert 0.5 * credit < debit < 3 * credit
    paid = math.ceil((debit + 0.5 * (0.075 + 0.075)) * 20) / 20  # 2.18 and 1.25 points
    assert row["pnl_managed"] == pytest.approx(100 * (credit - paid) - 4, abs=1e-3)


def test_instants_of_a_daily_history_are_open_low_high_close(calendar: TradingCalendar) -> None:
    plan = plan_of(calendar)
    expiration = plan.first + 2
    marks = plan.source.marks(expiration)
    assert marks is not None
    since = marks.session >= plan.first
    assert marks.session[since].tolist() == [plan.first + k for k in (0,) * 4 + (1,) * 4 + (2,) * 3]
    assert marks.extremes[since].tolist() == [0, DAY_LOW, DAY_HIGH, 0] * 2 + [0, DAY_LOW, DAY_HIGH]
    assert marks.minute[since & (marks.extremes == 0)].tolist() == [570, 960, 570, 960, 570]
    assert marks.spot[since][4:8].tolist() == [6010, 5900, 6015, 6008]
    short = int(np.searchsorted(marks.put_strike, 5_890_000))
    wednesday = marks.put.mid[short, since][4:7]
    assert wednesday == pytest.approx(
        [hand_put(5890, spot=spot, vix=vix, sessions=1.7, c=0.76)
         for spot, vix in ((6010, 0.16), (5900, 0.24), (6015, 0.16))],
        rel=1e-6,
    )  # fmt: skip
    part = plan.block(0).source.marks(expiration)
    assert part is not None
    np.testing.assert_array_equal(part.mid, marks.mid)


def test_kernel_and_plain_twin_agree_on_daily_bars(calendar: TradingCalendar) -> None:
    block = plan_of(calendar).block(0)
    for expiration in range(block.first, block.stop):
        marks = block.source.marks(expiration)
        assert marks is not None
        task = ExpirationTask(
            marks=marks, entries=entries_into(block.facts, block.cells, expiration, marks),
            cells=block.cells, terms=block.terms, rules=block.rules, fills=block.fills,
        )  # fmt: skip
        got, want = simulate(task), simulate_plain(task)
        np.testing.assert_array_equal(got[0], want[0])
        np.testing.assert_array_equal(got[1], want[1])


def test_an_open_that_repeats_the_close_before_is_not_known(calendar: TradingCalendar) -> None:
    sessions = sessions_between(calendar, MON, THU)
    daily = DailyBars(
        symbol="SPX", day=sessions.day, open=np.array([100.0, 101.0, 103.0, 104.0]),
        high=np.array([102.0, 103.0, 104.0, 104.0]), low=np.array([99.0, 100.0, 102.5, 104.0]),
        close=np.array([101.0, 102.0, 103.5, 104.0]), volume=np.full(4, NAN), source="test",
    )  # fmt: skip
    # the first has nothing before it, the second repeats 101, the last day never moved
    np.testing.assert_array_equal(opens(sessions, daily), [100.0, NAN, 103.0, NAN])


def test_a_range_holds_the_days_own_open_and_close(calendar: TradingCalendar) -> None:
    sessions = sessions_between(calendar, MON, THU)
    daily = DailyBars(
        symbol="SPX", day=sessions.day[[0, 1, 3]], open=np.array([100.0, 101.0, 104.0]),
        high=np.array([102.0, 101.5, 104.0]), low=np.array([99.0, 101.2, 104.0]),
        close=np.array([101.0, 102.0, 104.0]), volume=np.full(3, NAN), source="test",
    )  # fmt: skip
    found = day_ranges(sessions, daily, daily)
    np.testing.assert_array_equal(found.low, [99.0, 101.0, NAN, NAN])
    np.testing.assert_array_equal(found.high, [102.0, 102.0, NAN, NAN])
    note = found.note(np.array([True, True, False, True]))
    assert note is not None
    assert note.startswith("1 of 3 sessions")
    known = DayRanges(low=np.ones(4), high=np.ones(4), vix_high=np.ones(4))
    assert known.note(np.ones(4, np.bool_)) is None
