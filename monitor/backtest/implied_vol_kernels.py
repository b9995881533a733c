"""Implied total standard deviation from a price: a guess and two steps, without a branch.

The unknown is found in the logarithm of the price, which is nearly −x²/2s² and therefore as
tame a hundred orders of magnitude down the wing as at the money. The first guess inverts
Bachelier's model (whose implied vol is a function of one number) by a fitted curve, within 1 %
for s ≤ 0.4 and 30 % at s = 3; each Householder step of third order takes an error of ε to
about ε⁴. What has not settled after two steps is solved by a bracketed search.

Sources: Jäckel, "Let's Be Rational", Wilmott 2015 (the derivatives and the logarithmic
objective); Jäckel, "Implied Normal Volatility", Wilmott 2017 (Bachelier's one number).
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.fast_math import inlined, log_fine, polynomial, vector_kernel
from monitor.backtest.mills import ERFCX_LOWEST, POLE, scaled_erfc
from monitor.backtest.pricing_kernels import normalized_black

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SQRT_HALF = 0.7071067811865476
_SQRT_HALF_PI = 1.2533141373155003
_SQRT_2PI = 2.5066282746310002
_TWO_PI = 6.283185307179586
# A second step larger than this (relative) may leave more than 1e-11 of error.
_SETTLED = 2e-3
_SMALLEST = 1e-280
_SEARCH_STEPS = 200

# |h| over √ln(1 + r²/2π), r = |ln(F/K)| / price, in Bachelier's model, as a polynomial in
# 4/(v+2) − 1; within 0.35 % (benchmarks/fit_pricing_constants.py).
_GUESS = (
    0.5735579236476664,
    -0.28164725245429073,
    0.9180889645928438,
    0.23542291782677732,
    -1.2817287542520996,
    0.0712433734053588,
    1.2590504935621876,
    -0.022666611585023602,
    -0.47312418865103806,
    0.0,
)


@inlined
def _guess(x: float, price: float) -> float:
    ratio = max(x / price, 1e-3)
    v = math.sqrt(log_fine(1.0 + ratio * ratio / _TWO_PI))
    return price * ratio / (v * polynomial(4.0 / (v + 2.0) - 1.0, _GUESS))


@inlined
def _step(x: float, price: float, s: float) -> float:
    """Householder's step of third order on ln(model price / price).

    m = price / (∂price/∂s); the higher derivatives over the first are rational in h and t.
    """
    inverse = 1.0 / s
    h = x * inverse
    t = 0.5 * s
    low = max((h - t) * _SQRT_HALF, ERFCX_LOWEST) + POLE
    high = (h + t) * _SQRT_HALF + POLE
    both = 1.0 / (low * high)
    m = _SQRT_HALF_PI * (scaled_erfc(both * high) - scaled_erfc(both * low))
    error = log_fine(m / (price * _SQRT_2PI)) - 0.5 * (h * h + t * t)
    newton = -error * m
    second = (h * h - t * t) * inverse
    third = second * second - 3.0 * h * h * inverse * inverse - 0.25
    inverse_m = 1.0 / m
    eta = second - inverse_m
    gamma = third - 3.0 * second * inverse_m + 2.0 * inverse_m * inverse_m
    return newton * (1.0 + 0.5 * eta * newton) / (1.0 + newton * (eta + gamma * newton / 6.0))


@vector_kernel
def implied_stdev_search(x: float, price: float) -> float:
    """The total stdev by bisection on the price, for what the steps cannot take; exact but slow.

    Args:
        x, price: |ln(F/K)| and the out-of-the-money price over discount √(FK).

    Returns:
        NaN where no stdev has this price.
    """
    if not (price >= _SMALLEST and price < math.exp(-0.5 * x)):
        return np.nan
    low, high = 0.0, 1.0
    while normalized_black(x, high) < price:
        low = high
        high *= 2.0
        if high > 1e4:
            return np.nan
    for _ in range(_SEARCH_STEPS):
        middle = 0.5 * (low + high)
        if normalized_black(x, middle) < price:
            low = middle
        else:
            high = middle
        if high - low <= 1e-15 * high:
            break
    return 0.5 * (low + high)


@vector_kernel
def implied_stdev_rows(
    price: Floats, forward: Floats, strike: Floats, discount: Floats, is_call: Bools, out: Floats
) -> None:
    """Implied total stdev (vol × √years) of options, into `out`. Shapes: all (n,).

    In the money the intrinsic value is taken off first. NaN where no stdev has the price: at or
    below the intrinsic value, at or above the limit (forward or strike), or not a number.
    """
    unsettled = 0
    for i in range(out.shape[0]):
        ratio = forward[i] / strike[i]
        x = abs(log_fine(ratio))
        sign = 1.0 if is_call[i] else -1.0
        intrinsic = max(sign * (forward[i] - strike[i]), 0.0)
        value = (price[i] / discount[i] - intrinsic) / math.sqrt(forward[i] * strike[i])
        s = _guess(x, value)
        s += _step(x, value, s)
        change = _step(x, value, s)
        s += change
        settled = (
            (abs(change) <= _SETTLED * s)
            & (x * _SQRT_HALF / s - 0.5 * _SQRT_HALF * s > ERFCX_LOWEST)
            & (value > _SMALLEST)
            & (s > 0.0)
        )
        unsettled += 1 - settled
        out[i] = s if settled else np.nan
    if unsettled > 0:
        for i in range(out.shape[0]):
            if out[i] != out[i]:
                out[i] = _searched(price[i], forward[i], strike[i], discount[i], is_call[i])


@vector_kernel
def _searched(price: float, forward: float, strike: float, discount: float, is_call: bool) -> float:
    if not (forward > 0.0 and strike > 0.0 and discount > 0.0):
        return np.nan
    intrinsic = max(forward - strike, 0.0) if is_call else max(strike - forward, 0.0)
    time_value = price / discount - intrinsic
    if not time_value < min(forward, strike):
        return np.nan
    value = time_value / math.sqrt(forward * strike)
    return implied_stdev_search(abs(math.log(forward / strike)), value)
