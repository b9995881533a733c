"""The instants of time exits; times worked out by hand, New York minus UTC is 5 h in winter."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitor.domain.schedule import ExitSchedule, exit_schedule
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import Settlement
from monitor.errors import CalendarHorizonError, DomainError
from monitor.providers.sessions import load_calendar

AM, PM = Settlement.AM, Settlement.PM


@pytest.fixture(scope="module")
def calendar() -> TradingCalendar:
    return load_calendar(None, today=date(2026, 11, 21))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(
    calendar: TradingCalendar,
    opened: str,
    expiration: str,
    settlement: Settlement = PM,
    dte: int = 1,
) -> ExitSchedule:
    return exit_schedule(
        opened=date.fromisoformat(opened),
        expiration=date.fromisoformat(expiration),
        settlement=settlement,
        time_exit_dte=dte,
        calendar=calendar,
    )


def test_time_exit_is_15_minutes_before_the_close_one_session_before_expiration(
    calendar: TradingCalendar,
) -> None:
    plan = schedule(calendar, "2026-02-09", "2026-02-13")
    assert plan.heads_up_at == utc("2026-02-12T14:30")
    assert plan.time_exit_at == utc("2026-02-12T20:45")
    assert plan.last_trade_close == plan.settles_at == utc("2026-02-13T21:00")


def test_an_early_close_moves_the_time_exit(calendar: TradingCalendar) -> None:
    # expires Monday 1 December 2025; the session before is the half day after Thanksgiving
    plan = schedule(calendar, "2025-11-25", "2025-12-01")
    assert plan.heads_up_at == utc("2025-11-28T14:30")
    assert plan.time_exit_at == utc("2025-11-28T17:45")


def test_a_clock_change_between_exit_and_expiration(calendar: TradingCalendar) -> None:
    plan = schedule(calendar, "2026-03-02", "2026-03-09")
    assert plan.time_exit_at == utc("2026-03-06T20:45")  # EST
    assert plan.last_trade_close == utc("2026-03-09T20:00")  # EDT


@pytest.mark.parametrize(
    ("opened", "expiration", "close"),
    [
        ("2026-02-13", "2026-02-13", "2026-02-13T21:00"),  # 0 DTE
        ("2026-02-12", "2026-02-13", "2026-02-13T21:00"),  # 1 DTE
        ("2026-02-13", "2026-02-17", "2026-02-17T21:00"),  # 1 DTE over Presidents' Day
        ("2025-11-26", "2025-11-28", "2025-11-28T18:00"),  # 1 DTE onto the half day
    ],
)
def test_trap_17_a_0_or_1_dte_position_has_no_time_exit(
    calendar: TradingCalendar, opened: str, expiration: str, close: str
) -> None:
    plan = schedule(calendar, opened, expiration)
    assert plan.time_exit_at is None
    assert plan.last_trade_close == utc(close)
    assert (plan.last_trade_close - plan.heads_up_at).total_seconds() == 3600


def test_trap_18_am_series_exits_on_its_last_trading_session(calendar: TradingCalendar) -> None:
    plan = schedule(calendar, "2026-03-16", "2026-03-20", AM)
    assert plan.time_exit_at == utc("2026-03-19T19:45")
    assert plan.last_trade_close == utc("2026-03-19T20:00")
    assert plan.settles_at == utc("2026-03-20T13:30")


def test_trap_18_am_series_opened_the_day_before_is_held_to_settlement(
    calendar: TradingCalendar,
) -> None:
    plan = schedule(calendar, "2026-03-19", "2026-03-20", AM)
    assert plan.time_exit_at is None
    assert plan.heads_up_at == utc("2026-03-19T19:00")


def test_time_exit_on_expiration_day_itself(calendar: TradingCalendar) -> None:
    plan = schedule(calendar, "2026-02-12", "2026-02-13", PM, dte=0)
    assert plan.time_exit_at == utc("2026-02-13T20:45")
    assert plan.heads_up_at == utc("2026-02-13T14:30")
    assert schedule(calendar, "2026-02-13", "2026-02-13", PM, dte=0).time_exit_at is None


def test_trap_18_an_exit_is_never_after_the_last_trade(calendar: TradingCalendar) -> None:
    plan = schedule(calendar, "2026-03-16", "2026-03-20", AM, dte=0)
    assert plan.time_exit_at == utc("2026-03-19T19:45")
    assert schedule(calendar, "2026-03-19", "2026-03-20", AM, dte=0).time_exit_at is None


@pytest.mark.parametrize("dte", range(4))
@pytest.mark.parametrize("settlement", list(Settlement))
def test_instants_stand_in_order_for_every_session_of_a_year(
    calendar: TradingCalendar, settlement: Settlement, dte: int
) -> None:
    for session in calendar.between(date(2026, 1, 20), date(2026, 12, 31)):
        for back in range(6):
            plan = exit_schedule(
                opened=calendar.shift(session.date, -back).date,
                expiration=session.date,
                settlement=settlement,
                time_exit_dte=dte,
                calendar=calendar,
            )
            assert plan.heads_up_at < plan.last_trade_close <= plan.settles_at
            if plan.time_exit_at is not None:
                assert back > dte
                assert plan.heads_up_at < plan.time_exit_at < plan.last_trade_close


def test_impossible_schedules_are_refused(calendar: TradingCalendar) -> None:
    with pytest.raises(DomainError, match="Saturday"):
        schedule(calendar, "2026-02-09", "2026-02-14")
    with pytest.raises(DomainError, match="time_exit_dte -1"):
        schedule(calendar, "2026-02-09", "2026-02-13", dte=-1)
    with pytest.raises(CalendarHorizonError, match="outside the exchange calendar"):
        schedule(calendar, "2026-02-09", "2031-02-14")
