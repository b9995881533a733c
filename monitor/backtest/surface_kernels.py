"""The surface as kernels: term structure to total variance, smile to prices without arbitrage."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.fast_math import vector_kernel
from monitor.backtest.pricing_kernels import otm_chain
from monitor.domain.pricing.surface_tables import HIGHEST_Z, LOWEST_Z, STEP

Floats = NDArray[np.float64]
_STEPS_PER_Z = 1.0 / STEP
_LAST_STEP = round((HIGHEST_Z - LOWEST_Z) / STEP) - 1
# Slopes this much out of order (points of price per point of strike) are rounding, not arbitrage.
_SLOPE_NOISE = 1e-13


@vector_kernel
def remaining_variance(
    levels: Floats, node_time: Floats, elapsed: Floats, total: Floats, out: Floats
) -> None:
    """w(total) − w(elapsed) on each row's own term structure.

    Args:
        levels: Total variance at the nodes of 1 session, 9, 30 and 93 days; NaN where an index
            is missing. Shape (n, 4).
        node_time: Variance time of the nodes. Shape (n, 4), ascending.
        elapsed, total: Variance time since the term structure's origin. Shape (n,).
        out: Shape (n,). NaN where the 30-day level is unknown.
    """
    time = np.zeros(5)
    variance = np.zeros(5)
    for row in range(out.shape[0]):
        if math.isnan(levels[row, 2]):
            out[row] = np.nan
            continue
        count = 1
        # Without the 9-day index the curve is a straight line through the 30-day one.
        flat = math.isnan(levels[row, 1])
        for k in range(4):
            level = levels[row, k]
            if math.isnan(level) or (flat and k != 2):
                continue
            time[count] = node_time[row, k]
            variance[count] = max(level, variance[count - 1])
            count += 1
        out[row] = _on_line(time, variance, count, total[row]) - _on_line(
            time, variance, count, elapsed[row]
        )


@vector_kernel
def _on_line(time: Floats, variance: Floats, count: int, at: float) -> float:
    """Linear through the origin and the nodes; the last slope goes on beyond them."""
    k = 1
    while k < count - 1 and at > time[k]:
        k += 1
    slope = (variance[k] - variance[k - 1]) / (time[k] - time[k - 1])
    value: float = variance[k - 1] + slope * (at - time[k - 1])
    return value


@vector_kernel
def smile_stdev(
    log_forward: float, atm_stdev: float, log_strikes: Floats, cubics: Floats, out: Floats
) -> None:
    """Total stdev at each strike: at-the-money stdev × smile, flat outside the table."""
    scale = 1.0 / atm_stdev
    for i in range(out.shape[0]):
        z = (log_strikes[i] - log_forward) * scale
        place = (min(max(z, LOWEST_Z), HIGHEST_Z) - LOWEST_Z) * _STEPS_PER_Z
        step = min(int(place), _LAST_STEP)
        f = place - step
        smile = cubics[step, 0] + f * (
            cubics[step, 1] + f * (cubics[step, 2] + f * cubics[step, 3])
        )
        out[i] = atm_stdev * smile


@vector_kernel
def surface_chains(
    forward: Floats,
    discount: Floats,
    atm_stdev: Floats,
    strikes: Floats,
    log_strikes: Floats,
    cubics: Floats,
    puts: Floats,
    calls: Floats,
) -> int:
    """Price both sides of one expiration at many instants, without arbitrage between strikes.

    Args:
        forward, discount, atm_stdev: Of each instant, shape (n_instants,). NaN gives NaN; an
            at-the-money stdev of 0 the intrinsic value.
        strikes, log_strikes: Listed strikes, ascending, and their logarithms: (n_strikes,).
        cubics: `surface_tables.smile_cubics`.
        puts, calls: Out, (n_strikes, n_instants).

    Returns:
        How many instants needed their prices repaired.
    """
    count = strikes.shape[0]
    stdev = np.empty(count)
    otm = np.empty(count)
    gaps = np.diff(strikes)
    scratch = np.empty((4, count))
    repaired = 0
    for t in range(forward.shape[0]):
        f = forward[t]
        if not (atm_stdev[t] >= 0.0 and f > 0.0 and discount[t] > 0.0):
            puts[:, t] = np.nan
            calls[:, t] = np.nan
            continue
        if atm_stdev[t] > 0.0:
            smile_stdev(math.log(f), atm_stdev[t], log_strikes, cubics, stdev)
            otm_chain(f, discount[t], strikes, log_strikes, stdev, otm)
            repaired += repair_arbitrage(
                np.searchsorted(strikes, f), discount[t], gaps, otm, scratch
            )
        else:
            otm[:] = 0.0
        for i in range(count):
            parity = discount[t] * (strikes[i] - f)
            puts[i, t] = otm[i] + max(parity, 0.0)
            calls[i, t] = otm[i] + max(-parity, 0.0)
    return repaired


@vector_kernel
def repair_arbitrage(
    split: int, discount: float, gaps: Floats, otm: Floats, scratch: Floats
) -> int:
    """Make a chain's out-of-the-money prices convex, and verticals worth 0 to their width.

    Puts (before `split`) become the greatest convex curve below themselves by pooling adjacent
    slopes that are out of order, slopes are cut to 0..discount, and prices rebuilt outward from
    the money, where the model is best; calls likewise with −discount..0.

    Args:
        gaps: Between strikes, (n_strikes − 1,).
        otm: In and out, (n_strikes,).
        scratch: (4, n_strikes), overwritten.

    Returns:
        1 if anything was out of order, else 0.
    """
    count = otm.shape[0]
    slopes = scratch[0]
    for i in range(count - 1):
        slopes[i] = (otm[i + 1] - otm[i]) / gaps[i]
    broken = _out_of_order(slopes, 0, split - 1, 0.0, discount)
    broken += _out_of_order(slopes, split, count - 1, -discount, 0.0)
    if broken == 0:
        return 0
    _pool(slopes, gaps, 0, split - 1, scratch)
    for i in range(split - 2, -1, -1):
        slope = min(max(slopes[i], 0.0), discount)
        otm[i] = max(otm[i + 1] - slope * gaps[i], 0.0)
    _pool(slopes, gaps, split, count - 1, scratch)
    for i in range(split, count - 1):
        slope = min(max(slopes[i], -discount), 0.0)
        otm[i + 1] = max(otm[i] + slope * gaps[i], 0.0)
    return 1


@vector_kernel
def _out_of_order(slopes: Floats, first: int, last: int, lowest: float, highest: float) -> int:
    """How often slopes[first:last] leave lowest..highest or fall."""
    if last <= first:
        return 0
    broken = 0
    for i in range(first + 1, last):
        broken += int(slopes[i] < slopes[i - 1] - _SLOPE_NOISE)
    broken += int(slopes[first] < lowest - _SLOPE_NOISE)
    broken += int(slopes[last - 1] > highest + _SLOPE_NOISE)
    return broken


@vector_kernel
def _pool(slopes: Floats, gaps: Floats, first: int, last: int, scratch: Floats) -> None:
    """Isotonic regression of slopes[first:last], weighted by the gaps, in place."""
    level, weight, length = scratch[1], scratch[2], scratch[3]
    blocks = 0
    for i in range(first, last):
        level[blocks], weight[blocks], length[blocks] = slopes[i], gaps[i], 1.0
        blocks += 1
        while blocks > 1 and level[blocks - 1] < level[blocks - 2]:
            a, b = blocks - 2, blocks - 1
            both = weight[a] + weight[b]
            level[a] = (level[a] * weight[a] + level[b] * weight[b]) / both
            weight[a] = both
            length[a] += length[b]
            blocks -= 1
    place = first
    for block in range(blocks):
        for _ in range(int(length[block])):
            slopes[place] = level[block]
            place += 1
