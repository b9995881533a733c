from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from monitor.clock import FixedClock
from monitor.demo.clock import DemoClock
from monitor.domain.trading_calendar import TradingCalendar

MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)  # the machine's own date plays no part


def make_clock(
    calendar: TradingCalendar, day: date, *, speed: float
) -> tuple[DemoClock, FixedClock]:
    base, first = FixedClock(MIDNIGHT), calendar.on(day)
    assert first is not None
    return DemoClock(first=first, calendar=calendar, base=base, speed=speed), base


def test_it_starts_five_minutes_before_the_open_and_runs_at_its_speed(
    calendar: TradingCalendar,
) -> None:
    clock, base = make_clock(calendar, date(2026, 11, 17), speed=450)
    assert clock.now() == datetime(2026, 11, 17, 14, 25, tzinfo=UTC)
    base.advance(timedelta(seconds=10))
    assert clock.now() == datetime(2026, 11, 17, 15, 40, tzinfo=UTC)  # 10 × 450 s = 75 min later
    assert clock.real_seconds(120) == pytest.approx(0.2667, abs=1e-4)


def test_a_whole_session_takes_less_than_a_real_minute(calendar: TradingCalendar) -> None:
    clock, base = make_clock(calendar, date(2026, 11, 17), speed=450)
    base.advance(timedelta(seconds=53))
    assert clock.now() > datetime(2026, 11, 17, 21, 0, tzinfo=UTC)


def test_the_night_takes_no_time(calendar: TradingCalendar) -> None:
    clock, base = make_clock(calendar, date(2026, 11, 17), speed=60)
    base.advance(timedelta(minutes=7))  # 5 + 390 + 30 simulated minutes are 7 min 5 s
    assert clock.now() == datetime(2026, 11, 17, 21, 25, tzinfo=UTC)
    base.advance(timedelta(seconds=5))
    assert clock.now() == datetime(2026, 11, 18, 14, 25, tzinfo=UTC)


def test_holiday_is_left_out_and_the_half_day_is_shorter(calendar: TradingCalendar) -> None:
    clock, base = make_clock(calendar, date(2026, 11, 25), speed=60)
    base.advance(timedelta(seconds=425))
    assert clock.now().date() == date(2026, 11, 27)  # the 26th is a holiday
    base.advance(timedelta(seconds=245))  # 5 + 210 + 30
    assert clock.now() == datetime(2026, 11, 30, 14, 25, tzinfo=UTC)


def test_it_never_goes_back_and_stands_still_after_the_last_session(
    calendar: TradingCalendar,
) -> None:
    clock, base = make_clock(calendar, calendar.last, speed=3600)
    seen = []
    for _ in range(20):
        seen.append(clock.now())
        base.advance(timedelta(seconds=1))
    last = calendar.on(calendar.last)
    assert last is not None
    assert seen == sorted(seen)
    assert clock.now() == last.close + timedelta(minutes=30)


def test_monotonic_is_the_machines_own(calendar: TradingCalendar) -> None:
    clock, base = make_clock(calendar, date(2026, 11, 17), speed=450)
    before = clock.monotonic()
    base.advance(timedelta(seconds=3))
    assert clock.monotonic() - before == 3


def test_setting_the_machines_clock_does_not_move_the_demo(calendar: TradingCalendar) -> None:
    clock, base = make_clock(calendar, date(2026, 11, 17), speed=450)
    base.set_wall(MIDNIGHT + timedelta(hours=5))
    assert clock.now() == datetime(2026, 11, 17, 14, 25, tzinfo=UTC)


def test_a_speed_of_zero_is_refused(calendar: TradingCalendar) -> None:
    with pytest.raises(ValueError, match="above 0"):
        make_clock(calendar, date(2026, 11, 17), speed=0)
