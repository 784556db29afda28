"""What each item owes, held against what was found in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from publisher.edition import Item
from publisher.errors import Violation
from publisher.gate.sight import plain

__all__ = ["Found", "in_order", "owed", "unfilled"]

MARKER = re.compile(r"Place[0-9a-f]{24}Ends")


@dataclass(slots=True)
class Found:
    """An item as it was read back: its visible text, and its links as (address, text)."""

    story_id: str
    text: list[str] = field(default_factory=list)
    links: list[tuple[str, list[str]]] = field(default_factory=list)

    def link_text(self, url: str) -> str | None:
        """The text of the visible links to exactly this address; None when there is none."""
        texts = [plain("".join(text)) for href, text in self.links if href == url]
        shown = [text for text in texts if text]
        return " | ".join(shown) if shown else None


def owed(found: Found, item: Item, disclaimer: str, *, output: str) -> Iterable[Violation]:
    """What this item lacks of source name, source link and disclaimer."""
    text = found.link_text(item.source_url)
    if text is None:
        yield Violation(
            output, item.story_id, "source-link", f"has no visible link to its source URL {item.source_url}"
        )
    if plain(item.source_name) not in plain(" ".join(found.text)):
        yield Violation(
            output, item.story_id, "source-name", f"does not name its source {item.source_name!r}"
        )
    elif text is not None and plain(item.source_name) not in text:
        yield Violation(
            output, item.story_id, "source-name", f"the link to its source does not name {item.source_name!r}"
        )
    if plain(disclaimer) not in plain(" ".join(found.text)):
        yield Violation(output, item.story_id, "disclaimer", "has no visible disclaimer")


def in_order(
    found: Sequence[str], wanted: Sequence[str], *, output: str, barred: frozenset[str] = frozenset()
) -> Iterable[Violation]:
    """Exactly the edition's items in their order, and none that must not go out."""
    for story_id in found:
        if story_id not in wanted:
            yield Violation(output, story_id, "unknown-item", "is not an item of this edition")
        if story_id in barred:
            yield Violation(
                output, story_id, "barred", "was killed, held or put under embargo and must not go out"
            )
    for story_id in wanted:
        if story_id not in found:
            yield Violation(
                output, story_id, "missing-item", "is an item of this edition but not in the output"
            )
    if sorted(found) == sorted(wanted) and list(found) != list(wanted):
        yield Violation(output, None, "order", "the items are not in the edition's order")
    if len(set(found)) != len(found):
        yield Violation(output, None, "repeated-item", "an item stands twice")


def unfilled(text: str, items: Iterable[Item], *, output: str, places: bool = False) -> Iterable[Violation]:
    """Places left open: markers of personal values, and template syntax that no story brought with it."""
    if not places and MARKER.search(text):
        yield Violation(output, None, "placeholder", "a personal place was left unfilled")
    own = "\n".join(
        f"{item.headline}\n{item.lede}\n{item.body}\n{item.correction_note}\n{item.dateline}"
        for item in items
    )
    for sign in ("{{", "{%", "}}", "%}"):
        if sign in text and sign not in own:
            yield Violation(output, None, "placeholder", f"template syntax {sign!r} was left in the output")
