"""A credit spread that is held or looked at, and what it pays at expiration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from monitor.domain.positions import Strikes
from monitor.domain.vocabulary import Settlement


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade:
    """A held or a wanted trade; `name` is the position's id, or what it is called.

    Without strikes the whole `max_loss_usd` counts as lost, wherever the price goes.
    """

    name: str
    ticker: str
    expiration: date
    settlement: Settlement
    contracts: int
    multiplier: int
    strikes: Strikes | None
    credit_usd: float
    max_loss_usd: float

    def pnl_usd(self, price: float) -> float:
        """P&L when the underlying settles at this price."""
        if self.strikes is None:
            return -self.max_loss_usd
        return self.credit_usd - side_values(self.strikes, price) * self.multiplier * self.contracts


def side_values(strikes: Strikes, price: float) -> float:
    """What both sides cost at expiration, points per share."""
    put = call = 0.0
    if strikes.short_put is not None and strikes.long_put is not None:
        put = min(max(strikes.short_put - price, 0.0), strikes.short_put - strikes.long_put)
    if strikes.short_call is not None and strikes.long_call is not None:
        call = min(max(price - strikes.short_call, 0.0), strikes.long_call - strikes.short_call)
    return put + call
