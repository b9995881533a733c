"""A simulated chain's prices: the model of the demo's marks (`marks.py`), over all strikes at once.

Bid and ask lie around the model's value by the measured half-spreads of docs/sources.md, rounded
outward to the tick, so that a far leg has no bid, as in the market.
"""

from __future__ import annotations

from math import erf, pi, sqrt

import numpy as np

from monitor.domain.option_chain import OptionSide, Right
from monitor.domain.pricing.costs import HALF_SPREADS, half_spreads, trading_costs
from monitor.domain.quotes import Floats

# Nothing was measured for these; the simulation takes the spreads of a relative.
SPREADS_OF = {"RUT": "SPX", "XLE": "SPY", "XLF": "SPY"}


def simulated_side(
    right: Right, strikes: Floats, *, ticker: str, price: float, vol: float, sd: float, left: float
) -> OptionSide:
    """Quotes and sensitivities of all strikes; open interest is not simulated.

    Args:
        vol: Annual fraction. sd: Standard deviation of the price at expiration, points.
        left: Sessions to expiration, a fraction of one within it.
    """
    d = (price - strikes) / sd if sd > 0 else np.sign(price - strikes) * np.inf
    cumulative = 0.5 * (1 + np.array([erf(x / sqrt(2)) for x in d.tolist()]))
    density = np.exp(-0.5 * np.square(d)) / sqrt(2 * pi)
    call = np.maximum((price - strikes) * cumulative + sd * density, 0.0)
    put = np.maximum(call - (price - strikes), 0.0)
    half = half_spreads(_measured(ticker), np.minimum(call, put))
    mid = call if right is Right.CALL else put
    steps = round(1 / trading_costs(ticker).tick)
    alive = sd > 0
    return OptionSide(
        bid=np.maximum(np.floor((mid - half) * steps) / steps, 0.0),
        ask=np.maximum(np.ceil((mid + half) * steps), 1.0) / steps,
        implied_vol=np.full(len(strikes), vol),
        delta=cumulative if right is Right.CALL else cumulative - 1,
        gamma=density / sd if alive else np.full(len(strikes), np.nan),
        theta_per_day=-density * sd / (2 * left) if alive else np.full(len(strikes), np.nan),
        vega_per_vol_point=density * sd / vol / 100,
        open_interest=np.full(len(strikes), np.nan),
    )


def _measured(ticker: str) -> str:
    return ticker if ticker in HALF_SPREADS else SPREADS_OF[ticker]
