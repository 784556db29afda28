"""The ledger: dispatches, deliveries, chunks, notes and outcomes; and the view that says what state a delivery is in."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    column,
    table,
    text,
)

from publisher.store.schema.common import BigId, metadata, one_of
from subscribers.columns import UtcTime

__all__ = [
    "DELIVERY_STATE",
    "breaker",
    "bucket",
    "chunk",
    "chunk_member",
    "delivery",
    "delivery_state",
    "dispatch",
    "followup",
    "note",
    "outcome",
    "returned",
    "told",
    "worker",
]

followup = Table(
    "followup",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("story_id", ForeignKey("story.id"), nullable=False),
    Column("act", String(16), nullable=False),
    Column("version", Integer, nullable=False),
    Column("told", JSON, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("queued_at", UtcTime),
    Column("looked_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("took", JSON(none_as_null=True)),
    one_of("act", "kill", "correction"),
    Index(None, "story_id"),
    Index(None, "at", sqlite_where=text("ended_at IS NULL"), postgresql_where=text("ended_at IS NULL")),
    comment="a kill, or a correction that is told at once: written in the transaction that records it, so that whoever has the story in a "
    "mail is told whatever happens next; its id says which (story, act, version): one kill is told once. told: what the mails say of it. queued_at: when its mails were first in the ledger; looked_at: when its readers were last looked for; ended_at: when nobody "
    "more could be found to be told, or nobody has to be. took: seconds from a kill to each channel, by whoever brought it there",
)

dispatch = Table(
    "dispatch",
    metadata,
    Column("id", String(26), primary_key=True),
    Column("edition_id", ForeignKey("edition.id")),
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
    Column("actor", String(128), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("letter", JSON(none_as_null=True)),
    Column("wave", Integer, nullable=False, server_default=text("1")),
    Column("canary", JSON(none_as_null=True)),
    Column("canary_until", UtcTime),
    Column("followup_id", ForeignKey("followup.id")),
    Column("answers", ForeignKey("dispatch.id")),
    one_of("kind", "digest", "test", "tx", "followup"),
    CheckConstraint("(kind IN ('tx', 'followup')) = (edition_id IS NULL)", name="edition"),
    CheckConstraint("(kind = 'followup') = (followup_id IS NOT NULL)", name="followup"),
    CheckConstraint("(followup_id IS NULL) = (answers IS NULL)", name="answers"),
    Index(
        None,
        "followup_id",
        sqlite_where=text("followup_id IS NOT NULL"),
        postgresql_where=text("followup_id IS NOT NULL"),
    ),
    one_of("state", "freezing", "sending", "paused", "halted", "cancelled"),
    one_of("policy", "resend", "keep"),
    Index(
        "uq_dispatch_edition",
        "edition_id",
        unique=True,
        sqlite_where=text("kind = 'digest'"),
        postgresql_where=text("kind = 'digest'"),
    ),
    comment="one edition to one audience; done is computed, never stored. policy: what becomes of uncertain rows. date: the mails' Date. "
    "letter: what the mails say of the house, as it was configured when this was opened. kind tx: notices that readers asked for, which belong "
    "to no edition; kind followup: those who have a story of the dispatch `answers` are told what became of it. wave: chunks up to it may be claimed; 0 while only the canary is sent to. canary: its rule, canary_until: when the rest "
    "goes out, set once all of the canary were tried",
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
    Index(
        "uq_delivery_followup_addr_key",
        "edition_id",
        "addr_key",
        unique=True,
        sqlite_where=text("kind = 'followup'"),
        postgresql_where=text("kind = 'followup'"),
    ),
    comment="one edition (of a notice '', of a follow-up its id) to one address, written at the freeze and never changed but by erasure: one edition, one address, one mail",
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
    Column("wave", Integer, nullable=False, server_default=text("1")),
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
    "wave: 0 is the canary, 1 all others. no: of the first chunks only; the deliveries of a chunk without one (a retry) stand in chunk_member",
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
    CheckConstraint(  # one by one: SQLite makes a tree of a list, at each row
        "state = 'accepted' OR state = 'queued' OR state = 'failed' OR state = 'uncertain' OR state = 'suppressed'"
        " OR state = 'expired' OR state = 'cancelled'",
        name="state",
    ),
    CheckConstraint("(state = 'queued') = (next_at IS NOT NULL)", name="next_at"),
    comment="what became of a try; `queued` with next_at is a deferral. Appended, never changed",
)

returned = Table(
    "returned",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("effect", String(16), nullable=False),
    Column("delivery_id", ForeignKey("delivery.id")),
    Column("dispatch_id", String(26)),
    Column("addr_key", LargeBinary(16)),
    Column("domain", String(255)),
    Column("code", Integer),
    Column("enhanced", String(16)),
    Column("detail", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    one_of("effect", "suppressed", "counted", "disbelieved", "left", "untrusted"),
    CheckConstraint("(delivery_id IS NULL) = (dispatch_id IS NULL)", name="delivery_id"),
    CheckConstraint("delivery_id IS NULL OR addr_key IS NOT NULL", name="addr_key"),
    CheckConstraint(
        "effect NOT IN ('suppressed', 'counted', 'disbelieved') OR delivery_id IS NOT NULL", name="trusted"
    ),
    UniqueConstraint("delivery_id", "kind"),
    Index(None, "addr_key", "at"),
    Index(None, "dispatch_id", "domain"),
    Index(None, "at"),
    comment="what came back of mails that were accepted, and what servers said of a mailbox at once (actor rule:smtp): appended, one row for each delivery "
    "and kind; the ledger is not rewritten. untrusted: a report that no token of ours vouches for, kept for a while and believed in nothing",
)

told = Table(
    "told",
    metadata,
    Column("fingerprint", LargeBinary(32), primary_key=True),
    Column("at", UtcTime, nullable=False),
    CheckConstraint("length(fingerprint) = 32", name="fingerprint"),
    Index(None, "at"),
    comment="events of delivery services that were taken in, whatever came of them: the same one again is no news. Kept for longer than a "
    "signature is taken",
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

breaker = Table(
    "breaker",
    metadata,
    Column("key", String(320), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("reason", Text, nullable=False),
    one_of("state", "open", "half-open"),
    comment="a relay or a recipients' domain that is left alone for a while; without a row all is well with it. half-open: it is being tried",
)

bucket = Table(
    "bucket",
    metadata,
    Column("key", String(320), primary_key=True),
    Column("at", Float(53), nullable=False),
    comment="a rate: until when its slots have been granted, in seconds since 1970 on the database's own clock",
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
