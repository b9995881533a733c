"""Alerts in the database: the living ones, what a cycle changed, what the person answered.

Every function works inside the caller's transaction. Load, decide and save in one `write`, so
that an answer given by `monitor alerts ack` meanwhile is not overwritten.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, insert, select, update

from monitor.domain.alert_lifecycle import AdvanceResult
from monitor.domain.alerts import AlertRecord, AlertState, Condition, Notice, Reason
from monitor.domain.snapshot import AlertView
from monitor.domain.vocabulary import Level
from monitor.errors import InputError, StoreError
from monitor.store import outbox
from monitor.store.schema import alerts, notices

Value = str | float | int | None
# What `_view` shows; decoding the rest each cycle costs more than reading it.
_SHOWN = (
    "number", "level", "title", "details", "event", "state", "last_reason", "started_at",
    "last_sent_at", "ticker", "position_id", "sent_count",
)  # fmt: skip
# Made once: every cycle runs them.
_LIVING = (
    select(alerts).where(alerts.c.state != AlertState.RESOLVED.value).order_by(alerts.c.number)
)
_HIGHEST = select(func.max(alerts.c.number))
_RECENT = (
    select(*(alerts.c[name] for name in _SHOWN))
    .where(alerts.c.sent_count > 0)
    .order_by(alerts.c.last_sent_at.desc(), alerts.c.number.desc())
    .limit(bindparam("shown"))
)
_ID = re.compile(r"^[Aa]?([1-9][0-9]{0,8})$", re.ASCII)

TOLD = "told"  # an event does not go on: it was said, and that is all


def load_living(connection: Connection) -> dict[str, AlertRecord]:
    """The unresolved alerts by key."""
    rows = connection.execute(_LIVING)
    return {row.key: _record(row) for row in rows}


def next_number(connection: Connection) -> int:
    """The first free alert number; alerts are never deleted, so numbers are never reused."""
    highest = connection.execute(_HIGHEST).scalar()
    return (highest or 0) + 1


def save(connection: Connection, result: AdvanceResult, *, channels: Sequence[str]) -> None:
    """Store what a cycle changed, its notices, and one outbox row per notice and channel."""
    known = _stored(connection, result.records)
    for record in result.records:
        values = _values(record)
        if record.number in known:
            connection.execute(
                update(alerts).where(alerts.c.number == record.number).values(values)
            )
        else:
            connection.execute(insert(alerts).values(number=record.number, **values))
            known.add(record.number)
    if result.notices:
        connection.execute(insert(notices), [_notice_values(n) for n in result.notices])
        outbox.enqueue(connection, result.notices, channels)


def recent(connection: Connection, limit: int = 10) -> tuple[AlertView, ...]:
    """The alerts told last, newest first."""
    rows = connection.execute(_RECENT, {"shown": limit})
    return tuple(_view(row) for row in rows)


def told_since(connection: Connection, start: datetime) -> int:
    """How many alerts were first told since `start`, INFO aside."""
    query = (
        select(func.count())
        .select_from(notices)
        .where(
            notices.c.at >= start,
            notices.c.reason == Reason.FIRST.value,
            notices.c.level != Level.INFO.value,
        )
    )
    return int(connection.execute(query).scalar_one())


def living_views(connection: Connection) -> tuple[AlertView, ...]:
    """Every unresolved alert that was told, newest first."""
    rows = connection.execute(_LIVING.where(alerts.c.sent_count > 0))
    return tuple(_view(row) for row in reversed(rows.all()))


def find_living(connection: Connection, alert_id: str) -> AlertRecord:
    """The living alert that `alert_id` ("A17", "a17" or "17") names.

    Raises:
        InputError: It is no alert id.
        StoreError: There is no such alert, or it is over.
    """
    match = _ID.match(alert_id.strip())
    if match is None:
        raise InputError(
            f"{alert_id!r} is no alert id",
            hint="ids look like A17; `monitor alerts list` shows them",
        )
    number = int(match[1])
    row = connection.execute(select(alerts).where(alerts.c.number == number)).one_or_none()
    if row is None:
        raise StoreError(f"there is no alert A{number}", hint=_living_hint(connection))
    if row.state == AlertState.RESOLVED:
        raise StoreError(f"alert A{number} is already over", hint=_living_hint(connection))
    return _record(row)


def save_answer(connection: Connection, record: AlertRecord) -> None:
    """Store an acknowledged or snoozed alert."""
    connection.execute(
        update(alerts)
        .where(alerts.c.number == record.number)
        .values(state=record.state.value, snoozed_until=record.snoozed_until)
    )


def _living_hint(connection: Connection) -> str:
    told = _LIVING.where(alerts.c.sent_count > 0).limit(10)
    numbers = [row.number for row in connection.execute(told)]
    if not numbers:
        return "no alert is open now"
    return "open now: " + ", ".join(f"A{n}" for n in numbers)


def _stored(connection: Connection, records: Iterable[AlertRecord]) -> set[int]:
    numbers = {r.number for r in records}
    if not numbers:
        return set()
    query = select(alerts.c.number).where(alerts.c.number.in_(numbers))
    return set(connection.execute(query).scalars())


def _values(record: AlertRecord) -> dict[str, Any]:
    condition = record.condition
    return {
        "key": condition.key,
        "level": condition.level.value,
        "title": condition.title,
        "details": list(condition.details),
        "severity": condition.severity,
        "event": condition.event,
        "fingerprint": condition.fingerprint,
        "ticker": condition.ticker,
        "position_id": condition.position_id,
        "resolved_title": condition.resolved_title,
        "data": _pairs(condition.data),
        "state": record.state.value,
        "started_at": record.started_at,
        "last_seen_at": record.last_seen_at,
        "absent_since": record.absent_since,
        "last_sent_at": record.last_sent_at,
        "last_reason": record.last_reason.value if record.last_reason else None,
        "sent_count": record.sent_count,
        "snoozed_until": record.snoozed_until,
        "resolved_at": record.resolved_at,
    }


def _notice_values(notice: Notice) -> dict[str, Any]:
    return {
        "alert_number": notice.alert_number,
        "sequence": notice.sequence,
        "reason": notice.reason.value,
        "at": notice.at,
        "level": notice.level.value,
        "title": notice.title,
        "details": list(notice.details),
        "ticker": notice.ticker,
        "position_id": notice.position_id,
        "simulated": notice.simulated,
        "data": _pairs(notice.data),
    }


def _pairs(data: Iterable[tuple[str, Value]]) -> list[list[Value]]:
    """NaN and infinity are no JSON; unknown is null."""
    return [
        [key, None if isinstance(value, float) and not math.isfinite(value) else value]
        for key, value in data
    ]


def _record(row: Row[Any]) -> AlertRecord:
    return AlertRecord(
        number=row.number,
        condition=Condition(
            key=row.key,
            level=Level(row.level),
            title=row.title,
            details=tuple(row.details),
            severity=row.severity,
            event=row.event,
            fingerprint=row.fingerprint,
            ticker=row.ticker,
            position_id=row.position_id,
            resolved_title=row.resolved_title,
            data=tuple((key, value) for key, value in row.data),
        ),
        state=AlertState(row.state),
        started_at=row.started_at,
        last_seen_at=row.last_seen_at,
        absent_since=row.absent_since,
        last_sent_at=row.last_sent_at,
        last_reason=Reason(row.last_reason) if row.last_reason else None,
        sent_count=row.sent_count,
        snoozed_until=row.snoozed_until,
        resolved_at=row.resolved_at,
    )


def _view(row: Row[Any]) -> AlertView:
    return AlertView(
        id=f"A{row.number}",
        level=row.level,
        title=row.title,
        details=tuple(row.details),
        state=TOLD if row.event and row.state == AlertState.FIRING else row.state,
        reason=row.last_reason or "",
        started_at=row.started_at,
        last_sent_at=row.last_sent_at,
        ticker=row.ticker,
        position_id=row.position_id,
        sent_count=row.sent_count,
    )
