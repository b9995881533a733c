"""Print the coefficients of `monitor/backtest/{fast_math,mills,implied_vol_kernels}.py`.

    python benchmarks/fit_pricing_constants.py

Each is the polynomial through Chebyshev points of 50-digit values (mpmath), in the variable
that its module names; the implied-vol guess is a least-squares fit, since it only starts a
search.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath
import numpy as np
from mpmath import mp, mpf

POLE = mpf("3.5")
ERFCX_LOWEST = mpf("-1.2")
HALF_LN2 = mpmath.log(2) / 2 * mpf("1.0001")

mp.dps = 50


def erfcx(y: mpf) -> mpf:
    if y > 100:  # asymptotic series: e^{y²} would need thousands of digits
        return 1 / (y * mp.sqrt(mp.pi)) * (1 - 1 / (2 * y**2) + 3 / (4 * y**4) - 15 / (8 * y**6))
    return mp.exp(y * y) * mp.erfc(y)


def mills_slope(h: mpf) -> mpf:
    """1 − h·Φ(−h)/φ(h) for h ≥ 0."""
    if h > 200:
        return 1 / h**2 - 3 / h**4 + 15 / h**6 - 105 / h**8
    return 1 - h * mp.sqrt(mp.pi / 2) * erfcx(h / mp.sqrt(2))


def interpolate(f: Callable[[mpf], mpf], degree: int) -> list[float]:
    """Coefficients in u of the polynomial through f at the Chebyshev points of −1..1."""
    count = degree + 1
    points = [mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    matrix = mp.matrix(count, count)
    values = mp.matrix(count, 1)
    for i, u in enumerate(points):
        values[i] = f(u)
        for k in range(count):
            matrix[i, k] = u**k
    return [float(c) for c in mp.lu_solve(matrix, values)]


def of_reciprocal(f: Callable[[mpf], mpf], lowest: mpf, power: int) -> Callable[[mpf], mpf]:
    """f(y)/w^power as a function of u, where w = 1/(y + POLE) = (u + 1)/2 · w(lowest)."""
    widest = 1 / (lowest + POLE)

    def by_u(u: mpf) -> mpf:
        w = (u + 1) / 2 * widest
        return f(1 / w - POLE) / w**power

    return by_u


def exponential(degree: int) -> list[float]:
    in_u = interpolate(lambda u: mp.exp(u * HALF_LN2), degree)
    return [float(mpf(c) / HALF_LN2**k) for k, c in enumerate(in_u)]


def bachelier_guess(degree: int) -> list[float]:
    """|h| over √ln(1 + r²/2π) by 4/(v + 2) − 1, r = h / (φ(h) · mills_slope(h))."""
    h = [mpf(x) for x in ("0.001", "0.01", "0.03")] + [mpf(k) / 16 for k in range(1, 640)]
    r = [x / (mp.npdf(x) * mills_slope(x)) for x in h]
    v = [mp.sqrt(mp.log1p(x * x / (2 * mp.pi))) for x in r]
    u = np.array([float(4 / (x + 2) - 1) for x in v])
    ratio = np.array([float(a / b) for a, b in zip(h, v, strict=True)])
    fitted = np.polynomial.chebyshev.chebfit(u, ratio, degree)
    return [float(c) for c in np.polynomial.chebyshev.cheb2poly(fitted)]


def main() -> None:
    tables = {
        "_EXP_FAST": exponential(8),
        "_EXP_FINE": exponential(12),
        "_ERFCX (low, high)": interpolate(of_reciprocal(erfcx, ERFCX_LOWEST, 1), 28),
        "_SLOPE_FAST": interpolate(of_reciprocal(mills_slope, mpf(0), 2), 17),
        "_SLOPE_FINE (low, high)": interpolate(of_reciprocal(mills_slope, mpf(0), 2), 23),
        "_GUESS": bachelier_guess(8),
    }
    for name, coefficients in tables.items():
        print(name)
        for c in coefficients:
            print(f"    {c!r},")


if __name__ == "__main__":
    main()
