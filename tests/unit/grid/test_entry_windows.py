"""Entry windows against the real clock: the grid's 19 times, DST, early closes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from monitor.clock import NEW_YORK, PACIFIC
from monitor.domain.entry_windows import (
    GRID_MINUTES_PT,
    clock_text,
    entry_window,
    minutes_of,
    next_grid_minute,
)
from monitor.domain.trading_calendar import Session

NORMAL = Session(
    date=date(2026, 2, 20),
    open=datetime(2026, 2, 20, 14, 30, tzinfo=UTC),
    close=datetime(2026, 2, 20, 21, 0, tzinfo=UTC),
)
HOURS = {"first_minute": 7 * 60, "last_minute": 8 * 60 + 59}


def at(text: str, day: date = NORMAL.date) -> datetime:
    hour, minute = map(int, text.split(":"))
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PACIFIC)


def test_there_are_the_nineteen_entry_times_of_the_method() -> None:
    eastern = [clock_text(m + 180) for m in GRID_MINUTES_PT]
    assert eastern == [
        "09:30", "09:40", "09:50", "10:00", "10:15", "10:30", "10:45", "11:00", "11:15", "11:30",
        "11:45", "12:00", "12:30", "13:00", "13:30", "14:00", "14:30", "15:00", "15:30",
    ]  # fmt: skip


def test_trap_15_a_configuration_is_in_its_window_only_until_the_next_grid_time() -> None:
    window = entry_window(450, session=NORMAL, **HOURS)  # 07:30
    assert not window.contains(at("07:29"))
    assert window.contains(at("07:30"))
    assert window.contains(at("07:44"))
    assert not window.contains(at("07:45"))
    assert not window.contains(at("12:00"))


def test_the_last_minute_of_the_entry_hours_counts() -> None:
    window = entry_window(8 * 60 + 45, session=NORMAL, **HOURS)
    assert window.contains(at("08:59"))
    assert window.closes_at == at("09:00")


@pytest.mark.parametrize("minute", [390, 410, 540, 750])
def test_times_outside_the_entry_hours_never_open(minute: int) -> None:
    window = entry_window(minute, session=NORMAL, **HOURS)
    assert window.opens_at is None
    assert clock_text(minute) in window.why
    assert "07:00–08:59 PT" in window.why


def test_no_session_no_window() -> None:
    window = entry_window(450, session=None, **HOURS)
    assert (window.opens_at, window.why) == (None, "no session today")


def test_early_close_cuts_windows() -> None:
    early = Session(
        date=date(2026, 11, 27),
        open=datetime(2026, 11, 27, 14, 30, tzinfo=UTC),
        close=datetime(2026, 11, 27, 18, 0, tzinfo=UTC),  # 13:00 New York, 10:00 Pacific
    )
    hours = {"first_minute": 390, "last_minute": 779}
    assert entry_window(570, session=early, **hours).closes_at == early.close
    assert entry_window(600, session=early, **hours).opens_at is None


@pytest.mark.parametrize(
    ("day", "utc_hour"),
    [(date(2026, 3, 6), 15), (date(2026, 3, 9), 14), (date(2026, 11, 2), 15)],
)
def test_trap_13_pacific_is_a_wall_clock_in_dst_weeks(day: date, utc_hour: int) -> None:
    opens = datetime.combine(day, datetime.min.time(), NEW_YORK).replace(hour=9, minute=30)
    session = Session(
        date=day, open=opens.astimezone(UTC), close=opens.replace(hour=16, minute=0).astimezone(UTC)
    )
    window = entry_window(450, session=session, **HOURS)
    assert window.opens_at == datetime(day.year, day.month, day.day, utc_hour, 30, tzinfo=UTC)


def test_after_the_last_grid_time_comes_the_close() -> None:
    assert next_grid_minute(12 * 60 + 30) == 13 * 60
    assert next_grid_minute(447) == 450


@pytest.mark.parametrize(("text", "minute"), [("07:30", 450), ("7:30", 450), ("07:30:00", 450)])
def test_clock_times_are_read(text: str, minute: int) -> None:
    assert minutes_of(text) == minute


@pytest.mark.parametrize("text", ["", "7", "25:00", "07:60", "0730", "07.30", "seven", "-1:30"])
def test_other_texts_are_no_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        minutes_of(text)
