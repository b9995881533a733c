"""Total implied stdev of one option, and the chances it implies: plain numbers, no arrays.

A handful of strikes an alert asks for costs microseconds each this way. Undiscounted Black-76 on
the forward; the stdev is total (vol × √time), so no clock enters.
Source: Black, Journal of Financial Economics 3 (1976) 167. Newton's method from the inflection
point converges from one side: Manaster and Koehler, Journal of Finance 37 (1982) 227.
"""

from __future__ import annotations

import math

_SQRT_2 = math.sqrt(2.0)
_SQRT_2PI = math.sqrt(2.0 * math.pi)
_TOLERANCE = 1e-12
_MAX_STEPS = 100


def normal_cdf(x: float) -> float:
    return 0.5 * math.erfc(-x / _SQRT_2)


def otm_price(*, forward: float, strike: float, stdev: float) -> float:
    """Price of the out-of-the-money option of a strike, points per share; `stdev` > 0.

    >>> round(otm_price(forward=19, strike=19, stdev=0.28 * 0.75**0.5) * math.exp(-0.075), 4)
    1.7011
    """
    x = abs(math.log(forward / strike))
    return math.sqrt(forward * strike) * _time_value(x, stdev)


def implied_stdev(price: float, *, forward: float, strike: float) -> float | None:
    """The total stdev that gives an out-of-the-money option this price; None where none does."""
    x = max(abs(math.log(forward / strike)), 1e-12)
    wanted = price / math.sqrt(forward * strike)
    most = math.exp(-x / 2)
    if not 0 < wanted < most:
        return None
    stdev = math.sqrt(2 * x)  # the inflection point
    for _ in range(_MAX_STEPS):
        slope = most * math.exp(-0.5 * (stdev / 2 - x / stdev) ** 2) / _SQRT_2PI
        if not slope > 0:
            return None
        step = (_time_value(x, stdev) - wanted) / slope
        stdev -= step
        if not stdev > 0:
            return None
        if abs(step) <= _TOLERANCE * stdev:
            return stdev
    return None


def chance_below(level: float, *, forward: float, stdev: float) -> float:
    """Risk-neutral N(−d2): the chance of a settlement below `level`."""
    return normal_cdf(math.log(level / forward) / stdev + stdev / 2)


def put_delta(strike: float, *, forward: float, stdev: float) -> float:
    """N(d1) − 1, by the forward (undiscounted), −1 to 0."""
    return normal_cdf(math.log(forward / strike) / stdev + stdev / 2) - 1


def _time_value(x: float, stdev: float) -> float:
    """Out-of-the-money price over √(FK) at x = |ln(F/K)|."""
    h, t = x / stdev, stdev / 2
    return math.exp(-x / 2) * normal_cdf(t - h) - math.exp(x / 2) * normal_cdf(-t - h)
