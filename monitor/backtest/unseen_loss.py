"""The loss that has not happened yet.

A spread that wins 97 times in 100 often wins 90 of 90, with a tiny standard deviation and an
enormous Sharpe ratio. Everything that leads to a verdict is therefore computed with half a bad
event more: Jeffreys' half success and half failure, put on the side that matters. A bad event
takes all that is at risk, in every trade that is open at the time: eleven ten-day trades opened
on eleven days are one observation and fall together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
EVENTS = 0.5
LOSS = -1.0


def with_unseen_loss(
    mean: Floats, variance: Floats, n_trades: Floats, *, hit: Floats
) -> tuple[Floats, Floats]:
    """A mean return and the variance of its estimate, the unseen loss included.

    Args:
        hit: Trades that one bad event takes, ≥ 1.
    """
    n = n_trades + EVENTS * hit
    shifted = (n_trades * mean + EVENTS * hit * LOSS) / n
    own = variance * (n_trades / n) ** 2
    return shifted, own + EVENTS * (hit * (LOSS - shifted) / n) ** 2


def daily_moments_with_unseen_loss(
    moments: tuple[Floats, ...], sessions: float, *, hit: Floats
) -> tuple[Floats, ...]:
    """Raw moments 1, 2, … of a daily series with half a session more, on which `hit` fell."""
    found, power = [], np.ones_like(hit)
    for m in moments:
        power = power * (hit * LOSS)
        found.append((sessions * m + EVENTS * power) / (sessions + EVENTS))
    return tuple(found)
