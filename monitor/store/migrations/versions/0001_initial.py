"""The first schema: positions and their events, alerts and outbox, regimes, opportunities.

Revision: 0001, after nothing
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alerts",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("severity", sa.Integer(), nullable=False),
        sa.Column("event", sa.Boolean(), nullable=False),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("ticker", sa.String(length=16), nullable=True),
        sa.Column("position_id", sa.String(length=32), nullable=True),
        sa.Column("resolved_title", sa.Text(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen_at", UtcDateTime(), nullable=False),
        sa.Column("absent_since", UtcDateTime(), nullable=True),
        sa.Column("last_sent_at", UtcDateTime(), nullable=True),
        sa.Column("last_reason", sa.String(length=16), nullable=True),
        sa.Column("sent_count", sa.Integer(), nullable=False),
        sa.Column("snoozed_until", UtcDateTime(), nullable=True),
        sa.Column("resolved_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_alerts")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_alerts_living_key",
        "alerts",
        ["key"],
        unique=True,
        sqlite_where=sa.text("state != 'resolved'"),
        postgresql_where=sa.text("state != 'resolved'"),
    )
    op.create_table(
        "controls",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_controls")),
    )
    op.create_table(
        "marks",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("position_id", sa.String(length=32), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("pnl_usd", sa.Float(), nullable=False),
        sa.Column("source", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_marks")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_marks_position_id"), "marks", ["position_id"], unique=False)
    op.create_table(
        "opportunities",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("ticker", sa.String(length=16), nullable=False),
        sa.Column("scanned_at", UtcDateTime(), nullable=False),
        sa.Column("config", sa.String(length=120), nullable=False),
        sa.Column("alert_id", sa.String(length=16), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opportunities")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_opportunities_scanned_at"), "opportunities", ["scanned_at"], unique=False
    )
    op.create_table(
        "position_events",
        sa.Column("seq", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("position_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("undoes", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["undoes"],
            ["position_events.seq"],
            name=op.f("fk_position_events_undoes_position_events"),
        ),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_position_events")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_position_events_position_id"), "position_events", ["position_id"], unique=False
    )
    op.create_table(
        "regime_changes",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("previous", sa.String(length=16), nullable=True),
        sa.Column("regime", sa.String(length=16), nullable=False),
        sa.Column("vix", sa.Float(), nullable=False),
        sa.Column("vix_asof", UtcDateTime(), nullable=False),
        sa.Column("vix_source", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_regime_changes")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_regime_changes_at"), "regime_changes", ["at"], unique=False)
    op.create_table(
        "notices",
        sa.Column("alert_number", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("level", sa.String(length=16), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("ticker", sa.String(length=16), nullable=True),
        sa.Column("position_id", sa.String(length=32), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_number"], ["alerts.number"], name=op.f("fk_notices_alert_number_alerts")
        ),
        sa.PrimaryKeyConstraint("alert_number", "sequence", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_at"), "notices", ["at"], unique=False)
    op.create_table(
        "positions",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("ticker", sa.String(length=16), nullable=False),
        sa.Column("spread_type", sa.String(length=16), nullable=False),
        sa.Column("flow_mode", sa.String(length=16), nullable=False),
        sa.Column("band", sa.String(length=16), nullable=True),
        sa.Column("expiration", sa.Date(), nullable=False),
        sa.Column("settlement", sa.String(length=2), nullable=False),
        sa.Column("entry_dte", sa.Integer(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("multiplier", sa.Integer(), nullable=False),
        sa.Column("credit_usd", sa.Float(), nullable=False),
        sa.Column("short_put", sa.Float(), nullable=True),
        sa.Column("long_put", sa.Float(), nullable=True),
        sa.Column("short_call", sa.Float(), nullable=True),
        sa.Column("long_call", sa.Float(), nullable=True),
        sa.Column("risk_usd", sa.Float(), nullable=True),
        sa.Column("max_loss_usd", sa.Float(), nullable=False),
        sa.Column("opened_at", UtcDateTime(), nullable=False),
        sa.Column("status", sa.String(length=8), nullable=False),
        sa.Column("pnl_usd", sa.Float(), nullable=True),
        sa.Column("pnl_asof", UtcDateTime(), nullable=True),
        sa.Column("pnl_source", sa.String(length=16), nullable=True),
        sa.Column("realized_pnl_usd", sa.Float(), nullable=False),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("last_seq", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_seq"],
            ["position_events.seq"],
            name=op.f("fk_positions_last_seq_position_events"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_positions")),
    )
    op.create_index(op.f("ix_positions_status"), "positions", ["status"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("alert_number", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("claim", sa.JSON(), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["alert_number", "sequence"],
            ["notices.alert_number", "notices.sequence"],
            name=op.f("fk_outbox_alert_number_notices"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_state_next", "outbox", ["state", "next_attempt_at"], unique=False)
    op.create_index(
        "uq_outbox_notice_channel", "outbox", ["alert_number", "sequence", "channel"], unique=True
    )


def downgrade() -> None:
    op.drop_index("uq_outbox_notice_channel", table_name="outbox")
    op.drop_index("ix_outbox_state_next", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index(op.f("ix_positions_status"), table_name="positions")
    op.drop_table("positions")
    op.drop_index(op.f("ix_notices_at"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_regime_changes_at"), table_name="regime_changes")
    op.drop_table("regime_changes")
    op.drop_index(op.f("ix_position_events_position_id"), table_name="position_events")
    op.drop_table("position_events")
    op.drop_index(op.f("ix_opportunities_scanned_at"), table_name="opportunities")
    op.drop_table("opportunities")
    op.drop_index(op.f("ix_marks_position_id"), table_name="marks")
    op.drop_table("marks")
    op.drop_table("controls")
    op.drop_index(
        "uq_alerts_living_key",
        table_name="alerts",
        sqlite_where=sa.text("state != 'resolved'"),
        postgresql_where=sa.text("state != 'resolved'"),
    )
    op.drop_table("alerts")
