"""What the monitor last saw of the underlyings, from `data/dashboard_data.json`."""

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


class _Seen(msgspec.Struct):
    markets: tuple[SeenPrice, ...]


def seen_prices(snapshot: Path) -> dict[str, SeenPrice]:
    """Known prices by ticker; empty where the monitor wrote nothing that can be read."""
    try:
        seen = msgspec.json.decode(snapshot.read_bytes(), type=_Seen)
    except (OSError, msgspec.MsgspecError):
        return {}
    return {m.ticker: m for m in seen.markets if m.price is not None and m.asof is not None}
