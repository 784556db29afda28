"""The tables of stories, editions and the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

import subscribers.columns

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

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


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "edition",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("series", sa.String(length=128), nullable=False),
        sa.Column("slot", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("local_date", sa.Date(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.CheckConstraint("kind IN ('digest', 'feed')", name=op.f("ck_edition_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_edition")),
        sa.UniqueConstraint("kind", "series", "number", name=op.f("uq_edition_kind_series_number")),
        sa.UniqueConstraint("kind", "series", "slot", name=op.f("uq_edition_kind_series_slot")),
        comment="(kind, series, slot) unique: two schedulers make one edition",
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("what", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
        comment="acts of the desk and of operators, appended",
    )
    op.create_index(op.f("ix_event_subject_at"), "event", ["subject", "at"], unique=False)
    op.create_table(
        "fact",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_fact")),
        comment="what must never change under a running house: tag authority and date, check value of the address key, instance id",
    )
    op.create_table(
        "source_state",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("last_modified", sa.Text(), nullable=True),
        sa.Column("polled_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("not_before", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_state")),
        comment="what conditional fetching remembers of each source",
    )
    op.create_table(
        "story",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("headline_changed_by", sa.Text(), nullable=True),
        sa.Column("headline_changed_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("headline_changed_why", sa.Text(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("hold", sa.Text(), nullable=True),
        sa.Column("killed", sa.Text(), nullable=True),
        sa.Column("released_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("eligible_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("embargo_until", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("created_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("modified_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("corrected_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("first_published", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("link", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('usable', 'withheld', 'canceled')", name=op.f("ck_story_status")),
        sa.CheckConstraint("version >= 1", name=op.f("ck_story_version")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_story")),
        comment="one row a story: its present version and what the desk decided; the text is in story_version",
    )
    op.create_index(op.f("ix_story_status_eligible_at"), "story", ["status", "eligible_at"], unique=False)
    op.create_table(
        "worker",
        sa.Column("id", sa.String(length=26), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("lock_name", sa.Text(), nullable=False),
        sa.Column("started_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
        comment="a worker lives as long as the kernel or the server holds its lock, not as long as its clock says",
    )
    op.create_table(
        "approval",
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_approval_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "content_hash", name=op.f("pk_approval")),
        comment="bound to the content hash: any change voids it",
    )
    op.create_table(
        "desk_mark",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("act", sa.String(length=8), nullable=False),
        sa.Column("place", sa.Integer(), nullable=True),
        sa.Column("until", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("spent", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.CheckConstraint("act IN ('pin', 'drop')", name=op.f("ck_desk_mark_act")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_desk_mark_story_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_mark")),
        comment="pins and drops; `spent` once an edition of the section took note of a mark without an end",
    )
    op.create_index(op.f("ix_desk_mark_story_id"), "desk_mark", ["story_id"], unique=False)
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
        sa.Column("send_token", sa.String(length=64), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("created_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('digest', 'test')", name=op.f("ck_dispatch_kind")),
        sa.CheckConstraint("policy IN ('resend', 'keep')", name=op.f("ck_dispatch_policy")),
        sa.CheckConstraint(
            "state IN ('freezing', 'sending', 'paused', 'halted', 'cancelled')",
            name=op.f("ck_dispatch_state"),
        ),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_dispatch_edition_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispatch")),
        sa.UniqueConstraint("send_token", name=op.f("uq_dispatch_send_token")),
        comment="one edition to one audience; done is computed, never stored. policy: what becomes of uncertain rows. date: the mails' Date",
    )
    op.create_index(
        "uq_dispatch_edition",
        "dispatch",
        ["edition_id"],
        unique=True,
        sqlite_where=sa.text("kind = 'digest'"),
        postgresql_where=sa.text("kind = 'digest'"),
    )
    op.create_table(
        "edition_item",
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_item_edition_id")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_edition_item_story_id")),
        sa.PrimaryKeyConstraint("edition_id", "revision", "story_id", name=op.f("pk_edition_item")),
        comment="who carried what: read by selection, by kills and by corrections",
    )
    op.create_index(op.f("ix_edition_item_story_id"), "edition_item", ["story_id"], unique=False)
    op.create_table(
        "edition_revision",
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("frozen_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_edition_revision_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "revision", name=op.f("pk_edition_revision")),
        comment="the frozen edition: zlib of its canonical JSON",
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("reason", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("headline", sa.Text(), nullable=False),
        sa.Column("source_guid", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("received", sa.JSON(), nullable=True),
        sa.Column("received_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("decided_by", sa.String(length=128), nullable=True),
        sa.Column("decided_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("story_id", sa.String(length=26), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'released', 'dropped')", name=op.f("ck_quarantine_state")),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_quarantine_story_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint("source", "digest", name=op.f("uq_quarantine_source_digest")),
        comment="what was refused at the door, with its bytes and the reason, until a person decides",
    )
    op.create_table(
        "rendering",
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("output", sa.String(length=160), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("cleared_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_rendering_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "revision", "output", name=op.f("pk_rendering")),
        comment="bytes that the gate has cleared (zlib), by output name; nothing else is ever sent or served",
    )
    op.create_table(
        "story_alias",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("alias", sa.LargeBinary(length=32), nullable=False),
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_alias_story_id")),
        sa.PrimaryKeyConstraint("source", "alias", name=op.f("pk_story_alias")),
        comment="SHA-256 of every id and link under which a source's story came: the key of idempotent intake",
    )
    op.create_index(op.f("ix_story_alias_story_id"), "story_alias", ["story_id"], unique=False)
    op.create_table(
        "story_section",
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_section_story_id")),
        sa.PrimaryKeyConstraint("story_id", "section", name=op.f("pk_story_section")),
    )
    op.create_index(op.f("ix_story_section_section"), "story_section", ["section"], unique=False)
    op.create_table(
        "story_version",
        sa.Column("story_id", sa.String(length=26), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("received_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("version_created", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("content_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("received", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["story_id"], ["story.id"], name=op.f("fk_story_version_story_id")),
        sa.PrimaryKeyConstraint("story_id", "version", name=op.f("pk_story_version")),
        sa.UniqueConstraint("story_id", "content_hash", name=op.f("uq_story_version_story_id_content_hash")),
        comment="each version as the source sent it",
    )
    op.create_table(
        "variant",
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("sections", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.id"], name=op.f("fk_variant_edition_id")),
        sa.PrimaryKeyConstraint("edition_id", "key", name=op.f("pk_variant")),
        comment="what a variant's key stands for: a language and the reader's sections (NULL: all)",
    )
    op.create_table(
        "chunk",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispatch_id", sa.String(length=26), nullable=False),
        sa.Column("no", sa.Integer(), nullable=True),
        sa.Column("variant", sa.String(length=64), nullable=False),
        sa.Column("due_at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.Column("worker_id", sa.String(length=26), nullable=True),
        sa.Column("fence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("deaths", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("done", sa.Boolean(), server_default=sa.text("(false)"), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name=op.f("fk_chunk_dispatch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_chunk")),
        sa.UniqueConstraint("dispatch_id", "no", name=op.f("uq_chunk_dispatch_id_no")),
        comment="at most 200 deliveries of one variant: the unit of a lease, and the only row that is updated while sending. "
        "no: of the first chunks only; the deliveries of a chunk without one (a retry) stand in chunk_member",
    )
    op.create_index(
        "ix_chunk_due",
        "chunk",
        ["due_at", "id"],
        unique=False,
        sqlite_where=sa.text("done = 0"),
        postgresql_where=sa.text("NOT done"),
    )
    op.create_index(
        "ix_chunk_worker_id",
        "chunk",
        ["worker_id"],
        unique=False,
        sqlite_where=sa.text("worker_id IS NOT NULL"),
        postgresql_where=sa.text("worker_id IS NOT NULL"),
    )
    op.create_table(
        "delivery",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispatch_id", sa.String(length=26), nullable=False),
        sa.Column("edition_id", sa.String(length=128), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("chunk_no", sa.Integer(), nullable=False),
        sa.Column("variant", sa.String(length=64), nullable=False),
        sa.Column("subscriber_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("addr_key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("rcpt", sa.Text(), nullable=False),
        sa.Column("message_id", sa.String(length=255), nullable=False),
        sa.ForeignKeyConstraint(["dispatch_id"], ["dispatch.id"], name=op.f("fk_delivery_dispatch_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
        comment="one edition to one address, written at the freeze and never changed but by erasure: one edition, one address, one mail",
    )
    op.create_index(
        op.f("ix_delivery_dispatch_id_chunk_no"), "delivery", ["dispatch_id", "chunk_no"], unique=False
    )
    op.create_index(
        "uq_delivery_edition_addr_key",
        "delivery",
        ["edition_id", "addr_key"],
        unique=True,
        sqlite_where=sa.text("kind = 'digest'"),
        postgresql_where=sa.text("kind = 'digest'"),
    )
    op.create_table(
        "chunk_member",
        sa.Column("chunk_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["chunk_id"], ["chunk.id"], name=op.f("fk_chunk_member_chunk_id")),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_chunk_member_delivery_id")),
        sa.PrimaryKeyConstraint("chunk_id", "delivery_id", name=op.f("pk_chunk_member")),
        comment="deliveries of a retry chunk; a first chunk's are those with its chunk_no",
    )
    op.create_table(
        "note",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("try", sa.Integer(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.String(length=26), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_note_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "try", name=op.f("pk_note")),
        comment="committing: durable before the final dot leaves; without an outcome of the same try it is a doubt",
    )
    op.create_table(
        "outcome",
        sa.Column("delivery_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("try", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("next_at", subscribers.columns.UtcTime(timezone=True), nullable=True),
        sa.Column("charged", sa.Boolean(), nullable=False),
        sa.Column("scope", sa.String(length=16), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("enhanced", sa.String(length=16), nullable=True),
        sa.Column("reply", sa.Text(), nullable=True),
        sa.Column("cause", sa.String(length=64), nullable=False),
        sa.Column("relay", sa.String(length=64), nullable=True),
        sa.Column("actor", sa.String(length=128), nullable=True),
        sa.Column("at", subscribers.columns.UtcTime(timezone=True), nullable=False),
        sa.CheckConstraint("(state = 'queued') = (next_at IS NOT NULL)", name=op.f("ck_outcome_next_at")),
        sa.CheckConstraint(
            "state IN ('queued', 'accepted', 'failed', 'uncertain', 'suppressed', 'expired', 'cancelled')",
            name=op.f("ck_outcome_state"),
        ),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.id"], name=op.f("fk_outcome_delivery_id")),
        sa.PrimaryKeyConstraint("delivery_id", "try", name=op.f("pk_outcome")),
        comment="what became of a try; `queued` with next_at is a deferral. Appended, never changed",
    )
    op.execute(DELIVERY_STATE)
