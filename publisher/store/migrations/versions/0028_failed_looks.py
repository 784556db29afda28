"""How many looks at a source's page have failed one after the other: the pause before the next one grows with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One column."""
    op.add_column("page_look", sa.Column("failed", sa.Integer(), nullable=False, server_default=sa.text("0")))
