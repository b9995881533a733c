"""Entry windows: when a configuration of the grid may be opened, by the real clock.

The grid knows 19 entry times (New York 09:30 to 09:50 every 10 minutes, 10:00 to 11:45 every
15, 12:00 to 15:30 every 30). A configuration is in its window from its own time until the next
of them, inside the person's entry hours and the exchange's session. Times of day are minutes
since midnight on the Pacific wall clock, which is New York's less three hours all year.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from monitor.clock import PACIFIC
from monitor.domain.trading_calendar import Session

OPEN_PT = 6 * 60 + 30
CLOSE_PT = 13 * 60
ET_MINUS_PT = 180

GRID_MINUTES_PT: tuple[int, ...] = (
    *range(OPEN_PT, 7 * 60, 10),
    *range(7 * 60, 9 * 60, 15),
    *range(9 * 60, CLOSE_PT, 30),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryWindow:
    """One configuration's window today, [opens_at, closes_at) in aware UTC.

    None for both: it does not open today at all, and `why` says so.
    """

    opens_at: datetime | None
    closes_at: datetime | None
    why: str = ""

    def contains(self, now: datetime) -> bool:
        return (
            self.opens_at is not None
            and self.closes_at is not None
            and self.opens_at <= now < self.closes_at
        )

    def is_past(self, now: datetime) -> bool:
        return self.closes_at is not None and self.closes_at <= now


def next_grid_minute(minute: int) -> int:
    """The first entry time after `minute`; after the last one, the close (13:00)."""
    i = bisect_right(GRID_MINUTES_PT, minute)
    return GRID_MINUTES_PT[i] if i < len(GRID_MINUTES_PT) else CLOSE_PT


def minutes_of(text: str) -> int:
    """Minutes since midnight of a clock time `H:MM`, `HH:MM` or `HH:MM:SS`.

    Raises:
        ValueError: Not such a time.
    """
    hours, _, rest = text.strip().partition(":")
    if not (len(hours) in (1, 2) and len(rest) in (2, 5)):
        raise ValueError(f"{text!r} is not a time of day such as 07:30")
    parsed = time.fromisoformat(f"{hours:0>2}:{rest}")
    return parsed.hour * 60 + parsed.minute


def clock_text(minute: int) -> str:
    """`450` → `07:30`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


@lru_cache(maxsize=128)
def entry_window(
    minute: int, *, session: Session | None, first_minute: int, last_minute: int
) -> EntryWindow:
    """The window of the configuration with entry time `minute`.

    Args:
        session: Today's session, or None when the exchange is closed today.
        first_minute: First minute of the person's entry hours, Pacific.
        last_minute: Their last minute, itself included.
    """
    if session is None:
        return EntryWindow(opens_at=None, closes_at=None, why="no session today")
    opens = max(minute, first_minute)
    closes = min(next_grid_minute(minute), last_minute + 1)
    hours = f"{clock_text(first_minute)}–{clock_text(last_minute)} PT"
    if opens >= closes:
        return EntryWindow(
            opens_at=None,
            closes_at=None,
            why=f"entry time {clock_text(minute)} PT is outside the entry hours {hours}",
        )
    midnight = datetime.combine(session.date, time(), tzinfo=PACIFIC)
    opens_at = max(_on_wall(midnight, opens), session.open)
    closes_at = min(_on_wall(midnight, closes), session.close)
    if opens_at >= closes_at:
        return EntryWindow(
            opens_at=None,
            closes_at=None,
            why=f"entry time {clock_text(minute)} PT is outside today's session",
        )
    return EntryWindow(opens_at=opens_at, closes_at=closes_at)


@lru_cache(maxsize=16)
def openable_minutes(*, first_minute: int, last_minute: int) -> tuple[int, ...]:
    """Entry times whose window has at least a minute inside the person's entry hours."""
    return tuple(
        minute
        for minute in range(OPEN_PT, CLOSE_PT)
        if max(minute, first_minute) < min(next_grid_minute(minute), last_minute + 1)
    )


def _on_wall(midnight: datetime, minute: int) -> datetime:
    """Wall-clock arithmetic: zone rules apply to the result, not to the span."""
    return (midnight + timedelta(minutes=minute)).astimezone(UTC)
