"""Tables of the database, for SQLite and PostgreSQL alike.

`data/monitor.db` is the truth; JSON files are exports of it. Positions are a projection of
`position_events`, which are only ever appended. Every instant is aware UTC.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    text,
)

from monitor.store.position_tables import UtcDateTime, metadata, position_events, positions

__all__ = [
    "UtcDateTime", "alerts", "controls", "marks", "metadata", "notices", "opportunities",
    "outbox", "position_events", "positions", "regime_changes",
]  # fmt: skip

alerts = Table(
    "alerts",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("key", String(200), nullable=False),
    Column("level", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("severity", Integer, nullable=False),
    Column("event", Boolean, nullable=False),
    Column("fingerprint", Text, nullable=False),  # an event's versions told so far, by spaces
    Column("ticker", String(16)),
    Column("position_id", String(32)),
    Column("resolved_title", Text, nullable=False),
    Column("data", JSON, nullable=False),
    Column("state", String(16), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("last_seen_at", UtcDateTime, nullable=False),
    Column("absent_since", UtcDateTime),  # not reported since; resolves when it lasts
    Column("last_sent_at", UtcDateTime),
    Column("last_reason", String(16)),
    Column("sent_count", Integer, nullable=False),
    Column("snoozed_until", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    sqlite_autoincrement=True,
)
# One living episode per key: a second writer cannot start the same alert twice.
Index(
    "uq_alerts_living_key",
    alerts.c.key,
    unique=True,
    sqlite_where=text("state != 'resolved'"),
    postgresql_where=text("state != 'resolved'"),
)

notices = Table(
    "notices",
    metadata,
    Column("alert_number", Integer, ForeignKey("alerts.number"), primary_key=True),
    Column("sequence", Integer, primary_key=True),
    Column("reason", String(16), nullable=False),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("level", String(16), nullable=False),
    Column("title", Text, nullable=False),
    Column("details", JSON, nullable=False),
    Column("ticker", String(16)),
    Column("position_id", String(32)),
    Column("simulated", Boolean, nullable=False),
    Column("data", JSON, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("alert_number", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("channel", String(64), nullable=False),
    Column("state", String(16), nullable=False),  # pending, sent, failed, off
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("claim", JSON),  # what the channel noted before it began to write, for recovery
    Column("last_error", Text),
    Column("sent_at", UtcDateTime),
    ForeignKeyConstraint(
        ["alert_number", "sequence"], ["notices.alert_number", "notices.sequence"]
    ),
    Index("ix_outbox_state_next", "state", "next_attempt_at"),
    Index("uq_outbox_notice_channel", "alert_number", "sequence", "channel", unique=True),
    sqlite_autoincrement=True,
)

regime_changes = Table(
    "regime_changes",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("at", UtcDateTime, nullable=False, index=True),
    Column("previous", String(16)),
    Column("regime", String(16), nullable=False),
    Column("vix", Float, nullable=False),
    Column("vix_asof", UtcDateTime, nullable=False),
    Column("vix_source", String(32), nullable=False),
    sqlite_autoincrement=True,
)

opportunities = Table(
    "opportunities",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("ticker", String(16), nullable=False),
    Column("scanned_at", UtcDateTime, nullable=False, index=True),
    Column("config", String(120), nullable=False),
    Column("alert_id", String(16), nullable=False),
    Column("data", JSON, nullable=False),
    sqlite_autoincrement=True,
)

marks = Table(
    "marks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("position_id", String(32), nullable=False, index=True),
    Column("at", UtcDateTime, nullable=False),
    Column("pnl_usd", Float, nullable=False),
    Column("source", String(16), nullable=False),
    sqlite_autoincrement=True,
)

# What one process tells another: the trend set while running, the last heartbeat.
controls = Table(
    "controls",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
