"""Correcting a logged position: what is given replaces, the rest stays, all is checked anew."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import date, datetime

from monitor.clock import NEW_YORK
from monitor.domain.position_input import (
    check_band,
    check_contracts,
    check_expiration,
    check_note,
    check_risk,
    computed_max_loss,
    credit_dollars,
    effective_flow,
)
from monitor.domain.positions import Position, Strikes
from monitor.domain.spreads import SIDES
from monitor.domain.trading_calendar import TradingCalendar
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import PositionClosedError

STRIKES = tuple(Strikes.__slots__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionEdit:
    """New values in the person's units; None leaves a value as it is."""

    expiration: date | None = None
    settlement: Settlement | None = None
    band: str | None = None
    spread_type: SpreadType | None = None
    flow_mode: FlowMode | None = None
    contracts: int | None = None
    credit_usd: float | None = None
    price: float | None = None
    risk_usd: float | None = None
    short_call: float | None = None
    long_call: float | None = None
    short_put: float | None = None
    long_put: float | None = None
    note: str | None = None


_WORDS = frozenset({"band", "flow_mode", "note"})  # may be corrected after closing too


def edited(
    position: Position, wanted: PositionEdit, *, now: datetime, calendar: TradingCalendar
) -> Position:
    """Apply a correction.

    Raises:
        PositionClosedError: The amounts of a closed position are history.
        InputError, InvalidSpreadError: The result would not be a position `add` accepts.
    """
    _require_editable(position, wanted)
    position = _reworded(position, wanted)
    if not _given(wanted) - _WORDS:
        return position
    spread = wanted.spread_type or position.spread_type
    contracts = position.contracts
    if wanted.contracts is not None:
        contracts = check_contracts(wanted.contracts)
    check_risk(wanted.risk_usd)
    credit = _credit(position, wanted, contracts)
    strikes = _strikes(position, wanted)
    risk = position.risk_usd if wanted.risk_usd is None else wanted.risk_usd
    expiration = position.expiration
    if wanted.expiration not in (None, expiration):
        assert wanted.expiration is not None  # noqa: S101 -- narrowed by the line above
        expiration = check_expiration(
            wanted.expiration, position.ticker, now=now, calendar=calendar
        )
    return replace(
        position,
        spread_type=spread,
        flow_mode=effective_flow(spread, position.flow_mode),
        expiration=expiration,
        entry_dte=calendar.dte(position.opened_at.astimezone(NEW_YORK).date(), expiration),
        settlement=wanted.settlement or position.settlement,
        contracts=contracts,
        credit_usd=credit,
        strikes=strikes,
        risk_usd=risk,
        max_loss_usd=computed_max_loss(
            spread,
            strikes,
            risk_usd=risk,
            credit_usd=credit,
            contracts=contracts,
            multiplier=position.multiplier,
        ),
    )


def _require_editable(position: Position, wanted: PositionEdit) -> None:
    if position.status is PositionStatus.CLOSED and _given(wanted) - _WORDS:
        raise PositionClosedError(
            f"position {position.id} is closed; only its band, flow and note can be corrected",
            hint=f"`positions undo {position.id}` opens it again; then edit, then close",
        )


def _reworded(position: Position, wanted: PositionEdit) -> Position:
    return replace(
        position,
        band=check_band(wanted.band) if wanted.band is not None else position.band,
        flow_mode=effective_flow(position.spread_type, wanted.flow_mode or position.flow_mode),
        notes=(check_note(wanted.note),) if wanted.note is not None else position.notes,
    )


def _credit(position: Position, wanted: PositionEdit, contracts: int) -> float:
    if wanted.credit_usd is None and wanted.price is None:
        return position.credit_usd
    return credit_dollars(
        credit_usd=wanted.credit_usd,
        price=wanted.price,
        contracts=contracts,
        multiplier=position.multiplier,
    )


def _strikes(position: Position, wanted: PositionEdit) -> Strikes | None:
    old = position.strikes or Strikes()
    new = Strikes(
        **{
            name: getattr(old, name) if getattr(wanted, name) is None else getattr(wanted, name)
            for name in STRIKES
        }
    )
    kind = wanted.spread_type
    if kind is not None and kind is not position.spread_type:
        # the other side's strikes belong to the spread it was
        unused = {n: None for n in STRIKES if n not in SIDES[kind] and getattr(wanted, n) is None}
        new = replace(new, **unused)
    return None if new == Strikes() else new


def _given(wanted: PositionEdit) -> set[str]:
    return {f.name for f in fields(wanted) if getattr(wanted, f.name) is not None}
