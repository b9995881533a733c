"""A clock that plays trading sessions fast and leaves the nights out."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from monitor.clock import Clock
from monitor.domain.trading_calendar import Session, TradingCalendar

LEAD = timedelta(minutes=5)  # each session is entered this long before its open
TAIL = timedelta(minutes=30)  # and left this long after its close
SPEED = 450.0  # a session of 390 minutes takes 52 real seconds


@dataclass(slots=True)
class DemoClock:
    """Simulated time: `speed` simulated seconds pass in one real second.

    Night, weekend and holiday take no time: after a session's tail comes the next one's lead.
    `monotonic` stays the machine's own, so real intervals and time limits keep their meaning.
    At the end of the exchange calendar it stands still after the last close.

    Args:
        first: The first simulated session.
        base: Whose monotonic seconds drive it.
    """

    first: Session
    calendar: TradingCalendar
    base: Clock
    speed: float = SPEED
    _started: float = field(init=False)
    _session: Session = field(init=False)
    _before: timedelta = field(init=False, default=timedelta(0))

    def __post_init__(self) -> None:
        if not self.speed > 0:
            raise ValueError(f"speed {self.speed:g} must be above 0")
        self._started = self.base.monotonic()
        self._session = self.first
        self._before = timedelta(0)

    def begin(self) -> None:
        """Start at the first session's lead now, whatever time getting ready took."""
        self.__post_init__()

    def now(self) -> datetime:
        passed = timedelta(seconds=(self.base.monotonic() - self._started) * self.speed)
        while passed - self._before >= span(self._session):
            following = _next(self._session, self.calendar)
            if following is None:
                return self._session.close + TAIL
            self._before += span(self._session)
            self._session = following
        return self._session.open - LEAD + (passed - self._before)

    def monotonic(self) -> float:
        return self.base.monotonic()

    def real_seconds(self, simulated_s: float) -> float:
        """How long simulated seconds take, for the loop's real interval."""
        return simulated_s / self.speed


def span(session: Session) -> timedelta:
    """How much simulated time one session takes, lead and tail included."""
    return session.close - session.open + LEAD + TAIL


def _next(session: Session, calendar: TradingCalendar) -> Session | None:
    if session.date >= calendar.last:
        return None
    return calendar.shift(session.date, 1)
