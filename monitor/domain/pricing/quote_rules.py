"""Which quotes may be traded on: the data guards of the backtest, over numbers or arrays.

An earlier grid sold spreads for more than they could lose, because nobody asked these.
Units: points per share, dollars where the name says so. NaN is never tradable.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.domain.pricing.costs import MAX_CREDIT_SHARE

Bools = NDArray[np.bool_]


def two_sided(bid: ArrayLike, ask: ArrayLike) -> Bools:
    """Both sides quoted and not crossed (a locked market, bid = ask, is a market)."""
    low, high = np.asarray(bid, np.float64), np.asarray(ask, np.float64)
    result: Bools = (low > 0) & (high >= low) & np.isfinite(high)
    return result


def plausible_credit(mid_credit: ArrayLike, width: ArrayLike) -> Bools:
    """Above 0, and not more than 0.35 of the width, for a short strike out of the money."""
    credit = np.asarray(mid_credit, np.float64)
    result: Bools = (credit > 0) & (credit <= MAX_CREDIT_SHARE * np.asarray(width, np.float64))
    return result


def credit_below_risk(credit_usd: ArrayLike, max_loss_usd: ArrayLike) -> Bools:
    """A credit spread can lose more than it can earn; otherwise a quote is wrong."""
    result: Bools = np.asarray(credit_usd, np.float64) < np.asarray(max_loss_usd, np.float64)
    return result
