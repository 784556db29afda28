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
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

from subscribers.columns import UtcTime

__all__ = ["batch", "consent", "metadata", "subscriber", "subscription", "suppression"]

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
    CheckConstraint("length(addr_key) = 16", name="addr_key"),
    CheckConstraint("status IN ('pending', 'confirmed', 'left', 'suppressed')", name="status"),
    CheckConstraint("mailable = (status = 'confirmed' AND address IS NOT NULL)", name="mailable"),
    comment="a person's address; NULL once erased",
)

subscription = Table(
    "subscription",
    metadata,
    Column("subscriber_id", ForeignKey("subscriber.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("language", String(35), nullable=False),
    Column("sections", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("active", Boolean, nullable=False),
    Column("since", UtcTime, nullable=False),
    Column("batch_id", ForeignKey("batch.id")),
    CheckConstraint("status IN ('pending', 'confirmed', 'left')", name="status"),
    CheckConstraint("active = (status = 'confirmed')", name="active"),
    Index("ix_subscription_segment", "digest", "language", "sections", "subscriber_id"),
    sqlite_with_rowid=False,
    comment="what a reader asked for; sections: slugs parted by blanks, sorted; empty means all",
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
    CheckConstraint(
        "step IN ('requested', 'confirmed', 'left', 'suppressed', 'restored', 'erased')", name="step"
    ),
    CheckConstraint("step <> 'confirmed' OR basis IS NOT NULL", name="basis"),
    comment="evidence of each step, appended; who came by an import has theirs in its batch",
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
