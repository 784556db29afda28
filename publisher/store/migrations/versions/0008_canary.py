"""A dispatch may go to a few first: its wave that is open, its rule, and until when it waits; and which wave a chunk belongs to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """New columns only: whatever is there already belongs to the wave of all."""
    op.add_column("dispatch", sa.Column("wave", sa.Integer(), nullable=False, server_default=sa.text("1")))
    op.add_column("dispatch", sa.Column("canary", sa.JSON(), nullable=True))
    op.add_column(
        "dispatch", sa.Column("canary_until", subscribers.columns.UtcTime(timezone=True), nullable=True)
    )
    op.add_column("chunk", sa.Column("wave", sa.Integer(), nullable=False, server_default=sa.text("1")))
