"""The words that a reader's and a subscription's columns may hold, told one by one: SQLite looks a list of them up in a tree that it makes for it, at each row.

SQLite's tables are not made anew for it: what may stand in them is what it was, so that the text of the constraint is all that changes
(https://www.sqlite.org/lang_altertable.html, section 8, for changes that touch no content).
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

CHECKS = (
    (
        "subscriber",
        "status",
        "status IN ('pending', 'confirmed', 'left', 'suppressed')",
        "status = 'pending' OR status = 'confirmed' OR status = 'left' OR status = 'suppressed'",
    ),
    (
        "subscription",
        "status",
        "status IN ('pending', 'confirmed', 'left')",
        "status = 'pending' OR status = 'confirmed' OR status = 'left'",
    ),
    (
        "subscription",
        "rhythm",
        "rhythm IN ('each', 'daily', 'weekly', 'alerts')",
        "rhythm = 'each' OR rhythm = 'daily' OR rhythm = 'weekly' OR rhythm = 'alerts'",
    ),
    (
        "subscription",
        "hour",
        "(hour IS NOT NULL) = (rhythm IN ('daily', 'weekly'))",
        "(hour IS NOT NULL) = (rhythm = 'daily' OR rhythm = 'weekly')",
    ),
)


def upgrade() -> None:
    """Each check in its other form."""
    if op.get_context().dialect.name == "sqlite":
        _rewrite()
        return
    for table, name, _, check in CHECKS:
        op.drop_constraint(f"ck_{table}_{name}", table, type_="check")
        op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, check)


def _rewrite() -> None:
    """As SQLite's own manual has it; connections see another version of the schema, and read it anew."""
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    for table, name, before, after in CHECKS:
        changed = connection.execute(
            sa.text(
                "UPDATE sqlite_master SET sql = replace(sql, :before, :after)"
                " WHERE type = 'table' AND name = :table AND instr(sql, :before) > 0"
            ),
            {"table": table, "before": f"({before})", "after": f"({after})"},
        ).rowcount
        if changed != 1:
            raise RuntimeError(f"the table {table} has no check of {name} as this program made it")
    connection.execute(sa.text(f"PRAGMA schema_version = {version + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = RESET"))
