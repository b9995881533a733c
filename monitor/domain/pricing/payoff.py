"""What a credit spread is worth at expiry, what it can lose, and what it pays for that.

Numbers or arrays alike (they broadcast). Strikes, credits and settlement prices are points per
share; `_usd` is dollars for `contracts` contracts. A condor is both sides; only one of them can
finish in the money, so the wider wing sets the loss and the whole credit is kept against it.
"""

from __future__ import annotations

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", float, NDArray[np.float64])


def spread_credit(*, short_price: Number, long_price: Number) -> Number:
    """Net premium of one side, points per share."""
    return short_price - long_price


def put_side_value(*, short: Number, long: Number, settlement: Number) -> Number:
    """What a sold put spread costs at expiry: clip(short − settlement, 0, width)."""
    value: Number = np.minimum(np.maximum(short - settlement, 0.0), short - long)
    return value


def call_side_value(*, short: Number, long: Number, settlement: Number) -> Number:
    """What a sold call spread costs at expiry: clip(settlement − short, 0, width)."""
    value: Number = np.minimum(np.maximum(settlement - short, 0.0), long - short)
    return value


def expiry_pnl_usd(
    *,
    credit: Number,
    side_values: Number,
    multiplier: float = 100.0,
    contracts: float = 1.0,
    fees_usd: float = 0.0,
) -> Number:
    """Profit at expiry: `side_values` is the put side's value plus the call side's.

    `fees_usd` is what opening cost, all contracts; cash settlement itself is free.
    """
    return (credit - side_values) * (multiplier * contracts) - fees_usd


def max_loss_usd(
    *,
    widest_width: Number,
    credit: Number,
    multiplier: float = 100.0,
    contracts: float = 1.0,
    fees_usd: float = 0.0,
) -> Number:
    """Worst loss at expiry, fees included: the wider wing less the whole credit.

    >>> max_loss_usd(widest_width=100.0, credit=2.85, contracts=2)
    19430.0
    """
    return (widest_width - credit) * (multiplier * contracts) + fees_usd


def credit_to_risk(*, credit_usd: Number, max_loss_usd: Number) -> Number:
    """The best case over the worst: the largest return there can be, as a fraction."""
    return credit_usd / max_loss_usd


def breakeven_win_rate(*, max_profit_usd: Number, max_loss_usd: Number) -> Number:
    """The share of full wins at which wins and full losses cancel, as a fraction."""
    return max_loss_usd / (max_loss_usd + max_profit_usd)
