"""Marks with their range, provider and basis; settlements on paper.

Old marks are P&L that the person logged: they may decide, and their basis is unknown. How many
contracts they were for is not known either.

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from monitor.store.schema import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # added in place on both databases: a copy of the table would hold the lock for its length
    op.add_column("marks", sa.Column("asof", UtcDateTime(), nullable=True))
    op.add_column("marks", sa.Column("natural_usd", sa.Float(), nullable=True))
    op.add_column("marks", sa.Column("low_usd", sa.Float(), nullable=True))
    op.add_column("marks", sa.Column("high_usd", sa.Float(), nullable=True))
    op.add_column("marks", sa.Column("provider", sa.String(length=64), nullable=True))
    op.add_column("marks", sa.Column("contracts", sa.Integer(), nullable=True))
    op.add_column("marks", sa.Column("decides", sa.Boolean(), nullable=True))
    op.add_column("marks", sa.Column("basis", sa.String(length=120), nullable=True))
    op.create_index("ix_marks_position_id_at", "marks", ["position_id", "at"], unique=False)
    op.drop_index(op.f("ix_marks_position_id"), table_name="marks")
    op.create_table(
        "settlements",
        sa.Column("position_id", sa.String(length=32), nullable=False),
        sa.Column("value", sa.Float(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("pnl_usd", sa.Float(), nullable=False),
        sa.Column("contracts", sa.Integer(), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("position_id", name=op.f("pk_settlements")),
    )


def downgrade() -> None:
    op.drop_table("settlements")
    op.create_index(op.f("ix_marks_position_id"), "marks", ["position_id"], unique=False)
    op.drop_index("ix_marks_position_id_at", table_name="marks")
    for name in (
        "basis", "decides", "contracts", "provider", "high_usd", "low_usd", "natural_usd", "asof",
    ):  # fmt: skip
        op.drop_column("marks", name)
