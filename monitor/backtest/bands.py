"""Percentile bands of every session of a run, rolled over past moves by a kernel.

What a band is, and one session's spelled out, stands in `monitor/domain/past_moves.py`, which
the live monitor uses too.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import kernel
from monitor.domain.past_moves import band_tails

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Bands as moves from the price at entry; NaN where too few past moves are known.

    Shapes: low, high (n_sessions, n_bands); sample (n_sessions,), the number of moves used.
    """

    low: Floats
    high: Floats
    sample: NDArray[np.int64]


def rolling_bands(
    price: Floats,
    close: Floats,
    *,
    dte: int,
    bands: tuple[int, ...],
    window: int,
    min_sample: int,
    scale: Floats | None = None,
) -> Bands:
    """The bands of every session at one clock time and DTE.

    Args:
        price, close: Price at the clock time, and settlement close, by session; NaN unknown.
            Shapes: (n_sessions,).
        window: At most this many past moves, the newest.
        min_sample: Fewer moves than this give no band.
        scale: Volatility known at the clock time, same shape; None leaves moves as they are.
            A session without one is left out, and today without one has no band.
    """
    n = len(price)
    low, high = np.full((2, n, len(bands)), np.nan)
    sample = np.zeros(n, np.int64)
    ones = np.ones(n) if scale is None else np.asarray(scale, np.float64)
    _roll(price, close, ones, dte, window, min_sample, band_tails(bands), low, high, sample)
    return Bands(low=low, high=high, sample=sample)


def coverage(bands: Bands, price: Floats, close: Floats, *, dte: int) -> tuple[Floats, int]:
    """Share of entries whose settlement lay inside each band, and of how many.

    Shapes: ((n_bands,), count). Entries without a band or a known settlement do not count.
    """
    last = len(price) - dte
    move = close[dte:] / price[:last] - 1
    known = np.isfinite(move) & np.isfinite(bands.low[:last, 0])
    inside = (bands.low[:last] <= move[:, None]) & (move[:, None] <= bands.high[:last])
    count = int(known.sum())
    share = inside[known].mean(axis=0) if count else np.full(bands.low.shape[1], np.nan)
    return share, count


@kernel
def _roll(
    price: Floats,
    close: Floats,
    scale: Floats,
    dte: int,
    window: int,
    min_sample: int,
    tails: Floats,
    low: Floats,
    high: Floats,
    sample: NDArray[np.int64],
) -> None:
    """Keep the window sorted: each session lets one move in and at most one out."""
    order = np.empty(window)  # sorted
    ring = np.empty(window)  # by age
    count, oldest = 0, 0
    for today in range(len(price)):
        s = today - 1 - dte  # the newest session whose settlement is past
        if s >= 0 and scale[s] > 0.0:
            move = (close[s + dte] / price[s] - 1.0) / scale[s]
            if np.isfinite(move):
                if count == window:
                    _take_out(order, count, ring[oldest])
                    count -= 1
                    ring[oldest] = move
                    oldest = (oldest + 1) % window
                else:
                    ring[count] = move
                _put_in(order, count, move)
                count += 1
        sample[today] = count
        if count < min_sample or count == 0 or not scale[today] > 0.0:
            continue
        for b in range(tails.shape[1]):
            low[today, b] = _quantile(order, count, tails[0, b]) * scale[today]
            high[today, b] = _quantile(order, count, tails[1, b]) * scale[today]


@kernel
def _put_in(order: Floats, count: int, value: float) -> None:
    i = count
    while i > 0 and order[i - 1] > value:
        order[i] = order[i - 1]
        i -= 1
    order[i] = value


@kernel
def _take_out(order: Floats, count: int, value: float) -> None:
    i = np.searchsorted(order[:count], value)
    for k in range(i, count - 1):
        order[k] = order[k + 1]


@kernel
def _quantile(order: Floats, count: int, p: float) -> float:
    """Hyndman and Fan's type 7 of the first `count` values, sorted."""
    place = p * (count - 1)
    below = int(np.floor(place))
    if below >= count - 1:
        return float(order[count - 1])
    return float(order[below] + (place - below) * (order[below + 1] - order[below]))
