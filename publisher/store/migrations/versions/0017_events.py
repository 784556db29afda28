"""Stories that report one event: what the desk joined or split by hand, and whom an edition only names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A new table and a new column: editions that are here name nobody."""
    op.create_table(
        "desk_tie",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("other_id", sa.String(length=26), nullable=False),
        sa.Column("joined", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("story_id < other_id", name=op.f("ck_desk_tie_order")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_desk_tie_story_id")),
        sa.ForeignKeyConstraint(["other_id"], ["story.id"], name=op.f("fk_desk_tie_other_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_tie")),
        comment="two stories that the desk said report one event, or do not; of several on one pair the latest counts",
    )
    op.add_column(
        "edition_item", sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.text("false"))
    )
