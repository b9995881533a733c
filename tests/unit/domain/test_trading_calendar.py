"""Known dates of the New York Stock Exchange, as its own notices give them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.clock import NEW_YORK
from monitor.domain.trading_calendar import Session, SessionTable, TradingCalendar
from monitor.domain.vocabulary import SessionState
from monitor.errors import CalendarHorizonError
from monitor.providers.sessions import load_calendar


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 11, 21))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "opens", "closes"),
    [
        (date(2026, 3, 6), "2026-03-06T14:30", "2026-03-06T21:00"),  # Friday, still EST
        (date(2026, 3, 9), "2026-03-09T13:30", "2026-03-09T20:00"),  # after the change of 8 March
        (date(2026, 10, 30), "2026-10-30T13:30", "2026-10-30T20:00"),  # still EDT
        (date(2026, 11, 2), "2026-11-02T14:30", "2026-11-02T21:00"),  # after 1 November
    ],
)
def test_fault_16_open_is_0930_new_york_around_both_clock_changes(
    calendar: TradingCalendar, day: date, opens: str, closes: str
) -> None:
    session = calendar.on(day)
    assert session == Session(date=day, open=utc(opens), close=utc(closes))
    assert session.open.astimezone(NEW_YORK).strftime("%H:%M") == "09:30"
    assert not session.early_close


@pytest.mark.parametrize(
    ("day", "closes"),
    [  # NYSE holidays and trading hours: 1 p.m. Eastern
        (date(2025, 7, 3), "2025-07-03T17:00"),
        (date(2025, 11, 28), "2025-11-28T18:00"),
        (date(2025, 12, 24), "2025-12-24T18:00"),
        (date(2026, 11, 27), "2026-11-27T18:00"),
        (date(2026, 12, 24), "2026-12-24T18:00"),
    ],
)
def test_fault_17_half_day_closes_at_1300_new_york(
    calendar: TradingCalendar, day: date, closes: str
) -> None:
    session = calendar.on(day)
    assert session is not None
    assert session.early_close
    assert session.close == utc(closes)


@pytest.mark.parametrize(
    "day",
    [
        date(2025, 1, 9),  # day of mourning for President Carter
        date(2025, 4, 18),  # Good Friday
        date(2025, 11, 27),  # Thanksgiving
        date(2026, 1, 1),
        date(2026, 6, 19),  # Juneteenth
        date(2026, 7, 3),  # 4 July is a Saturday: the Friday before
        date(2026, 11, 26),
        date(2026, 12, 25),
        date(2026, 11, 21),  # a Saturday
    ],
)
def test_fault_17_holidays_and_weekends_have_no_session(
    calendar: TradingCalendar, day: date
) -> None:
    assert calendar.on(day) is None
    assert not calendar.is_session(day)


def test_fault_17_year_end_is_an_ordinary_session_and_the_next_follows_new_year(
    calendar: TradingCalendar,
) -> None:
    assert calendar.shift(date(2025, 12, 31), 1).date == date(2026, 1, 2)
    assert calendar.dte(date(2025, 12, 31), date(2026, 1, 2)) == 1
    session = calendar.on(date(2025, 12, 31))
    assert session is not None
    assert not session.early_close


def test_fault_17_beyond_the_horizon_says_so_in_clear_words(calendar: TradingCalendar) -> None:
    with pytest.raises(CalendarHorizonError) as caught:
        calendar.on(date(2031, 1, 2))
    assert "2031-01-02 is outside the exchange calendar" in caught.value.message
    assert "1990-01-02 to 2027-11-" in caught.value.message
    assert "year ahead" in caught.value.hint
    with pytest.raises(CalendarHorizonError, match="300 sessions after 2026-11-20"):
        calendar.shift(date(2026, 11, 20), 300)
    with pytest.raises(CalendarHorizonError, match="1 sessions before 1990-01-02"):
        calendar.shift(date(1990, 1, 2), -1)


@pytest.mark.parametrize(
    ("day", "expiration", "sessions"),
    [
        (date(2025, 11, 25), date(2025, 11, 25), 0),
        (date(2025, 11, 25), date(2025, 11, 26), 1),
        (date(2025, 11, 26), date(2025, 11, 28), 1),  # over Thanksgiving
        (date(2025, 11, 25), date(2025, 12, 1), 3),  # Wed, half Fri, Mon
        (date(2025, 11, 21), date(2025, 11, 24), 1),  # Friday to Monday
        (date(2025, 11, 22), date(2025, 11, 24), 1),  # Saturday to Monday
        (date(2025, 12, 22), date(2026, 1, 5), 8),  # 23 24 26 29 30 31 2 5
        (date(2025, 11, 28), date(2025, 11, 25), -2),
    ],
)
def test_trap_16_dte_counts_sessions_not_days(
    calendar: TradingCalendar, day: date, expiration: date, sessions: int
) -> None:
    assert calendar.dte(day, expiration) == sessions


@pytest.mark.parametrize(
    ("now", "state"),
    [
        ("2025-11-28T14:29:59", SessionState.PRE_OPEN),  # 06:29 Pacific
        ("2025-11-28T14:30:00", SessionState.OPEN),
        ("2025-11-28T17:59:59", SessionState.OPEN),
        ("2025-11-28T18:00:00", SessionState.AFTER_CLOSE),  # the old rule said open until 13:00 PT
        ("2025-11-27T16:00:00", SessionState.NO_SESSION),
        ("2025-11-29T03:00:00", SessionState.AFTER_CLOSE),  # still Friday evening in New York
    ],
)
def test_trap_14_open_by_the_exchange_not_by_the_hour(
    calendar: TradingCalendar, now: str, state: SessionState
) -> None:
    assert calendar.state_at(utc(now))[0] is state


def test_trap_13_pacific_wall_clock_is_three_hours_behind_new_york_all_year(
    calendar: TradingCalendar,
) -> None:
    from monitor.clock import PACIFIC

    for session in calendar.between(date(2026, 1, 1), date(2026, 12, 31)):
        assert session.open.astimezone(PACIFIC).strftime("%H:%M") == "06:30"


def test_current_next_and_last_closed_change_at_the_close(calendar: TradingCalendar) -> None:
    close = utc("2025-11-28T18:00")
    second = timedelta(seconds=1)
    assert calendar.current_or_next(close - second).date == date(2025, 11, 28)
    assert calendar.current_or_next(close).date == date(2025, 12, 1)
    before, after = calendar.last_closed(close - second), calendar.last_closed(close)
    assert before is not None
    assert before.date == date(2025, 11, 26)
    assert after is not None
    assert after.date == date(2025, 11, 28)


def test_last_closed_is_none_before_the_first_session(calendar: TradingCalendar) -> None:
    assert calendar.last_closed(utc("1990-01-02T20:00")) is None
    with pytest.raises(CalendarHorizonError):
        calendar.current_or_next(utc("2031-01-01T00:00"))


def test_between_includes_both_ends(calendar: TradingCalendar) -> None:
    days = [s.date.day for s in calendar.between(date(2025, 11, 24), date(2025, 11, 30))]
    assert days == [24, 25, 26, 28]


def test_shift_from_a_weekend(calendar: TradingCalendar) -> None:
    assert calendar.shift(date(2025, 11, 29), 1).date == date(2025, 12, 1)
    assert calendar.shift(date(2025, 11, 29), -1).date == date(2025, 11, 28)
    with pytest.raises(CalendarHorizonError, match=r"2025-11-29 \(Saturday\) is not a trading"):
        calendar.shift(date(2025, 11, 29), 0)


def test_a_plain_tuple_of_sessions_and_the_column_table_are_alike(
    calendar: TradingCalendar,
) -> None:
    plain = TradingCalendar(calendar.between(date(2025, 11, 1), date(2025, 12, 31)))
    assert plain.dte(date(2025, 11, 25), date(2025, 12, 1)) == 3
    assert plain.on(date(2025, 11, 28)) == calendar.on(date(2025, 11, 28))
    assert plain.last_closed(utc("2025-12-01T12:00")) == calendar.on(date(2025, 11, 28))
    assert (plain.first, plain.last) == (date(2025, 11, 3), date(2025, 12, 31))


def test_an_empty_calendar_is_refused() -> None:
    with pytest.raises(CalendarHorizonError, match="empty"):
        TradingCalendar(SessionTable(days=[], opens=[], closes=[]))
