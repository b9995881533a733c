"""Black's formula in plain numpy: slow, short, and what the kernels must equal.

The same mathematics with SciPy's special functions in place of our polynomials, and without
branches for speed. Tests compare the kernels with it, and a handful of prices needs no kernel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]


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
    distance, s = np.asarray(x, np.float64), np.asarray(stdev, np.float64)
    h, t = distance / s, s / 2
    with np.errstate(divide="ignore", under="ignore"):
        near = special.log_ndtr(t - h) - distance / 2
        far = special.log_ndtr(-t - h) + distance / 2
        value: Floats = np.exp(near) * -np.expm1(far - near)
    return value
