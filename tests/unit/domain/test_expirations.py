"""Listed expirations against recorded Cboe chains and the exchanges' announcements.

The chain lists are facts read from delayed-quote files of those sessions (root SPXW, SPX,
NDXP, SPY, QQQ): the expirations that were really quoted.
"""

from __future__ import annotations

from datetime import date

import pytest

from monitor.domain.expirations import (
    expiration_for_dte,
    is_listed,
    last_trading_session,
    listed_expirations,
    settlement_of,
    third_friday,
)
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement
from monitor.errors import CalendarHorizonError, DomainError
from monitor.providers.sessions import load_calendar

AM, PM = Settlement.AM, Settlement.PM


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 11, 21))


def days(text: str) -> list[date]:
    return [date.fromisoformat(day) for day in text.split()]


@pytest.mark.parametrize(
    ("symbol", "chain"),
    [
        # holidays: Mondays 17 January and 21 February 2022 move to Tuesday
        ("SPX", "2022-01-10 2022-01-12 2022-01-14 2022-01-18 2022-01-19 2022-01-21 2022-01-24"),
        ("SPX", "2022-02-16 2022-02-18 2022-02-22 2022-02-23 2022-02-25 2022-02-28"),
        # Thursday 31 March is a month end, Thursday 14 April the eve of Good Friday
        (
            "SPX",
            "2022-03-23 2022-03-25 2022-03-28 2022-03-30 2022-03-31 2022-04-01 2022-04-04 "
            "2022-04-06 2022-04-08 2022-04-11 2022-04-13 2022-04-14",
        ),
        ("SPX", "2020-03-25 2020-03-27 2020-03-30 2020-03-31 2020-04-01 2020-04-03"),
        ("SPX", "2020-04-06 2020-04-08 2020-04-09 2020-04-13 2020-04-15 2020-04-17"),
        # every day of the week, Juneteenth moves to Tuesday
        (
            "SPX",
            "2022-06-10 2022-06-13 2022-06-14 2022-06-15 2022-06-16 2022-06-17 2022-06-21 "
            "2022-06-22 2022-06-23 2022-06-24 2022-06-27",
        ),
        (
            "NDX",
            "2022-02-07 2022-02-09 2022-02-11 2022-02-14 2022-02-16 2022-02-18 2022-02-22 "
            "2022-02-23 2022-02-25 2022-02-28 2022-03-02 2022-03-04",
        ),
        ("NDX", "2023-05-10 2023-05-11 2023-05-12 2023-05-15 2023-05-16 2023-05-17 2023-05-18"),
        ("NDX", "2025-11-24 2025-11-25 2025-11-26 2025-11-28"),
        ("QQQ", "2023-04-14 2023-04-17 2023-04-18 2023-04-19 2023-04-20 2023-04-21 2023-04-24"),
        # Juneteenth 2025 is a Thursday
        ("SPY", "2025-06-09 2025-06-10 2025-06-11 2025-06-12 2025-06-13 2025-06-16 2025-06-17"),
        ("SPY", "2025-06-17 2025-06-18 2025-06-20 2025-06-23"),
        ("SPY", "2025-08-29 2025-09-02 2025-09-03 2025-09-04 2025-09-05"),
    ],
)
def test_expirations_equal_the_recorded_chains(
    calendar: TradingCalendar, symbol: str, chain: str
) -> None:
    expected = days(chain)
    listed = listed_expirations(symbol, expected[0], expected[-1], calendar)
    assert sorted({one.date for one in listed}) == expected


@pytest.mark.parametrize(
    ("first", "before"),
    [  # the initial expirations that Cboe announced, and the same weekday a week earlier
        (date(2016, 3, 2), date(2016, 2, 24)),
        (date(2016, 8, 22), date(2016, 8, 15)),
        (date(2022, 4, 26), date(2022, 4, 19)),
        (date(2022, 5, 19), date(2022, 5, 12)),
    ],
)
def test_trap_16_daily_expirations_only_since_they_were_listed(
    calendar: TradingCalendar, first: date, before: date
) -> None:
    assert is_listed("SPX", first, calendar)
    assert not is_listed("SPX", before, calendar)
    (earlier,) = listed_expirations("SPX", before, before, calendar, hypothetical=True)
    assert earlier.hypothetical
    (real,) = listed_expirations("SPX", first, first, calendar, hypothetical=True)
    assert not real.hypothetical


@pytest.mark.parametrize(
    ("symbol", "entry", "dte", "expected"),
    [
        ("SPX", date(2022, 3, 14), 0, date(2022, 3, 14)),
        ("SPX", date(2022, 3, 14), 1, None),  # a Tuesday of 2022-03
        ("SPX", date(2022, 3, 14), 2, date(2022, 3, 16)),
        ("SPX", date(2022, 3, 14), 3, None),
        ("SPX", date(2022, 3, 14), 4, date(2022, 3, 18)),
        ("SPX", date(2022, 4, 14), 1, date(2022, 4, 18)),  # over Good Friday
        ("SPX", date(2022, 4, 13), 8, None),  # Tuesday 26 April was not listed before the 18th
        ("SPX", date(2022, 4, 18), 6, date(2022, 4, 26)),
        ("SPX", date(2025, 11, 26), 1, date(2025, 11, 28)),  # never on Thanksgiving
        ("SPX", date(2025, 11, 25), 3, date(2025, 12, 1)),
        ("SPX", date(2025, 11, 22), 0, None),  # a Saturday has no 0 DTE
        ("SPX", date(2025, 11, 22), 1, date(2025, 11, 24)),
        ("XLE", date(2025, 11, 24), 3, date(2025, 11, 28)),  # Fridays only
        ("XLE", date(2025, 11, 24), 2, None),
        ("XLE", date(2025, 4, 14), 3, date(2025, 4, 17)),  # Good Friday's Thursday
        ("NDX", date(2022, 3, 18), 0, None),  # AM series stopped trading on Thursday
        ("NDX", date(2022, 3, 17), 1, date(2022, 3, 18)),
        ("NDX", date(2025, 10, 17), 0, date(2025, 10, 17)),  # NDXP, recorded chain
    ],
)
def test_trap_16_dte_leads_to_a_listed_expiration_or_nowhere(
    calendar: TradingCalendar, symbol: str, entry: date, dte: int, expected: date | None
) -> None:
    assert expiration_for_dte(symbol, entry, dte, calendar) == expected


def test_dte_below_zero_and_beyond_the_calendar_are_refused(calendar: TradingCalendar) -> None:
    with pytest.raises(DomainError, match="dte -1"):
        expiration_for_dte("SPX", date(2025, 11, 24), -1, calendar)
    with pytest.raises(CalendarHorizonError, match="400 sessions after"):
        expiration_for_dte("SPX", date(2026, 11, 20), 400, calendar)
    with pytest.raises(CalendarHorizonError):
        is_listed("SPX", date(2030, 1, 4), calendar)


def test_third_friday_holds_an_am_and_a_pm_series(calendar: TradingCalendar) -> None:
    am, pm = listed_expirations("SPX", date(2022, 6, 17), date(2022, 6, 17), calendar)
    assert (am.root, am.settlement, am.last_trade.date) == ("SPX", AM, date(2022, 6, 16))
    assert (pm.root, pm.settlement, pm.last_trade.date) == ("SPXW", PM, date(2022, 6, 17))


@pytest.mark.parametrize(
    ("symbol", "expiration", "settlement"),
    [
        ("SPX", date(2026, 3, 20), AM),
        ("NDX", date(2026, 3, 20), AM),
        ("RUT", date(2026, 3, 20), AM),
        ("NDX", date(2022, 4, 14), AM),  # third Friday 15 April 2022 was Good Friday
        ("NDX", date(2026, 6, 18), AM),  # third Friday 19 June 2026 is Juneteenth
        ("NDX", date(2026, 3, 13), PM),
        ("NDX", date(2026, 3, 19), PM),
        ("SPY", date(2026, 3, 20), PM),
        ("XLF", date(2026, 3, 20), PM),
    ],
)
def test_trap_18_third_friday_of_an_index_settles_am(
    calendar: TradingCalendar, symbol: str, expiration: date, settlement: Settlement
) -> None:
    assert settlement_of(symbol, expiration, calendar) is settlement


def test_trap_18_opened_on_its_own_expiration_day_cannot_be_am(
    calendar: TradingCalendar,
) -> None:
    day = date(2026, 3, 20)
    assert settlement_of("NDX", day, calendar, opened=day) is PM
    assert settlement_of("NDX", day, calendar, opened=date(2026, 3, 19)) is AM


def test_trap_18_am_series_last_trade_the_session_before(calendar: TradingCalendar) -> None:
    assert last_trading_session(date(2026, 3, 20), AM, calendar).date == date(2026, 3, 19)
    assert last_trading_session(date(2026, 3, 20), PM, calendar).date == date(2026, 3, 20)


def test_expiration_on_a_holiday_is_refused_naming_the_sessions_around(
    calendar: TradingCalendar,
) -> None:
    with pytest.raises(DomainError, match=r"2025-11-27 \(Thursday\)") as caught:
        last_trading_session(date(2025, 11, 27), PM, calendar)
    assert "2025-11-26 and 2025-11-28" in caught.value.hint


@pytest.mark.parametrize(
    ("year", "month", "day"), [(2026, 5, 15), (2026, 1, 16), (2025, 8, 15), (2025, 2, 21)]
)
def test_third_friday(year: int, month: int, day: int) -> None:
    assert third_friday(year, month) == date(year, month, day)


def test_expirations_at_the_edges_of_the_calendar(calendar: TradingCalendar) -> None:
    edge = TradingCalendar(calendar.between(date(2026, 3, 16), date(2026, 3, 20)))
    listed = listed_expirations("SPX", edge.first, edge.last, edge)
    assert [one.date.day for one in listed] == [16, 17, 18, 19, 20, 20]


def test_a_closure_of_several_days_rolls_right_over_it(calendar: TradingCalendar) -> None:
    # Hurricane Sandy closed the exchange on Monday 29 and Tuesday 30 October 2012
    listed = listed_expirations("SPX", date(2012, 10, 24), date(2012, 11, 2), calendar)
    assert [one.date for one in listed] == [date(2012, 10, 26), date(2012, 11, 2)]
    made_up = listed_expirations(
        "SPX", date(2012, 10, 31), date(2012, 10, 31), calendar, hypothetical=True
    )
    assert [one.hypothetical for one in made_up] == [True]


def test_single_days_and_whole_spans_agree(calendar: TradingCalendar) -> None:
    """Two ways to the same answer: one call over two years, one call a session."""
    for symbol in ("SPX", "NDX", "QQQ", "XLE"):
        whole = listed_expirations(symbol, date(2021, 11, 1), date(2023, 11, 1), calendar)
        single = [
            one
            for session in calendar.between(date(2021, 11, 1), date(2023, 11, 1))
            for one in listed_expirations(symbol, session.date, session.date, calendar)
        ]
        assert list(whole) == single
