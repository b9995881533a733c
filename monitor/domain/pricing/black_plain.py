"""Black's formula in plain numpy: slow, short, and what the kernels must equal.

The same mathematics with SciPy's special functions in place of our polynomials, and without
branches for speed. Tests compare the kernels with it, and a handful of prices needs no kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_BISECTIONS = 34  # of a ratio of 5·10^5: to a relative 10^-9


def price_plain(
    *, forward: ArrayLike, strike: ArrayLike, total_stdev: ArrayLike, is_call: ArrayLike
) -> Floats:
    """Undiscounted Black-76 prices, points per share; the arguments broadcast; stdev > 0."""
    f, k, s = (np.asarray(a, np.float64) for a in (forward, strike, total_stdev))
    sign: Any = np.where(is_call, 1.0, -1.0)
    intrinsic = np.maximum(sign * (f - k), 0.0)
    price: Floats = intrinsic + np.sqrt(f * k) * time_value_plain(np.abs(np.log(f / k)), s)
    return price


def time_value_plain(x: ArrayLike, stdev: ArrayLike) -> Floats:
    """Out-of-the-money price over √(FK) at x = |ln(F/K)|: two logarithms of Φ, subtracted."""
    from scipy import special  # heavy: a monitor that prices nothing does without

    distance, s = np.asarray(x, np.float64), np.asarray(stdev, np.float64)
    h, t = distance / s, s / 2
    with np.errstate(divide="ignore", under="ignore"):
        near = special.log_ndtr(t - h) - distance / 2
        far = special.log_ndtr(-t - h) + distance / 2
        value: Floats = np.exp(near) * -np.expm1(far - near)
    return value


def greeks_plain(
    *, forward: ArrayLike, strike: ArrayLike, total_stdev: ArrayLike, is_call: ArrayLike
) -> tuple[Floats, Floats]:
    """Delta and gamma per point of the forward, undiscounted; the arguments broadcast."""
    from scipy import special  # as above

    f, k, s = (np.asarray(a, np.float64) for a in (forward, strike, total_stdev))
    d1 = np.log(f / k) / s + s / 2
    delta: Floats = special.ndtr(d1) - np.where(is_call, 0.0, 1.0)
    gamma: Floats = np.exp(-d1 * d1 / 2) / (np.sqrt(2 * np.pi) * f * s)
    return delta, gamma


def vega_plain(*, forward: ArrayLike, strike: ArrayLike, total_stdev: ArrayLike) -> Floats:
    """Points of undiscounted price per unit of total stdev; the arguments broadcast."""
    f, k, s = (np.asarray(a, np.float64) for a in (forward, strike, total_stdev))
    d1 = np.log(f / k) / s + s / 2
    vega: Floats = f * np.exp(-d1 * d1 / 2) / np.sqrt(2 * np.pi)
    return vega


def implied_stdev_plain(
    *, price: ArrayLike, forward: ArrayLike, strike: ArrayLike, is_call: ArrayLike
) -> Floats:
    """Total stdev at which Black's undiscounted price is `price`, by bisection.

    No clock is needed: it is vol × √time, whatever counts the time. NaN where the price is at or
    below the intrinsic value, at or above its bound, or needs a stdev beyond 10^-5 .. 5.
    """
    p, f, k, call = np.broadcast_arrays(
        *(np.asarray(a, np.float64) for a in (price, forward, strike)), np.asarray(is_call)
    )
    distance = np.abs(np.log(f / k))
    intrinsic = np.maximum(np.where(call, 1.0, -1.0) * (f - k), 0.0)
    value = (p - intrinsic) / np.sqrt(f * k)
    low, high = np.full(p.shape, 1e-5), np.full(p.shape, 5.0)
    with np.errstate(invalid="ignore"):
        inside = (value > time_value_plain(distance, low)) & (
            value < time_value_plain(distance, high)
        )
        for _ in range(_BISECTIONS):
            middle = np.sqrt(low * high)
            above = time_value_plain(distance, middle) > value
            high, low = np.where(above, middle, high), np.where(above, low, middle)
    return np.where(inside, np.sqrt(low * high), np.nan)
