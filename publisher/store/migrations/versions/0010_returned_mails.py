"""What came back of mails that were accepted: bounces, complaints, and leaving by mail."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "returned",
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("effect", sa.String(length=16), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("dispatch_id", sa.String(length=26), nullable=True),
        sa.Column("addr_key", sa.LargeBinary(length=16), nullable=True),
        sa.Column("domain", sa.String(length=255), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_returned_fingerprint")),
        sa.CheckConstraint(
            "effect IN ('suppressed', 'counted', 'disbelieved', 'left', 'untrusted')",
            name=op.f("ck_returned_effect"),
        ),
        sa.CheckConstraint(
            "(delivery_id IS NULL) = (dispatch_id IS NULL)", name=op.f("ck_returned_delivery_id")
        ),
        sa.CheckConstraint("delivery_id IS NULL OR addr_key IS NOT NULL", name=op.f("ck_returned_addr_key")),
        sa.CheckConstraint(
            "effect NOT IN ('suppressed', 'counted', 'disbelieved') OR delivery_id IS NOT NULL",
            name=op.f("ck_returned_trusted"),
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_returned_delivery_id")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_returned")),
        sa.UniqueConstraint("delivery_id", "kind", name=op.f("uq_returned_delivery_id_kind")),
        comment="what came back of mails that were accepted: appended, one row for each delivery and kind; the ledger is not rewritten. "
        "untrusted: a report that no token of ours vouches for, kept for a while and believed in nothing",
    )
    op.create_index(op.f("ix_returned_addr_key_at"), "returned", ["addr_key", "at"])
    op.create_index(op.f("ix_returned_dispatch_id_domain"), "returned", ["dispatch_id", "domain"])
    op.create_index(op.f("ix_returned_at"), "returned", ["at"])
