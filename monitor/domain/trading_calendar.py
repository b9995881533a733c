"""Sessions of the exchange: what is open when, and how many sessions lie between two dates.

Pure: it reads a table of sessions that the shell builds from exchange_calendars
(`monitor/providers/sessions.py`). Dates are New York trading days, instants aware UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from monitor.clock import NEW_YORK
from monitor.domain.vocabulary import SessionState
from monitor.errors import CalendarHorizonError

NORMAL_LENGTH = timedelta(hours=6, minutes=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One trading day; `open` and `close` are aware UTC."""

    date: date
    open: datetime
    close: datetime

    @property
    def early_close(self) -> bool:
        return self.close - self.open < NORMAL_LENGTH


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """All sessions of a span, oldest first."""

    sessions: tuple[Session, ...]
    _dates: tuple[date, ...] = field(init=False, repr=False, compare=False)
    _closes: tuple[datetime, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.sessions:
            raise CalendarHorizonError("the exchange calendar is empty")
        object.__setattr__(self, "_dates", tuple(s.date for s in self.sessions))
        object.__setattr__(self, "_closes", tuple(s.close for s in self.sessions))

    @property
    def first(self) -> date:
        return self._dates[0]

    @property
    def last(self) -> date:
        return self._dates[-1]

    def on(self, day: date) -> Session | None:
        """The session of `day`, or None on a weekend or holiday.

        Raises:
            CalendarHorizonError: `day` lies outside the table.
        """
        self._require(day)
        i = bisect_left(self._dates, day)
        return self.sessions[i] if i < len(self._dates) and self._dates[i] == day else None

    def state_at(self, now: datetime) -> tuple[SessionState, Session | None]:
        """Where `now` stands in its New York day; the close itself counts as closed."""
        session = self.on(now.astimezone(NEW_YORK).date())
        if session is None:
            return SessionState.NO_SESSION, None
        if now < session.open:
            return SessionState.PRE_OPEN, session
        return (SessionState.OPEN if now < session.close else SessionState.AFTER_CLOSE), session

    def current_or_next(self, now: datetime) -> Session:
        """The first session whose close is still ahead of `now`."""
        i = bisect_right(self._closes, now)
        if i >= len(self.sessions):
            raise self._beyond(now.date())
        return self.sessions[i]

    def last_closed(self, now: datetime) -> Session | None:
        """The newest session that is over at `now`."""
        i = bisect_right(self._closes, now)
        return self.sessions[i - 1] if i else None

    def shift(self, day: date, sessions: int) -> Session:
        """The session `sessions` after `day` (before, when negative); 0 is `day` itself.

        When `day` is no session, +1 is the next session and −1 the previous one.

        Raises:
            CalendarHorizonError: The answer, or `day`, lies outside the table, or `sessions`
                is 0 and `day` is no session.
        """
        self._require(day)
        i = bisect_left(self._dates, day)
        is_session = i < len(self._dates) and self._dates[i] == day
        if not is_session:
            if sessions == 0:
                raise CalendarHorizonError(f"{day} is not a trading session")
            i -= sessions > 0
        target = i + sessions
        if not 0 <= target < len(self.sessions):
            raise self._beyond(day)
        return self.sessions[target]

    def dte(self, day: date, expiration: date) -> int:
        """Sessions from `day` to `expiration`: 0 on the day itself, negative when past.

        A `day` that is no session counts from the next one's eve: Saturday to Monday is 1,
        as is Friday to Monday.
        """
        self._require(day)
        self._require(expiration)
        return bisect_right(self._dates, expiration) - bisect_right(self._dates, day)

    def between(self, first: date, last: date) -> tuple[Session, ...]:
        """Sessions from `first` to `last`, both included."""
        return self.sessions[bisect_left(self._dates, first) : bisect_right(self._dates, last)]

    def _require(self, day: date) -> None:
        if not self.first <= day <= self.last:
            raise self._beyond(day)

    def _beyond(self, day: date) -> CalendarHorizonError:
        return CalendarHorizonError(
            f"{day} is outside the exchange calendar, which knows {self.first} to {self.last}",
            hint="exchange calendars are published about a year ahead: use a nearer date, "
            "or update exchange_calendars",
        )
