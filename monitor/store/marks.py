"""The mark history, what a start remembers of it, and settlements on paper."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, case, delete, func, insert, or_, select, update

from monitor.domain.exits import PriceReading
from monitor.domain.mark_memory import MarkMemory, MarkRow
from monitor.domain.option_chain import PriceSource
from monitor.domain.settlement import SettlementValue
from monitor.domain.vocabulary import PositionStatus
from monitor.store.position_tables import positions, settlements
from monitor.store.schema import marks

_ESTIMATES = (PriceSource.ANCHORED.value, PriceSource.MODEL.value)
# Rows from before marks had a basis are P&L that the person logged.
_MAY_DECIDE = or_(marks.c.decides.is_(None), marks.c.decides.is_(True))


def load_memories(connection: Connection, ids: Collection[str]) -> dict[str, MarkMemory]:
    """What earlier runs left of these positions: newest reading, best P&L, newest row."""
    return {one: memory for one in ids if (memory := _memory(connection, one)) is not None}


def save(
    connection: Connection,
    rows: Sequence[MarkRow],
    settled: Iterable[SettlementValue],
    *,
    at: datetime,
) -> None:
    """Add a cycle's new rows; keep each settlement's newest version."""
    if rows:
        connection.execute(insert(marks), [asdict(row) for row in rows])
    for one in settled:
        _keep(connection, one, at)


def prune(connection: Connection, *, before: datetime) -> int:
    """Delete the marks of positions closed before an instant; returns how many went."""
    old = select(positions.c.id).where(
        positions.c.status == PositionStatus.CLOSED.value, positions.c.closed_at < before
    )
    return connection.execute(delete(marks).where(marks.c.position_id.in_(old))).rowcount


def history(
    connection: Connection, position_id: str
) -> list[tuple[datetime, float, float | None, float | None]]:
    """Every stored P&L of one position with its range, oldest first.

    Dollars of the contracts then open; the range is None where a person logged it.
    """
    query = (
        select(marks.c.at, marks.c.pnl_usd, marks.c.low_usd, marks.c.high_usd)
        .where(marks.c.position_id == position_id)
        .order_by(marks.c.at, marks.c.id)
    )
    return [(r.at, r.pnl_usd, r.low_usd, r.high_usd) for r in connection.execute(query)]


def settlement_of(connection: Connection, position_id: str) -> SettlementValue | None:
    """The settlement on paper that the monitor found, or None."""
    query = select(settlements).where(settlements.c.position_id == position_id)
    row = connection.execute(query).one_or_none()
    return None if row is None else _settlement(row)


def keep_from(now: datetime, keep_days: int) -> datetime:
    """Marks of positions closed before this are deleted."""
    return now - timedelta(days=keep_days)


def _memory(connection: Connection, position_id: str) -> MarkMemory | None:
    mine = marks.c.position_id == position_id
    newest = select(marks).where(mine, _MAY_DECIDE).order_by(marks.c.at.desc(), marks.c.id.desc())
    row = connection.execute(newest.limit(1)).one_or_none()
    basis = select(marks.c.basis).where(mine).order_by(marks.c.at.desc(), marks.c.id.desc())
    last = connection.execute(basis.limit(1)).scalar()
    if row is None:
        return None if last is None else MarkMemory(basis=last)
    contracts = case((marks.c.contracts > 0, marks.c.contracts), else_=None)
    best = select(func.max(marks.c.pnl_usd / contracts)).where(mine, _MAY_DECIDE)
    contracts_then = row.contracts or 1
    estimate = row.source in _ESTIMATES and row.low_usd is not None
    reading = PriceReading(
        at=row.at,
        basis=row.basis or "",
        pnl_usd=row.pnl_usd / contracts_then,
        quotes=row.asof.isoformat() if row.source == PriceSource.QUOTES.value and row.asof else "",
        low_usd=row.low_usd / contracts_then if estimate else None,
    )
    known = row.contracts is not None  # older rows do not say for how many contracts they are
    most = connection.execute(best).scalar()
    return MarkMemory(
        readings=(reading,) if known else (),
        best_usd=None if most is None else float(most),
        basis=last or "",
    )


def _keep(connection: Connection, one: SettlementValue, at: datetime) -> None:
    mine = settlements.c.position_id == one.position_id
    stored = connection.execute(select(settlements).where(mine)).one_or_none()
    if stored is not None and _settlement(stored) == one:
        return
    values: Mapping[str, Any] = {**asdict(one), "at": at}
    if stored is None:
        connection.execute(insert(settlements).values(**values))
    else:
        connection.execute(update(settlements).where(mine).values(**values))


def _settlement(row: Row[Any]) -> SettlementValue:
    return SettlementValue(
        position_id=row.position_id,
        value=row.value,
        source=row.source,
        pnl_usd=row.pnl_usd,
        contracts=row.contracts,
        final=row.final,
    )
