"""Recorded and model marks: what was quoted, what was computed, and nothing in between."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pytest

from monitor.backtest.bars_panel import SLOTS, PriceTable, Sessions, price_table, sessions_between
from monitor.backtest.chain_book import ChainBook, make_book
from monitor.backtest.chain_day import DayChain
from monitor.backtest.model_marks import ModelMarks, listed_strikes, model_marks
from monitor.backtest.open_chains import gap_notes
from monitor.backtest.parity import MISSING
from monitor.backtest.quote_marks import QuoteMarks, parity_prices
from monitor.backtest.table_costs import TableCosts
from monitor.backtest.trade_codes import PriceSource
from monitor.clock import NEW_YORK
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DomainError
from monitor.providers.sessions import load_calendar

MON, TUE, WED = date(2026, 1, 5), date(2026, 1, 6), date(2026, 1, 7)


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 3, 2))


def _stamp(day: date, hour: int, minute: int) -> int:
    return int(datetime(day.year, day.month, day.day, hour, minute, tzinfo=NEW_YORK).timestamp())


def _day(
    day: date, times: list[tuple[int, int]], quotes: dict[date, dict[int, list[float]]]
) -> DayChain:
    """quotes: expiration → strike → put bid, put ask, call bid, call ask (NaN: none)."""
    expirations = sorted(quotes)
    strikes = [k for e in expirations for k in sorted(quotes[e])]
    table = np.array([quotes[e][k] for e in expirations for k in sorted(quotes[e])])
    whole = np.where(np.isnan(table), MISSING, np.round(np.nan_to_num(table) * 10_000))
    return DayChain(
        day.toordinal(),
        np.array([_stamp(day, *t) for t in times]),
        np.array([e.toordinal() for e in expirations]),
        np.concatenate([[0], np.cumsum([len(quotes[e]) for e in expirations])]),
        np.array(strikes) * 1000,
        np.repeat(whole.T[:, :, None], len(times), axis=2).astype(np.int32),
        np.full((len(expirations), len(times)), 100.25),
        np.full((len(expirations), len(times)), 5, np.int16),
    )


def _book(calendar: TradingCalendar, *days: DayChain) -> ChainBook:
    return make_book(days, ticker="SPX", calendar=calendar, max_dte=5)


NAN = float("nan")


def test_trap_20_each_expiration_is_its_own_chain(calendar: TradingCalendar) -> None:
    near = {95: [1.0, 1.2, NAN, NAN], 90: [0.5, 0.7, NAN, NAN]}
    far = {95: [5.0, 5.2, NAN, NAN], 90: [4.0, 4.4, 11.0, 11.4]}
    book = _book(calendar, _day(MON, [(9, 45)], {MON: near, WED: far}))
    sessions = sessions_between(calendar, MON, WED)
    source = QuoteMarks(sessions=sessions, books=(book,), longest=5)
    first, last = source.marks(0), source.marks(2)
    assert first is not None
    assert last is not None
    assert first.put.strike.tolist() == [90_000, 95_000]
    assert first.put.mid[:, 0].tolist() == [0.6, 1.1]
    assert last.put.mid[:, 0].tolist() == [4.2, 5.1]
    np.testing.assert_allclose(last.put.half[:, 0], [0.2, 0.1])
    assert np.isnan(last.call.mid[1, 0])  # not quoted stays unknown
    assert last.call.mid[0, 0] == 11.2
    assert (first.session[0], first.minute[0], first.spot[0]) == (0, 585, 100.25)
    assert set(first.source) == {PriceSource.QUOTES}
    assert source.marks(1) is None


def test_two_books_stand_side_by_side_and_the_first_counts(calendar: TradingCalendar) -> None:
    full = _book(calendar, _day(MON, [(9, 30), (9, 45)], {MON: {95: [1.0, 1.2, NAN, NAN]}}))
    fine = _book(
        calendar,
        _day(MON, [(9, 30), (9, 35)], {MON: {95: [2.0, 2.2, 3.0, 3.2], 90: [0.5, 0.7, NAN, NAN]}}),
    )
    sessions = sessions_between(calendar, MON, TUE)
    marks = QuoteMarks(sessions=sessions, books=(full, fine), longest=5).marks(0)
    assert marks is not None
    assert marks.minute.tolist() == [570, 575, 585]
    np.testing.assert_array_equal(marks.put.mid[1], [1.1, 2.1, 1.1])
    np.testing.assert_array_equal(marks.put.mid[0], [0.6, 0.6, NAN])
    np.testing.assert_array_equal(marks.call.mid[1], [3.1, 3.1, NAN])


def test_a_part_gives_the_same_marks(calendar: TradingCalendar) -> None:
    quotes = {WED: {95: [1.0, 1.2, NAN, NAN]}}
    days = [_day(d, [(9, 45), (15, 55)], quotes) for d in (MON, TUE, WED)]
    sessions = sessions_between(calendar, MON, WED)
    source = QuoteMarks(sessions=sessions, books=(_book(calendar, *days),), longest=1)
    whole, part = source.marks(2), source.part(2, 3).marks(2)
    assert whole is not None
    assert part is not None
    assert whole.session.tolist() == [1, 1, 2, 2]  # no more than one session back
    for name in ("session", "minute", "spot", "mid", "half", "put_strike"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name))


def test_settlement_without_bars_is_the_last_price_only_if_it_is_fresh(
    calendar: TradingCalendar,
) -> None:
    quotes = {WED: {95: [1.0, 1.2, NAN, NAN]}}
    book = _book(calendar, _day(MON, [(15, 55)], quotes), _day(TUE, [(15, 30)], quotes))
    sessions = sessions_between(calendar, MON, TUE)
    table = parity_prices(sessions, (book,))
    np.testing.assert_array_equal(table.close, [100.25, NAN])
    daily = DailyBars(
        symbol="SPX", day=sessions.day, open=np.full(2, NAN), high=np.full(2, NAN),
        low=np.full(2, NAN), close=np.array([101.0, 102.0]), volume=np.full(2, NAN), source="x",
    )  # fmt: skip
    assert parity_prices(sessions, (book,), daily).close.tolist() == [101.0, 102.0]


def test_bars_stand_at_the_instant_they_begin(calendar: TradingCalendar) -> None:
    sessions = sessions_between(calendar, MON, MON)
    bars = Bars(
        symbol="SPX", interval=timedelta(minutes=30),
        start=np.array([_stamp(MON, 9, 30), _stamp(MON, 10, 0), _stamp(MON, 15, 30)]),
        open=np.array([100.0, 0.0, 103.0]), high=np.full(3, NAN), low=np.full(3, NAN),
        close=np.array([101.0, 102.0, 104.0]), volume=np.full(3, NAN), source="x",
    )  # fmt: skip
    table = price_table(sessions, [bars])
    assert table.at(570).tolist() == [100.0]
    assert np.isnan(table.at(600)[0])  # a price of 0 is unknown
    assert np.isnan(table.at(575)[0])
    assert table.close.tolist() == [104.0]


def _model(calendar: TradingCalendar) -> tuple[ModelMarks, Sessions, PriceTable]:
    sessions = sessions_between(calendar, MON, date(2026, 1, 16))
    n = len(sessions)
    price = np.full((n, len(SLOTS)), 6900.0)
    price[4, 10] = NAN
    prices = PriceTable(price=price, close=np.full(n, 6900.0))
    vix = PriceTable(price=np.full(price.shape, NAN), close=np.full(n, 16.0))
    levels = np.full((1, n, 19), 6850.0)
    marks = model_marks(
        "SPX", sessions=sessions, prices=prices, vols={"VIX": vix}, calendar=calendar,
        low=levels, high=levels + 100, dtes=np.array([3]), widest=50.0,
    )  # fmt: skip
    return marks, sessions, prices


def test_trap_27_model_marks_say_model_and_rise_with_vix(calendar: TradingCalendar) -> None:
    source, sessions, prices = _model(calendar)
    marks = source.marks(5)
    assert marks is not None
    assert set(marks.source) == {PriceSource.MODEL}
    assert not np.any((marks.session == 4) & (marks.minute == SLOTS[10]))
    assert np.isfinite(marks.mid).all()
    assert (np.diff(marks.put.mid[:, 0]) > 0).all()
    wild = PriceTable(price=np.full(prices.price.shape, NAN), close=np.full(len(sessions), 32.0))
    high = model_marks(
        "SPX", sessions=sessions, prices=prices, vols={"VIX": wild}, calendar=calendar,
        low=np.full((1, len(sessions), 19), 6850.0), high=np.full((1, len(sessions), 19), 6950.0),
        dtes=np.array([3]), widest=50.0,
    ).marks(5)  # fmt: skip
    assert high is not None
    k = int(np.searchsorted(marks.put_strike, 6850_000))

    def credit(m: np.ndarray) -> float:
        return float(m[k, 0] - m[k - 2, 0])

    assert credit(high.put.mid) > credit(marks.put.mid) > 0


def test_model_marks_of_a_part_are_the_same(calendar: TradingCalendar) -> None:
    source, _, _ = _model(calendar)
    whole, part = source.marks(6), source.part(6, 7).marks(6)
    assert whole is not None
    assert part is not None
    np.testing.assert_array_equal(part.mid, whole.mid)
    np.testing.assert_array_equal(part.session, whole.session)


def test_what_was_never_measured_has_no_model_price(calendar: TradingCalendar) -> None:
    _, sessions, prices = _model(calendar)
    levels = np.full((1, len(sessions), 19), 100.0)
    with pytest.raises(DomainError, match="RUT"):
        model_marks(
            "RUT", sessions=sessions, prices=prices, vols={}, calendar=calendar, low=levels,
            high=levels, dtes=np.array([1]), widest=5.0,
        )  # fmt: skip


def test_ndx_strikes_are_every_10_near_and_every_25_far() -> None:
    strikes = listed_strikes("NDX", 19_000.0, 20_100.0, 20_250.0)
    near = strikes[strikes >= 0.95 * 20_250]
    assert np.diff(near).tolist() == [10.0] * (len(near) - 1)
    far = strikes[strikes < 0.95 * 20_250]
    assert np.diff(far).tolist() == [25.0] * (len(far) - 1)


def test_prices_of_trades_pay_the_measured_half_spreads(calendar: TradingCalendar) -> None:
    """SPX legs: 0.05 up to 1 point, 0.15 from 3 to 10, whatever the recording's own difference.

    The put at 100 is in the money beside a call of 0.60: it is charged as that call.
    """
    quotes = {TUE: {95: [0.4, 0.4, NAN, NAN], 100: [5.0, 7.0, 0.6, 0.6], 105: [4, 4, NAN, NAN]}}
    book = _book(calendar, _day(TUE, [(10, 0)], quotes))
    sessions = sessions_between(calendar, MON, WED)
    source = TableCosts(
        ticker="SPX", source=QuoteMarks(sessions=sessions, books=(book,), longest=1)
    )
    found = source.part(1, 2).marks(1)
    assert found is not None
    np.testing.assert_allclose(found.mid[:, 0], [0.4, 6.0, 4.0, NAN, 0.6, NAN])
    np.testing.assert_allclose(found.half[:, 0], [0.05, 0.05, 0.15, NAN, 0.05, NAN])
    assert source.marks(2) is None


@pytest.mark.parametrize(("last_bar", "told"), [(0, True), (6, False)])
def test_bands_of_old_moves_are_told(
    calendar: TradingCalendar, last_bar: int, *, told: bool
) -> None:
    """Chains begin on the ninth session; bars end on the first (7 sessions between) or seventh."""
    sessions = sessions_between(calendar, MON, date(2026, 1, 30))
    price = np.full((len(sessions), len(SLOTS)), np.nan)
    price[last_bar, 0] = 100.0
    table = PriceTable(price=price, close=np.full(len(sessions), np.nan))
    notes = gap_notes(table, sessions, first=int(sessions.day[8]), ticker="NDX")
    assert bool(notes) is told
    if told:
        assert notes[0].startswith("bars of NDX end on 2026-01-05, 7 sessions before the first")
