"""What trading costs: half-spreads by leg price, fees, package ticks, the least credit worth it.

`f`, the fill, is the share of each leg's half-spread that is paid: 0 trades at mid, 1 at the
worst side; every result is computed at all of `FILLS`. Units: points per share, dollars where
the name says so.

The table up to 10 points is measured: medians of Cboe chains 2020-2026
(docs/sources.md#backtest-constants). Beyond, ours from the same chains (out-of-the-money legs, 1
to 15 calendar days). A leg in the money is charged as the out-of-the-money option of the same
strike: the market of deep legs is nominal (NDX ± 6 points), and such a spread is closed through
its other side.
Source: docs/sources.md#trading-costs
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from monitor.domain.instruments import Kind, underlying
from monitor.errors import DomainError

Floats = NDArray[np.float64]

FILLS = (0.0, 0.5, 1.0)
DEFAULT_FILL = 0.5
# Upper edges (included) of the leg's mid; above the last, the last column.
HALF_SPREAD_EDGES = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
HALF_SPREADS = {
    "SPX": (0.05, 0.05, 0.05, 0.075, 0.075, 0.15, 0.15, 0.20, 0.30, 0.45),
    "NDX": (0.175, 0.275, 0.375, 0.425, 0.50, 0.60, 0.70, 1.00, 1.25, 2.35),
    "QQQ": (0.01, 0.01, 0.01, 0.015, 0.02, 0.03, 0.025, 0.045, 0.045, 0.045),
    "SPY": (0.005, 0.005, 0.005, 0.01, 0.015, 0.015, 0.02, 0.04, 0.04, 0.04),
}
MAX_CREDIT_SHARE = 0.35  # of the width; the highest real one seen out of the money is 0.33
_TICK_SLACK = 1e-6  # of a tick: 0.15 is not exact in binary
_MIN_CREDIT_USD = {"SPX": 8.0, "NDX": 20.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingCosts:
    """Fees and rules of one underlying.

    `fee_usd` is per leg and contract, each way; there is none at cash settlement. `tick` is the
    package's price step in points. `min_credit_usd` is per contract, before fees.
    """

    fee_usd: float
    tick: float
    min_credit_usd: float


def trading_costs(symbol: str) -> TradingCosts:
    """Default fees, tick and least credit. Indices $1.00 and 0.05; everything else as an ETF."""
    what = underlying(symbol)
    if what.kind is Kind.INDEX:
        return TradingCosts(
            fee_usd=1.0, tick=0.05, min_credit_usd=_MIN_CREDIT_USD.get(what.symbol, 0.0)
        )
    return TradingCosts(fee_usd=0.65, tick=0.01, min_credit_usd=0.0)


def half_spreads(symbol: str, leg_mid: ArrayLike) -> Floats:
    """Half the bid-ask spread of legs by their (out-of-the-money) mid; NaN stays NaN.

    Raises:
        DomainError: Nothing was measured for this underlying; quotes are needed instead.
    """
    what = underlying(symbol).symbol
    if what not in HALF_SPREADS:
        raise DomainError(
            f"no half-spreads were measured for {what}, only for {', '.join(HALF_SPREADS)}",
            hint="use recorded chains, which bring their own bid and ask",
        )
    mids = np.asarray(leg_mid, np.float64)
    column = np.searchsorted(HALF_SPREAD_EDGES, mids, side="left")
    out: Floats = np.asarray(HALF_SPREADS[what])[np.minimum(column, len(HALF_SPREAD_EDGES))]
    return np.where(np.isnan(mids), np.nan, out)


def fill_credit(mid: ArrayLike, *, half_spread_sum: ArrayLike, fill: float, tick: float) -> Floats:
    """Credit received: mid less `fill` of all legs' half-spreads, rounded down to the tick."""
    exact = np.asarray(mid, np.float64) - fill * np.asarray(half_spread_sum, np.float64)
    return round_down(exact, tick=tick)


def fill_debit(mid: ArrayLike, *, half_spread_sum: ArrayLike, fill: float, tick: float) -> Floats:
    """Debit paid to close: mid plus `fill` of all legs' half-spreads, rounded up to the tick."""
    exact = np.asarray(mid, np.float64) + fill * np.asarray(half_spread_sum, np.float64)
    return -round_down(-exact, tick=tick)


def round_down(price: ArrayLike, *, tick: float) -> Floats:
    """To the tick below; a price within a millionth of a tick counts as being on it."""
    steps_per_point = round(1 / tick)
    steps = np.floor(np.asarray(price, np.float64) * steps_per_point + _TICK_SLACK)
    out: Floats = steps / steps_per_point
    return out
