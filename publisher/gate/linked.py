"""Linked data (JSON-LD) in a page: what programs are told of a story holds the same provenance, and nothing of a withdrawn one. PURE.

Read with the strict JSON parser: duplicate keys, NaN and what is no JSON are refused, for whoever reads it might take another half of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from selectolax.lexbor import LexborHTMLParser

from publisher.edition import Item
from publisher.errors import Violation
from publisher.gate.item import named_in
from publisher.gate.sight import plain

__all__ = ["check_linked"]

TYPE = "application/ld+json"


def check_linked(text: str, items: Mapping[str, Item], *, output: str) -> Iterator[Violation]:
    """Violations of the linked data in a document; none where it has none."""
    if TYPE not in text.casefold():
        return
    for node in LexborHTMLParser(text).css("script"):
        if (node.attributes.get("type") or "").strip().casefold() == TYPE:
            yield from _document(node.text(), items, output)


def _document(raw: str, items: Mapping[str, Item], output: str) -> Iterator[Violation]:
    try:
        data = json.loads(raw, object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        yield Violation(output, None, "linked-data", f"cannot be read as JSON: {error}")
        return
    found = [entry for entry in _objects(data) if str(entry.get("@type", "")).endswith("Article")]
    for entry in found:
        item = next((one for one in items.values() if one.source_url == entry.get("isBasedOn")), None)
        if item is None or item.withdrawn:
            detail = f"tells programs of an article that is based on no story here: {entry.get('isBasedOn')}"
            yield Violation(output, None, "linked-data", detail)
        elif plain(str(entry.get("headline", ""))) != plain(item.headline):
            yield Violation(output, item.story_id, "linked-data", "has another headline in its linked data")
        elif not named_in(str(entry.get("creditText", "")), item.source_name):
            detail = f"does not credit its source {item.source_name!r} in its linked data"
            yield Violation(output, item.story_id, "linked-data", detail)
    said = plain(" ".join(_texts(data))).casefold()
    for item in items.values():
        if item.withdrawn and plain(item.headline).casefold() in said:
            detail = "was withdrawn, but its linked data tell its old headline"
            yield Violation(output, item.story_id, "linked-data", detail)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands there twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no JSON")


def _objects(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        yield data
    for entry in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _objects(entry)


def _texts(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield data
    for entry in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        yield from _texts(entry)
