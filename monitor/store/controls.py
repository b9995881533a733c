"""What one process tells another through the database: trend, pause, the last heartbeat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from monitor.domain.vocabulary import Trend
from monitor.store.schema import controls

TREND = "trend"
HEARTBEAT = "heartbeat"
PAUSED = "paused"

# Made once: every cycle runs them.
_GET = select(controls.c.value, controls.c.at).where(controls.c.key == bindparam("of_key"))
_PUT = update(controls).where(controls.c.key == bindparam("of_key"))


def put(connection: Connection, key: str, value: Any, *, at: datetime) -> None:
    """Set one value, whether or not it was there."""
    changed = connection.execute(_PUT, {"of_key": key, "value": value, "at": at})
    if not changed.rowcount:
        connection.execute(insert(controls).values(key=key, value=value, at=at))


def get(connection: Connection, key: str) -> tuple[Any, datetime] | None:
    """A value and when it was set, or None."""
    row = connection.execute(_GET, {"of_key": key}).one_or_none()
    return (row.value, row.at) if row is not None else None


def set_trend(connection: Connection, trend: Trend | None, *, at: datetime) -> None:
    """Override the trend for every running monitor of this home; None takes it back."""
    if trend is None:
        connection.execute(delete(controls).where(controls.c.key == TREND))
    else:
        put(connection, TREND, trend.value, at=at)


def trend_set(connection: Connection) -> Trend | None:
    found = get(connection, TREND)
    return Trend(found[0]) if found else None


def set_paused(connection: Connection, paused: bool, *, at: datetime) -> None:
    """Pause opportunities for every running monitor of this home, or end the pause."""
    if not paused:
        connection.execute(delete(controls).where(controls.c.key == PAUSED))
    elif paused_since(connection) is None:
        put(connection, PAUSED, True, at=at)


def paused_since(connection: Connection) -> datetime | None:
    """When the pause began, or None."""
    found = get(connection, PAUSED)
    return found[1] if found else None
