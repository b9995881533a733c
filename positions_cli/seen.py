"""What the monitor last wrote into `data/dashboard_data.json`: prices, and a simulation's time."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec


class SeenPrice(msgspec.Struct, frozen=True, kw_only=True):
    """Price of one underlying, points; None where the monitor has none."""

    ticker: str
    price: float | None
    asof: datetime | None
    source: str | None
    simulated: bool = False


class _Markets(msgspec.Struct):
    markets: tuple[SeenPrice, ...]


class _Monitor(msgspec.Struct):
    simulated: bool


class _Time(msgspec.Struct):
    generated_at: datetime
    monitor: _Monitor


def seen_prices(snapshot: Path) -> dict[str, SeenPrice]:
    """Known prices by ticker; empty where the monitor wrote nothing that can be read."""
    try:
        seen = msgspec.json.decode(snapshot.read_bytes(), type=_Markets)
    except (OSError, msgspec.MsgspecError):
        return {}
    return {m.ticker: m for m in seen.markets if m.price is not None and m.asof is not None}


def simulated_now(snapshot: Path) -> datetime | None:
    """The instant at which a demo or a replay of this home stands; None where all is live."""
    try:
        seen = msgspec.json.decode(snapshot.read_bytes(), type=_Time)
    except (OSError, msgspec.MsgspecError):
        return None
    return seen.generated_at if seen.monitor.simulated else None
