"""A position as a flat record of plain values, and back without loss.

One record serves the event log, `data/positions.json` and both import formats. Dates are
ISO 8601, instants RFC 3339 UTC; `*_usd` are dollars for the whole position, strikes points.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType

FIELDS = (
    "id", "ticker", "spread_type", "flow_mode", "band", "expiration", "settlement", "entry_dte",
    "contracts", "multiplier", "credit_usd", "short_put", "long_put", "short_call", "long_call",
    "risk_usd", "max_loss_usd", "opened_at", "status", "pnl_usd", "pnl_asof", "pnl_source",
    "realized_pnl_usd", "closed_at", "notes", "simulated",
)  # fmt: skip

Record = dict[str, Any]


def to_record(position: Position) -> Record:
    """Flatten a position; keys are `FIELDS`, in that order."""
    strikes = position.strikes or Strikes()
    mark = position.mark
    return {
        "id": position.id,
        "ticker": position.ticker,
        "spread_type": position.spread_type.value,
        "flow_mode": position.flow_mode.value,
        "band": position.band,
        "expiration": position.expiration.isoformat(),
        "settlement": position.settlement.value,
        "entry_dte": position.entry_dte,
        "contracts": position.contracts,
        "multiplier": position.multiplier,
        "credit_usd": position.credit_usd,
        "short_put": strikes.short_put,
        "long_put": strikes.long_put,
        "short_call": strikes.short_call,
        "long_call": strikes.long_call,
        "risk_usd": position.risk_usd,
        "max_loss_usd": position.max_loss_usd,
        "opened_at": stamp(position.opened_at),
        "status": position.status.value,
        "pnl_usd": mark.pnl_usd if mark else None,
        "pnl_asof": stamp(mark.asof) if mark else None,
        "pnl_source": mark.source if mark else None,
        "realized_pnl_usd": position.realized_pnl_usd,
        "closed_at": stamp(position.closed_at) if position.closed_at else None,
        "notes": list(position.notes),
        "simulated": position.simulated,
    }


def from_record(record: Mapping[str, Any]) -> Position:
    """Rebuild the position a record was made of. The record is trusted, not validated."""
    strikes = Strikes(**{name: record[name] for name in Strikes.__slots__})
    mark = None
    if record["pnl_usd"] is not None:
        mark = PnlMark(
            pnl_usd=record["pnl_usd"],
            asof=instant(record["pnl_asof"]),
            source=record["pnl_source"],
        )
    return Position(
        id=record["id"],
        ticker=record["ticker"],
        spread_type=SpreadType(record["spread_type"]),
        flow_mode=FlowMode(record["flow_mode"]),
        band=record["band"],
        expiration=date.fromisoformat(record["expiration"]),
        settlement=Settlement(record["settlement"]),
        entry_dte=record["entry_dte"],
        contracts=record["contracts"],
        multiplier=record["multiplier"],
        credit_usd=record["credit_usd"],
        strikes=None if strikes == Strikes() else strikes,
        risk_usd=record["risk_usd"],
        max_loss_usd=record["max_loss_usd"],
        opened_at=instant(record["opened_at"]),
        status=PositionStatus(record["status"]),
        mark=mark,
        realized_pnl_usd=record["realized_pnl_usd"],
        closed_at=instant(record["closed_at"]) if record["closed_at"] else None,
        notes=tuple(record["notes"]),
        simulated=record["simulated"],
    )


def stamp(when: datetime) -> str:
    """RFC 3339 UTC: "2026-02-20T15:30:00Z", with microseconds only where there are any."""
    return when.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(text: str) -> datetime:
    """Read what `stamp` wrote."""
    return datetime.fromisoformat(text).astimezone(UTC)
