"""A reader program as Miniflux and FreshRSS keep items: by guid within a feed; what is known is overwritten, what is gone stays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from tests.feedview import NAMES, STRICT


@dataclass
class Reader:
    """Subscribed to feeds by path; `new` are the items that it showed as new since the last look, `changed` those overwritten."""

    items: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    listed: dict[str, list[str]] = field(default_factory=dict)
    new: list[tuple[str, str]] = field(default_factory=list)
    changed: list[tuple[str, str]] = field(default_factory=list)

    def look(self, path: str, raw: bytes) -> None:
        """One poll of a feed."""
        found = dict(_entries(raw))
        self.listed[path] = list(found)
        for guid, entry in found.items():
            known = self.items.get((path, guid))
            if known is None:
                self.new.append((path, guid))
            elif known != entry:
                self.changed.append((path, guid))
            self.items[path, guid] = entry

    def forget(self) -> None:
        """Begin to count again."""
        self.new.clear()
        self.changed.clear()


def _entries(raw: bytes) -> list[tuple[str, dict[str, Any]]]:
    root = etree.fromstring(raw, STRICT)
    return [
        (
            entry.findtext("guid") or "",
            {
                "title": entry.findtext("title"),
                "link": entry.findtext("link"),
                "date": entry.findtext("pubDate"),
                "content": entry.findtext("c:encoded", namespaces=NAMES),
                "updated": entry.findtext("a:updated", namespaces=NAMES),
                "deleted": entry.find("m:status", {"m": NAMES["m"]}) is not None,
            },
        )
        for entry in root.iter("item")
    ]
