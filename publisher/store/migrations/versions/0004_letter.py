"""A dispatch keeps what its mails say of the house; the token of a send, which nothing ever used, goes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEPT = (
    "id, edition_id, kind, digest, state, revision, policy, token_key, date, frozen_at, expires_at, halt_reason, halt_detail, "
    "actor, created_at"
)


def upgrade() -> None:
    """SQLite drops no column that is unique: its table is made anew, and the deliveries point to it again at the commit."""
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint("uq_dispatch_send_token", "dispatch", type_="unique")
        op.drop_column("dispatch", "send_token")
        op.add_column("dispatch", sa.Column("letter", sa.JSON(), nullable=True))
        return
    op.execute("PRAGMA defer_foreign_keys = ON")
    op.execute("CREATE TABLE dispatch_before AS SELECT * FROM dispatch")
    op.drop_table("dispatch")
    op.create_table(
        "dispatch",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("policy", sa.String(length=8), nullable=False),
        sa.Column("token_key", sa.Integer(), nullable=False),
        sa.Column("date", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("frozen_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("expires_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("halt_reason", sa.String(length=32), nullable=True),
        sa.Column("halt_detail", sa.Text(), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("created_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("letter", sa.JSON(), nullable=True),
        sa.CheckConstraint("kind IN ('digest', 'test')", name=op.f("ck_dispatch_kind")),
        sa.CheckConstraint("policy IN ('resend', 'keep')", name=op.f("ck_dispatch_policy")),
        sa.CheckConstraint(
            "state IN ('freezing', 'sending', 'paused', 'halted', 'cancelled')",
            name=op.f("ck_dispatch_state"),
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_dispatch_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
    )
    op.create_index(
        "uq_dispatch_edition",
        "dispatch",
        ["edition_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'digest'"),
    )
    op.execute(f"INSERT INTO dispatch ({KEPT}) SELECT {KEPT} FROM dispatch_before")  # noqa: S608 - names of ours
    op.execute("DROP TABLE dispatch_before")
