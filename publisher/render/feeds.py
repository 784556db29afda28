"""Feeds from a frozen feed edition: RSS 2.0, Atom 1.0 and JSON Feed 1.1 from one model. Deterministic.

PURE. feedgen makes the XML; `feedgen_ext` adds what it loses. Ids are tag: URIs (RFC 4151) that depend on no headline, slug or
host; dates are the house's own and never the present time; the source line and the full disclaimer stand in the body of each
item in each format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from feedgen.feed import FeedGenerator

from publisher.edition import Edition, Item
from publisher.render import jsonfeed
from publisher.render.direction import lead_in
from publisher.render.feedgen_ext import WireEntry, WireFeed
from publisher.render.itemhtml import content, summary, xml_safe

__all__ = ["FORMATS", "Channel", "render"]

FORMATS = {
    "rss": (".rss", "application/rss+xml; charset=utf-8"),
    "atom": (".atom", "application/atom+xml; charset=utf-8"),
    "json": (".json", "application/feed+json; charset=utf-8"),
}
GENERATOR = "Publisher"
TTL_MINUTES = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a feed says of itself.

    Attributes:
        home_url: the page a person sees. self_url: the feed's exact public address.
        feed_id: tag: URI of the feed. story_id_prefix: what a story's ULID is appended to.
        source_words: language -> what stands before a source's name ("Source:").
    """

    site_name: str
    title: str
    description: str
    language: str
    home_url: str
    self_url: str
    feed_id: str
    story_id_prefix: str
    source_words: dict[str, str]


def render(edition: Edition, channel: Channel, fmt: str) -> bytes:
    """The finished bytes of a feed in "rss", "atom" or "json"."""
    items = [edition.item(story_id) for shelf in edition.shelves for story_id in shelf.stories]
    if fmt == "json":
        return jsonfeed.render(
            edition,
            items,
            title=channel.title,
            description=channel.description,
            language=channel.language,
            home_url=channel.home_url,
            self_url=channel.self_url,
            story_id_prefix=channel.story_id_prefix,
            source_word=lambda item: source_word(channel, item),
        )
    generator = _generator(edition, channel, items, fmt)
    raw: bytes = generator.rss_str(pretty=True) if fmt == "rss" else generator.atom_str(pretty=True)
    return raw


def source_word(channel: Channel, item: Item) -> str:
    """What stands before the source's name, in the item's language, else the feed's."""
    base = item.language.partition("-")[0]
    return channel.source_words.get(base) or channel.source_words.get(channel.language, "Source:")


def changed_at(edition: Edition, items: list[Item]) -> datetime:
    """When the feed last changed: the newest change of its items, else when it was first frozen."""
    return max((item.modified_at for item in items), default=edition.frozen_at)


def _generator(edition: Edition, channel: Channel, items: list[Item], fmt: str) -> FeedGenerator:
    changed = changed_at(edition, items)
    feed = FeedGenerator()
    feed.register_extension("wire", WireFeed, WireEntry, atom=True, rss=True)
    feed.id(channel.feed_id)
    feed.title(xml_safe(channel.title))
    feed.description(xml_safe(channel.description))
    feed.author({"name": xml_safe(channel.site_name)})
    feed.link(href=channel.self_url, rel="self", type=FORMATS[fmt][1].partition(";")[0])
    feed.link(
        href=channel.home_url, rel="alternate", type="text/html"
    )  # last: RSS takes the last one as its own
    feed.language(channel.language)
    feed.updated(changed)
    feed.lastBuildDate(changed)
    feed.generator(GENERATOR)
    feed.ttl(TTL_MINUTES)
    for item in items:
        _entry(feed, edition, channel, item, fmt)
    return feed


def _entry(feed: FeedGenerator, edition: Edition, channel: Channel, item: Item, fmt: str) -> None:
    word = source_word(channel, item)
    entry = feed.add_entry(order="append")
    entry.id(f"{channel.story_id_prefix}{item.story_id}")
    entry.guid(f"{channel.story_id_prefix}{item.story_id}", permalink=False)
    entry.title(xml_safe(lead_in(item.headline, item.language)))
    entry.link(href=item.link)
    entry.published(item.first_published)
    entry.updated(item.modified_at)
    entry.author({"name": xml_safe(item.byline or item.source_name)})
    if fmt == "rss":
        entry.description(summary(item, word))
        entry.content(content(edition, item, word), type="CDATA")
        entry.source(item.source_homepage, xml_safe(item.source_name))
    else:
        entry.summary(summary(item, word))
        entry.content(content(edition, item, word), type="html")
        if item.copyright_notice:
            entry.rights(xml_safe(item.copyright_notice))
    for name in item.categories:
        entry.category({"term": xml_safe(name), "label": xml_safe(name)})
    for subject in item.subjects:
        scheme = subject.scheme if re.match(r"[a-z]+:", subject.scheme) else f"urn:subject:{subject.scheme}"
        entry.category(
            {"term": subject.code, "scheme": scheme, "label": xml_safe(subject.name or subject.code)}
        )
    foreign = item.language.partition("-")[0] != channel.language.partition("-")[0]
    entry.wire.of(item, foreign=foreign, source_id=item.source_homepage)
