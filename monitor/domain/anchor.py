"""The surface a chain was quoted with, kept to price with when its quotes are gone or too old.

Each out-of-the-money mid gives the total stdev of its strike; as a curve over
z = ln(K/F) / at-the-money stdev it is carried to the price of the underlying and the trading time
of a later instant, as docs/pricing.md does with the measured smile. Prices made so are called
*anchored*, never quotes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
from numpy.typing import ArrayLike

from monitor.domain.option_chain import OptionChain, OptionSide
from monitor.domain.pricing.black_plain import greeks_plain, implied_stdev_plain, price_plain
from monitor.domain.pricing.quote_rules import two_sided
from monitor.domain.pricing.surface_plain import TradingTime
from monitor.domain.quotes import Floats
from monitor.domain.vocabulary import Settlement

LEAST_STRIKES = 5
MAX_BASIS = 0.02  # a parity forward this far from the price is no forward


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainAnchor:
    """One chain's smile. `forward` and `spot` in points, `atm` total stdev at `asof`.

    `z` ascending and `smile` (total stdev ÷ `atm`) are of one shape, (n,). `left` is the variance
    time from `asof` to the expiration's close.
    """

    asof: datetime
    source: str
    simulated: bool
    expiration: date
    forward: float
    spot: float
    atm: float
    left: float
    z: Floats
    smile: Floats

    def atm_at(self, left: float) -> float:
        """Total at-the-money stdev when `left` variance time remains."""
        return self.atm * math.sqrt(left / self.left) if self.left > 0 else 0.0

    def stdevs(self, strikes: ArrayLike, *, spot: float, left: float) -> tuple[float, Floats]:
        """Forward and total stdev at each strike, with the underlying at `spot`."""
        forward = spot * self.forward / self.spot
        atm = self.atm_at(left)
        z = np.log(np.asarray(strikes, np.float64) / forward) / atm
        return forward, atm * np.interp(z, self.z, self.smile)

    def prices(self, strikes: ArrayLike, is_call: ArrayLike, *, spot: float, left: float) -> Floats:
        """Prices in points per share; NaN where no time is left."""
        if not left > 0:
            return np.full(len(np.asarray(strikes)), np.nan)
        forward, stdev = self.stdevs(strikes, spot=spot, left=left)
        return price_plain(forward=forward, strike=strikes, total_stdev=stdev, is_call=is_call)

    def greeks(self, strikes: ArrayLike, is_call: ArrayLike) -> tuple[Floats, Floats]:
        """Delta and gamma at the moment of the chain, per point."""
        forward, stdev = self.stdevs(strikes, spot=self.spot, left=self.left)
        return greeks_plain(forward=forward, strike=strikes, total_stdev=stdev, is_call=is_call)

    def expected_move(self, *, spot: float, left: float) -> float:
        """One standard deviation to expiration, points."""
        return spot * self.atm_at(left)


def fit_anchor(chain: OptionChain, time: TradingTime) -> ChainAnchor | None:
    """The chain's smile; None where too few of its quotes are two-sided, or no time is left."""
    left = time.left(chain.asof, chain.expiration, am=chain.settlement is Settlement.AM)
    puts, calls = _mids(chain.put), _mids(chain.call)
    forward = _forward(chain, puts, calls)
    if forward is None or not left > 0:
        return None
    is_call = chain.strikes >= forward
    stdev = implied_stdev_plain(
        price=np.where(is_call, calls, puts), forward=forward, strike=chain.strikes,
        is_call=is_call,
    )  # fmt: skip
    known = np.isfinite(stdev)
    if known.sum() < LEAST_STRIKES:
        return None
    log_moneyness, stdev = np.log(chain.strikes[known] / forward), stdev[known]
    atm = float(np.interp(0.0, log_moneyness, stdev))
    return ChainAnchor(
        asof=chain.asof,
        source=chain.source,
        simulated=chain.simulated,
        expiration=chain.expiration,
        forward=forward,
        spot=chain.spot if chain.spot is not None else forward,
        atm=atm,
        left=left,
        z=log_moneyness / atm,
        smile=stdev / atm,
    )


def _mids(side: OptionSide) -> Floats:
    usable = two_sided(side.bid, side.ask)
    return np.where(usable, (side.bid + side.ask) / 2, np.nan)


def _forward(chain: OptionChain, puts: Floats, calls: Floats) -> float | None:
    """From put-call parity where both sides cost most alike; else the source's own price."""
    apart = np.abs(calls - puts)
    if np.isfinite(apart).any():
        i = int(np.nanargmin(apart))
        forward = float(chain.strikes[i] + calls[i] - puts[i])
        if chain.spot is None or abs(forward / chain.spot - 1) <= MAX_BASIS:
            return forward
    return chain.spot
