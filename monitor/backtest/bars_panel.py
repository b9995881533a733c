"""Prices by session and clock minute: what was known when, as one table.

A bar's *open* is the price at the instant of its start; nothing here looks into a bar before it
is over. Minutes are since midnight in New York.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from monitor.clock import NEW_YORK
from monitor.domain.quotes import Bars, DailyBars
from monitor.domain.trading_calendar import TradingCalendar
from monitor.errors import DomainError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
STEP = 5
OPEN_MINUTE = 9 * 60 + 30
SLOTS = np.arange(OPEN_MINUTE, 16 * 60, STEP, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sessions:
    """Consecutive sessions. Shapes: all (n,). `day` is `date.toordinal()`, `open_s` UTC epoch
    seconds, `close_minute` New York minutes (780 on an early close)."""

    day: Ints
    open_s: Ints
    close_minute: Ints

    def __len__(self) -> int:
        return len(self.day)

    def place(self, seconds: Ints) -> tuple[Ints, Ints]:
        """Session index and New York minute of each UTC instant; −1 outside every session."""
        s = np.searchsorted(self.open_s, seconds, side="right") - 1
        inside = s >= 0
        minute = OPEN_MINUTE + (seconds - self.open_s[np.maximum(s, 0)]) // 60
        inside &= minute < self.close_minute[np.maximum(s, 0)]
        return np.where(inside, s, -1), minute

    def part(self, first: int, stop: int) -> Sessions:
        return Sessions(
            day=self.day[first:stop],
            open_s=self.open_s[first:stop],
            close_minute=self.close_minute[first:stop],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTable:
    """One symbol. Shapes: price (n_sessions, 78), by `SLOTS`; close (n_sessions,); NaN unknown.

    `close` is the official close where daily bars gave one, else the last bar's, if that ends
    with the session.
    """

    price: Floats
    close: Floats

    def at(self, minute: int) -> Floats:
        """The price at one clock time, by session; NaN where no bar begins there."""
        k, rest = divmod(minute - OPEN_MINUTE, STEP)
        if rest or not 0 <= k < len(SLOTS):
            return np.full(len(self.close), np.nan)
        return self.price[:, k]

    def part(self, first: int, stop: int) -> PriceTable:
        return PriceTable(price=self.price[first:stop], close=self.close[first:stop])

    def known_at(self, minute: int) -> Floats:
        """The newest value known at one clock time: that minute's, else the close before."""
        before = np.concatenate([[np.nan], self.close[:-1]])
        now = self.at(minute)
        return np.where(np.isfinite(now), now, before)


def sessions_between(calendar: TradingCalendar, first: date, last: date) -> Sessions:
    """The calendar's sessions from `first` to `last`, both included.

    Raises:
        DomainError: There is none.
    """
    found = calendar.between(first, last)
    if not found:
        raise DomainError(f"no trading session from {first} to {last}")
    local = [s.close.astimezone(NEW_YORK) for s in found]
    return Sessions(
        day=np.array([s.date.toordinal() for s in found], np.int64),
        open_s=np.array([int(s.open.timestamp()) for s in found], np.int64),
        close_minute=np.array([t.hour * 60 + t.minute for t in local], np.int64),
    )


def price_table(
    sessions: Sessions, bars: Sequence[Bars] = (), daily: DailyBars | None = None
) -> PriceTable:
    """Put bars into the table; earlier ones of `bars` win, so give the finest first.

    A value that is not finite and positive stays unknown.
    """
    price = np.full((len(sessions), len(SLOTS)), np.nan)
    close = np.full(len(sessions), np.nan)
    if daily is not None:
        at = np.searchsorted(daily.day, sessions.day)
        hit = at < len(daily.day)
        hit[hit] = daily.day[at[hit]] == sessions.day[hit]
        close[hit] = _positive(daily.close[at[hit]])
    for one in bars:
        _add(one, sessions, price, close)
    return PriceTable(price=price, close=close)


def _add(bars: Bars, sessions: Sessions, price: Floats, close: Floats) -> None:
    session, minute = sessions.place(bars.start)
    slot, rest = np.divmod(minute - OPEN_MINUTE, STEP)
    use = (session >= 0) & (rest == 0)
    s, k = session[use], slot[use]
    fresh = np.isnan(price[s, k])
    price[s[fresh], k[fresh]] = _positive(bars.open[use][fresh])
    length = int(bars.interval.total_seconds()) // 60
    ends = (session >= 0) & (minute + length >= sessions.close_minute[np.maximum(session, 0)])
    s, last = session[ends], _positive(bars.close[ends])
    fresh = np.isnan(close[s])
    close[s[fresh]] = last[fresh]


def _positive(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan)
