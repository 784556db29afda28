"""Readers' former addresses by their hash; whoever left is not pending because somebody asked in their name; replies without mailboxes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns
from subscribers.address import unnamed

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

AT_ONCE = 1000


def upgrade() -> None:
    """One new table, and what stood in the old ones is made as it is written from now on."""
    op.create_table(
        "former_key",
        sa.Column("addr_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(addr_key) = 16", name=op.f("ck_former_key_addr_key")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_former_key_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("addr_key", name=op.f("pk_former_key")),
        comment="addresses that readers had before they moved, by keyed hash: no list brings them in, and erasure reaches them",
    )
    op.create_index(op.f("ix_former_key_subscriber_id"), "former_key", ["subscriber_id"])
    # the ledger remembers where a reader's digests went; whoever was erased since is refused there, too
    op.execute(
        "INSERT INTO former_key (addr_key, subscriber_id, at) "
        "SELECT d.addr_key, max(d.subscriber_id), max(s.changed_at) FROM delivery d JOIN subscriber s ON s.id = d.subscriber_id "
        "WHERE d.kind IN ('digest', 'followup') AND d.addr_key <> s.addr_key "
        "AND NOT EXISTS (SELECT 1 FROM subscriber o WHERE o.addr_key = d.addr_key) GROUP BY d.addr_key"
    )
    erased = "(SELECT s.id FROM subscriber s JOIN suppression p ON p.addr_key = s.addr_key WHERE p.cause = 'erased')"
    op.execute(f"UPDATE delivery SET rcpt = '' WHERE rcpt <> '' AND subscriber_id IN {erased}")  # noqa: S608 - our own text
    _left_again()
    _unname("outcome", ("delivery_id", "try"), "reply")
    _unname("dispatch", ("id",), "halt_detail")
    _unname("breaker", ("key",), "reason")


def _left_again() -> None:
    """Pending again after a leaving, because asking made them so: they have left until they confirm."""
    for table, theirs, digest in (
        (
            "subscription",
            "c.subscriber_id = subscription.subscriber_id",
            "(c.digest = subscription.digest OR c.digest IS NULL AND c.at >= subscription.since)",
        ),
        ("subscriber", "c.subscriber_id = subscriber.id", "c.digest IS NULL"),
    ):
        since = (
            "SELECT 1 FROM consent y WHERE y.subscriber_id = c.subscriber_id AND y.id > c.id "
            "AND y.step = 'confirmed' AND (y.digest = c.digest OR c.digest IS NULL)"
        )
        op.execute(
            f"UPDATE {table} SET status = 'left' WHERE status = 'pending' AND EXISTS "  # noqa: S608 - our own text
            f"(SELECT 1 FROM consent c WHERE {theirs} AND c.step = 'left' AND {digest} AND NOT EXISTS ({since}))"
        )


def _unname(table: str, key: tuple[str, ...], column: str) -> None:
    """Take mailboxes out of what servers said, some rows at a time."""
    bind, rows = op.get_bind(), sa.table(table, *map(sa.column, (*key, column)))
    named = sa.or_(*(rows.c[column].like(f"%{sign}%", escape="!") for sign in ("@", "!%40", "=40")))
    first = rows.c[key[0]]
    query = sa.select(rows).where(named).order_by(first).limit(AT_ONCE)
    further = query
    while found := bind.execute(further).all():
        further = query.where(first >= found[-1][0])  # what was mended is found no more
        for row in found:
            same = [rows.c[name] == value for name, value in zip(key, row, strict=False)]
            bind.execute(sa.update(rows).where(*same).values({column: unnamed(row[-1])}))
