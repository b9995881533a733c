"""Reading positions from their table, by id or all."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Row, select

from monitor.domain.position_record import to_record
from monitor.domain.positions import PnlMark, Position, Strikes
from monitor.domain.vocabulary import FlowMode, PositionStatus, Settlement, SpreadType
from monitor.errors import PositionNotFoundError, StoreCorruptError
from monitor.store.position_tables import positions as table

SHOWN_CANDIDATES = 8
_HEX = re.compile(r"[0-9a-f]{1,32}", re.ASCII)


def list_positions(connection: Connection, *, include_closed: bool = False) -> tuple[Position, ...]:
    """Open positions, nearest expiration first; closed ones after them when asked for."""
    query = select(table).order_by(
        table.c.status.desc(), table.c.expiration, table.c.opened_at, table.c.id
    )
    if not include_closed:
        query = query.where(table.c.status == PositionStatus.OPEN.value)
    with decoding():
        return tuple(from_row(row) for row in connection.execute(query))


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
    query = select(table).where(table.c.id == found[0])
    with decoding():
        return from_row(connection.execute(query).one())


@contextmanager
def decoding() -> Iterator[None]:
    """A value that is none of ours was not written by us: the file is damaged."""
    try:
        yield
    except (ValueError, TypeError, KeyError) as error:
        raise StoreCorruptError(
            f"a stored position cannot be read: {error}",
            hint="the database was left as it is; restore the newest copy from data/backups",
        ) from error


def to_row(position: Position, *, seq: int) -> dict[str, Any]:
    strikes, mark = position.strikes or Strikes(), position.mark
    return to_record(position) | {
        "expiration": position.expiration,
        "opened_at": position.opened_at,
        "closed_at": position.closed_at,
        "pnl_asof": mark.asof if mark else None,
        "last_seq": seq,
        **{name: getattr(strikes, name) for name in Strikes.__slots__},
    }


def from_row(row: Row[Any]) -> Position:
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
