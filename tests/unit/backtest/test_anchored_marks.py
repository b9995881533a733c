"""Marks from a chain's own surface: where quotes lack, never before the chain, always said so.

A market with at-the-money stdev 2 % to the expiration at Monday's 10:30 and a made-up smile; every
third strike is quoted, and only then. QuantLib prices what is asked elsewhere.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import numpy as np
import pytest
import QuantLib as ql

from monitor.backtest.anchored_marks import AnchoredMarks, anchored_marks
from monitor.backtest.bars_panel import SLOTS, PriceTable, Sessions, sessions_between
from monitor.backtest.chain_book import make_book
from monitor.backtest.chain_day import DayChain
from monitor.backtest.parity import MISSING
from monitor.backtest.quote_marks import QuoteMarks
from monitor.backtest.trade_codes import PriceSource
from monitor.clock import NEW_YORK
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DomainError
from monitor.providers.sessions import load_calendar

FRI, MON, TUE, WED, THU = (date(2026, 1, d) for d in (2, 5, 6, 7, 8))
SPOT, ATM = 6000.0, 0.02
STRIKES = np.arange(5600, 6400, 5)
# trading time left at 10:30 on Monday: 0.7 of a session less 23 % of its day, and two more
LEFT = 0.7 * (1 - 0.23) + 2


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 3, 2))


def hand_price(strike: float, *, forward: float, atm: float, put: bool) -> float:
    z = np.log(strike / forward) / atm
    stdev = atm * float(np.interp(z, [-6, 0, 1.5, 4], [2.9, 1.0, 0.85, 1.30]))
    kind = ql.Option.Put if put else ql.Option.Call
    return float(ql.blackFormula(kind, float(strike), forward, stdev))


def stamp(day: date, minute: int) -> int:
    at = datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=NEW_YORK)
    return int(at.timestamp())


def chain(day: date, minute: int, *, expiration: date, every: int = 3) -> DayChain:
    quoted = STRIKES[::every]
    mids = np.array([[hand_price(k, forward=SPOT, atm=ATM, put=put) for k in quoted]
                     for put in (True, False)])  # fmt: skip
    sides = np.stack([mids[0] - 0.05, mids[0] + 0.05, mids[1] - 0.05, mids[1] + 0.05])
    whole = np.where(sides > 0, np.round(sides * 10_000), MISSING)
    return DayChain(
        day.toordinal(), np.array([stamp(day, minute)]), np.array([expiration.toordinal()]),
        np.array([0, len(quoted)]), quoted.astype(np.int64) * 1000,
        whole[:, :, None].astype(np.int32), np.full((1, 1), SPOT), np.full((1, 1), 9, np.int16),
    )  # fmt: skip


def source_of(
    calendar: TradingCalendar, *days: DayChain, vol: PriceTable | None = None, ticker: str = "SPX"
) -> tuple[AnchoredMarks, Sessions]:
    sessions = sessions_between(calendar, FRI, THU)
    price = np.full((len(sessions), len(SLOTS)), SPOT)
    price[1, 13:] = 5970.0  # Monday from 10:35 on
    book = make_book(days, ticker=ticker, calendar=calendar, max_dte=5)
    quotes = QuoteMarks(sessions=sessions, books=(book,), longest=5)
    prices = PriceTable(price=price, close=np.full(len(sessions), SPOT))
    return (
        anchored_marks(ticker, quotes=quotes, prices=prices, vol=vol, calendar=calendar),
        sessions,
    )


def mark(source: AnchoredMarks, expiration: int, strike: float, session: int, minute: int) -> float:
    marks = source.marks(expiration)
    assert marks is not None
    t = np.flatnonzero((marks.session == session) & (marks.minute == minute))
    k = np.flatnonzero(marks.put_strike == round(strike * 1000))
    return float(marks.put.mid[k[0], t[0]])


def test_a_minute_nobody_recorded(calendar: TradingCalendar) -> None:
    """At 12:30, half a percent lower, 50.3 % of the day has passed."""
    source, _ = source_of(calendar, chain(MON, 630, expiration=WED))
    left = 0.7 * (1 - 0.503) + 2
    forward, atm = 5970.0, ATM * np.sqrt(left / LEFT)
    for strike in (5750.0, 5855.0, 5900.0):
        want = hand_price(strike, forward=forward, atm=atm, put=True)
        assert mark(source, 3, strike, 1, 750) == pytest.approx(want, rel=0.04)


def test_every_mark_says_anchored_and_none_is_older_than_its_chain(
    calendar: TradingCalendar,
) -> None:
    source, _ = source_of(calendar, chain(MON, 630, expiration=WED))
    marks = source.marks(3)
    assert marks is not None
    assert set(marks.source) == {PriceSource.ANCHORED}
    first = (int(marks.session[0]), int(marks.minute[0]))
    assert first == (1, 630)  # nothing on Friday, nothing before 10:30
    # Tuesday lives on Monday's chain, Wednesday, the last day, has none that is fresh
    assert set(marks.session.tolist()) == {1, 2}
    later, _ = source_of(calendar, chain(MON, 630, expiration=WED), chain(WED, 630, expiration=WED))
    again = later.marks(3)
    assert again is not None
    assert again.minute[again.session == 3].tolist() == [630, 635, 640, 645]


def test_a_later_chain_changes_no_earlier_mark(calendar: TradingCalendar) -> None:
    alone, _ = source_of(calendar, chain(MON, 630, expiration=WED))
    both, _ = source_of(calendar, chain(MON, 630, expiration=WED), chain(TUE, 630, expiration=WED))
    a, b = alone.marks(3), both.marks(3)
    assert a is not None
    assert b is not None
    before = (b.session == 1) | ((b.session == 2) & (b.minute < 630))
    np.testing.assert_array_equal(a.mid[:, : before.sum()], b.mid[:, before])
    assert not np.array_equal(a.mid[:, before.sum() :], b.mid[:, ~before])


def test_the_level_follows_the_own_volatility_index(calendar: TradingCalendar) -> None:
    """From 16 when the chain was recorded to 20 at 12:30: every stdev a quarter higher."""
    index = np.full((5, len(SLOTS)), 16.0)
    index[1, 36:] = 20.0
    vol = PriceTable(price=index, close=np.full(5, 16.0))
    source, _ = source_of(calendar, chain(MON, 630, expiration=WED), vol=vol)
    left = 0.7 * (1 - 0.503) + 2
    want = hand_price(5825.0, forward=5970.0, atm=1.25 * ATM * np.sqrt(left / LEFT), put=True)
    assert mark(source, 3, 5825.0, 1, 750) == pytest.approx(want, rel=0.04)


def test_a_strike_that_the_chain_did_not_quote_but_not_before_its_first_day(
    calendar: TradingCalendar,
) -> None:
    """5,800 is first quoted on Tuesday at 10:30; at the open Monday's chain prices it."""
    source, _ = source_of(
        calendar, chain(MON, 630, expiration=WED), chain(TUE, 630, expiration=WED, every=2)
    )
    assert np.isnan(mark(source, 3, 5800.0, 1, 750))
    want = hand_price(5800.0, forward=SPOT, atm=ATM * np.sqrt(1.7 / LEFT), put=True)
    assert mark(source, 3, 5800.0, 2, 570) == pytest.approx(want, rel=0.04)


def test_too_few_quotes_make_no_marks(calendar: TradingCalendar) -> None:
    source, _ = source_of(calendar, chain(MON, 630, expiration=WED, every=60))
    assert source.marks(3) is None
    assert source.marks(4) is None  # no chain at all


def test_a_part_gives_the_same_marks(calendar: TradingCalendar) -> None:
    days = (chain(MON, 630, expiration=WED), chain(TUE, 630, expiration=WED))
    vol = PriceTable(price=np.full((5, len(SLOTS)), np.nan), close=np.linspace(15, 17, 5))
    source, _ = source_of(calendar, *days, vol=vol)
    whole, part = source.marks(3), replace(source, quotes=source.quotes).part(3, 4).marks(3)
    assert whole is not None
    assert part is not None
    for name in ("session", "minute", "spot", "mid", "half", "put_strike", "source"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))


def test_what_was_never_measured_cannot_be_anchored(calendar: TradingCalendar) -> None:
    with pytest.raises(DomainError, match="RUT"):
        source_of(calendar, chain(MON, 630, expiration=WED), ticker="RUT")
