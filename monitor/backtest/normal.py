"""The normal distribution for whole columns, without scipy.

Importing `scipy.special` takes longer than all that a run asks of it. Tests compare with it.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.backtest.jit import kernel

Floats = NDArray[np.float64]
_ROOT_HALF = math.sqrt(0.5)


def normal_cdf(z: ArrayLike) -> Floats:
    """P(standard normal ≤ z), NaN for NaN. The shape of z."""
    values = np.asarray(z, np.float64)
    out = np.empty(values.size)
    _fill(np.ascontiguousarray(values).reshape(-1), out)
    return out.reshape(values.shape)


def upper_quantile(tail: float) -> float:
    """The z that a standard normal exceeds with probability `tail`, in (0, 1)."""
    return -NormalDist().inv_cdf(tail)


@kernel
def _fill(z: Floats, out: Floats) -> None:
    for i in range(len(z)):
        out[i] = 0.5 * math.erfc(-z[i] * _ROOT_HALF)
