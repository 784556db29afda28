"""Whoever has a killed or corrected story in a mail is told: what has to be told, and dispatches and deliveries that do."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from subscribers.columns import UtcTime

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

NOW = UtcTime(timezone=True)
SENT = (
    "id, edition_id, kind, digest, state, revision, policy, token_key, date, frozen_at, expires_at, halt_reason, halt_detail, "
    "actor, created_at, letter, wave, canary, canary_until"
)
CHECKS = {
    "kind": "kind IN ('digest', 'test', 'tx', 'followup')",
    "edition": "(kind IN ('tx', 'followup')) = (edition_id IS NULL)",
    "followup": "(kind = 'followup') = (followup_id IS NOT NULL)",
    "answers": "(followup_id IS NULL) = (answers IS NULL)",
}


def upgrade() -> None:
    """A new table; `dispatch` with other checks, for which SQLite makes it anew; and the index that holds one mail a person."""
    _followup()
    if op.get_context().dialect.name == "sqlite":
        _dispatch_anew()
    else:
        for column in _columns():
            op.add_column("dispatch", column)
        for name, table in (("followup_id", "followup"), ("answers", "dispatch")):
            op.create_foreign_key(op.f(f"fk_dispatch_{name}"), "dispatch", table, [name], ["id"])
        for name in ("kind", "edition"):
            op.drop_constraint(f"ck_dispatch_{name}", "dispatch", type_="check")
        for name, check in CHECKS.items():
            op.create_check_constraint(op.f(f"ck_dispatch_{name}"), "dispatch", check)
    given = sa.text("followup_id IS NOT NULL")
    op.create_index(
        op.f("ix_dispatch_followup_id"),
        "dispatch",
        ["followup_id"],
        sqlite_where=given,
        postgresql_where=given,
    )
    of_followups = sa.text("kind = 'followup'")
    op.create_index(
        "uq_delivery_followup_addr_key",
        "delivery",
        ["edition_id", "addr_key"],
        unique=True,
        sqlite_where=of_followups,
        postgresql_where=of_followups,
    )


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("followup_id", sa.String(length=64), nullable=True),
        sa.Column("answers", sa.String(length=26), nullable=True),
    ]


def _keys() -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint(["followup_id"], ["followup.id"], name=op.f("fk_dispatch_followup_id")),
        sa.ForeignKeyConstraint(["answers"], ["dispatch.id"], name=op.f("fk_dispatch_answers")),
    ]


def _followup() -> None:
    op.create_table(
        "followup",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("act", sa.String(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("told", sa.JSON(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", NOW, nullable=False),
        sa.Column("queued_at", NOW, nullable=True),
        sa.Column("looked_at", NOW, nullable=True),
        sa.Column("ended_at", NOW, nullable=True),
        sa.Column("took", sa.JSON(), nullable=True),
        sa.CheckConstraint("act IN ('kill', 'correction')", name=op.f("ck_followup_act")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_followup_story_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followup")),
    )
    op.create_index(op.f("ix_followup_story_id"), "followup", ["story_id"])
    open_ = sa.text("ended_at IS NULL")
    op.create_index(op.f("ix_followup_at"), "followup", ["at"], sqlite_where=open_, postgresql_where=open_)


def _dispatch_anew() -> None:
    """The deliveries point to it again at the commit."""
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE dispatch_before AS SELECT * FROM dispatch")
    op.drop_table("dispatch")
    op.create_table(
        "dispatch",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("edition_id", sa.String(length=128), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=8), nullable=False),
        sa.Column("token_key", sa.Integer(), nullable=False),
        sa.Column("date", NOW, nullable=False),
        sa.Column("frozen_at", NOW, nullable=True),
        sa.Column("expires_at", NOW, nullable=False),
        sa.Column("halt_reason", sa.String(length=32), nullable=True),
        sa.Column("halt_detail", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("created_at", NOW, nullable=False),
        sa.Column("letter", sa.JSON(), nullable=True),
        sa.Column("wave", sa.Integer(), nullable=False, server_default=sa.text("1")),
        sa.Column("canary", sa.JSON(), nullable=True),
        sa.Column("canary_until", NOW, nullable=True),
        *_columns(),
        *(sa.CheckConstraint(check, name=op.f(f"ck_dispatch_{name}")) for name, check in CHECKS.items()),
        sa.CheckConstraint("policy IN ('resend', 'keep')", name=op.f("ck_dispatch_policy")),
        sa.CheckConstraint(
            "state IN ('freezing', 'sending', 'paused', 'halted', 'cancelled')",
            name=op.f("ck_dispatch_state"),
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_dispatch_edition_id")),
        *_keys(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
    )
    op.create_index(
        "uq_dispatch_edition",
        "dispatch",
        ["edition_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'digest'"),
    )
    op.execute(f"INSERT INTO dispatch ({SENT}) SELECT {SENT} FROM dispatch_before")  # noqa: S608 - names of ours
    op.execute("DROP TABLE dispatch_before")
