"""Messages to other programs."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "webhook_out",
        sa.Column("webhook", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=160), nullable=False),
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("due_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("done_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("webhook", "key", name=op.f("pk_webhook_out")),
        comment="messages to other programs, made of the records of acts and of consent, which are written with what they record. key: the "
        "record it was made of, so that none is made twice. due_at: none once it was taken or given up",
    )
    op.create_index(op.f("ix_webhook_out_due_at"), "webhook_out", ["due_at"])
    op.create_index(op.f("ix_webhook_out_done_at"), "webhook_out", ["done_at"])
