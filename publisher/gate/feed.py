"""Feeds: XML by expat, JSON by the standard library with duplicate keys refused, each item's HTML by lexbor."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from xml.parsers import expat

from publisher.edition import Edition
from publisher.errors import Violation
from publisher.gate.item import Found, in_order, owed, unfilled
from publisher.gate.sight import see

__all__ = ["check_feed"]

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"


@dataclass(slots=True)
class _Entry:
    """An item of a feed as read back: its id, and its text as HTML."""

    id: str = ""
    html: str = ""
    addresses: list[str] = field(default_factory=list)


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
) -> tuple[Violation, ...]:
    """Violations of a feed ("rss", "atom" or "json") against its edition."""
    try:
        entries = _json(raw) if fmt == "json" else _xml(raw, fmt)
    except _Unreadable as error:
        return (Violation(output, None, "unreadable", str(error)),)
    items = [edition.item(story_id) for shelf in edition.shelves for story_id in shelf.stories]
    ids = [entry.id.rpartition("/")[2] for entry in entries]
    violations = list(in_order(ids, [item.story_id for item in items], output=output, barred=barred))
    by_id = dict(zip(ids, entries, strict=True))
    for item in items:
        entry = by_id.get(item.story_id)
        if entry is None:
            continue
        violations += owed(
            _found(item.story_id, entry.html), item, edition.disclaimer_for(item).full, output=output
        )
        if item.source_url not in entry.addresses:
            violations.append(
                Violation(
                    output, item.story_id, "source-metadata", "does not give its source URL in its metadata"
                )
            )
    violations += unfilled(raw.decode("utf-8", "replace"), items, output=output)
    if edition.frozen_at > now:
        violations.append(Violation(output, None, "early", "the edition lies in the future"))
    return tuple(violations)


def _found(story_id: str, html: str) -> Found:
    found = Found(story_id)
    for seen in see(html):
        if seen.opens is None:
            found.text.append(seen.text)
            if seen.href is not None:
                found.links.append((seen.href, [seen.text]))
    return found


def _json(raw: bytes) -> list[_Entry]:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({name for name, _ in pairs}) != len(pairs):
            raise ValueError("a name stands twice in one object")
        return dict(pairs)

    def refuse(word: str) -> None:
        raise ValueError(f"{word} is not JSON")

    try:
        data = json.loads(raw, object_pairs_hook=once, parse_constant=refuse)
        return [
            _Entry(entry["id"], entry["content_html"], [entry["external_url"], entry["_wire"]["source_url"]])
            for entry in data["items"]
        ]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _Unreadable(f"is not a JSON Feed of ours: {error}") from error


def _xml(raw: bytes, fmt: str) -> list[_Entry]:
    reader = _Reader(fmt)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.data
    parser.StartDoctypeDeclHandler = reader.doctype
    try:
        parser.Parse(raw, True)
    except expat.ExpatError as error:
        raise _Unreadable(f"is not well-formed XML: {error}") from error
    return reader.entries


class _Reader:
    """Collects the items of RSS or Atom from expat's events."""

    def __init__(self, fmt: str) -> None:
        self.entries: list[_Entry] = []
        self._item, self._id, self._html = {
            "rss": ("item", "guid", f"{CONTENT} encoded"),
            "atom": (f"{ATOM} entry", f"{ATOM} id", f"{ATOM} content"),
        }[fmt]
        self._path: list[str] = []
        self._text: list[str] = []

    def doctype(self, *_: object) -> None:
        raise _Unreadable("has a DOCTYPE")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._text = []
        if name == self._item:
            self.entries.append(_Entry())
        elif name == f"{ATOM} link" and self._inside() and attributes.get("rel") == "via":
            self.entries[-1].addresses.append(attributes.get("href", ""))

    def data(self, text: str) -> None:
        self._text.append(text)

    def end(self, name: str) -> None:
        self._path.pop()
        if self._path[-1:] == [self._item]:
            if name == self._id:
                self.entries[-1].id = "".join(self._text).strip()
            elif name == self._html:
                self.entries[-1].html = "".join(self._text)
        self._text = []

    def _inside(self) -> bool:
        return self._item in self._path and self._path[-2:-1] == [self._item]
