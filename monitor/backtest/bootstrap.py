"""The block bootstrap's variance of a sum, exactly and without drawing a single sample.

Trades overlap and calm and wild days come in runs, so n trades are worth fewer. The bootstrap
over entry sessions measures how many; its variance has a closed form, so thousands of
configurations need no simulation and no seed.

Source: Politis and Romano, JASA 89 (1994) 1303, Lemma 1; tests compare with the arch package.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.jit import uncounted_kernel

Floats = NDArray[np.float64]
MIN_BLOCK_SESSIONS = 30


def block_sessions(dte: NDArray[np.integer]) -> Floats:
    """Mean block length in sessions: 30, or three times the life of the option if longer."""
    return np.maximum(float(MIN_BLOCK_SESSIONS), 3.0 * np.asarray(dte, np.float64))


@uncounted_kernel
def stationary_sum_variance(x: Floats, block: float) -> float:
    """Variance of the sum of a stationary-bootstrap sample of `x`, which must sum to zero.

    Var = Σ x² + 2 Σ_t x_t Σ_{i=1}^{N-1} (1 − i/N) q^i x_{t+i}, indices modulo N, q = 1 − 1/block.
    Q and P below are the inner sums with weights q^i and i·q^i; each follows from the one of the
    next session, so the whole costs N steps.

    Args:
        x: Shape (n_sessions,), float64, zero on sessions without a trade.
        block: Mean block length in sessions, ≥ 1.
    """
    n = len(x)
    q = 1.0 - 1.0 / block
    last_q, last_p, power = 0.0, 0.0, 1.0
    for i in range(1, n):
        power *= q
        last_q += power * x[i - 1]
        last_p += i * power * x[i - 1]
    q_n = power * q
    total = 0.0
    big_q, big_p = last_q, last_p
    for t in range(n - 1, -1, -1):
        if t < n - 1:
            big_p = q * (x[t + 1] + big_p + big_q) - n * q_n * x[t]
            big_q = q * (x[t + 1] + big_q) - q_n * x[t]
        total += x[t] * (x[t] + 2.0 * (big_q - big_p / n))
    # Rounding may leave a sum of squares a hair below zero.
    return max(total, 0.0)


def lost_to_centering(n_sessions: int, block: float) -> float:
    """The share of the variance that the bootstrap loses because it uses the sample's own mean.

    The weights of the sum above, over N: with N = 90 and blocks of 30 it is 0.45, far from
    negligible. For fixed blocks it is block/N, i.e. Bessel's correction over N/block blocks.
    """
    i = np.arange(1, n_sessions)
    weights = 1.0 + 2.0 * np.sum((1.0 - i / n_sessions) * (1.0 - 1.0 / block) ** i)
    return float(weights / n_sessions)


def lost_to_centering_each(n_sessions: int, block: Floats) -> Floats:
    """The same for an array of block lengths."""
    lengths, which = np.unique(block, return_inverse=True)
    lost: Floats = np.array([lost_to_centering(n_sessions, b) for b in lengths])[which]
    return lost


def moving_block_sum_variance(x: Floats, block: int) -> float:
    """Variance of the sum of a moving-block-bootstrap sample of `x` (Künsch 1989), exactly.

    Whole blocks start at any of the N − block + 1 sessions; the last is cut to fill N.
    A second opinion to the stationary bootstrap, for reports and tests.
    """
    n = len(x)
    block = min(block, n)
    sums = np.concatenate([[0.0], np.cumsum(x)])
    starts = np.arange(n - block + 1)
    whole, rest = divmod(n, block)
    return float(
        whole * np.var(sums[starts + block] - sums[starts])
        + np.var(sums[starts + rest] - sums[starts])
    )
