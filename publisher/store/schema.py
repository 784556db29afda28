"""Publisher's tables. The database holds the promises: what must be true stands here as a constraint.

One row is one fact: versions, marks, notes, outcomes and events are appended, never rewritten. No foreign key runs from
`delivery` to the subscribers' tables: a delivery is a historical document that keeps its own address until erased.
The tables of people are `subscribers.schema`'s; both live in one database and one migration history.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
    text,
)

from subscribers.columns import UtcTime

__all__ = ["metadata"]

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
"""SQLite gives a row id only to INTEGER PRIMARY KEY."""


def _words(column: str, *words: str) -> CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


# ---------------------------------------------------------------------------------------------------------- the house

fact = Table(
    "fact",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    comment="what must never change under a running house: tag authority and date, check value of the address key, instance id",
)

event = Table(
    "event",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("what", String(64), nullable=False),
    Column("subject", String(128), nullable=False),
    Column("why", Text),
    Column("data", JSON),
    Index(None, "subject", "at"),
    comment="acts of the desk and of operators, appended",
)

# ---------------------------------------------------------------------------------------------------------- the wire

source_state = Table(
    "source_state",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("polled_at", UtcTime),
    Column("succeeded_at", UtcTime),
    Column("not_before", UtcTime),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    Column("error", Text),
    comment="what conditional fetching remembers of each source",
)

story = Table(
    "story",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("headline", Text, nullable=False),
    Column("headline_changed_by", Text),
    Column("headline_changed_at", UtcTime),
    Column("headline_changed_why", Text),
    Column("status", String(16), nullable=False),
    Column("hold", Text),
    Column("killed", Text),
    Column("released_at", UtcTime),
    Column("urgency", Integer, nullable=False),
    Column("language", String(35), nullable=False),
    Column("eligible_at", UtcTime),
    Column("embargo_until", UtcTime),
    Column("created_at", UtcTime, nullable=False),
    Column("modified_at", UtcTime, nullable=False),
    Column("corrected_at", UtcTime),
    Column("first_published", UtcTime),
    Column("link", Text),
    _words("status", "usable", "withheld", "canceled"),
    CheckConstraint("version >= 1", name="version"),
    Index(None, "status", "eligible_at"),
    comment="one row a story: its present version and what the desk decided; the text is in story_version",
)

story_version = Table(
    "story_version",
    metadata,
    Column("story_id", ForeignKey("story.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("received_at", UtcTime, nullable=False),
    Column("version_created", UtcTime),
    Column("content_hash", LargeBinary(32), nullable=False),
    Column("received", JSON, nullable=False),
    UniqueConstraint("story_id", "content_hash"),
    comment="each version as the source sent it",
)

story_alias = Table(
    "story_alias",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("alias", LargeBinary(32), primary_key=True),
    Column("story_id", ForeignKey("story.id"), nullable=False, index=True),
    comment="SHA-256 of every id and link under which a source's story came: the key of idempotent intake",
)

story_section = Table(
    "story_section",
    metadata,
    Column("story_id", ForeignKey("story.id"), primary_key=True),
    Column("section", String(64), primary_key=True),
    Index(None, "section"),
)

desk_mark = Table(
    "desk_mark",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("story_id", ForeignKey("story.id"), nullable=False, index=True),
    Column("section", String(64), nullable=False),
    Column("act", String(8), nullable=False),
    Column("place", Integer),
    Column("until", UtcTime),
    Column("actor", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("spent", Boolean, nullable=False, server_default=text("false")),
    _words("act", "pin", "drop"),
    comment="pins and drops; `spent` once an edition of the section took note of a mark without an end",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("source", String(64), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("reason", String(32), nullable=False),
    Column("detail", Text, nullable=False),
    Column("headline", Text, nullable=False),
    Column("source_guid", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("received", JSON),
    Column("received_at", UtcTime, nullable=False),
    Column("state", String(16), nullable=False, server_default=text("'waiting'")),
    Column("decided_by", String(128)),
    Column("decided_at", UtcTime),
    Column("why", Text),
    Column("story_id", ForeignKey("story.id")),
    UniqueConstraint("source", "digest"),
    _words("state", "waiting", "released", "dropped"),
    comment="what was refused at the door, with its bytes and the reason, until a person decides",
)

# ------------------------------------------------------------------------------------------------------- the editions

edition = Table(
    "edition",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("series", String(64), nullable=False),
    Column("slot", UtcTime, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("number", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("frozen_at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    UniqueConstraint("kind", "series", "slot"),
    UniqueConstraint("kind", "series", "number"),
    _words("kind", "digest", "feed"),
    comment="(kind, series, slot) unique: two schedulers make one edition",
)

edition_revision = Table(
    "edition_revision",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("content_hash", String(64), nullable=False),
    Column("frozen_at", UtcTime, nullable=False),
    Column("data", LargeBinary, nullable=False),
    comment="the frozen edition: zlib of its canonical JSON",
)

edition_item = Table(
    "edition_item",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("story_id", ForeignKey("story.id"), primary_key=True),
    Column("version", Integer, nullable=False),
    Index(None, "story_id"),
    comment="who carried what: read by selection, by kills and by corrections",
)

rendering = Table(
    "rendering",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("output", String(160), primary_key=True),
    Column("sha256", String(64), nullable=False),
    Column("cleared_at", UtcTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    comment="bytes that the gate has cleared (zlib), by output name; nothing else is ever sent or served",
)

variant = Table(
    "variant",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("key", String(64), primary_key=True),
    Column("language", String(35), nullable=False),
    Column("sections", Text),
    comment="what a variant's key stands for: a language and the reader's sections (NULL: all)",
)

approval = Table(
    "approval",
    metadata,
    Column("edition_id", ForeignKey("edition.id"), primary_key=True),
    Column("content_hash", String(64), primary_key=True),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    comment="bound to the content hash: any change voids it",
)

# --------------------------------------------------------------------------------------------------------- the ledger

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("edition_id", ForeignKey("edition.id"), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("policy", String(8), nullable=False),
    Column("token_key", Integer, nullable=False),
    Column("date", UtcTime, nullable=False),
    Column("frozen_at", UtcTime),
    Column("expires_at", UtcTime, nullable=False),
    Column("halt_reason", String(32)),
    Column("halt_detail", Text),
    Column("send_token", String(64), unique=True),
    Column("actor", String(128), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    _words("kind", "digest", "test"),
    _words("state", "freezing", "sending", "paused", "halted", "cancelled"),
    _words("policy", "resend", "keep"),
    Index(
        "uq_dispatch_edition",
        "edition_id",
        unique=True,
        sqlite_where=text("kind = 'digest'"),
        postgresql_where=text("kind = 'digest'"),
    ),
    comment="one edition to one audience; done is computed, never stored. policy: what becomes of uncertain rows. date: the mails' Date",
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("dispatch_id", ForeignKey("dispatch.id"), nullable=False),
    Column("edition_id", String(128), nullable=False),
    Column("kind", String(8), nullable=False),
    Column("chunk_no", Integer, nullable=False),
    Column("variant", String(64), nullable=False),
    Column("subscriber_id", BigId),
    Column("addr_key", LargeBinary(16), nullable=False),
    Column("rcpt", Text, nullable=False),
    Column("message_id", String(255), nullable=False, unique=True),
    Index(None, "dispatch_id", "chunk_no"),
    Index(
        "uq_delivery_edition_addr_key",
        "edition_id",
        "addr_key",
        unique=True,
        sqlite_where=text("kind = 'digest'"),
        postgresql_where=text("kind = 'digest'"),
    ),
    comment="one edition to one address, written at the freeze and never changed but by erasure: one edition, one address, one mail",
)

chunk = Table(
    "chunk",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("dispatch_id", ForeignKey("dispatch.id"), nullable=False),
    Column("no", Integer),
    Column("variant", String(64), nullable=False),
    Column("due_at", UtcTime, nullable=False),
    Column("worker_id", String(26)),
    Column("fence", Integer, nullable=False, server_default=text("0")),
    Column("deaths", Integer, nullable=False, server_default=text("0")),
    Column("done", Boolean, nullable=False, server_default=text("false")),
    UniqueConstraint("dispatch_id", "no"),
    # SQLite uses a partial index only for the condition as SQLAlchemy writes it there
    Index("ix_chunk_due", "due_at", "id", sqlite_where=text("done = 0"), postgresql_where=text("NOT done")),
    Index(
        "ix_chunk_worker_id",
        "worker_id",
        sqlite_where=text("worker_id IS NOT NULL"),
        postgresql_where=text("worker_id IS NOT NULL"),
    ),
    comment="at most 200 deliveries of one variant: the unit of a lease, and the only row that is updated while sending. "
    "no: of the first chunks only; the deliveries of a chunk without one (a retry) stand in chunk_member",
)

chunk_member = Table(
    "chunk_member",
    metadata,
    Column("chunk_id", ForeignKey("chunk.id"), primary_key=True),
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    comment="deliveries of a retry chunk; a first chunk's are those with its chunk_no",
)

note = Table(
    "note",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    Column("try", Integer, primary_key=True),
    Column("fence", Integer, nullable=False),
    Column("worker_id", String(26), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    comment="committing: durable before the final dot leaves; without an outcome of the same try it is a doubt",
)

outcome = Table(
    "outcome",
    metadata,
    Column("delivery_id", ForeignKey("delivery.id"), primary_key=True),
    Column("try", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("next_at", UtcTime),
    Column("charged", Boolean, nullable=False),
    Column("scope", String(16)),
    Column("code", Integer),
    Column("enhanced", String(16)),
    Column("reply", Text),
    Column("cause", String(64), nullable=False),
    Column("relay", String(64)),
    Column("actor", String(128)),
    Column("at", UtcTime, nullable=False),
    _words("state", "queued", "accepted", "failed", "uncertain", "suppressed", "expired", "cancelled"),
    CheckConstraint("(state = 'queued') = (next_at IS NOT NULL)", name="next_at"),
    comment="what became of a try; `queued` with next_at is a deferral. Appended, never changed",
)

worker = Table(
    "worker",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("lock_name", Text, nullable=False),
    Column("started_at", UtcTime, nullable=False),
    comment="a worker lives as long as the kernel or the server holds its lock, not as long as its clock says",
)

delivery_state = table(
    "delivery_state",
    column("delivery_id", BigInteger),
    column("dispatch_id", String),
    column("variant", String),
    column("state", String),
    column("last_try", Integer),
    column("next_at", UtcTime),
    column("code", Integer),
    column("enhanced", String),
    column("reply", Text),
    column("cause", String),
    column("at", UtcTime),
)
"""The view, as queries name it."""

DELIVERY_STATE = """
CREATE VIEW delivery_state AS
SELECT d.id AS delivery_id, d.dispatch_id, d.variant,
  CASE WHEN o.state <> 'queued' THEN o.state
       WHEN EXISTS (SELECT 1 FROM note n WHERE n.delivery_id = d.id AND n."try" > COALESCE(o."try", 0)) THEN 'committing'
       WHEN o.state IS NULL AND EXISTS (SELECT 1 FROM chunk c WHERE c.dispatch_id = d.dispatch_id
         AND c.no = d.chunk_no AND c.worker_id IS NOT NULL) THEN 'claimed'
       ELSE 'queued' END AS state,
  o."try" AS last_try, o.next_at, o.code, o.enhanced, o.reply, o.cause, o.at
FROM delivery d
LEFT JOIN outcome o ON o.delivery_id = d.id
  AND o."try" = (SELECT max(o2."try") FROM outcome o2 WHERE o2.delivery_id = d.id)
"""
"""The one place that says what state a delivery is in; every report reads it. Notes and leases are looked up only for rows
whose last outcome leaves that open."""
