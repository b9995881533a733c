"""Percentile bands of past moves, from nothing but what was past at the decision.

The sample for DTE n and clock time τ is m_s = close(s + n) / P_τ(s) − 1 of the last W sessions s
whose settlement s + n is over when the entry is decided, that is s + n at most the session
before. `raw100` takes the moves as they are, W = 100; `vix250` divides each by the volatility
of its day and multiplies by today's, W = 250. (The √(n/252) of both cancels.) Quantiles are
Hyndman and Fan's type 7. Source: docs/engine.md#bands
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.configs import BandMode
from monitor.backtest.jit import kernel

Floats = NDArray[np.float64]
WINDOW = {BandMode.RAW100: 100, BandMode.VIX250: 250}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bands:
    """Bands as moves from the price at entry; NaN where too few past moves are known.

    Shapes: low, high (n_sessions, n_bands); sample (n_sessions,), the number of moves used.
    """

    low: Floats
    high: Floats
    sample: NDArray[np.int64]


def band_tails(bands: tuple[int, ...]) -> Floats:
    """The two probabilities of each band. Shape: (2, n_bands).

    >>> band_tails((95, 100)).tolist()
    [[0.025, 0.0], [0.975, 1.0]]
    """
    b = np.asarray(bands, np.float64)
    return np.array([(100 - b) / 200, (100 + b) / 200])


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


def bands_plain(
    price: Floats, close: Floats, scale: Floats, *, today: int, dte: int,
    bands: tuple[int, ...], window: int, min_sample: int,
) -> tuple[Floats, Floats, int]:  # fmt: skip
    """One session's bands, spelled out: what `rolling_bands` must equal."""
    moves = [
        (close[s + dte] / price[s] - 1) / scale[s]
        for s in range(today)
        if s + dte <= today - 1
        and np.isfinite(close[s + dte] + price[s] + scale[s])
        and scale[s] > 0
    ][-window:]
    if len(moves) < min_sample or not moves or not scale[today] > 0:
        nothing = np.full(len(bands), np.nan)
        return nothing, nothing, len(moves)
    low, high = np.quantile(moves, band_tails(bands)) * scale[today]
    return low, high, len(moves)


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
