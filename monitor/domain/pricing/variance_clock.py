"""Trading time: how much variance passes between two instants, in sessions.

A session adds 1: 0.30 overnight before its open and 0.70 while it trades; each closed calendar
day adds 0.02. Measured on 45 chains: the market charges a weekend-spanning session as a
weekday with about 0.02 a closed day, while calendar time (ACT/365) misprices Friday to Monday.

Source: docs/sources.md#backtest-constants.
French and Roll, Journal of Financial Economics 17 (1986) 5.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.errors import CalendarHorizonError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

OVERNIGHT = 0.30
INTRADAY = 0.70
CLOSED_DAY = 0.02
# Cumulative share of a full session's intraday variance by minutes since the open (SPY hourly
# bars): 09:30, 10:30, ... 15:30, 16:00 New York.
SHARE_MINUTES = (0.0, 60.0, 120.0, 180.0, 240.0, 300.0, 360.0, 390.0)
SHARES = (0.0, 0.23, 0.38, 0.503, 0.688, 0.813, 0.911, 1.0)
FULL_SESSION = 390.0


def intraday_share(minutes: ArrayLike, *, session_minutes: ArrayLike = FULL_SESSION) -> Floats:
    """Share of the session's intraday variance that has passed `minutes` after its open.

    Straight lines between the hours. A half day is the full day's curve cut at its close and
    scaled to end at 1, so that it, too, is one session.

    >>> float(intraday_share(60))
    0.23
    """
    passed = np.interp(np.asarray(minutes, np.float64), SHARE_MINUTES, SHARES)
    whole = np.interp(np.asarray(session_minutes, np.float64), SHARE_MINUTES, SHARES)
    share: Floats = np.minimum(passed / whole, 1.0)
    return share


class VarianceClock:
    """The running count of variance time over a calendar of sessions.

    Args:
        session_days: `date.toordinal()` of every session, ascending, without gaps.

    Days outside the first and last session raise CalendarHorizonError.
    """

    __slots__ = ("_at_close", "_first", "_is_session", "_previous")

    def __init__(self, session_days: Sequence[int] | Ints) -> None:
        days = np.asarray(session_days, np.int64)
        self._first = int(days[0])
        self._is_session = np.zeros(int(days[-1]) - self._first + 1, np.bool_)
        self._is_session[days - self._first] = True
        self._at_close: Floats = np.cumsum(np.where(self._is_session, 1.0, CLOSED_DAY))
        places = np.arange(len(self._is_session))
        last = np.maximum.accumulate(np.where(self._is_session, places, 0))
        self._previous = np.concatenate([[-1], last[:-1]])

    def at_close(self, day: ArrayLike) -> Floats:
        """Variance time at the end of calendar days (ordinals), counted from the first session."""
        return self._at_close[self._place(day)]

    def at(self, day: ArrayLike, *, share: ArrayLike) -> Floats:
        """Variance time within sessions, when `share` of their intraday variance has passed."""
        place = self._place(day)
        if not self._is_session[place].all():
            raise CalendarHorizonError("an instant within a session was asked on a closed day")
        before_open = self._at_close[place] - INTRADAY
        now: Floats = before_open + INTRADAY * np.asarray(share, np.float64)
        return now

    def previous_session(self, day: ArrayLike) -> Ints:
        """Ordinals of the sessions before these days."""
        previous = self._previous[self._place(day)]
        if (previous < 0).any():
            raise CalendarHorizonError("there is no session before the calendar's first day")
        return previous + self._first

    def _place(self, day: ArrayLike) -> Ints:
        place: Ints = np.asarray(day, np.int64) - self._first
        if ((place < 0) | (place >= len(self._at_close))).any():
            raise CalendarHorizonError(
                f"a day lies outside the calendar of {self._first} to "
                f"{self._first + len(self._at_close) - 1} (ordinals)",
                hint="give the clock a longer calendar: 100 days past the last entry",
            )
        return place
