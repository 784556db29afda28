"""What a house knows of its readers beyond the address; and who wants a week's edition or alerts, found by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table, and an index."""
    apart = sa.text("rhythm <> 'each'")
    op.create_index(
        op.f("ix_subscription_apart"),
        "subscription",
        ["digest", "rhythm"],
        sqlite_where=apart,
        postgresql_where=apart,
    )
    op.create_table(
        "attribute_value",
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.String(length=48), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_attribute_value_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "name", name=op.f("pk_attribute_value")),
        sqlite_with_rowid=False,
        comment="attributes of readers by the names of the configuration; number: where the value is one",
    )
