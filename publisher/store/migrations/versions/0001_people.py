"""The tables of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "batch",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        comment="an import: where its readers come from",
    )
    op.create_table(
        "subscriber",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("addr_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("mailable", sa.Boolean(), nullable=False),
        sa.Column("created_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("changed_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "mailable = (status = 'confirmed' AND address IS NOT NULL)", name=op.f("ck_subscriber_mailable")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'confirmed', 'left', 'suppressed')", name=op.f("ck_subscriber_status")
        ),
        sa.CheckConstraint("length(addr_key) = 16", name=op.f("ck_subscriber_addr_key")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscriber")),
        sa.UniqueConstraint("addr_key", name=op.f("uq_subscriber_addr_key")),
        comment="a person's address; NULL once erased",
    )
    op.create_table(
        "suppression",
        sa.Column("addr_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("prior", sa.String(length=16), nullable=True),
        sa.Column("dispatch_id", sa.String(length=26), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "cause IN ('left', 'bounced', 'complained', 'erased', 'manual')",
            name=op.f("ck_suppression_cause"),
        ),
        sa.CheckConstraint("length(addr_key) = 16", name=op.f("ck_suppression_addr_key")),
        sa.CheckConstraint("prior IN ('pending', 'confirmed', 'left')", name=op.f("ck_suppression_prior")),
        sa.PrimaryKeyConstraint("addr_key", name=op.f("pk_suppression")),
        comment="who must not be mailed, by keyed hash: it survives the erasure of the person. prior: where undoing it puts them",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_suppression_dispatch_id"), "suppression", ["dispatch_id"], unique=False)
    op.create_table(
        "consent",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("step", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=True),
        sa.Column("basis", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "step IN ('requested', 'confirmed', 'left', 'suppressed', 'restored', 'erased')",
            name=op.f("ck_consent_step"),
        ),
        sa.CheckConstraint("step <> 'confirmed' OR basis IS NOT NULL", name=op.f("ck_consent_basis")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_consent_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent")),
        comment="evidence of each step, appended; who came by an import has theirs in its batch",
    )
    op.create_index(op.f("ix_consent_subscriber_id"), "consent", ["subscriber_id"], unique=False)
    op.create_table(
        "subscription",
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("batch_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.CheckConstraint("active = (status = 'confirmed')", name=op.f("ck_subscription_active")),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'left')", name=op.f("ck_subscription_status")),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_subscription_batch_id")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "digest", name=op.f("pk_subscription")),
        comment="what a reader asked for; sections: slugs parted by blanks, sorted; empty means all",
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_subscription_segment",
        "subscription",
        ["digest", "language", "sections", "subscriber_id"],
        unique=False,
    )
