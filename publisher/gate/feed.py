"""Feeds: XML by expat, JSON by the standard library with duplicate names refused, each item's HTML by lexbor. PURE.

A withdrawn item owes its readers the house's notice and nothing else: not a word of its old headline may be left in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from xml.parsers import expat

from publisher.edition import Edition, Item
from publisher.errors import Violation
from publisher.gate.item import Found, in_order, owed, unfilled, withdrawn
from publisher.gate.page import early
from publisher.gate.sight import see

__all__ = ["check_feed"]

ATOM = "http://www.w3.org/2005/Atom"
DC = "http://purl.org/dc/elements/1.1/"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
JSON_VERSION = "https://jsonfeed.org/version/1"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
STORY_ID = re.compile(r"tag:[^:/\s]+,[0-9-]+:story/(\S+)")
"""A story's public id (RFC 4151); what follows the last slash is its id in the edition."""


@dataclass(slots=True)
class _Entry:
    """An item of a feed as read back.

    Attributes:
        ids, titles, html: there must be one of each. addresses: what it gives for its source's address.
        words: every text and attribute of it.
    """

    ids: list[str] = field(default_factory=list)
    titles: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    @property
    def story_id(self) -> str:
        """The id in the edition; what is no public id of ours, in quotes."""
        public = " ".join(self.ids)
        found = STORY_ID.fullmatch(public)
        return found[1] if found else repr(public)


class _Unreadable(Exception):
    """The bytes are no feed of this format."""


def check_feed(
    raw: bytes,
    fmt: str,
    edition: Edition,
    *,
    output: str,
    now: datetime,
    barred: frozenset[str] = frozenset(),
    source: str = "link",
) -> tuple[Violation, ...]:
    """Violations of a feed ("rss", "atom" or "json") against its edition; `barred` are stories that must not go out.

    `source` "text" is the profile of consumers that forbid links: the source's name has to stand there, its address in the metadata.
    """
    try:
        text = raw.decode("utf-8")
        entries = _json(text) if fmt == "json" else _xml(raw, VOCABULARIES[fmt])
    except (_Unreadable, UnicodeDecodeError) as error:
        return (Violation(output, None, "unreadable", f"cannot be read as {fmt}: {error}"),)
    items = {item.story_id: item for item in edition.items}
    wanted = [story_id for shelf in edition.shelves for story_id in shelf.stories]
    violations = [*early(edition, output=output, now=now)]
    violations += in_order([entry.story_id for entry in entries], wanted, output=output, barred=barred)
    for entry in entries:
        if entry.story_id in items:
            item = items[entry.story_id]
            disclaimer = edition.disclaimer_for(item).full
            violations += _owed(entry, item, disclaimer, output=output, linked=source == "link")
    told = [(entry.story_id, "\n".join(entry.words)) for entry in entries]
    violations += unfilled(text, items.values(), output=output, parts=lambda: told)
    return tuple(violations)


def _owed(entry: _Entry, item: Item, disclaimer: str, *, output: str, linked: bool) -> Iterator[Violation]:
    html = entry.html[0] if len(entry.html) == 1 else ""
    title = " ".join(entry.titles)
    if item.withdrawn:
        sight = see(html)
        for fault in sight.faults:
            yield Violation(output, item.story_id, "hidden", fault)
        found = Found(item.story_id, title, list(sight.runs))
        words = [word for word in entry.words if word not in entry.ids]
        yield from withdrawn(found, item, item.withdrawn, words, output=output)
        return
    for violation in _shown(html, title, item, disclaimer, linked=linked):
        yield replace(violation, output=output)
    if not entry.addresses or any(address != item.source_url for address in entry.addresses):
        detail = f"does not give its source URL {item.source_url} in its metadata"
        yield Violation(output, item.story_id, "source-metadata", detail)


@lru_cache(maxsize=1024)
def _shown(html: str, title: str, item: Item, disclaimer: str, *, linked: bool) -> tuple[Violation, ...]:
    """What is wrong with what a reader sees of an item; the same words under the same item are judged once, in whatever document."""
    sight = see(html)
    found = Found(item.story_id, title, list(sight.runs))
    hidden = [Violation("", item.story_id, "hidden", fault) for fault in sight.faults]
    return (*hidden, *owed(found, item, disclaimer, output="", closing=True, linked=linked))


def _json(text: str) -> list[_Entry]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice in one object")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    try:
        data = json.loads(text, object_pairs_hook=once, parse_constant=refuse)
        version, entries = data["version"], [_json_entry(entry) for entry in data["items"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _Unreadable(f"{type(error).__name__}: {error}") from error
    if not str(version).startswith(JSON_VERSION):
        raise _Unreadable(f"its version is {version!r}")
    return entries


def _json_entry(data: Mapping[str, Any]) -> _Entry:
    """An item; ValueError when a text of it cannot be written as UTF-8 (a lone surrogate)."""
    wire = data["_wire"]
    addresses = [] if wire["status"] == "canceled" else [data["external_url"], wire["source_url"]]
    entry = _Entry([data["id"]], [data["title"]], [data["content_html"]], addresses, list(_strings(data)))
    "".join((*entry.ids, *entry.titles, *entry.html, *addresses)).encode()
    return entry


def _strings(value: Any) -> Iterator[str]:
    """Every string in a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _strings(one)


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """Where a feed format keeps an item and its parts; names as expat gives them ("namespace name").

    `untyped`: what a text is of which the feed does not say it.
    """

    item: tuple[str, ...]
    id: str
    title: str
    html: str
    untyped: str


VOCABULARIES = {
    "rss": _Vocabulary(("rss", "channel", "item"), "guid", "title", f"{CONTENT} encoded", "html"),
    "atom": _Vocabulary(
        (f"{ATOM} feed", f"{ATOM} entry"), f"{ATOM} id", f"{ATOM} title", f"{ATOM} content", "text"
    ),
}


def _xml(raw: bytes, vocabulary: _Vocabulary) -> list[_Entry]:
    reader = _Reader(vocabulary)
    parser = expat.ParserCreate(encoding="UTF-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise _Unreadable(str(error)) from error
    if reader.root != vocabulary.item[0]:
        raise _Unreadable(f"its root element is {reader.root}")
    for entry in reader.entries:
        entry.words += reader.stones.get(" ".join(entry.ids), ())
    return reader.entries


class _Reader:
    """Collects the items of RSS or Atom from expat's events, and the words of tombstones (RFC 6721) by the id that they name."""

    def __init__(self, vocabulary: _Vocabulary) -> None:
        self.root = ""
        self.entries: list[_Entry] = []
        self.stones: dict[str, list[str]] = {}
        self._stone: list[str] | None = None
        self._names = vocabulary
        self._path: list[str] = []
        self._text: list[str] = []
        self._inside = False

    def doctype(self, *_: object) -> None:
        raise _Unreadable("it has a DOCTYPE")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        self._path.append(name)
        self._text = []
        if name == self._names.item[-1]:
            if tuple(self._path) != self._names.item:
                raise _Unreadable("an item stands where none belongs")
            self.entries.append(_Entry())
            self._inside = True
        elif self._inside:
            self.entries[-1].words += attributes.values()
        if name == f"{TOMBSTONES} deleted-entry":
            self._stone = self.stones.setdefault(attributes.get("ref", ""), [])
        if self._stone is not None:
            self._stone += attributes.values()
        if name == f"{ATOM} link" and self._in_item() and attributes.get("rel") == "via":
            self.entries[-1].addresses.append(attributes.get("href", ""))
        elif name == self._names.html and attributes.get("type", self._names.untyped) != "html":
            raise _Unreadable("the text of an item is not marked as HTML")

    def data(self, text: str) -> None:
        self._text.append(text)
        if self._inside:
            self.entries[-1].words.append(text)
        if self._stone is not None:
            self._stone.append(text)

    def end(self, name: str) -> None:
        if self._in_item():
            entry, text = self.entries[-1], "".join(self._text)
            if name == self._names.id:
                entry.ids.append(text.strip())
            elif name == self._names.title:
                entry.titles.append(text)
            elif name == self._names.html:
                entry.html.append(text)
            elif name == f"{DC} source":
                entry.addresses.append(text)
        if name == f"{TOMBSTONES} deleted-entry":
            self._stone = None
        elif name == self._names.item[-1]:
            self._inside = False
        self._path.pop()
        self._text = []

    def _in_item(self) -> bool:
        """Whether the element at hand is a child of an item."""
        return tuple(self._path[:-1]) == self._names.item
