"""What a chain's quotes say of the market's own view: forward, stdev by strike, chances.

Forward: put-call parity at the strikes where put and call cost most nearly the same, as the
backtest does it. Stdev: of the out-of-the-money option's mid, so no clock and no volatility of
the source's own making enters. Options of ten sessions are discounted by less than 0.2 %, which
is left out. Only two-sided quotes count; unknown is None.
Source: Hull, *Options, Futures and Other Derivatives*, put-call parity; Black (1976).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from monitor.domain.option_chain import OptionChain, Right
from monitor.domain.pricing.implied_stdev import chance_below, implied_stdev, put_delta
from monitor.domain.pricing.quote_rules import two_sided
from monitor.domain.quotes import Floats

NEAREST = 9  # strikes looked at, those where put and call cost most nearly the same
MIN_STRIKES = 3
MAX_HALF_SPREAD = 0.0025  # of the strike, both legs together: wider is not liquid
MAX_SCATTER = 0.0025  # of the strike: median distance from the median; more is contradiction
NEIGHBORS = 3  # strikes looked at on each side for one that is quoted


@dataclass(slots=True)
class ChainSmile:
    """One chain's forward and its stdevs, worked out as they are asked for."""

    chain: OptionChain
    forward: float | None
    _known: dict[int, float | None] = field(default_factory=dict)

    @classmethod
    def of(cls, chain: OptionChain) -> ChainSmile:
        return cls(chain, parity_forward(chain))

    @property
    def atm_stdev(self) -> float | None:
        """Total stdev to expiration at the forward."""
        return None if self.forward is None else self.stdev(self.forward)

    def stdev(self, level: float) -> float | None:
        """Total stdev at a price level: the strike's own, else between the two next to it."""
        strikes = self.chain.strikes
        i = int(strikes.searchsorted(level))
        listed = i < len(strikes) and strikes[i] == level
        if listed and (own := self._at(i)) is not None:
            return own
        below = self._nearest(range(i - 1, i - 1 - NEIGHBORS, -1))
        above = self._nearest(range(i + listed, i + NEIGHBORS))
        if below is None or above is None:
            return None
        (low, s_low), (high, s_high) = below, above
        return s_low + (s_high - s_low) * (level - low) / (high - low)

    def chance_below(self, level: float) -> float | None:
        """Risk-neutral chance of a settlement below `level`, by that level's own stdev."""
        stdev = self.stdev(level)
        if stdev is None or self.forward is None:
            return None
        return chance_below(level, forward=self.forward, stdev=stdev)

    def delta(self, right: Right, strike: float) -> float | None:
        """By Black-76 on the forward."""
        stdev = self.stdev(strike)
        if stdev is None or self.forward is None:
            return None
        put = put_delta(strike, forward=self.forward, stdev=stdev)
        return put if right is Right.PUT else put + 1

    def _nearest(self, places: range) -> tuple[float, float] | None:
        for i in places:
            if 0 <= i < len(self.chain.strikes) and (stdev := self._at(i)) is not None:
                return float(self.chain.strikes[i]), stdev
        return None

    def _at(self, i: int) -> float | None:
        if i not in self._known:
            self._known[i] = self._imply(i)
        return self._known[i]

    def _imply(self, i: int) -> float | None:
        if self.forward is None:
            return None
        strike = float(self.chain.strikes[i])
        side = self.chain.put if strike <= self.forward else self.chain.call
        bid, ask = float(side.bid[i]), float(side.ask[i])
        if not 0 < bid <= ask < np.inf:
            return None
        return implied_stdev((bid + ask) / 2, forward=self.forward, strike=strike)


def parity_forward(chain: OptionChain) -> float | None:
    """The median of strike + call − put over the nearest liquid strikes; None: too few, or apart.

    The rules are those of `monitor/backtest/parity.py`, in points.
    """
    put, call, strikes = chain.put, chain.call, chain.strikes
    half = (put.ask - put.bid + call.ask - call.bid) / 2
    with np.errstate(invalid="ignore"):
        liquid = (
            two_sided(put.bid, put.ask)
            & two_sided(call.bid, call.ask)
            & (half <= MAX_HALF_SPREAD * strikes)
        )
    difference: Floats = (call.bid + call.ask - put.bid - put.ask)[liquid] / 2
    if len(difference) < MIN_STRIKES:
        return None
    nearest = np.argsort(np.abs(difference), kind="stable")[:NEAREST]
    values = strikes[liquid][nearest] + difference[nearest]
    middle = float(np.median(values))
    scatter = float(np.median(np.abs(values - middle)))
    return middle if scatter <= MAX_SCATTER * middle else None
