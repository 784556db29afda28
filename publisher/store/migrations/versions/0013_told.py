"""Events of delivery services that were taken in: the same one again is no news."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0013"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "told",
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_told_fingerprint")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_told")),
        comment="events of delivery services that were taken in, whatever came of them: the same one again is no news. Kept for longer than a "
        "signature is taken",
    )
    op.create_index(op.f("ix_told_at"), "told", ["at"])
    if op.get_bind().dialect.name == "postgresql":  # SQLite has no comments
        op.create_table_comment(
            "returned",
            "what came back of mails that were accepted, and what servers said of a mailbox at once (actor rule:smtp): appended, one row for each delivery "
            "and kind; the ledger is not rewritten. untrusted: a report that no token of ours vouches for, kept for a while and believed in nothing",
        )
