"""Positions in the database: the table that is read, and the only ways to change it.

Each change reads, decides, appends its event and updates the table in one write transaction,
so two processes never lose each other's work.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from monitor.domain.position_record import Record, from_record, to_record
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import PositionNotFoundError, StoreCorruptError, StoreError
from monitor.store import position_events
from monitor.store.position_events import ChangeKind, PositionEvent
from monitor.store.position_tables import positions as table

SHOWN_CANDIDATES = 8
_HEX = re.compile(r"[0-9a-f]{1,32}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One position before and after; None where it did not exist."""

    kind: ChangeKind
    before: Position | None
    after: Position | None


def list_positions(connection: Connection, *, include_closed: bool = False) -> tuple[Position, ...]:
    """Open positions, nearest expiration first; closed ones after them when asked for."""
    query = select(table).order_by(
        table.c.status.desc(), table.c.expiration, table.c.opened_at, table.c.id
    )
    if not include_closed:
        query = query.where(table.c.status == PositionStatus.OPEN.value)
    with _decoding():
        return tuple(_position(row) for row in connection.execute(query))


def get_position(connection: Connection, prefix: str) -> Position:
    """The one position whose id begins with `prefix`.

    Raises:
        PositionNotFoundError: None has, or several have; the message lists them.
    """
    wanted = prefix.strip().lower()
    ids = [row.id for row in connection.execute(select(table.c.id).order_by(table.c.opened_at))]
    found = [wanted] if wanted in ids else [i for i in ids if i.startswith(wanted)]
    if not _HEX.fullmatch(wanted) or not found:
        raise _not_found(wanted, ids)
    if len(found) > 1:
        raise _ambiguous(
            wanted, [p for p in list_positions(connection, include_closed=True) if p.id in found]
        )
    query = select(table).where(table.c.id == found[0]).with_for_update()
    with _decoding():
        return _position(connection.execute(query).one())


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
        connection.execute(insert(table).values(_row(from_record(found), seq=last[position_id])))
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
        connection.execute(insert(table).values(_row(after, seq=seq)))
    else:
        row = _row(after, seq=seq)
        connection.execute(update(table).where(table.c.id == one.id).values(row))


def _take_back(connection: Connection, event: PositionEvent, *, at: datetime) -> Change:
    query = select(table).where(table.c.id == event.position_id)
    with _decoding():
        current = next((_position(row) for row in connection.execute(query)), None)
    if _as_record(current) != event.after:
        raise StoreCorruptError(
            f"position {event.position_id} is not what its last event says; nothing was changed",
            hint="restore the newest copy from data/backups",
        )
    before = from_record(event.before) if event.before else None
    record(connection, kind=ChangeKind.UNDO, at=at, before=current, after=before, undoes=event.seq)
    return Change(kind=event.kind, before=current, after=before)


@contextmanager
def _decoding() -> Iterator[None]:
    """A value that is none of ours was not written by us: the file is damaged."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise StoreCorruptError(
            f"a stored position cannot be read: {error}",
            hint="the database was left as it is; restore the newest copy from data/backups",
        ) from error


def _as_record(position: Position | None) -> Record | None:
    return None if position is None else to_record(position)


def _row(position: Position, *, seq: int) -> dict[str, Any]:
    strikes, mark = position.strikes or Strikes(), position.mark
    return to_record(position) | {
        "expiration": position.expiration,
        "opened_at": position.opened_at,
        "closed_at": position.closed_at,
        "pnl_asof": mark.asof if mark else None,
        "last_seq": seq,
        **{name: getattr(strikes, name) for name in Strikes.__slots__},
    }


def _position(row: Row[Any]) -> Position:
    strikes = Strikes(**{name: getattr(row, name) for name in Strikes.__slots__})
    mark = None
    if row.pnl_usd is not None:
        mark = PnlMark(pnl_usd=row.pnl_usd, asof=row.pnl_asof, source=row.pnl_source)
    return Position(
        id=row.id,
        ticker=row.ticker,
        spread_type=SpreadType(row.spread_type),
        flow_mode=FlowMode(row.flow_mode),
        band=row.band,
        expiration=row.expiration,
        settlement=Settlement(row.settlement),
        entry_dte=row.entry_dte,
        contracts=row.contracts,
        multiplier=row.multiplier,
        credit_usd=row.credit_usd,
        strikes=None if strikes == Strikes() else strikes,
        risk_usd=row.risk_usd,
        max_loss_usd=row.max_loss_usd,
        opened_at=row.opened_at,
        status=PositionStatus(row.status),
        mark=mark,
        realized_pnl_usd=row.realized_pnl_usd,
        closed_at=row.closed_at,
        notes=tuple(row.notes),
        simulated=row.simulated,
    )


def _not_found(wanted: str, ids: list[str]) -> PositionNotFoundError:
    from difflib import get_close_matches

    if not ids:
        return PositionNotFoundError(
            f"no position {wanted[:40]!r}: none is logged yet", hint="log one with `positions add`"
        )
    # an id is typed by its first characters, so it is compared with as many of each
    starts = {i[: max(len(wanted), 4)]: i for i in reversed(ids)}
    near = get_close_matches(wanted[:32], starts, n=3, cutoff=0.6)
    hint = f"did you mean {' or '.join(starts[n] for n in near)}? " if near else ""
    return PositionNotFoundError(
        f"no position has an id that begins with {wanted[:40]!r}",
        hint=hint + "`positions list --include-closed` shows all ids",
    )


def _ambiguous(wanted: str, found: list[Position]) -> PositionNotFoundError:
    shown = ", ".join(
        f"{p.id} ({p.ticker} {p.spread_type} {p.expiration}, {p.status})"
        for p in found[:SHOWN_CANDIDATES]
    )
    more = f" and {len(found) - SHOWN_CANDIDATES} more" if len(found) > SHOWN_CANDIDATES else ""
    return PositionNotFoundError(
        f"{len(found)} positions have an id that begins with {wanted!r}: {shown}{more}",
        hint="type more of the id",
    )
