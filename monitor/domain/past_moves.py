"""Past moves of an underlying, and the percentile bands they make: nothing but what was past.

The sample for DTE n is m_s = close(s + n) / P(s) − 1 of the last W sessions s whose settlement
s + n is over when the entry is decided, that is s + n at most the session before. `raw100` takes
the moves as they are, W = 100; `vix250` divides each by the volatility of its day and multiplies
by today's, W = 250. (The √(n/252) of both cancels.) Quantiles are Hyndman and Fan's type 7.
Source: docs/engine.md#bands
"""

from __future__ import annotations

import numpy as np

from monitor.domain.quotes import Floats
from monitor.domain.vocabulary import BandMode

WINDOW = {BandMode.RAW100: 100, BandMode.VIX250: 250}
MIN_SAMPLE = 60  # fewer past moves make no band


def band_tails(bands: tuple[int, ...]) -> Floats:
    """The two probabilities of each band. Shape: (2, n_bands).

    >>> band_tails((95, 100)).tolist()
    [[0.025, 0.0], [0.975, 1.0]]
    """
    b = np.asarray(bands, np.float64)
    return np.array([(100 - b) / 200, (100 + b) / 200])


def past_moves(
    price: Floats, close: Floats, scale: Floats, *, today: int, dte: int, window: int
) -> Floats:
    """The newest `window` moves known before session `today`, oldest first.

    Args:
        price, close: Price at the entry's clock time, and settlement close, by session; NaN
            unknown. scale: Volatility known at that time. Shapes: (n_sessions,).
    """
    stop = max(today - dte, 0)  # sessions whose settlement is past
    with np.errstate(invalid="ignore", divide="ignore"):
        moves = (close[dte : stop + dte] / price[:stop] - 1) / scale[:stop]
        known = np.isfinite(moves) & (scale[:stop] > 0)
    newest: Floats = moves[known][-window:]
    return newest


def bands_plain(
    price: Floats, close: Floats, scale: Floats, *, today: int, dte: int,
    bands: tuple[int, ...], window: int, min_sample: int,
) -> tuple[Floats, Floats, int]:  # fmt: skip
    """One session's bands as moves from the price at entry; NaN where too few moves are known.

    Returns:
        Lower and upper move of each band, and the number of moves used.
    """
    moves = past_moves(price, close, scale, today=today, dte=dte, window=window)
    if len(moves) < max(min_sample, 1) or not scale[today] > 0:
        nothing = np.full(len(bands), np.nan)
        return nothing, nothing, len(moves)
    low, high = np.quantile(moves, band_tails(bands)) * scale[today]
    return low, high, len(moves)
