"""Implied volatility: the vol at which Black-76 gives a price.

A scalar that cannot be raises; arrays hold NaN there: a price at or below the intrinsic value,
or at or above its limit (discounted forward for a call, strike for a put), has no vol.
Units as in `pricing.py`. Error of total stdev about 1e-11 relative where the price itself has
the digits: a deep in-the-money price of 1000.02 knows its 0.02 to 1e-11 at best.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.backtest import implied_vol_kernels
from monitor.errors import ImpliedVolError

Floats = NDArray[np.float64]


def implied_vol(
    *,
    price: float,
    forward: float,
    strike: float,
    years: float,
    is_call: bool,
    discount: float = 1.0,
) -> float:
    """Annual vol of one option.

    Raises:
        ImpliedVolError: No vol has this price; the message gives the possible range.

    >>> round(implied_vol(price=4.0, forward=100, strike=100, years=0.25, is_call=True), 4)
    0.2006
    """
    stdev = float(
        implied_total_stdev(
            price=price, forward=forward, strike=strike, discount=discount, is_call=is_call
        )
    )
    if not (math.isfinite(stdev) and years > 0):
        low = discount * max(forward - strike if is_call else strike - forward, 0.0)
        high = discount * (forward if is_call else strike)
        raise ImpliedVolError(
            f"no vol gives {price:g} for a {'call' if is_call else 'put'} at {strike:g} with the "
            f"forward at {forward:g} and {years:g} years left: the price must lie above {low:g} "
            f"and below {high:g}, and the life be above 0",
            hint="check the quote, the forward and the expiration",
        )
    return stdev / math.sqrt(years)


def implied_total_stdev(
    *,
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    is_call: ArrayLike,
    discount: ArrayLike = 1.0,
) -> Floats:
    """Total standard deviations (vol × √years); the arguments broadcast; NaN where none fits."""
    values = np.broadcast_arrays(
        *(np.asarray(a, np.float64) for a in (price, forward, strike, discount)),
        np.asarray(is_call, np.bool_),
    )
    flat = [np.ascontiguousarray(a).reshape(-1) for a in values]
    out = np.empty(flat[0].shape)
    implied_vol_kernels.implied_stdev_rows(flat[0], flat[1], flat[2], flat[3], flat[4], out)
    return out.reshape(values[0].shape)
