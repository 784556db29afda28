"""What waits in quarantine is found by the item's id, because an item that comes in whole settles it."""

from __future__ import annotations

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One new index."""
    op.create_index(op.f("ix_quarantine_source_source_guid"), "quarantine", ["source", "source_guid"])
