"""Daily bars as marks: a day's open, both its extremes and its close, where no finer bar is.

An index's daily open is often the close before, written twice (Yahoo's S&P 500 until 2007, its
Nasdaq-100 until 1999): such an open is not known. A day's extremes are known without their time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.bars_panel import OPEN_MINUTE, Sessions
from monitor.domain.quotes import DailyBars

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
LOW_MINUTE, HIGH_MINUTE = OPEN_MINUTE + 1, OPEN_MINUTE + 2  # only their order means something


@dataclass(frozen=True, slots=True, kw_only=True)
class DayRanges:
    """The underlying's lowest and highest price and VIX's highest, by session; NaN unknown."""

    low: Floats
    high: Floats
    vix_high: Floats

    def part(self, a: int, b: int) -> DayRanges:
        return DayRanges(low=self.low[a:b], high=self.high[a:b], vix_high=self.vix_high[a:b])

    def note(self, asked: NDArray[np.bool_]) -> str | None:
        """What must be told where some of the `asked` sessions cannot have their stop tested."""
        blind = asked & ~np.isfinite(self.low + self.high + self.vix_high)
        n = int(np.count_nonzero(blind))
        if not n:
            return None
        return (
            f"{n:,} of {int(np.count_nonzero(asked)):,} sessions with daily bars alone have no "
            "known range of the underlying or of VIX: there the stop is not tested at the extremes"
        )


def day_ranges(sessions: Sessions, daily: DailyBars, vix: DailyBars) -> DayRanges:
    """Ranges of the sessions' days.

    A low above the day's own open or close is a fault of the file; the lowest of the three
    did trade, so it counts. A day without a range (high = low) tells none.
    """
    low, high = _range(daily)
    return DayRanges(
        low=on_sessions(sessions, daily, low),
        high=on_sessions(sessions, daily, high),
        vix_high=on_sessions(sessions, vix, _range(vix)[1]),
    )


def opens(sessions: Sessions, daily: DailyBars) -> Floats:
    """The first price of each session, NaN where it only repeats the close before."""
    before = np.concatenate([[np.nan], daily.close[:-1]])
    repeated = (daily.open == before) | (daily.high == daily.low)
    return on_sessions(sessions, daily, np.where(repeated | ~(daily.open > 0), np.nan, daily.open))


def on_sessions(sessions: Sessions, daily: DailyBars, values: Floats) -> Floats:
    """Values of days put where their sessions are; NaN on a session without its day."""
    out = np.full(len(sessions), np.nan)
    _, here, there = np.intersect1d(sessions.day, daily.day, return_indices=True)
    out[here] = values[there]
    return out


def _range(daily: DailyBars) -> tuple[Floats, Floats]:
    known = np.stack([daily.open, daily.high, daily.low, daily.close])
    usable = (np.where(np.isfinite(known), known, 0.0) > 0).all(axis=0) & (daily.high != daily.low)
    low, high = known.min(axis=0), known.max(axis=0)
    return np.where(usable, low, np.nan), np.where(usable, high, np.nan)
