"""The only ways to change positions in the database.

Each change reads, decides, appends its event and updates the table in one write transaction,
so two processes never lose each other's work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select, update

from monitor.domain.position_record import Record, from_record, to_record
from monitor.domain.positions import Position
from monitor.errors import StoreCorruptError, StoreError
from monitor.store import position_events
from monitor.store.position_events import ChangeKind, PositionEvent
from monitor.store.position_rows import decoding, from_row, get_position, to_row
from monitor.store.position_tables import positions as table


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One position before and after; None where it did not exist."""

    kind: ChangeKind
    before: Position | None
    after: Position | None


def insert_positions(
    connection: Connection,
    new: Iterable[Position],
    *,
    kind: ChangeKind,
    at: datetime,
    batch: str | None = None,
) -> None:
    """Add positions whose ids are not taken.

    Raises:
        StoreError: An id is taken; nothing may be committed then.
    """
    taken = set(connection.scalars(select(table.c.id)))
    for position in new:
        if position.id in taken:
            raise StoreError(f"there is a position {position.id} already")
        taken.add(position.id)
        record(connection, kind=kind, at=at, before=None, after=position, batch=batch)


def change_position(
    connection: Connection,
    prefix: str,
    change: Callable[[Position], Position],
    *,
    kind: ChangeKind,
    at: datetime,
) -> Change:
    """Apply a pure change to one position; one that changes nothing leaves no event."""
    before = get_position(connection, prefix)
    after = change(before)
    if after != before:
        record(connection, kind=kind, at=at, before=before, after=after)
    return Change(kind=kind, before=before, after=after)


def undo(connection: Connection, prefix: str | None = None, *, at: datetime) -> tuple[Change, ...]:
    """Take back the newest change that stands, of one position or of all.

    Raises:
        PositionNotFoundError: No such position.
        StoreError: There is nothing to take back.
    """
    position_id = None if prefix is None else get_position(connection, prefix).id
    found = position_events.to_undo(connection, position_id)
    if not found:
        raise StoreError(
            "there is nothing to undo", hint="`positions show ID` lists a position's changes"
        )
    return tuple(_take_back(connection, event, at=at) for event in found)


def rebuild(connection: Connection) -> int:
    """Make the table anew from the event log; returns how many positions it holds."""
    log = position_events.history(connection)
    last = {event.position_id: event.seq for event in log}
    connection.execute(delete(table))
    records = position_events.replay(log)
    for position_id, found in records.items():
        connection.execute(insert(table).values(to_row(from_record(found), seq=last[position_id])))
    return len(records)


def record(
    connection: Connection,
    *,
    kind: ChangeKind,
    at: datetime,
    before: Position | None,
    after: Position | None,
    batch: str | None = None,
    undoes: int | None = None,
) -> None:
    """Append the event and bring the table in line with it."""
    one = after or before
    assert one is not None  # noqa: S101 -- a change has at least one side
    seq = position_events.append(
        connection,
        position_id=one.id,
        kind=kind,
        at=at,
        before=to_record(before) if before else None,
        after=to_record(after) if after else None,
        batch=batch,
        undoes=undoes,
    )
    if after is None:
        connection.execute(delete(table).where(table.c.id == one.id))
    elif before is None:
        connection.execute(insert(table).values(to_row(after, seq=seq)))
    else:
        row = to_row(after, seq=seq)
        connection.execute(update(table).where(table.c.id == one.id).values(row))


def _take_back(connection: Connection, event: PositionEvent, *, at: datetime) -> Change:
    query = select(table).where(table.c.id == event.position_id)
    with decoding():
        current = next((from_row(row) for row in connection.execute(query)), None)
    if _as_record(current) != event.after:
        raise StoreCorruptError(
            f"position {event.position_id} is not what its last event says; nothing was changed",
            hint="restore the newest copy from data/backups",
        )
    before = from_record(event.before) if event.before else None
    record(connection, kind=ChangeKind.UNDO, at=at, before=current, after=before, undoes=event.seq)
    return Change(kind=event.kind, before=current, after=before)


def _as_record(position: Position | None) -> Record | None:
    return None if position is None else to_record(position)
