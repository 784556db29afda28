"""The states that an outcome may have, told one by one: SQLite looks a list of them up in a tree that it makes for it, at each row.

As in 0025, what may stand in the table is what it was, and the text of the constraint is all that changes on SQLite.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

BEFORE = "state IN ('queued', 'accepted', 'failed', 'uncertain', 'suppressed', 'expired', 'cancelled')"
AFTER = (
    "state = 'accepted' OR state = 'queued' OR state = 'failed' OR state = 'uncertain' OR state = 'suppressed'"
    " OR state = 'expired' OR state = 'cancelled'"
)


def upgrade() -> None:
    """The check in its other form."""
    if op.get_context().dialect.name == "sqlite":
        _rewrite()
        return
    op.drop_constraint("ck_outcome_state", "outcome", type_="check")
    op.create_check_constraint(op.f("ck_outcome_state"), "outcome", AFTER)


def _rewrite() -> None:
    """As SQLite's own manual has it; connections see another version of the schema, and read it anew."""
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    changed = connection.execute(
        sa.text(
            "UPDATE sqlite_master SET sql = replace(sql, :before, :after)"
            " WHERE type = 'table' AND name = 'outcome' AND instr(sql, :before) > 0"
        ),
        {"before": f"({BEFORE})", "after": f"({AFTER})"},
    ).rowcount
    if changed != 1:
        raise RuntimeError("the table outcome has no check of state as this program made it")
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = RESET"))
