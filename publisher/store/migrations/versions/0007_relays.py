"""Breakers outlive a restart, and rates are shared by all who send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Two new tables."""
    op.create_table(
        "breaker",
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("until", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_breaker")),
        sa.CheckConstraint("state IN ('open', 'half-open')", name=op.f("ck_breaker_state")),
        comment="a relay or a recipients' domain that is left alone for a while; without a row all is well with it. half-open: it is being tried",
    )
    op.create_table(
        "bucket",
        sa.Column("key", sa.String(length=320), nullable=False),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_bucket")),
        comment="a rate: until when its slots have been granted, in seconds since 1970 on the database's own clock",
    )
