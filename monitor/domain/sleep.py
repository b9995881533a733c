"""Noticing that the monitor did not run: what was slept through, in the person's words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from monitor.clock import NEW_YORK, PACIFIC
from monitor.config import Hours
from monitor.domain.entry_windows import GRID_MINUTES_PT, minutes_of
from monitor.domain.trading_calendar import TradingCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch in which no cycle ran, and how many entry times fell into it."""

    start: datetime
    end: datetime
    missed_windows: int

    def text(self, zone: ZoneInfo) -> str:
        """`asleep 07:12–08:40, missed 3 windows`, in the person's zone."""
        first, last = self.start.astimezone(zone), self.end.astimezone(zone)
        shown = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M}"
        missed = f"missed {self.missed_windows} window{'s' * (self.missed_windows != 1)}"
        return f"asleep {first:%H:%M}–{shown}, {missed}"


def entry_times_pt(hours: Hours) -> tuple[time, ...]:
    """The grid's entry times inside the person's entry windows, Pacific wall clock."""
    first, last = minutes_of(hours.entry_window_start), minutes_of(hours.entry_window_end)
    return tuple(time(*divmod(m, 60)) for m in GRID_MINUTES_PT if first <= m <= last)


def find_gap(
    *,
    last_cycle: datetime | None,
    now: datetime,
    interval: timedelta,
    entry_times: Sequence[time],
    calendar: TradingCalendar,
) -> Gap | None:
    """A gap when more than three intervals (at least two minutes) of open session were missed.

    Nights, weekends and holidays are not missed: nothing happens in them.

    Args:
        entry_times: Pacific wall-clock entry times of the person's windows.
    """
    longest = max(3 * interval, timedelta(minutes=2))
    if last_cycle is None or now - last_cycle <= longest:
        return None
    first, last = (t.astimezone(NEW_YORK).date() for t in (last_cycle, now))
    asleep, missed = timedelta(0), 0
    for session in calendar.between(first, last):
        overlap = min(now, session.close) - max(last_cycle, session.open)
        asleep += max(timedelta(0), overlap)
        for entry in entry_times:
            instant = datetime.combine(session.date, entry, PACIFIC)
            missed += last_cycle < instant <= now and session.open <= instant < session.close
    if asleep <= longest:
        return None
    return Gap(start=last_cycle, end=now, missed_windows=missed)
