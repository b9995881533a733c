"""The tables of positions, and what every table shares: metadata and the type of instants.

Apart from `schema.py` because naming a PostgreSQL option there loads that whole dialect, and
`positions list` must start fast.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
)

# Names for every constraint, so that later migrations can alter them on both databases.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python; SQLite keeps it without a zone, PostgreSQL with one."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"an instant without a zone cannot be stored: {value}")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        stamp: datetime = value
        return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)


position_events = Table(
    "position_events",
    metadata,
    Column("seq", Integer, primary_key=True, autoincrement=True),
    Column("position_id", String(32), nullable=False, index=True),
    Column("kind", String(16), nullable=False),  # add, update, close, edit, undo, import
    Column("at", UtcDateTime, nullable=False),
    Column("data", JSON, nullable=False),
    Column("undoes", Integer, ForeignKey("position_events.seq"), nullable=True),
    sqlite_autoincrement=True,
)

positions = Table(
    "positions",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("ticker", String(16), nullable=False),
    Column("spread_type", String(16), nullable=False),
    Column("flow_mode", String(16), nullable=False),
    Column("band", String(16)),
    Column("expiration", Date, nullable=False),
    Column("settlement", String(2), nullable=False),
    Column("entry_dte", Integer, nullable=False),
    Column("contracts", Integer, nullable=False),
    Column("multiplier", Integer, nullable=False),
    Column("credit_usd", Float, nullable=False),
    Column("short_put", Float),
    Column("long_put", Float),
    Column("short_call", Float),
    Column("long_call", Float),
    Column("risk_usd", Float),
    Column("max_loss_usd", Float, nullable=False),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("status", String(8), nullable=False, index=True),
    Column("pnl_usd", Float),
    Column("pnl_asof", UtcDateTime),
    Column("pnl_source", String(16)),
    Column("realized_pnl_usd", Float, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("notes", JSON, nullable=False),
    Column("simulated", Boolean, nullable=False),
    Column("last_seq", Integer, ForeignKey("position_events.seq"), nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("position_id", String(32), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("pnl_usd", Float, nullable=False),
    Column("source", String(16), nullable=False),  # you, quotes, anchored, model, simulated
    # since 0002; empty in rows from before it
    Column("asof", UtcDateTime),
    Column("natural_usd", Float),
    Column("low_usd", Float),
    Column("high_usd", Float),
    Column("provider", String(64)),
    Column("contracts", Integer),
    Column("decides", Boolean),
    Column("basis", String(120)),
    Index("ix_marks_position_id_at", "position_id", "at"),
    sqlite_autoincrement=True,
)

# What an expired position is worth on paper, as the monitor last found it.
settlements = Table(
    "settlements",
    metadata,
    Column("position_id", String(32), primary_key=True),
    Column("value", Float),  # of the underlying, points
    Column("source", Text, nullable=False),
    Column("pnl_usd", Float, nullable=False),  # of `contracts`
    Column("contracts", Integer, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)
