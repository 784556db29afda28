"""Invented stories, sources and sections for tests; every field can be named, the rest is plausible."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

from publisher.section import Section, Term
from publisher.series import Digest, Sender
from publisher.story import Received, Source, Story

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)

MERIDIAN = Source(slug="meridian", name="Meridian", homepage="https://meridian.example/")
CASPIAN = Source(slug="caspian", name="Caspian Press", homepage="https://caspian.example/")
SOURCES = {source.slug: source for source in (MERIDIAN, CASPIAN)}

WORLD = Section(
    slug="world", titles=(("en", "World"), ("fa", "جهان")), any=(Term("category", "world"),), max=3
)
ECONOMY = Section(slug="economy", titles=(("en", "Economy"),), any=(Term("category", "economy"),), max=3)

MORNING = Digest(
    slug="morning",
    number=1,
    titles=(("en", "The Morning Wire"), ("fa", "خبرنامهٔ بامداد")),
    languages=("en",),
    sections=("world", "economy"),
    slots=(time(7),),
    timezone="Asia/Tehran",
    senders=(Sender("en", "The Morning Wire", "wire@front.example"),),
    list_domain="lists.front.example",
    reply_to="desk@front.example",
)


def received(guid: str = "m-1", **fields: Any) -> Received:
    """One version of a story as Meridian sent it."""
    given: dict[str, Any] = {
        "source_guid": guid,
        "source_name": "Meridian",
        "source_url": f"https://meridian.example/2026/{guid}",
        "original_headline": f"Headline of {guid}",
        "language": "en",
        "lede": f"Lede of {guid}.",
        "body": f"<p>Body of {guid}.</p>",
        "body_digest": f"digest of {guid}",
        "categories": ("World",),
        "first_created": NOW - timedelta(hours=2),
        "version_created": NOW - timedelta(hours=2),
    }
    return Received(**(given | fields))


def story(story_id: str, **fields: Any) -> Story:
    """A usable story that became eligible an hour ago; fields of its version go into `item`."""
    item = fields.pop("item", {})
    version = received(fields.pop("guid", story_id.lower()), **item)
    given: dict[str, Any] = {
        "story_id": story_id,
        "version": 1,
        "source": "meridian",
        "received": version,
        "headline": version.original_headline,
        "received_at": NOW - timedelta(hours=1),
        "modified_at": NOW - timedelta(hours=1),
        "eligible_at": NOW - timedelta(hours=1),
        "sections": ("world",),
    }
    return Story(**(given | fields))
