"""What the monitor slept through."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.clock import PACIFIC
from monitor.domain.sleep import find_gap
from monitor.domain.trading_calendar import Session, TradingCalendar

# 2026-11-20 is a Friday: 06:30–13:00 PT is 14:30–21:00 UTC.
CALENDAR = TradingCalendar(
    tuple(
        Session(
            date=day.date(),
            open=day.replace(hour=14, minute=30),
            close=day.replace(hour=21),
        )
        for day in (
            datetime(2026, 11, 19, tzinfo=UTC),
            datetime(2026, 11, 20, tzinfo=UTC),
            datetime(2026, 11, 23, tzinfo=UTC),
        )
    )
)
ENTRIES = [time(7, 0), time(7, 15), time(7, 30), time(8, 0), time(8, 30)]
MINUTE = timedelta(minutes=1)


def at(hour: int, minute: int, *, day: int = 20) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=PACIFIC).astimezone(UTC)


def test_trap_19_a_laptop_that_slept_through_0730_says_so() -> None:
    gap = find_gap(
        last_cycle=at(7, 12), now=at(8, 10), interval=MINUTE, entry_times=ENTRIES,
        calendar=CALENDAR,
    )  # fmt: skip
    assert gap is not None
    assert gap.text(ZoneInfo("America/Los_Angeles")) == "asleep 07:12–08:10, missed 3 windows"


def test_fault_20_one_missed_window_is_singular_and_days_are_named() -> None:
    gap = find_gap(
        last_cycle=at(12, 0), now=at(7, 0, day=23), interval=MINUTE, entry_times=ENTRIES,
        calendar=CALENDAR,
    )  # fmt: skip
    assert gap is not None
    assert gap.text(PACIFIC) == "asleep 12:00–2026-11-23 07:00, missed 1 window"


def test_an_ordinary_distance_between_cycles_is_no_gap() -> None:
    for seconds in (60, 90, 120):
        assert (
            find_gap(
                last_cycle=at(7, 12), now=at(7, 12) + timedelta(seconds=seconds),
                interval=MINUTE, entry_times=ENTRIES, calendar=CALENDAR,
            )
            is None
        )  # fmt: skip


def test_the_first_cycle_has_nothing_behind_it() -> None:
    assert (
        find_gap(
            last_cycle=None, now=at(8, 0), interval=MINUTE, entry_times=ENTRIES, calendar=CALENDAR
        )
        is None
    )


def test_a_night_and_a_weekend_are_not_missed() -> None:
    gap = find_gap(
        last_cycle=at(13, 5), now=at(6, 31, day=23), interval=MINUTE, entry_times=ENTRIES,
        calendar=CALENDAR,
    )  # fmt: skip
    assert gap is None


def test_what_counts_is_open_time_not_the_night_around_it() -> None:
    # Asleep from Friday 12:58 to Monday 06:34: 2 + 4 minutes of open session.
    gap = find_gap(
        last_cycle=at(12, 58), now=at(6, 34, day=23), interval=MINUTE, entry_times=ENTRIES,
        calendar=CALENDAR,
    )  # fmt: skip
    assert gap is not None
    assert gap.missed_windows == 0
