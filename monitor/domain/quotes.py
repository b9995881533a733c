"""Market data values: quotes and bars, each with its source and age."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Stamps = NDArray[np.int64]
Days = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One price as a source gave it.

    `asof` is when the market said it, `fetched_at` when we heard it (aware UTC). `delay` is
    what the source itself states. `previous_close` and `day_volume` are None where the source
    does not say. Units: points for indices, dollars per share otherwise, shares for volume.
    """

    symbol: str
    price: float
    asof: datetime
    fetched_at: datetime
    source: str
    delay: timedelta = timedelta(0)
    previous_close: float | None = None
    day_volume: float | None = None
    simulated: bool = False

    def age(self, now: datetime) -> timedelta:
        return now - self.asof


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Intraday bars of one symbol, oldest first.

    Shapes: all arrays (n_bars,). `start` is UTC epoch seconds of each bar's *start*; a bar is
    known only at start + interval. `volume` is NaN where the source has none.
    """

    symbol: str
    interval: timedelta
    start: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    source: str
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.start)

    def until(self, now: datetime) -> Bars:
        """Only the bars that are complete at `now`."""
        end = int(
            np.searchsorted(
                self.start, int(now.timestamp()) - int(self.interval.total_seconds()), "right"
            )
        )
        return self.slice(0, end)

    def slice(self, first: int, last: int) -> Bars:
        return Bars(
            symbol=self.symbol,
            interval=self.interval,
            start=self.start[first:last],
            open=self.open[first:last],
            high=self.high[first:last],
            low=self.low[first:last],
            close=self.close[first:last],
            volume=self.volume[first:last],
            source=self.source,
            simulated=self.simulated,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DailyBars:
    """Daily bars of one symbol, oldest first.

    Shapes: all arrays (n_days,). `day` is `date.toordinal()` of the New York trading day.
    `volume` is NaN where the source has none.
    """

    symbol: str
    day: Days
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    source: str
    simulated: bool = False

    def __len__(self) -> int:
        return len(self.day)
