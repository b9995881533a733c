"""Sessions of the exchange: what is open when, and how many sessions lie between two dates.

Pure: it reads a table of sessions that the shell builds from exchange_calendars
(`monitor/providers/sessions.py`). Dates are New York trading days, instants aware UTC.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import overload

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


class SessionTable(Sequence[Session]):
    """Sessions as three columns of whole numbers, made into `Session`s only when looked at.

    Thirty-five years are about 9,500 sessions; as objects they would cost every start of
    `positions list` some 30 ms. `days` are `date.toordinal()`, `opens` and `closes` UTC epoch
    minutes, all ascending and of one length.
    """

    __slots__ = ("closes", "days", "opens")

    def __init__(self, *, days: Sequence[int], opens: Sequence[int], closes: Sequence[int]) -> None:
        self.days = days
        self.opens = opens
        self.closes = closes

    def __len__(self) -> int:
        return len(self.days)

    @overload
    def __getitem__(self, index: int) -> Session: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Session, ...]: ...
    def __getitem__(self, index: int | slice) -> Session | tuple[Session, ...]:
        if isinstance(index, slice):
            return tuple(self[i] for i in range(*index.indices(len(self))))
        return Session(
            date=date.fromordinal(self.days[index]),
            open=datetime.fromtimestamp(self.opens[index] * 60, UTC),
            close=datetime.fromtimestamp(self.closes[index] * 60, UTC),
        )


@dataclass(frozen=True, slots=True)
class TradingCalendar:
    """All sessions of a span, oldest first."""

    sessions: Sequence[Session]
    _days: Sequence[int] = field(init=False, repr=False, compare=False)
    _closes: Sequence[int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.sessions:
            raise CalendarHorizonError("the exchange calendar is empty")
        table = self.sessions
        if isinstance(table, SessionTable):
            days, closes = table.days, table.closes
        else:
            days = [s.date.toordinal() for s in table]
            closes = [int(s.close.timestamp()) // 60 for s in table]
        object.__setattr__(self, "_days", days)
        object.__setattr__(self, "_closes", closes)

    @property
    def first(self) -> date:
        return date.fromordinal(self._days[0])

    @property
    def last(self) -> date:
        return date.fromordinal(self._days[-1])

    def on(self, day: date) -> Session | None:
        """The session of `day`, or None on a weekend or holiday.

        Raises:
            CalendarHorizonError: `day` lies outside the table.
        """
        self._require(day)
        i = bisect_left(self._days, day.toordinal())
        return self.sessions[i] if self._days[i] == day.toordinal() else None

    def is_session(self, day: date) -> bool:
        """Whether the exchange opens on `day`; raises as `on` does."""
        self._require(day)
        ordinal = day.toordinal()
        return self._days[bisect_left(self._days, ordinal)] == ordinal

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
        i = bisect_right(self._closes, _minutes(now))
        if i >= len(self.sessions):
            raise self._beyond(now.date())
        return self.sessions[i]

    def last_closed(self, now: datetime) -> Session | None:
        """The newest session that is over at `now`."""
        i = bisect_right(self._closes, _minutes(now))
        return self.sessions[i - 1] if i else None

    def shift(self, day: date, sessions: int) -> Session:
        """The session `sessions` after `day` (before, when negative); 0 is `day` itself.

        When `day` is no session, +1 is the next session and −1 the previous one.

        Raises:
            CalendarHorizonError: The answer, or `day`, lies outside the table, or `sessions`
                is 0 and `day` is no session.
        """
        self._require(day)
        i = bisect_left(self._days, day.toordinal())
        if self._days[i] != day.toordinal():
            if sessions == 0:
                raise CalendarHorizonError(
                    f"{day} ({day:%A}) is not a trading session",
                    hint="it is a weekend or an exchange holiday: use a session's date",
                )
            i -= sessions > 0
        target = i + sessions
        if not 0 <= target < len(self.sessions):
            raise self._beyond(day, sessions)
        return self.sessions[target]

    def dte(self, day: date, expiration: date) -> int:
        """Sessions from `day` to `expiration`: 0 on the day itself, negative when past.

        A `day` that is no session counts from the next one's eve: Saturday to Monday is 1,
        as is Friday to Monday.
        """
        self._require(day)
        self._require(expiration)
        return bisect_right(self._days, expiration.toordinal()) - bisect_right(
            self._days, day.toordinal()
        )

    def ordinals_between(self, first: date, last: date) -> Sequence[int]:
        """`date.toordinal()` of the sessions from `first` to `last`, both included."""
        lo = bisect_left(self._days, first.toordinal())
        return self._days[lo : bisect_right(self._days, last.toordinal())]

    def between(self, first: date, last: date) -> tuple[Session, ...]:
        """Sessions from `first` to `last`, both included; what the table lacks is left out."""
        start = bisect_left(self._days, first.toordinal())
        end = bisect_right(self._days, last.toordinal())
        return tuple(self.sessions[start:end])

    def _require(self, day: date) -> None:
        if not self._days[0] <= day.toordinal() <= self._days[-1]:
            raise self._beyond(day)

    def _beyond(self, day: date, sessions: int = 0) -> CalendarHorizonError:
        what = f"{abs(sessions)} sessions {'after' if sessions > 0 else 'before'} {day}"
        return CalendarHorizonError(
            f"{what if sessions else day} is outside the exchange calendar, "
            f"which knows {self.first} to {self.last}",
            hint="exchange calendars are published about a year ahead: use a nearer date, "
            "or update exchange_calendars",
        )


def _minutes(now: datetime) -> float:
    return now.timestamp() / 60
