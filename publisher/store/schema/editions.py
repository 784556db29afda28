"""Editions, frozen and numbered; cleared renderings; approvals."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from publisher.store.schema.common import metadata, one_of
from subscribers.columns import UtcTime

__all__ = [
    "approval",
    "edition",
    "edition_item",
    "edition_revision",
    "rendering",
    "variant",
]

edition = Table(
    "edition",
    metadata,
    Column("id", String(128), primary_key=True),
    Column("kind", String(8), nullable=False),
    Column("series", String(128), nullable=False),
    Column("slot", UtcTime, nullable=False),
    Column("local_date", Date, nullable=False),
    Column("number", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("frozen_at", UtcTime, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("look", String(64)),
    UniqueConstraint("kind", "series", "slot"),
    UniqueConstraint("kind", "series", "number"),
    one_of("kind", "digest", "feed"),
    comment="(kind, series, slot) unique: two schedulers make one edition; `look` of a feed: hash of what it says of itself",
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
    Column("named", Boolean, nullable=False, server_default=text("false")),
    Index(None, "story_id"),
    comment="who carried what: read by selection, by kills and by corrections; `named`: not an item, but named at one as another's report",
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
