"""The append-only log of position changes.

Every event holds the whole record before and after, so undoing is exact and replaying the log
rebuilds the `positions` table. An undo is an event too: nothing is ever removed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection, Row, Select, func, insert, select

from monitor.domain.position_record import Record
from monitor.store.position_tables import position_events as events

_NEWEST = select(func.max(events.c.seq))


class ChangeKind(StrEnum):
    ADD = "add"
    UPDATE = "update"
    CLOSE = "close"
    EDIT = "edit"
    IMPORT = "import"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionEvent:
    """One change. `before` is None for a new position, `after` None for one taken back.

    `batch` joins the events of one import. `undoes` is the `seq` an undo took back.
    """

    seq: int
    position_id: str
    kind: ChangeKind
    at: datetime
    before: Record | None
    after: Record | None
    batch: str | None = None
    undoes: int | None = None


def append(
    connection: Connection,
    *,
    position_id: str,
    kind: ChangeKind,
    at: datetime,
    before: Record | None,
    after: Record | None,
    batch: str | None = None,
    undoes: int | None = None,
) -> int:
    """Add one event; returns its `seq`."""
    data: dict[str, Record | str | None] = {"before": before, "after": after}
    if batch is not None:
        data["batch"] = batch
    result = connection.execute(
        insert(events).values(
            position_id=position_id, kind=kind.value, at=at, data=data, undoes=undoes
        )
    )
    key = result.inserted_primary_key
    assert key is not None  # noqa: S101 -- a single-row insert always has one
    seq: int = key[0]
    return seq


def history(connection: Connection, position_id: str | None = None) -> tuple[PositionEvent, ...]:
    """All events, or those of one position, oldest first."""
    query = select(events).order_by(events.c.seq)
    if position_id is not None:
        query = query.where(events.c.position_id == position_id)
    return tuple(_event(row) for row in connection.execute(query))


def newest(connection: Connection) -> int:
    """`seq` of the newest event; 0 while there is none."""
    seq: int | None = connection.execute(_NEWEST).scalar()
    return seq or 0


def used_ids(connection: Connection) -> frozenset[str]:
    """Every id ever given, also to positions that were taken back."""
    return frozenset(connection.scalars(select(events.c.position_id).distinct()))


def to_undo(connection: Connection, position_id: str | None = None) -> tuple[PositionEvent, ...]:
    """What the next undo takes back, newest first; empty when nothing is left.

    The newest change that was not taken back yet: of one position, or of all, where an import
    counts as one change.
    """
    query = _standing().order_by(events.c.seq.desc()).limit(1)
    if position_id is not None:
        query = query.where(events.c.position_id == position_id)
    newest = [_event(row) for row in connection.execute(query)]
    if position_id is not None or not newest or newest[0].batch is None:
        return tuple(newest)
    batch = (
        _standing()
        .where(events.c.data["batch"].as_string() == newest[0].batch)
        .order_by(events.c.seq.desc())
    )
    return tuple(_event(row) for row in connection.execute(batch))


def replay(log: Iterable[PositionEvent]) -> dict[str, Record]:
    """The records that a log leads to, by position id."""
    records: dict[str, Record] = {}
    for event in log:
        if event.after is None:
            records.pop(event.position_id, None)
        else:
            records[event.position_id] = event.after
    return records


def _standing() -> Select[tuple[object, ...]]:
    undone = select(events.c.undoes).where(events.c.undoes.is_not(None))
    return select(events).where(events.c.kind != ChangeKind.UNDO.value, events.c.seq.not_in(undone))


def _event(row: Row[tuple[object, ...]]) -> PositionEvent:
    return PositionEvent(
        seq=row.seq,
        position_id=row.position_id,
        kind=ChangeKind(row.kind),
        at=row.at,
        before=row.data["before"],
        after=row.data["after"],
        batch=row.data.get("batch"),
        undoes=row.undoes,
    )
