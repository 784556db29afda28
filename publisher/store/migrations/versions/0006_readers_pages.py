"""Readers' own pages: what forms asked for, links of one use, rhythms, fuller evidence, and dispatches of notices, which have no edition."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from subscribers.columns import UtcTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = UtcTime(timezone=True)
ASKED = "subscriber_id, digest, language, sections, status, active, since, batch_id"
SENT = (
    "id, edition_id, kind, digest, state, revision, policy, token_key, date, frozen_at, expires_at, halt_reason, halt_detail, "
    "actor, created_at, letter"
)
RHYTHM = {
    "rhythm": "rhythm IN ('each', 'daily', 'weekly', 'alerts')",
    "hour": "(hour IS NOT NULL) = (rhythm IN ('daily', 'weekly'))",
    "weekday": "(weekday IS NOT NULL) = (rhythm = 'weekly') AND (weekday IS NULL OR weekday BETWEEN 1 AND 7)",
}
DISPATCH = {"kind": "kind IN ('digest', 'test', 'tx')", "edition": "(kind = 'tx') = (edition_id IS NULL)"}


def upgrade() -> None:
    """New columns where the database can add them; SQLite's tables with new checks are made anew."""
    op.add_column("subscriber", sa.Column("timezone", sa.String(length=64), nullable=True))
    for name, length in (("form", 64), ("network", 64), ("text_version", 32)):
        op.add_column("consent", sa.Column(name, sa.String(length=length), nullable=True))
    if op.get_context().dialect.name == "sqlite":
        _subscription_anew()
        _dispatch_anew()
    else:
        for column in _rhythm_columns():
            op.add_column("subscription", column)
        for name, check in RHYTHM.items():
            op.create_check_constraint(op.f(f"ck_subscription_{name}"), "subscription", check)
        op.drop_constraint("ck_dispatch_kind", "dispatch", type_="check")
        op.alter_column("dispatch", "edition_id", nullable=True)
        for name, check in DISPATCH.items():
            op.create_check_constraint(op.f(f"ck_dispatch_{name}"), "dispatch", check)
    _new_tables()


def _rhythm_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("rhythm", sa.String(length=8), server_default=sa.text("'each'"), nullable=False),
        sa.Column("hour", sa.String(length=5), nullable=True),
        sa.Column("weekday", sa.Integer(), nullable=True),
    ]


def _subscription_anew() -> None:
    op.execute("CREATE TABLE subscription_before AS SELECT * FROM subscription")
    op.drop_table("subscription")
    op.create_table(
        "subscription",
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", NOW, nullable=False),
        sa.Column("batch_id", BIG, nullable=True),
        *_rhythm_columns(),
        sa.CheckConstraint("active = (status = 'confirmed')", name=op.f("ck_subscription_active")),
        sa.CheckConstraint("status IN ('pending', 'confirmed', 'left')", name=op.f("ck_subscription_status")),
        *(sa.CheckConstraint(check, name=op.f(f"ck_subscription_{name}")) for name, check in RHYTHM.items()),
        sa.ForeignKeyConstraint(["batch_id"], ["batch.id"], name=op.f("fk_subscription_batch_id")),
        sa.ForeignKeyConstraint(
            ["subscriber_id"], ["subscriber.id"], name=op.f("fk_subscription_subscriber_id")
        ),
        sa.PrimaryKeyConstraint("subscriber_id", "digest", name=op.f("pk_subscription")),
        sqlite_with_rowid=False,
    )
    op.execute(f"INSERT INTO subscription ({ASKED}) SELECT {ASKED} FROM subscription_before")  # noqa: S608 - names of ours
    op.execute("DROP TABLE subscription_before")
    op.create_index(
        "ix_subscription_segment", "subscription", ["digest", "language", "sections", "subscriber_id"]
    )


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
        *(sa.CheckConstraint(check, name=op.f(f"ck_dispatch_{name}")) for name, check in DISPATCH.items()),
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
    op.execute(f"INSERT INTO dispatch ({SENT}) SELECT {SENT} FROM dispatch_before")  # noqa: S608 - names of ours
    op.execute("DROP TABLE dispatch_before")


def _new_tables() -> None:
    op.create_table(
        "consent_text",
        sa.Column("version", sa.String(length=32), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", NOW, nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_consent_text")),
    )
    op.create_table(
        "signup",
        sa.Column("id", BIG, nullable=False),
        sa.Column("what", sa.String(length=8), nullable=False),
        sa.Column("addr_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("subscriber_id", BIG, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("sections", sa.Text(), nullable=False),
        sa.Column("rhythm", sa.String(length=16), nullable=False),
        sa.Column("network_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("network", sa.String(length=64), nullable=True),
        sa.Column("form", sa.String(length=64), nullable=False),
        sa.Column("text_version", sa.String(length=32), nullable=True),
        sa.Column("state", sa.String(length=8), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("at", NOW, nullable=False),
        sa.Column("answered_at", NOW, nullable=True),
        sa.CheckConstraint("what IN ('join', 'account', 'address')", name=op.f("ck_signup_what")),
        sa.CheckConstraint("(what = 'join') = (subscriber_id IS NULL)", name=op.f("ck_signup_subscriber_id")),
        sa.CheckConstraint("state IN ('waiting', 'mailed', 'silent')", name=op.f("ck_signup_state")),
        sa.CheckConstraint("(state = 'waiting') = (answered_at IS NULL)", name=op.f("ck_signup_answered_at")),
        sa.CheckConstraint(
            "state = 'waiting' OR (address IS NULL AND network IS NULL)", name=op.f("ck_signup_forgotten")
        ),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_signup_subscriber_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signup")),
    )
    op.create_index(op.f("ix_signup_addr_key_at"), "signup", ["addr_key", "at"])
    op.create_index(op.f("ix_signup_network_key_at"), "signup", ["network_key", "at"])
    op.create_index(op.f("ix_signup_at"), "signup", ["at"])
    waits = sa.text("state = 'waiting'")
    op.create_index("ix_signup_waiting", "signup", ["id"], sqlite_where=waits, postgresql_where=waits)
    op.create_table(
        "ticket",
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=8), nullable=False),
        sa.Column("subscriber_id", BIG, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("expires_at", NOW, nullable=False),
        sa.Column("used_at", NOW, nullable=True),
        sa.CheckConstraint("length(fingerprint) = 32", name=op.f("ck_ticket_fingerprint")),
        sa.CheckConstraint("purpose IN ('confirm', 'account', 'address')", name=op.f("ck_ticket_purpose")),
        sa.CheckConstraint("address IS NULL OR purpose = 'address'", name=op.f("ck_ticket_address")),
        sa.ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"], name=op.f("fk_ticket_subscriber_id")),
        sa.PrimaryKeyConstraint("fingerprint", name=op.f("pk_ticket")),
    )
    op.create_index(op.f("ix_ticket_subscriber_id"), "ticket", ["subscriber_id"])
    op.create_index(op.f("ix_ticket_expires_at"), "ticket", ["expires_at"])
