"""The tables of people.

`subscriber.mailable` and `subscription.active` are the flags that the sender's mark reads: leaving and suppression change
them in their own transaction, so that no mail is marked for sending after that has committed. Constraints bind each flag to
its status, so that no code can set one without the other.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
    text,
)

from subscribers.columns import UtcTime
from subscribers.parents import PARENTS

__all__ = [
    "APART",
    "attribute_value",
    "batch",
    "consent",
    "consent_text",
    "former_key",
    "metadata",
    "signup",
    "subscriber",
    "subscription",
    "suppression",
    "ticket",
]

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

BigId = BigInteger().with_variant(Integer(), "sqlite")

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("addr_key", LargeBinary(16), nullable=False, unique=True),
    Column("address", Text),
    Column("status", String(16), nullable=False),
    Column("mailable", Boolean, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("changed_at", UtcTime, nullable=False),
    Column("timezone", String(64)),
    CheckConstraint("length(addr_key) = 16", name="addr_key"),
    # here and in `subscription` without IN: SQLite would look a list of words up in a tree, at each row
    CheckConstraint(
        "status = 'pending' OR status = 'confirmed' OR status = 'left' OR status = 'suppressed'",
        name="status",
    ),
    CheckConstraint("mailable = (status = 'confirmed' AND address IS NOT NULL)", name="mailable"),
    comment="a person's address; NULL once erased. timezone: in which hours are shown to them; NULL: each digest's",
)

former_key = Table(
    "former_key",
    metadata,
    Column("addr_key", LargeBinary(16), primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    CheckConstraint("length(addr_key) = 16", name="addr_key"),
    comment="addresses that readers had before they moved, by keyed hash: no list brings them in, and erasure reaches them",
)

APART = text("rhythm <> 'each'")
"""Readers of each edition are no part of an index for the others; SQLite uses it only where a statement says this, word for word."""

subscription = Table(
    "subscription",
    metadata,
    Column("subscriber_id", BigId, primary_key=True, autoincrement=False),
    Column("digest", String(64), primary_key=True),
    Column("language", String(35), nullable=False),
    Column("sections", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("batch_id", BigId),
    Column("rhythm", String(8), nullable=False, server_default=text("'each'")),
    Column("hour", String(5)),
    Column("weekday", Integer),
    # PostgreSQL holds these otherwise (`parents`)
    ForeignKeyConstraint(["subscriber_id"], ["subscriber.id"]).ddl_if(dialect="sqlite"),
    ForeignKeyConstraint(["batch_id"], ["batch.id"]).ddl_if(dialect="sqlite"),
    CheckConstraint("status = 'pending' OR status = 'confirmed' OR status = 'left'", name="status"),
    CheckConstraint("active = (status = 'confirmed')", name="active"),
    CheckConstraint(
        "rhythm = 'each' OR rhythm = 'daily' OR rhythm = 'weekly' OR rhythm = 'alerts'", name="rhythm"
    ),
    CheckConstraint("(hour IS NOT NULL) = (rhythm = 'daily' OR rhythm = 'weekly')", name="hour"),
    CheckConstraint(
        "(weekday IS NOT NULL) = (rhythm = 'weekly') AND (weekday IS NULL OR weekday BETWEEN 1 AND 7)",
        name="weekday",
    ),
    Index("ix_subscription_segment", "digest", "language", "sections", "subscriber_id"),
    Index("ix_subscription_apart", "digest", "rhythm", sqlite_where=APART, postgresql_where=APART),
    sqlite_with_rowid=False,
    comment="what a reader asked for; sections: slugs parted by blanks, sorted; empty means all. rhythm: with hour (a slot) and weekday",
)

attribute_value = Table(
    "attribute_value",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("name", String(48), primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Double),
    sqlite_with_rowid=False,
    comment="attributes of readers by the names of the configuration; number: where the value is one",
)

consent = Table(
    "consent",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("step", String(16), nullable=False),
    Column("digest", String(64)),
    Column("basis", Text),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("form", String(64)),
    Column("network", String(64)),
    Column("text_version", String(32)),
    CheckConstraint(
        "step IN ('requested', 'confirmed', 'left', 'suppressed', 'restored', 'erased')", name="step"
    ),
    CheckConstraint("step <> 'confirmed' OR basis IS NOT NULL", name="basis"),
    comment="evidence of each step, appended; who came by an import has theirs in its batch. form, network, text_version: what a page "
    "of ours was asked by, from where, and the wording it showed (consent_text)",
)

consent_text = Table(
    "consent_text",
    metadata,
    Column("version", String(32), primary_key=True),
    Column("language", String(35), nullable=False),
    Column("text", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    comment="the wordings under which people asked, for as long as evidence names them; version: their hash",
)

signup = Table(
    "signup",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("what", String(8), nullable=False),
    Column("addr_key", LargeBinary(16), nullable=False),
    Column("address", Text),
    Column("subscriber_id", ForeignKey("subscriber.id")),
    Column("digest", String(64), nullable=False),
    Column("language", String(35), nullable=False),
    Column("sections", Text, nullable=False),
    Column("rhythm", String(16), nullable=False),
    Column("network_key", LargeBinary(16), nullable=False),
    Column("network", String(64)),
    Column("form", String(64), nullable=False),
    Column("text_version", String(32)),
    Column("state", String(8), nullable=False, server_default=text("'waiting'")),
    Column("at", UtcTime, nullable=False),
    Column("answered_at", UtcTime),
    CheckConstraint("what IN ('join', 'account', 'address')", name="what"),
    CheckConstraint("(what = 'join') = (subscriber_id IS NULL)", name="subscriber_id"),
    CheckConstraint("state IN ('waiting', 'mailed', 'silent')", name="state"),
    CheckConstraint("(state = 'waiting') = (answered_at IS NULL)", name="answered_at"),
    CheckConstraint("state = 'waiting' OR (address IS NULL AND network IS NULL)", name="forgotten"),
    Index(None, "addr_key", "at"),
    Index(None, "network_key", "at"),
    # SQLite uses a partial index only for the condition as SQLAlchemy writes it there
    Index(
        "ix_signup_waiting",
        "id",
        sqlite_where=text("state = 'waiting'"),
        postgresql_where=text("state = 'waiting'"),
    ),
    Index(None, "at"),
    comment="what forms asked for: one row each, whoever the address is; address and network are forgotten once it is answered, by a mail or not",
)

ticket = Table(
    "ticket",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("purpose", String(8), nullable=False),
    Column("subscriber_id", ForeignKey("subscriber.id"), nullable=False, index=True),
    Column("digest", String(64), nullable=False),
    Column("address", Text),
    Column("expires_at", UtcTime, nullable=False, index=True),
    Column("used_at", UtcTime),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    CheckConstraint("purpose IN ('confirm', 'account', 'address')", name="purpose"),
    CheckConstraint("address IS NULL OR purpose = 'address'", name="address"),
    comment="links of one use: the SHA-256 of each, whose it is, its end and its use. address: the new one that it proves",
)

batch = Table(
    "batch",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("digest", String(64), nullable=False),
    Column("basis", Text),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    comment="an import: where its readers come from",
)

suppression = Table(
    "suppression",
    metadata,
    Column("addr_key", LargeBinary(16), primary_key=True),
    Column("cause", String(16), nullable=False),
    Column("prior", String(16)),
    Column("dispatch_id", String(26), index=True),
    Column("detail", Text),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    CheckConstraint("length(addr_key) = 16", name="addr_key"),
    CheckConstraint("cause IN ('left', 'bounced', 'complained', 'erased', 'manual')", name="cause"),
    CheckConstraint("prior IN ('pending', 'confirmed', 'left')", name="prior"),
    sqlite_with_rowid=False,
    comment="who must not be mailed, by keyed hash: it survives the erasure of the person. prior: where undoing it puts them",
)


@event.listens_for(subscription, "after_create")
def _hold_parents(_table: Table, connection: Connection, **_: object) -> None:
    if connection.dialect.name == "postgresql":
        for statement in PARENTS:
            connection.exec_driver_sql(statement)
