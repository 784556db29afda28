"""Sweeps of WordPress sites remember each post; a source remembers where it moved and how long it took."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table, two columns."""
    op.add_column("source_state", sa.Column("moved_to", sa.Text(), nullable=True))
    op.add_column("source_state", sa.Column("seconds", sa.Float(), nullable=True))
    op.create_table(
        "swept_post",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("post", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("published_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("seen_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("gone_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", "post", name=op.f("pk_swept_post")),
        comment="posts of swept WordPress sites: what tells a change, and when one was withdrawn there",
    )
