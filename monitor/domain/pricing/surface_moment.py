"""The volatility surface at one instant, in plain numbers: what the kernels must equal.

The same term structure and smile as `monitor/backtest/surface.py`, for the few strikes of a live
trade; without the repair of convexity between strikes, which moves prices by less than 0.1 % from 5
deviations below the money to 2.5 above. Vols are annual fractions (VIX 18 is 0.18), None unknown.
Source: docs/sources.md#backtest-constants
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from monitor.domain.pricing.surface_tables import (
    HIGHEST_Z,
    LOWEST_Z,
    STEP,
    SurfaceTable,
    atm_factor,
    smile_cubics,
)
from monitor.domain.pricing.variance_clock import VarianceClock

SESSIONS_PER_YEAR = 252.0
DAYS_PER_YEAR = 365.0
NODES = (("VIX1D", 0), ("VIX9D", 9), ("VIX", 30), ("VIX3M", 93))  # calendar days; 0: a session


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An instant in trading time.

    `origin`: ordinal of the last close that the indices' term structure counts from (during a
    session, the one before). `time`: variance time now, of `clock`.
    """

    clock: VarianceClock
    origin: int
    time: float


def atm_stdev(
    table: SurfaceTable,
    *,
    vols: Mapping[str, float | None],
    own: float,
    moment: Moment,
    expiration: int,
    dte: int,
) -> float | None:
    """At-the-money total stdev from now to the close of `expiration` (ordinal).

    Args:
        vols: VIX1D, VIX9D, VIX and VIX3M. own: the underlying's own index (VXN for NDX).

    Returns:
        None without VIX.
    """
    vix = vols.get("VIX")
    if not vix:
        return None
    line = _term_structure(vols, moment)
    start = float(moment.clock.at_close(moment.origin))
    total = float(moment.clock.at_close(expiration)) - start
    variance = _on_line(line, total) - _on_line(line, moment.time - start)
    factor = float(atm_factor(table, dte=dte, has_vix1d=vols.get("VIX1D") is not None))
    return factor * math.sqrt(max(variance, 0.0)) * own / vix


def smile(table: SurfaceTable, z: float) -> float:
    """Total stdev over the at-the-money one at z = ln(K/F) / at-the-money stdev."""
    place = (min(max(z, LOWEST_Z), HIGHEST_Z) - LOWEST_Z) / STEP
    cubics = smile_cubics(table.smile)
    step = min(int(place), len(cubics) - 1)
    f = place - step
    a, b, c, d = cubics[step].tolist()
    return float(a + f * (b + f * (c + f * d)))


def stdev_at(table: SurfaceTable, *, strike: float, forward: float, atm: float) -> float:
    """Total stdev of a strike."""
    return atm * smile(table, math.log(strike / forward) / atm)


def _term_structure(
    vols: Mapping[str, float | None], moment: Moment
) -> tuple[list[float], list[float]]:
    """Variance time and total variance of the known nodes from the origin on, not falling.

    Without the 9-day index the line is straight through the 30-day one.
    """
    start = float(moment.clock.at_close(moment.origin))
    times, variances = [0.0], [0.0]
    flat = vols.get("VIX9D") is None
    for name, days in NODES:
        vol = vols.get(name)
        if vol is None or (flat and name != "VIX"):
            continue
        years = days / DAYS_PER_YEAR if days else 1 / SESSIONS_PER_YEAR
        after = float(moment.clock.at_close(moment.origin + days)) - start if days else 1.0
        times.append(after)
        variances.append(max(vol * vol * years, variances[-1]))
    return times, variances


def _on_line(line: tuple[list[float], list[float]], at: float) -> float:
    """Straight between the nodes; the last slope goes on beyond them."""
    times, variances = line
    if at <= times[-1]:
        return float(np.interp(at, times, variances))
    slope = (variances[-1] - variances[-2]) / (times[-1] - times[-2])
    return variances[-1] + slope * (at - times[-1])
