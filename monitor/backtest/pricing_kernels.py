"""Black's formula as kernels: one careful, for any input, and one fast, for a chain.

Everything is written for the out-of-the-money side and normalized: with x = ln(F/K), s the
total standard deviation (vol × √years) and t = s/2, h = −|x|/s,

    price / (discount √(FK)) = φ(h) e^{−t²/2} · [Y(h+t) − Y(h−t)],   Y = Φ/φ,

so no two large numbers are ever subtracted; in the money the exact intrinsic value is added.
For small t the bracket is the Taylor series 2t(Y′ + t²Y‴/6 + …), whose terms all follow from
1 + hY: one polynomial instead of two, and no loss of digits minutes before expiry.

Prices are per unit of the underlying (points per share), prices at zero stdev intrinsic.
Source: docs/sources.md#option-prices
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from monitor.backtest.fast_math import exp_fast, exp_fine, inlined, log_fine, vector_kernel
from monitor.backtest.mills import (
    ERFCX_LOWEST,
    POLE,
    mills_slope_fast,
    mills_slope_fine,
    scaled_erfc,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Where the series holds: |ln(F/K)| and total stdev. 10 sessions at 125 % vol are 0.25.
SERIES_MAX_X = 0.5
SERIES_MAX_STDEV = 0.25
_INV_SQRT_2PI = 0.3989422804014327
_SQRT_HALF = 0.7071067811865476
_SQRT_HALF_PI = 1.2533141373155003
_SMALLEST_EXPONENT = -700.0


@inlined
def normalized_black(x: float, stdev: float) -> float:
    """Out-of-the-money price over √(FK), undiscounted, for x = |ln(F/K)|; about 1e-12 relative.

    Below e^−700 it is 0; NaN in, NaN out.
    """
    if stdev <= 0.0:
        return 0.0
    h = x / stdev
    t = 0.5 * stdev
    exponent = -0.5 * (h * h + t * t)
    if exponent < _SMALLEST_EXPONENT:
        return 0.0
    if stdev <= SERIES_MAX_STDEV and x <= SERIES_MAX_X:
        return _INV_SQRT_2PI * exp_fine(exponent) * stdev * _series_fine(x, stdev)
    low = (h - t) * _SQRT_HALF
    if low < ERFCX_LOWEST:
        return 0.5 * (
            math.exp(-0.5 * x) * math.erfc(low)
            - math.exp(0.5 * x) * math.erfc((h + t) * _SQRT_HALF)
        )
    difference = scaled_erfc(1.0 / (low + POLE)) - scaled_erfc(1.0 / ((h + t) * _SQRT_HALF + POLE))
    return 0.5 * exp_fine(exponent) * difference


@inlined
def _series_fine(x: float, stdev: float) -> float:
    """[Y(h+t) − Y(h−t)] / 2t to the term in t⁸; p = (ht)² = x²/4, v = t²."""
    slope = mills_slope_fine(stdev / (x + POLE * stdev))
    p = 0.25 * x * x
    v = 0.25 * stdev * stdev
    with_slope = (
        (1.0 + p * (1 / 6 + p * (1 / 120 + p * (1 / 5040 + p * (1 / 362880)))))
        + v * ((1 / 2 + p * (1 / 12 + p * (1 / 240 + p * (1 / 10080))))
        + v * ((1 / 8 + p * (1 / 48 + p * (1 / 960)))
        + v * ((1 / 48 + p * (1 / 288)) + v * (1 / 384))))
    )  # fmt: skip
    without = (
        (1 / 6 + p * (1 / 120 + p * (1 / 5040 + p * (1 / 362880))))
        + v * ((7 / 120 + p * (1 / 280 + p * (11 / 120960)))
        + v * ((19 / 1680 + p * (19 / 24192)) + v * (187 / 120960)))
    )  # fmt: skip
    return slope * with_slope - v * without


@inlined
def black_price(
    forward: float, strike: float, stdev: float, discount: float, is_call: bool
) -> float:
    """Black-76 price of one option, 1e-11 relative for any vol, strike and life."""
    x = abs(math.log(forward / strike))
    intrinsic = max(forward - strike, 0.0) if is_call else max(strike - forward, 0.0)
    return discount * (intrinsic + math.sqrt(forward * strike) * normalized_black(x, stdev))


@vector_kernel
def price_rows(
    forward: Floats, strike: Floats, stdev: Floats, discount: Floats, is_call: Bools, out: Floats
) -> None:
    """`black_price` over arrays of one shape (n,), into `out`."""
    outside = 0
    for i in range(out.shape[0]):
        s = stdev[i]
        moneyness = forward[i] - strike[i]
        x = abs(log_fine(forward[i] / strike[i]))
        exponent = -0.5 * (x * x / (s * s) + 0.25 * s * s)
        inside = (
            (s > 0.0)
            & (s <= SERIES_MAX_STDEV)
            & (x <= SERIES_MAX_X)
            & (exponent >= _SMALLEST_EXPONENT)
        )
        outside += 1 - inside
        otm = math.sqrt(forward[i] * strike[i]) * _INV_SQRT_2PI * exp_fine(exponent) * s
        sign = 1.0 if is_call[i] else -1.0
        price = discount[i] * (max(sign * moneyness, 0.0) + otm * _series_fine(x, s))
        out[i] = price if inside else np.nan
    if outside > 0:
        for i in range(out.shape[0]):
            if out[i] != out[i]:
                out[i] = black_price(forward[i], strike[i], stdev[i], discount[i], is_call[i])


@inlined
def otm_series_fast(x: float, stdev: float) -> float:
    """Out-of-the-money price over forward × discount, x = ln(K/F); 2e-10 relative.

    Only inside the limits above; elsewhere without meaning. No branch, so loops over it run
    several options at a time.
    """
    distance = abs(x)
    below = distance + POLE * stdev
    inverse = 1.0 / (stdev * below)
    h = distance * below * inverse
    slope = mills_slope_fast(stdev * stdev * inverse)
    p = 0.25 * x * x
    v = 0.25 * stdev * stdev
    with_slope = (
        (1.0 + p * (1 / 6 + p * (1 / 120 + p * (1 / 5040))))
        + v * ((1 / 2 + p * (1 / 12 + p * (1 / 240)))
        + v * ((1 / 8 + p * (1 / 48)) + v * (1 / 48)))
    )  # fmt: skip
    without = (
        (1 / 6 + p * (1 / 120 + p * (1 / 5040)))
        + v * ((7 / 120 + p * (1 / 280)) + v * (19 / 1680))
    )  # fmt: skip
    scale = _INV_SQRT_2PI * stdev * exp_fast(0.5 * x - 0.5 * (h * h + v))
    return scale * (slope * with_slope - v * without)


@vector_kernel
def otm_chain(
    forward: float,
    discount: float,
    strikes: Floats,
    log_strikes: Floats,
    stdev: Floats,
    out: Floats,
) -> None:
    """Out-of-the-money prices of one chain: puts below the forward, calls above.

    Shapes: all (n_strikes,). `log_strikes` are ln(strikes), taken once for a grid of strikes.
    Error 2e-10 relative (1e-13 of the forward at most), against 1e-11 of `black_price`, which
    also takes the strikes outside the series' limits.
    """
    log_forward = math.log(forward)
    scale = forward * discount
    outside = 0
    for i in range(out.shape[0]):
        x = log_strikes[i] - log_forward
        s = stdev[i]
        inside = (s > 0.0) & (s <= SERIES_MAX_STDEV) & (abs(x) <= SERIES_MAX_X)
        outside += 1 - inside
        out[i] = scale * otm_series_fast(x, s)
    if outside > 0:
        _repair_outside(forward, discount, strikes, stdev, out)


@vector_kernel
def _repair_outside(
    forward: float, discount: float, strikes: Floats, stdev: Floats, out: Floats
) -> None:
    for i in range(out.shape[0]):
        s = stdev[i]
        x = abs(math.log(strikes[i] / forward))
        if not (s > 0.0 and s <= SERIES_MAX_STDEV and x < 0.999 * SERIES_MAX_X):
            out[i] = discount * math.sqrt(forward * strikes[i]) * normalized_black(x, s)


@vector_kernel
def price_chain(
    forward: float,
    discount: float,
    strikes: Floats,
    log_strikes: Floats,
    stdev: Floats,
    puts: Floats,
    calls: Floats,
) -> None:
    """Both sides of one chain, by `otm_chain` and parity. Shapes: all (n_strikes,)."""
    otm_chain(forward, discount, strikes, log_strikes, stdev, puts)
    for i in range(puts.shape[0]):
        parity = discount * (strikes[i] - forward)
        calls[i] = puts[i] + max(-parity, 0.0)
        puts[i] = puts[i] + max(parity, 0.0)
