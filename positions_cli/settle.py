"""The settlement on paper that `positions close ID --settle` confirms."""

from __future__ import annotations

from monitor.domain.exits import ExitState
from monitor.errors import StoreError
from positions_cli.session import Session


def settled(session: Session, position_id: str) -> tuple[float, str]:
    """P&L in dollars of the whole position, and the note that says what it rests on.

    Raises:
        PositionNotFoundError: No such position.
        StoreError: It has not expired, or the monitor knows no settlement of it.
    """
    from positions_cli.watch import watch

    store = session.require_store(position_id)
    position = store.get(position_id)
    amount = f"positions close {position_id} --pnl DOLLARS"
    judged = watch(session, [position], session.calendar()).watched
    exits = judged[0].exits if judged else None
    if exits is not None and exits.state is not ExitState.SETTLE_ME:
        raise StoreError(
            f"position {position.id} has not expired: it trades until "
            f"{exits.schedule.last_trade_close:%Y-%m-%d %H:%M} UTC, so there is no settlement",
            hint=f"if you closed it: {amount}",
        )
    found = store.settlement(position.id)
    if found is None:
        raise StoreError(
            f"the settlement of position {position.id} is not known",
            hint="the monitor finds it after expiration, while it runs; else give the outcome "
            f"yourself: {amount}",
        )
    at = "" if found.value is None else f"at {found.value:,.2f}, "
    return found.pnl_of(position), f"settled on paper {at}{found.source}"
