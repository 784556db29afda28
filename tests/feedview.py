"""Feeds read back for tests: by path in XML, as data in JSON."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from publisher.render import feeds
from tests.feedbox import channel, edition

STRICT = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "c": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "m": "http://search.yahoo.com/mrss/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}


def tree(fmt: str, made: Any = None, **fields: Any) -> Any:
    return etree.fromstring(feeds.render(made or edition(), channel(fmt, **fields), fmt), STRICT)


def rss(path: str, made: Any = None, **fields: Any) -> list[Any]:
    return list(tree("rss", made, **fields).xpath(f"/rss/channel/{path}", namespaces=NAMES))


def atom(path: str, made: Any = None, **fields: Any) -> list[Any]:
    return list(tree("atom", made, **fields).xpath(f"/a:feed/{path}", namespaces=NAMES))


def data(made: Any = None, **fields: Any) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(feeds.render(made or edition(), channel("json", **fields), "json"))
    return read


def contents(fmt: str, made: Any) -> list[str]:
    """Each item's HTML, as a reader program gets it."""
    if fmt == "rss":
        return rss("item/c:encoded/text()", made)
    if fmt == "atom":
        return atom("a:entry/a:content/text()", made)
    return [entry["content_html"] for entry in data(made)["items"]]


def titles(fmt: str, made: Any) -> list[str]:
    if fmt == "rss":
        return rss("item/title/text()", made)
    return (
        atom("a:entry/a:title/text()", made) if fmt == "atom" else [e["title"] for e in data(made)["items"]]
    )
