"""Where "now" comes from. Only the shell holds a clock; decisions are given `now`."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
PACIFIC = ZoneInfo("America/Los_Angeles")


def new_york_midnight(now: datetime) -> datetime:
    """When the New York day of `now` began."""
    return datetime.combine(now.astimezone(NEW_YORK).date(), datetime.min.time(), NEW_YORK)


class Clock(Protocol):
    def now(self) -> datetime:
        """The current instant, aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that never jump, whatever happens to the wall clock."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(slots=True)
class FixedClock:
    """A clock that moves only when told to: tests, replay, simulation."""

    instant: datetime
    _elapsed: float = field(default=0.0)

    def now(self) -> datetime:
        return self.instant

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, step: timedelta) -> None:
        """Let time pass: wall clock and monotonic move together."""
        self.instant += step
        self._elapsed += step.total_seconds()

    def set_wall(self, instant: datetime) -> None:
        """Move the wall clock alone, as an NTP correction or the person does."""
        self.instant = instant
