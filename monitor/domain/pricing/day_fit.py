"""A chain's own surface: at-the-money stdev and smile fitted to its quotes.

The measured constants of the surface (c and the smile) are replaced by that chain's own. Each
out-of-the-money mid gives the total stdev of its strike; its ratio to the measured smile, smoothed
along z = ln(K/F) / at-the-money stdev, corrects the smile. Where nothing is quoted the measured
shape stays, at the level of the nearest quotes. A smooth ratio stands a bad quote and a sparse
chain, where a curve through every quote would not.

Pure numpy, no compiled kernel: the live monitor uses it as the backtest does. Prices made from a
fit are *anchored*: no quotes, and never averaged with quotes or model prices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from monitor.domain.pricing.black_plain import implied_stdev_plain, price_plain, vega_plain
from monitor.domain.pricing.quote_rules import two_sided
from monitor.domain.pricing.surface_tables import Z_KNOTS, SurfaceTable, smile_at

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

LEAST_QUOTES = 6
LEAST_NEAR = 2  # of them within one deviation of the money, where the level is
NEAR_MONEY = 1.0
WIDEST = 0.5  # relative: a quote whose bid and ask leave its stdev this open tells nothing
LARGEST_SCATTER = 0.15  # relative, the median over the quotes: more is contradiction
_OWN_ERROR = 0.03  # relative error of a stdev from a perfectly tight quote: ticks, stale marks
_ROUNDS = 3
_OUTLIER = 4.0  # robust deviations from the smooth ratio, and never less than
_LEAST_OUTLIER = 0.10
_KNOTS = np.array(Z_KNOTS)
_FULL = 1 / _OWN_ERROR**2  # weight of one perfectly tight quote
_STIFFNESS = 0.1  # perfectly tight quotes that a step of the ratio over one z is weighed against


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainFit:
    """One expiration's surface at one instant.

    Args:
        forward: Points. atm_stdev: total, to the expiration.
        smile: Total stdev ÷ `atm_stdev` at `Z_KNOTS`.
        quotes: How many quotes made it. scatter: their median relative distance from it.
    """

    forward: float
    atm_stdev: float
    smile: tuple[float, ...]
    quotes: int
    scatter: float

    def moved(self, *, forward: float, stdev_ratio: float) -> ChainFit:
        """The same smile in z with the underlying and the level elsewhere.

        Args:
            stdev_ratio: √(variance time left now ÷ then), times how far vol itself moved.
        """
        return replace(self, forward=forward, atm_stdev=self.atm_stdev * stdev_ratio)

    def stdevs(self, strikes: Floats) -> Floats:
        """Total stdev of each strike."""
        z = np.log(np.asarray(strikes, np.float64) / self.forward) / self.atm_stdev
        return self.atm_stdev * smile_at(self.smile, z)

    def prices(self, strikes: Floats) -> tuple[Floats, Floats]:
        """Puts and calls, points per share, undiscounted; clip a vertical to 0..width."""
        stdev = self.stdevs(strikes)
        puts, calls = (
            price_plain(forward=self.forward, strike=strikes, total_stdev=stdev, is_call=call)
            for call in (False, True)
        )
        return puts, calls


@dataclass(frozen=True, slots=True)
class NoFit:
    """Why a chain gives no surface."""

    why: str


@dataclass(frozen=True, slots=True)
class _Quotes:
    """Usable out-of-the-money quotes: log-moneyness, total stdev, weight."""

    x: Floats
    stdev: Floats
    weight: Floats

    def only(self, rows: Bools) -> _Quotes:
        return _Quotes(self.x[rows], self.stdev[rows], self.weight[rows])


def fit_chain(
    *,
    strikes: Floats,
    put_bid: Floats,
    put_ask: Floats,
    call_bid: Floats,
    call_ask: Floats,
    forward: float,
    table: SurfaceTable,
) -> ChainFit | NoFit:
    """Fit one chain (one expiration at one instant).

    Crossed, one-sided and very wide quotes are left out, and those far from the others.

    Args:
        strikes: Points, ascending; bids and asks in points, NaN where there is none. Interest
            within two weeks is far below their spread: prices are taken as undiscounted.
        table: Whose smile the quotes correct.
    """
    if not (math.isfinite(forward) and forward > 0):
        return NoFit("the forward is not known")
    quotes = _usable(strikes, put_bid, put_ask, call_bid, call_ask, forward)
    if len(quotes.x) < LEAST_QUOTES:
        return NoFit(f"{len(quotes.x)} usable quotes out of the money, {LEAST_QUOTES} are needed")
    atm = _level(quotes, table)
    if atm is None:
        return NoFit(f"fewer than {LEAST_NEAR} usable quotes within a deviation of the money")
    for _ in range(_ROUNDS):
        atm, correction, error = _round(quotes, atm, table)
        spread = 1.4826 * float(np.median(np.abs(error)))
        good = np.abs(error) <= max(_OUTLIER * spread, _LEAST_OUTLIER)
        if np.count_nonzero(good) < LEAST_QUOTES:
            return NoFit(f"fewer than {LEAST_QUOTES} quotes that agree with each other")
        quotes, error = quotes.only(good), error[good]
    scatter = float(np.median(np.abs(error)))
    if scatter > LARGEST_SCATTER:
        return NoFit(f"quotes contradict each other: their vols scatter by {scatter:.0%}")
    smile = np.array(table.smile) * np.exp(correction)
    return ChainFit(
        forward=forward,
        atm_stdev=atm,
        smile=tuple(float(v) for v in smile),
        quotes=len(quotes.x),
        scatter=scatter,
    )


def _usable(
    strikes: Floats,
    put_bid: Floats,
    put_ask: Floats,
    call_bid: Floats,
    call_ask: Floats,
    forward: float,
) -> _Quotes:
    call = strikes >= forward
    bid, ask = np.where(call, call_bid, put_bid), np.where(call, call_ask, put_ask)
    quoted = two_sided(bid, ask)
    k, call, bid, ask = strikes[quoted], call[quoted], bid[quoted], ask[quoted]
    stdev = implied_stdev_plain(price=(bid + ask) / 2, forward=forward, strike=k, is_call=call)
    with np.errstate(invalid="ignore", divide="ignore"):
        vega = vega_plain(forward=forward, strike=k, total_stdev=stdev)
        open_by = (ask - bid) / 2 / (vega * stdev)
        use = np.isfinite(stdev) & (open_by <= WIDEST)
    return _Quotes(
        x=np.log(k[use] / forward),
        stdev=stdev[use],
        weight=1 / (_OWN_ERROR**2 + open_by[use] ** 2),
    )


def _level(quotes: _Quotes, table: SurfaceTable) -> float | None:
    """At-the-money stdev by the measured smile: the median over the quotes near the money."""
    nearest = np.argsort(np.abs(quotes.x))[:LEAST_QUOTES]
    atm = float(np.median(quotes.stdev[nearest]))
    for _ in range(_ROUNDS):
        z = quotes.x / atm
        near = np.abs(z) <= NEAR_MONEY
        if np.count_nonzero(near) < LEAST_NEAR:
            return None
        atm = float(np.median(quotes.stdev[near] / smile_at(table.smile, z[near])))
    return atm


def _round(quotes: _Quotes, atm: float, table: SurfaceTable) -> tuple[float, Floats, Floats]:
    """Level, logarithm of the smile's correction at the knots, and each quote's distance from it.

    The correction is straight between knots; least squares with a penalty on its steps, so
    that it is flat where nothing is quoted. What it is at z = 0 belongs to the level.
    """
    z = quotes.x / atm
    ratio = np.log(quotes.stdev / (atm * smile_at(table.smile, z)))
    basis = _straight(z)
    steps = np.diff(np.eye(len(_KNOTS)), axis=0) / np.sqrt(np.diff(_KNOTS))[:, None]
    weighted = basis * quotes.weight[:, None]
    stiffness = _STIFFNESS * _FULL * steps.T @ steps
    found = np.linalg.solve(basis.T @ weighted + stiffness, weighted.T @ ratio)
    correction = np.asarray(found, np.float64)
    shift = float(np.interp(0.0, _KNOTS, correction))
    error: Floats = ratio - basis @ correction
    return atm * math.exp(shift), correction - shift, error


def _straight(z: Floats) -> Floats:
    """How much each knot counts at each z on straight lines, flat outside. Shape: (n, knots)."""
    inside = np.clip(z, _KNOTS[0], _KNOTS[-1])
    left = np.clip(np.searchsorted(_KNOTS, inside, side="right") - 1, 0, len(_KNOTS) - 2)
    share = (inside - _KNOTS[left]) / (_KNOTS[left + 1] - _KNOTS[left])
    basis = np.zeros((len(z), len(_KNOTS)))
    rows = np.arange(len(z))
    basis[rows, left], basis[rows, left + 1] = 1 - share, share
    return basis
