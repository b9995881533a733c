"""The volatility surface from index vols: forward, discount and at-the-money stdev of a chain.

Level: total variance through the nodes of VIX1D, VIX9D, VIX and VIX3M in trading time, linear
from the origin; at-the-money stdev is the constant c times its root; the smile follows from a
table. Prices made this way are *model* prices, ±27 % of a spread's credit on SPX (docs/
pricing.md): always marked so, never averaged with quotes. They failed their test at 0 sessions to
expiration.

Vols, rates and yields are annual fractions (VIX 18 is 0.18). NaN is "not known" and gives NaN.
Source: docs/sources.md#backtest-constants.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.backtest.surface_kernels import remaining_variance, surface_chains
from monitor.domain.pricing.surface_tables import (
    SurfaceTable,
    atm_factor,
    smile_cubics,
    surface_table,
)
from monitor.domain.pricing.variance_clock import VarianceClock

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

SESSIONS_PER_YEAR = 252.0
DAYS_PER_YEAR = 365.0
NODE_DAYS = (9, 30, 93)  # calendar days of VIX9D, VIX, VIX3M; VIX1D is one session


@dataclass(frozen=True, slots=True, kw_only=True)
class VolLevels:
    """Index vols at each instant, shape (n,), annual fractions, NaN unknown.

    `own` is the underlying's own 30-day index (VXN for NDX and QQQ; VIX itself for SPX and
    SPY): every vol is scaled by own / vix.
    """

    vix1d: Floats
    vix9d: Floats
    vix: Floats
    vix3m: Floats
    own: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Instants:
    """When prices are wanted, shape (n,) each.

    Args:
        origin: Ordinal of the last close that the indices' term structure is counted from: the
            previous session's; the same day's for prices after its close.
        time: Variance time now (`VarianceClock.at`, or `at_close` after the close).
    """

    origin: Ints
    time: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLevels:
    """One expiration at each instant, shape (n,) each; NaN where the indices are unknown.

    `low_fidelity`: VIX9D was missing (before 2011), so the term structure is flat at VIX.
    """

    forward: Floats
    discount: Floats
    atm_stdev: Floats
    low_fidelity: Bools


def chain_levels(
    symbol: str,
    *,
    clock: VarianceClock,
    instants: Instants,
    levels: VolLevels,
    expiration: int,
    dte: ArrayLike,
    spot: Floats,
    years: ArrayLike,
    rate: ArrayLike,
    dividend_yield: ArrayLike,
) -> ChainLevels:
    """Forward, discount and at-the-money stdev of one expiration.

    Args:
        expiration: Ordinal of its session; it ends at that session's close.
        dte: Sessions to expiration, counted at entry or at each instant: picks the constant c.
        years: Calendar years to expiration, for interest alone.

    Raises:
        DomainError: No surface was measured for the underlying.
        CalendarHorizonError: The calendar ends before 93 days after an origin.
    """
    table = surface_table(symbol)
    variance = _own_variance(clock, instants, levels, expiration)
    factor = atm_factor(table, dte=dte, has_vix1d=np.isfinite(levels.vix1d))
    life = np.asarray(years, np.float64)
    return ChainLevels(
        forward=spot * np.exp((np.asarray(rate) - np.asarray(dividend_yield)) * life),
        discount=np.exp(-np.asarray(rate, np.float64) * life) * np.ones_like(spot),
        atm_stdev=factor * np.sqrt(variance),
        low_fidelity=np.isnan(levels.vix9d),
    )


def chain_prices(
    symbol: str, *, chain: ChainLevels, strikes: Floats, log_strikes: Floats | None = None
) -> tuple[Floats, Floats]:
    """Model prices of the listed strikes, points per share, free of arbitrage between strikes.

    Args:
        strikes: Ascending, (n_strikes,).

    Returns:
        Puts and calls, (n_strikes, n) each; NaN where the level is unknown.
    """
    return price_with_table(
        surface_table(symbol), chain=chain, strikes=strikes, log_strikes=log_strikes
    )


def price_with_table(
    table: SurfaceTable,
    *,
    chain: ChainLevels,
    strikes: Floats,
    log_strikes: Floats | None = None,
) -> tuple[Floats, Floats]:
    """`chain_prices` with another smile, such as a day's own fit."""
    shape = (len(strikes), len(chain.forward))
    puts, calls = np.empty(shape), np.empty(shape)
    surface_chains(
        chain.forward,
        chain.discount,
        chain.atm_stdev,
        np.ascontiguousarray(strikes, np.float64),
        np.log(strikes) if log_strikes is None else log_strikes,
        smile_cubics(table.smile),
        puts,
        calls,
    )
    return puts, calls


def _own_variance(
    clock: VarianceClock, instants: Instants, levels: VolLevels, expiration: int
) -> Floats:
    """Total variance from now to the expiration's close, scaled to the underlying's own index."""
    start = clock.at_close(instants.origin)
    node_time = np.stack(
        [np.ones_like(start)]
        + [clock.at_close(instants.origin + days) - start for days in NODE_DAYS],
        axis=1,
    )
    out = np.empty(len(start))
    remaining_variance(
        node_variance(levels),
        node_time,
        instants.time - start,
        clock.at_close(np.full(len(start), expiration)) - start,
        out,
    )
    scale = levels.own / levels.vix
    own: Floats = np.maximum(out, 0.0) * scale * scale
    return own


def node_variance(levels: VolLevels) -> Floats:
    """Total variances at the nodes: vol² × the node's own year fraction. Shape (n, 4)."""
    years = (1 / SESSIONS_PER_YEAR, *(days / DAYS_PER_YEAR for days in NODE_DAYS))
    vols = (levels.vix1d, levels.vix9d, levels.vix, levels.vix3m)
    return np.stack([v * v * y for v, y in zip(vols, years, strict=True)], axis=1)
