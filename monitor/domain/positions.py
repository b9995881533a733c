"""An option position as the person logged it, and what is computed from it.

Files and flags speak dollars for the whole position (`--credit`) or points per share
(`--price`); inside, `*_usd` is dollars for the whole position, everything else points.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType


@dataclass(frozen=True, slots=True, kw_only=True)
class Strikes:
    """Strikes in points; the two of a side are both set or both None."""

    short_put: float | None = None
    long_put: float | None = None
    short_call: float | None = None
    long_call: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PnlMark:
    """Unrealized P&L of the whole open position, dollars, with its origin."""

    pnl_usd: float
    asof: datetime
    source: str  # "you" (positions update), later "quotes", "anchored", "model"; "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One logged position; amounts are for the contracts still open.

    `risk_usd` is the stated figure when the person gave one; limits use `max_loss_usd`
    (computed from the strikes), and the stated one only where there are no strikes.
    `realized_pnl_usd` sums what was closed so far, partial closes included.
    """

    id: str
    ticker: str
    spread_type: SpreadType
    flow_mode: FlowMode
    band: str | None
    expiration: date
    settlement: Settlement
    entry_dte: int
    contracts: int
    multiplier: int
    credit_usd: float
    strikes: Strikes | None
    risk_usd: float | None
    max_loss_usd: float
    opened_at: datetime
    status: PositionStatus
    mark: PnlMark | None = None
    realized_pnl_usd: float = 0.0
    closed_at: datetime | None = None
    notes: tuple[str, ...] = ()
    simulated: bool = False

    @property
    def pnl_pct_of_credit(self) -> float | None:
        """Unrealized P&L in percent of the credit; None when it was never marked."""
        return None if self.mark is None else 100 * self.mark.pnl_usd / self.credit_usd
