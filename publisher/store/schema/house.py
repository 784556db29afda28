"""The house's facts and acts, and the wire: sources, stories with their versions, the desk's marks, quarantine."""

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
    text,
)

from publisher.store.schema.common import BigId, metadata, one_of
from subscribers.columns import UtcTime

__all__ = [
    "desk_mark",
    "desk_tie",
    "editors_note",
    "event",
    "fact",
    "page_look",
    "quarantine",
    "source_state",
    "story",
    "story_alias",
    "story_same",
    "story_section",
    "story_version",
    "swept_post",
]

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
    Column("moved_to", Text),
    Column("seconds", Float),
    comment="what conditional fetching remembers of each source",
)

swept_post = Table(
    "swept_post",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("post", BigInteger, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("published_at", UtcTime),
    Column("seen_at", UtcTime, nullable=False),
    Column("gone_at", UtcTime),
    Column("named_at", UtcTime),
    comment="posts of swept WordPress sites: what tells a change, when one was withdrawn there, or named to the desk as gone with many others",
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
    one_of("status", "usable", "withheld", "canceled"),
    CheckConstraint("version >= 1", name="version"),
    Index(None, "status", "eligible_at"),
    Index(None, "first_published"),
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

story_same = Table(
    "story_same",
    metadata,
    Column("story_id", ForeignKey("story.id"), primary_key=True),
    Column("same_as", ForeignKey("story.id"), nullable=False, index=True),
    Column("at", UtcTime, nullable=False),
    CheckConstraint("story_id <> same_as", name="other"),
    comment="a story that came under two ids, as its source told later: the one that is held, and the one that stands for both",
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
    one_of("act", "pin", "drop"),
    comment="pins and drops; `spent` once an edition of the section took note of a mark without an end",
)

desk_tie = Table(
    "desk_tie",
    metadata,
    Column("id", BigId, primary_key=True),
    Column("story_id", ForeignKey("story.id"), nullable=False),
    Column("other_id", ForeignKey("story.id"), nullable=False),
    Column("joined", Boolean, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("at", UtcTime, nullable=False),
    CheckConstraint("story_id < other_id", name="order"),
    comment="two stories that the desk said report one event, or do not; of several on one pair the latest counts",
)

page_look = Table(
    "page_look",
    metadata,
    Column("story_id", ForeignKey("story.id"), primary_key=True),
    Column("source", String(64), nullable=False),
    Column("url", Text, nullable=False),
    Column("published_at", UtcTime, nullable=False),
    Column("looks", Integer, nullable=False, server_default=text("0")),
    Column("failed", Integer, nullable=False, server_default=text("0")),
    Column("due_at", UtcTime, index=True),
    Column("etag", Text),
    Column("last_modified", Text),
    Column("headline", Text),
    Column("length", Integer),
    Column("finding", String(16)),
    Column("detail", Text),
    Column("found_at", UtcTime),
    Column("settled_at", UtcTime),
    one_of("finding", "gone", "front-page", "no-article", "headline", "length"),
    CheckConstraint("(finding IS NULL) = (found_at IS NULL)", name="found"),
    comment="the source's page of each published story: when it is looked at next, what it said, and what a person should look at",
)

editors_note = Table(
    "editors_note",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("language", String(16), primary_key=True),
    Column("text", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("at", UtcTime, nullable=False),
    comment="what stands on top of a digest's next edition; taken away when that is frozen",
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
    Index(None, "source", "source_guid"),
    one_of("state", "waiting", "released", "dropped"),
    comment="what was refused at the door, with its bytes and the reason, until a person decides",
)
