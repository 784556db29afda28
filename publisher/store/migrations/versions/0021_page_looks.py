"""Looks at the sources' pages of what is out: when the next is due, what the last one saw, what a person should see."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new table."""
    op.create_table(
        "page_look",
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("published_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False, server_default=sa.text("0")),
        sa.Column("due_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("headline", sa.Text(), nullable=True),
        sa.Column("length", sa.Integer(), nullable=True),
        sa.Column("finding", sa.String(length=16), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("found_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("settled_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "finding IN ('gone', 'front-page', 'no-article', 'headline', 'length')",
            name=op.f("ck_page_look_finding"),
        ),
        sa.CheckConstraint("(finding IS NULL) = (found_at IS NULL)", name=op.f("ck_page_look_found")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_page_look_story_id")),
        sa.PrimaryKeyConstraint("story_id", name=op.f("pk_page_look")),
        comment="the source's page of each published story: when it is looked at next, what it said, and what a person should look at",
    )
    op.create_index(op.f("ix_page_look_due_at"), "page_look", ["due_at"])
