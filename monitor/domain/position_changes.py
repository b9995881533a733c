"""What may happen to a logged position: each change is a pure function, old → new.

The store records old and new of every change, so nothing here needs to be reversible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.domain.positions import PnlMark, Position
from monitor.domain.spreads import max_loss_usd
from monitor.domain.vocabulary import PositionStatus
from monitor.errors import InputError, PositionClosedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """A request to close.

    `pnl_usd` is the profit (negative: loss) of the contracts closed now, in dollars, fees as
    the person counts them. `contracts` None closes all that are open.
    """

    pnl_usd: float
    contracts: int | None = None
    note: str | None = None


def marked(position: Position, *, pnl_usd: float, now: datetime, source: str = "you") -> Position:
    """Set the unrealized P&L of the whole open position.

    Raises:
        PositionClosedError: There is nothing open to mark.
    """
    _require_open(position, "updated")
    return replace(position, mark=PnlMark(pnl_usd=pnl_usd, asof=now, source=source))


def priced(
    position: Position, mark: PnlMark | None, *, logged_fresh: timedelta, now: datetime
) -> Position:
    """With the P&L that counts: the logged one while it is fresh, else the newer of both."""
    logged = position.mark
    if mark is None or position.status is PositionStatus.CLOSED:
        return position
    if logged is not None and (now - logged.asof <= logged_fresh or logged.asof >= mark.asof):
        return position
    return replace(position, mark=mark)


def noted(position: Position, note: str) -> Position:
    """Add a note; earlier ones stay."""
    return replace(position, notes=(*position.notes, note))


def closed(position: Position, closing: Closing, *, now: datetime) -> Position:
    """Close the position or a part of it.

    A partial close keeps the rest open with its share of credit, stated risk and marked P&L;
    `realized_pnl_usd` grows by the P&L of what was closed.

    Raises:
        PositionClosedError: It was closed before.
        InputError: More contracts than are open.
    """
    _require_open(position, "closed")
    count = position.contracts if closing.contracts is None else closing.contracts
    if not 1 <= count <= position.contracts:
        raise InputError(
            f"--contracts {count}: position {position.id} has {position.contracts} open",
            hint=f"close 1 to {position.contracts}, or leave --contracts out to close all",
        )
    after = replace(position, realized_pnl_usd=position.realized_pnl_usd + closing.pnl_usd)
    if count == position.contracts:
        after = replace(after, status=PositionStatus.CLOSED, closed_at=now, mark=None)
    else:
        after = _reduced(after, keep=position.contracts - count)
    return noted(after, closing.note) if closing.note else after


def _reduced(position: Position, *, keep: int) -> Position:
    share = keep / position.contracts
    credit = position.credit_usd * share
    mark = position.mark
    risk = None if position.risk_usd is None else position.risk_usd * share
    loss = position.max_loss_usd * share
    if position.strikes is not None:
        loss = max_loss_usd(
            position.strikes, credit_usd=credit, contracts=keep, multiplier=position.multiplier
        )
    return replace(
        position,
        contracts=keep,
        credit_usd=credit,
        risk_usd=risk,
        max_loss_usd=loss,
        mark=None if mark is None else replace(mark, pnl_usd=mark.pnl_usd * share),
    )


def _require_open(position: Position, verb: str) -> None:
    if position.status is PositionStatus.CLOSED:
        when = f" on {position.closed_at:%Y-%m-%d}" if position.closed_at else ""
        raise PositionClosedError(
            f"position {position.id} was closed{when} "
            f"with a P&L of ${position.realized_pnl_usd:,.2f}; it cannot be {verb}",
            hint=f"if that was a mistake: positions undo {position.id}",
        )
