"""A story that came under two ids is one, once its source has said so; posts that went with many others are named once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table, one new column."""
    op.add_column("swept_post", sa.Column("named_at", subscribers.columns.UtcTime(timezone=True)))
    op.create_table(
        "story_same",
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("same_as", sa.String(length=26), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("story_id <> same_as", name=op.f("ck_story_same_other")),
        sa.ForeignKeyConstraint(["same_as"], ["story.id"], name=op.f("fk_story_same_same_as_story")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_same_story_id_story")),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_story_same")),
        comment="a story that came under two ids, as its source told later: the one that is held, and the one that stands for both",
    )
    op.create_index(op.f("ix_story_same_same_as"), "story_same", ["same_as"])
