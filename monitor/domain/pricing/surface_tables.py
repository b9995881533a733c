"""The surface's measured constants and its smile curve, by underlying.

At-the-money constants c turn index vol into at-the-money vol, because VIX-type indices include
the skew; the smile is total stdev over at-the-money stdev by z = ln(K/F) / at-the-money stdev.

Source: docs/sources.md#backtest-constants (63 chains 2019-2026, VIX between 12 and 28).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

from monitor.domain.instruments import underlying
from monitor.errors import DomainError

Floats = NDArray[np.float64]

Z_KNOTS = (-7.0, -6.0, -5.0, -4.0, -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0,
           0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0)  # fmt: skip
_SPX_SMILE = (2.745, 2.444, 2.158, 1.870, 1.588, 1.469, 1.366, 1.269, 1.161, 1.069, 1.0,
              0.933, 0.882, 0.861, 0.899, 0.993, 1.122, 1.423)  # fmt: skip
_NDX_SMILE = (2.562, 2.348, 2.071, 1.817, 1.539, 1.402, 1.292, 1.212, 1.133, 1.055, 1.0,
              0.951, 0.918, 0.907, 0.941, 1.047, 1.167, 1.448)  # fmt: skip
# The knots lie on a grid of ½, so the curve is cubics on equal steps: no search in a kernel.
STEP = 0.5
LOWEST_Z = Z_KNOTS[0]
HIGHEST_Z = Z_KNOTS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class SurfaceTable:
    """Constants of one family of underlyings.

    `atm_1`, `atm_2_3`, `atm_4`: c for 1, 2 to 3, and 4 or more sessions; `atm_1_without_vix1d`
    where the first node is missing.
    """

    name: str
    atm_1: float
    atm_2_3: float
    atm_4: float
    atm_1_without_vix1d: float
    smile: tuple[float, ...]


SPX_TABLE = SurfaceTable(
    name="SPX/SPY",
    atm_1=0.85,
    atm_2_3=0.81,
    atm_4=0.82,
    atm_1_without_vix1d=0.76,
    smile=_SPX_SMILE,
)
NDX_TABLE = SurfaceTable(
    name="NDX/QQQ",
    atm_1=0.88,
    atm_2_3=0.85,
    atm_4=0.84,
    atm_1_without_vix1d=0.80,
    smile=_NDX_SMILE,
)
_TABLES = {"SPX": SPX_TABLE, "SPY": SPX_TABLE, "NDX": NDX_TABLE, "QQQ": NDX_TABLE}


def surface_table(symbol: str) -> SurfaceTable:
    """The constants for an underlying.

    Raises:
        DomainError: None were measured for it; its options need recorded quotes.
    """
    found = _TABLES.get(underlying(symbol).symbol)
    if found is None:
        raise DomainError(
            f"no volatility surface was measured for {symbol}, only for {', '.join(_TABLES)}",
            hint="use recorded chains as the source",
        )
    return found


def atm_factor(table: SurfaceTable, *, dte: ArrayLike, has_vix1d: ArrayLike) -> Floats:
    """c by sessions to expiration. 0 DTE takes the 1-DTE value, which failed its test."""
    sessions = np.asarray(dte)
    first = np.where(has_vix1d, table.atm_1, table.atm_1_without_vix1d)
    later = np.where(sessions <= 3, table.atm_2_3, table.atm_4)
    return np.where(sessions <= 1, first, later)


@lru_cache(maxsize=16)
def smile_cubics(smile: tuple[float, ...]) -> Floats:
    """PCHIP through the table as cubics on equal steps of ½ from z = −7.

    Shape: (22, 4): coefficients of 1, f, f², f³, f = 0..1 within the step. Read-only.
    """
    curve = PchipInterpolator(Z_KNOTS, smile)
    left = np.arange(LOWEST_Z, HIGHEST_Z, STEP)
    derivatives = [curve.derivative(k)(left) if k else curve(left) for k in range(4)]
    factorials = (1.0, 1.0, 2.0, 6.0)
    cubics = np.stack(
        [d * STEP**k / factorials[k] for k, d in enumerate(derivatives)], axis=1
    )  # fmt: skip
    cubics.setflags(write=False)
    return cubics


def smile_at(smile: tuple[float, ...], z: ArrayLike) -> Floats:
    """The curve at any z, flat outside the table."""
    cubics = smile_cubics(smile)
    place = (np.clip(z, LOWEST_Z, HIGHEST_Z) - LOWEST_Z) / STEP
    step = np.minimum(place.astype(np.int64), len(cubics) - 1)
    f, c = place - step, cubics[step]
    value: Floats = c[..., 0] + f * (c[..., 1] + f * (c[..., 2] + f * c[..., 3]))
    return value
