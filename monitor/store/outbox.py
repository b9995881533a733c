"""The outbox: what still has to be said on which channel, and what was being said.

A row is written in the transaction that changes the alert, so a crash never separates the two.
Before a channel begins it notes a `claim`; after a crash the claim tells how far it came.
Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    Connection,
    Row,
    bindparam,
    func,
    insert,
    select,
    update,
)

from monitor.domain.alerts import Notice, Reason
from monitor.domain.vocabulary import Level
from monitor.store.schema import notices, outbox

PENDING, SENT, OFF = "pending", "sent", "off"
BATCH = 500
URGENT = (Level.EXIT.value, Level.ERROR.value)

Claim = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """One notice that one channel has still to say. `claim` is None until it was begun."""

    id: int
    channel: str
    notice: Notice
    attempts: int
    next_attempt_at: datetime
    claim: Claim | None


def enqueue(connection: Connection, new: Iterable[Notice], channels: Sequence[str]) -> None:
    """One pending row per notice and channel, in the order given."""
    rows = [
        {
            "alert_number": notice.alert_number,
            "sequence": notice.sequence,
            "channel": channel,
            "state": PENDING,
            "attempts": 0,
            "next_attempt_at": notice.at,
        }
        for notice in new
        for channel in channels
    ]
    if rows:
        connection.execute(insert(outbox), rows)


def pending(
    connection: Connection, channel: str, *, limit: int = BATCH, urgent_first: bool = False
) -> list[OutboxRow]:
    """Unsent rows of one channel, oldest first; where asked, exits and errors before all others."""
    urgent = [notices.c.level.in_(URGENT).desc()] if urgent_first else []
    rows = connection.execute(
        select(outbox, notices)
        .join_from(outbox, notices)
        .where(outbox.c.state == PENDING, outbox.c.channel == channel)
        .order_by(*urgent, outbox.c.id)
        .limit(limit)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
    )
    return [_row(row) for row in rows]


def has_pending(connection: Connection, channel: str) -> bool:
    """Whether the channel has anything to say; a read, cheap enough for every cycle."""
    query = (
        select(outbox.c.id).where(outbox.c.state == PENDING, outbox.c.channel == channel).limit(1)
    )
    return connection.execute(query).first() is not None


def pending_counts(connection: Connection) -> dict[str, int]:
    """Unsent rows by channel; channels with none are absent."""
    rows = connection.execute(
        select(outbox.c.channel, func.count())
        .where(outbox.c.state == PENDING)
        .group_by(outbox.c.channel)
    )
    return {channel: count for channel, count in rows}


def set_claims(connection: Connection, claims: Mapping[int, Claim]) -> None:
    """Note by row id what is about to be done."""
    if claims:
        connection.execute(
            update(outbox).where(outbox.c.id == bindparam("row_id")),
            [{"row_id": row_id, "claim": claim} for row_id, claim in claims.items()],
        )


def mark_sent(connection: Connection, ids: Sequence[int], *, at: datetime) -> None:
    if ids:
        connection.execute(
            update(outbox).where(outbox.c.id.in_(ids)).values(state=SENT, sent_at=at)
        )


def mark_off(connection: Connection, ids: Sequence[int], *, at: datetime) -> None:
    """The person has switched this level off on the channel."""
    if ids:
        connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(state=OFF, sent_at=at))


def mark_retry(
    connection: Connection, ids: Sequence[int], *, next_attempt_at: datetime, error: str
) -> None:
    """The channel did not take them now; they stay pending, in their order."""
    if ids:
        connection.execute(
            update(outbox)
            .where(outbox.c.id.in_(ids))
            .values(
                attempts=outbox.c.attempts + 1,
                next_attempt_at=next_attempt_at,
                claim=None,
                last_error=error,
            )
        )


def _row(row: Row[Any]) -> OutboxRow:
    return OutboxRow(
        id=row.outbox_id,
        channel=row.outbox_channel,
        notice=Notice(
            alert_number=row.notices_alert_number,
            sequence=row.notices_sequence,
            reason=Reason(row.notices_reason),
            at=row.notices_at,
            level=Level(row.notices_level),
            title=row.notices_title,
            details=tuple(row.notices_details),
            ticker=row.notices_ticker,
            position_id=row.notices_position_id,
            simulated=row.notices_simulated,
            data=tuple((key, value) for key, value in row.notices_data),
        ),
        attempts=row.outbox_attempts,
        next_attempt_at=row.outbox_next_attempt_at,
        claim=row.outbox_claim,
    )
