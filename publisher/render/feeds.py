"""Feeds from a frozen feed edition: RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1 from one model. Deterministic.

PURE. feedgen makes the XML; `feedgen_ext` adds what it loses. Ids are tag: URIs (RFC 4151) that depend on no headline, slug or
host; dates are the house's own and never the present time; the source line and the full disclaimer stand in the body of each
item in each format. What XML cannot hold is taken out before; what was sent by a source is never taken for markup in a title.
"""

from __future__ import annotations

from html import escape
from threading import Lock

from feedgen.feed import FeedGenerator

from publisher.edition import Edition, Item
from publisher.render import jsonfeed
from publisher.render.channel import Channel, changed_at, feed_items
from publisher.render.feedgen_ext import WireEntry, WireFeed
from publisher.render.itemhtml import content, headline, summary
from publisher.render.xmltext import fit
from publisher.story import Subject

__all__ = ["FORMATS", "Channel", "render"]

FORMATS = {
    "rss": (".rss", "application/rss+xml; charset=utf-8"),
    "atom": (".atom", "application/atom+xml; charset=utf-8"),
    "json": (".json", "application/feed+json; charset=utf-8"),
}
"""Format -> (ending of its files, media type)."""
GENERATOR = "Publisher"
TTL_MINUTES = 15
SCHEMES = {"medtop": "http://cv.iptc.org/newscodes/mediatopic/"}
"""IPTC aliases of subject schemes -> the scheme's URI, which Atom's `scheme` and RSS's `domain` want."""

_LOCALE = Lock()
"""feedgen sets the process's locale while it writes RFC 822 dates, and sets back what it found: one at a time, or two threads that
meet leave the process in the wrong one."""


def render(edition: Edition, channel: Channel, fmt: str) -> bytes:
    """The finished bytes of a feed in "rss", "atom" or "json"; KeyError for another format."""
    edition, channel = fit(edition), fit(channel)
    if fmt == "json":
        return jsonfeed.render(edition, channel)
    feed = _feed(edition, channel, FORMATS[fmt][1].partition(";")[0])
    for item in feed_items(edition):
        _entry(feed, edition, channel, item, fmt)
    with _LOCALE:
        raw: bytes = feed.rss_str(pretty=True) if fmt == "rss" else feed.atom_str(pretty=True)
    return raw


def _feed(edition: Edition, channel: Channel, media_type: str) -> FeedGenerator:
    feed = FeedGenerator()
    feed.register_extension("wire", WireFeed, WireEntry, atom=True, rss=True)
    feed.id(channel.feed_id)
    feed.title(channel.title)
    feed.description(channel.description)
    feed.author({"name": channel.site_name})
    feed.link(href=channel.self_url, rel="self", type=media_type)
    feed.link(href=channel.home_url, rel="alternate", type="text/html")  # last: RSS takes the last as its own
    feed.language(channel.language)
    feed.updated(changed_at(edition))
    feed.lastBuildDate(changed_at(edition))
    feed.generator(GENERATOR)
    feed.ttl(TTL_MINUTES)
    return feed


def _entry(feed: FeedGenerator, edition: Edition, channel: Channel, item: Item, fmt: str) -> None:
    entry = feed.add_entry(order="append")
    entry.guid(channel.story_id(item), permalink=False)  # sets Atom's id too
    entry.title(headline(item))
    entry.link(href=item.link)
    entry.published(item.first_published)
    entry.updated(item.modified_at)
    entry.author({"name": item.byline or item.source_name})
    entry.content(content(edition, item, channel), type="html")
    if fmt == "rss":
        entry.description(escape(summary(item, channel), quote=False))  # RSS readers take it for HTML
        entry.source(item.source_homepage, item.source_name)
    else:
        entry.summary(summary(item, channel))
        if rights := item.copyright_notice or item.rights_line:
            entry.rights(rights)
    for name in item.categories:
        entry.category({"term": name, "label": name})
    for subject in item.subjects:
        entry.category(_category(subject, fmt))
    entry.wire.of(item, foreign=channel.foreign(item))


def _category(subject: Subject, fmt: str) -> dict[str, str]:
    """A subject: in RSS its name is the text, in Atom its code is the term and its name the label."""
    name = subject.name or subject.code
    category = {"term": name if fmt == "rss" else subject.code, "label": name}
    scheme = SCHEMES.get(subject.scheme, subject.scheme)
    if "://" in scheme:
        category["scheme"] = scheme
    return category
