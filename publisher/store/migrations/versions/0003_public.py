"""What is public: files by path, folders that hold copies, hubs to be told; how a feed edition looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables; a feed edition remembers how its feed looked."""
    op.add_column("edition", sa.Column("look", sa.String(length=64), nullable=True))
    op.create_table(
        "public_file",
        sa.Column("path", sa.String(length=255), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.String(length=96), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("changed_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("status IN (200, 410)", name=op.f("ck_public_file_status")),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_public_file")),
        sa.UniqueConstraint("seq", name=op.f("uq_public_file_seq")),
        comment="cleared bytes by public path (gzip); `seq` grows with every change, `changed_at` only forward: Last-Modified",
    )
    op.create_table(
        "out_folder",
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("below", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("path", name=op.f("pk_out_folder")),
        comment="folders that hold a copy of the public files below a path: a kill reaches them as well",
    )
    op.create_table(
        "hub_ping",
        sa.Column("hub", sa.String(length=255), nullable=False),
        sa.Column("topic", sa.String(length=255), nullable=False),
        sa.Column("due_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("changes", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("hub", "topic", name=op.f("pk_hub_ping")),
        comment="WebSub hubs that have to hear of a changed feed; one row however often it changed meanwhile",
    )
    op.create_index(op.f("ix_story_first_published"), "story", ["first_published"], unique=False)
    op.create_index(op.f("ix_hub_ping_due_at"), "hub_ping", ["due_at"], unique=False)
