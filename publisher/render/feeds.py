"""Feeds from a frozen feed edition: RSS 2.0, Atom 1.0 (RFC 4287) and JSON Feed 1.1 from one model. Deterministic.

PURE. feedgen makes the XML; `feedgen_ext` adds what it loses. Ids are tag: URIs (RFC 4151) that depend on no headline, slug or
host; dates are the house's own and never the present time; the source line and the full disclaimer stand in the body of each
item in each format. What XML cannot hold is taken out before; what was sent by a source is never taken for markup in a title.

Two ways lead to the same bytes: `render` has feedgen make the whole document, `splice` has it make the head and the items that are
new, and puts the finished bytes of the others between them. An item's bytes depend on the item, its disclaimer and the channel, never
on its neighbours; tests hold the two ways against each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from html import escape
from threading import Lock

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import etree

from publisher.edition import Disclaimer, Edition, Item
from publisher.render import jsonfeed
from publisher.render.channel import Archive, Channel, changed_at, feed_items, published
from publisher.render.feedgen_ext import WireEntry, WireFeed
from publisher.render.itemhtml import content, headline, summary
from publisher.render.xmltext import fit
from publisher.story import Subject

__all__ = [
    "FORMATS",
    "UNRENDERABLE",
    "Archive",
    "Channel",
    "Pieces",
    "exchange",
    "pieces_of",
    "render",
    "splice",
]

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
LINES = {
    "rss": (b"    <item>\n", b"    </item>\n", b"  </channel>\n"),
    "atom": (b"  <entry", b"  </entry>\n", b"</feed>\n"),
}
"""How an item's lines begin and end in feedgen's output, and what closes the list of them; in a text they cannot stand, since `<`
is escaped there."""

UNRENDERABLE = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
    etree.LxmlError,
)
"""What a story can make feedgen, lxml, the codecs and the standard library raise: a value of a kind, size or depth that they do not
take. What no story can be blamed for (no memory, no file, a name that is not there) is not among it, and stays bare."""

_LOCALE = Lock()
"""feedgen sets the process's locale while it writes RFC 822 dates, and sets back what it found: one at a time, or two threads that
meet leave the process in the wrong one."""


Piece = tuple[Item, Disclaimer, bytes]
"""An item and its disclaimer, and the finished bytes that were made from them."""


class Pieces:
    """Finished bytes of items, kept between renderings, for each feed document those that it had last.

    `behind`: those of the whole process, which others keep theirs in at the same time; what is made goes there, too.
    """

    def __init__(self, behind: Pieces | None = None) -> None:
        self._kept: dict[tuple[str, str], tuple[Channel, dict[str, Piece]]] = {}
        self._behind = behind

    def of(self, channel: Channel, fmt: str) -> dict[str, Piece]:
        """By story id, what was made for exactly this channel; nothing once the channel has changed."""
        last, kept = self._kept.get((channel.self_url, fmt), (None, None))
        if kept is None and self._behind is not None:
            return self._behind.of(channel, fmt)
        return kept if kept is not None and last == channel else {}

    def sizes(self, channel: Channel, fmt: str) -> dict[str, int]:
        """How many bytes each item of the document takes, by story id; of the document last made."""
        return {story_id: len(body) for story_id, (_, _, body) in self.of(fit(channel), fmt).items()}

    def keep(self, channel: Channel, fmt: str, kept: dict[str, Piece]) -> None:
        """Keep the document's pieces, in place of its last ones."""
        self._kept[channel.self_url, fmt] = (channel, kept)
        if self._behind is not None:
            self._behind.keep(channel, fmt, kept)


def render(edition: Edition, channel: Channel, fmt: str) -> bytes:
    """The finished bytes of a feed in "rss", "atom" or "json"; KeyError for another format."""
    edition, channel = fit(edition), fit(channel)
    if fmt == "json":
        return jsonfeed.render(edition, channel)
    return _document(edition, channel, fmt, feed_items(edition))


def splice(edition: Edition, channel: Channel, fmt: str, pieces: Pieces) -> bytes:
    """The same bytes as `render` gives, made of `pieces` as far as they are there; what is new is added to them."""
    channel = fit(channel)
    items = feed_items(edition)
    last = pieces.of(channel, fmt)
    words: dict[str, Disclaimer] = {}
    kept: dict[str, Piece] = {}
    new: list[Item] = []
    for item in items:
        said = words.get(item.language) or words.setdefault(item.language, edition.disclaimer_for(item))
        piece = last.get(item.story_id)
        if (
            piece is None
            or (piece[1] is not said and piece[1] != said)
            or (piece[0] is not item and piece[0] != item)
        ):
            new.append(item)
            piece = item, said, b""
        kept[item.story_id] = piece
    begin = end = b""
    alone = fit(replace(edition, items=tuple(new), shelves=(), left_out=()))
    if fmt == "json":
        made = [jsonfeed.piece(alone, channel, item) for item in alone.items]
    else:
        begin, made, end = _cut(
            _document(alone, channel, fmt, alone.items, gone=fit(_gone(items))), fmt, len(new)
        )
    for item, body in zip(new, made, strict=True):
        kept[item.story_id] = *kept[item.story_id][:2], body
    pieces.keep(channel, fmt, kept)
    finished = [kept[item.story_id][2] for item in items]
    if fmt == "json":
        return jsonfeed.assemble(jsonfeed.head(channel), finished)
    return b"".join((begin, *finished, end))


def pieces_of(edition: Edition, channel: Channel, fmt: str) -> dict[str, bytes]:
    """The finished bytes of each item as they stand in the document, by story id."""
    pieces = Pieces()
    splice(edition, channel, fmt, pieces)
    return {story_id: body for story_id, (_, _, body) in pieces.of(fit(channel), fmt).items()}


def exchange(document: bytes, fmt: str, others: Mapping[str, bytes]) -> bytes:
    """A finished document with other bytes in place of these stories' items (empty: none), and every other item as it stands.

    Raises:
        ValueError: it is no document of ours.
    """
    if fmt == "json":
        return jsonfeed.exchange(document, others)
    begin, items, end = _cut(document, fmt, document.count(LINES[fmt][1]))
    kept: list[bytes] = []
    for body in items:
        own = next((name for name in others if f":story/{name}</".encode() in body), None)
        kept.append(body if own is None else others[own])
    return b"".join((begin, *kept, end))


def _cut(document: bytes, fmt: str, count: int) -> tuple[bytes, list[bytes], bytes]:
    """What stands before the items of feedgen's document, the bytes of each, and what stands behind them."""
    begins, ends, closing = LINES[fmt]
    at = document.index(begins) if count else document.rindex(closing)
    head = document[:at]
    found: list[bytes] = []
    for _ in range(count):
        after = document.index(ends, at) + len(ends)
        found.append(document[at:after])
        at = after
    return head, found, document[at:]


def _gone(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(item for item in items if item.withdrawn)


def _document(
    edition: Edition, channel: Channel, fmt: str, items: Sequence[Item], *, gone: Sequence[Item] | None = None
) -> bytes:
    """Feedgen's document of these items; `gone`: those that it has tombstones for, by default the withdrawn among the items."""
    feed = _feed(edition, channel, FORMATS[fmt][1].partition(";")[0])
    stones = _gone(items) if gone is None else gone
    feed.wire.of(channel, stones if fmt == "atom" else ())
    for item in items:
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
    for hub in channel.hubs:
        feed.link(href=hub, rel="hub")
    feed.link(href=channel.home_url, rel="alternate", type="text/html")  # last: RSS takes the last as its own
    feed.language(channel.language)
    feed.updated(changed_at(edition))
    feed.lastBuildDate(changed_at(edition))
    feed.generator(GENERATOR)
    feed.ttl(TTL_MINUTES)
    if channel.icon:
        feed.icon(channel.icon)
        feed.image(url=channel.icon, title=channel.title, link=channel.home_url)
    return feed


def _entry(feed: FeedGenerator, edition: Edition, channel: Channel, item: Item, fmt: str) -> None:
    entry = feed.add_entry(order="append")
    entry.guid(channel.story_id(item), permalink=False)  # sets Atom's id too
    entry.title(headline(item))
    entry.link(href=item.link)
    entry.published(published(item, channel))
    entry.updated(item.modified_at)
    entry.author({"name": item.source_name if item.withdrawn else item.byline or item.source_name})
    entry.content(content(edition, item, channel), type="html")
    if fmt == "rss":
        entry.description(escape(summary(item, channel), quote=False))  # RSS readers take it for HTML
    else:
        entry.summary(summary(item, channel))
    if not item.withdrawn:
        _details(entry, item, fmt)
    entry.wire.of(item, foreign=channel.foreign(item))


def _details(entry: FeedEntry, item: Item, fmt: str) -> None:
    """What a withdrawn item no longer shows: whose it is, its rights, what it is about."""
    if fmt == "rss":
        entry.source(item.source_feed or item.source_homepage, item.source_name)
    elif rights := item.copyright_notice or item.rights_line:
        entry.rights(rights)
    for name in item.categories:
        entry.category({"term": name, "label": name})
    for subject in item.subjects:
        entry.category(_category(subject, fmt))


def _category(subject: Subject, fmt: str) -> dict[str, str]:
    """A subject: in RSS its name is the text, in Atom its code is the term and its name the label."""
    name = subject.name or subject.code
    category = {"term": name if fmt == "rss" else subject.code, "label": name}
    scheme = SCHEMES.get(subject.scheme, subject.scheme)
    if "://" in scheme:
        category["scheme"] = scheme
    return category
