"""What each item owes its readers, held against what was found in it. PURE."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from publisher.edition import Item, Notice
from publisher.errors import Violation
from publisher.gate.sight import Seen, plain

__all__ = ["Found", "in_order", "named_in", "owed", "unfilled", "withdrawn"]

MARKER = re.compile(r"Place[0-9a-f]{24}Ends")
SYNTAX = re.compile(r"(\{[{%])\s*(\w{0,24})")
"""What opens a place in a template, and the word after it, which no escaping changes and a shortened text may cut; a story whose words end
with such a sign is followed by words of ours."""
ANGLES = str.maketrans("‹›", "<>")
SHOWN = 60
"""Characters of a quotation in a sentence."""


@dataclass(slots=True)
class Found:
    """An item as it was read back: its id, its headline, and the visible runs that follow it."""

    story_id: str
    headline: str = ""
    runs: list[Seen] = field(default_factory=list)

    def link(self, url: str, name: str) -> tuple[int, str] | None:
        """A visible link to exactly this address, the first that names the source if any does: the run it ends with, its text."""
        texts: dict[int, str] = {}
        ends: dict[int, int] = {}
        for place, run in enumerate(self.runs):
            if run.link == url:
                texts[run.anchor] = texts.get(run.anchor, "") + run.text
                ends[run.anchor] = place
        shown = [anchor for anchor, text in texts.items() if plain(text)]
        if not shown:
            return None
        chosen = next((anchor for anchor in shown if named_in(texts[anchor], name)), shown[-1])
        return ends[chosen], texts[chosen]

    def text(self, start: int = 0) -> str:
        """The visible text from this run on, blocks parted by a blank."""
        parts: list[str] = []
        block = None
        for run in self.runs[start:]:
            if run.block != block:
                parts.append(" ")
                block = run.block
            parts.append(run.text)
        return plain("".join(parts))

    def blocks(self) -> list[list[Seen]]:
        """The runs by paragraph, those that say something."""
        by_block: dict[int, list[Seen]] = {}
        for run in self.runs:
            by_block.setdefault(run.block, []).append(run)
        return [runs for runs in by_block.values() if plain("".join(run.text for run in runs))]


def owed(
    found: Found, item: Item, disclaimer: str, *, output: str, closing: bool = False, linked: bool = True
) -> Iterator[Violation]:
    """What this item lacks of headline, source link, source name and disclaimer.

    The link's own text must name the source, and the disclaimer must follow the link: what a story says of itself does not count.
    `closing` (feeds) wants more, because a story's whole text stands there: the disclaimer is the last paragraph and the one
    before it holds the link. `linked` False: the place of the link is taken by the name alone, for consumers that forbid links.
    """
    read = _closing(found, disclaimer) if closing else found
    link = read.link(item.source_url, item.source_name)
    if _title(found.headline) != _title(item.headline):
        detail = f"does not stand under its headline {_cut(item.headline)!r}"
        yield Violation(output, item.story_id, "headline", detail)
    if link is None and linked:
        detail = f"has no visible link to its source URL {item.source_url}"
        yield Violation(output, item.story_id, "source-link", detail)
    if not named_in(link[1] if link else read.text(), item.source_name):
        detail = f"does not name its source {item.source_name!r} in the link to it"
        yield Violation(output, item.story_id, "source-name", detail)
    if not plain(disclaimer) or plain(disclaimer) not in found.text(
        link[0] + 1 if link and not closing else 0
    ):
        detail = f"has no visible disclaimer {_cut(disclaimer)!r}"
        yield Violation(output, item.story_id, "disclaimer", detail)
    elif closing and read is found:
        yield Violation(
            output, item.story_id, "disclaimer", "does not end with its source line and disclaimer"
        )


def withdrawn(
    found: Found, item: Item, notice: Notice, words: Iterable[str], *, output: str
) -> Iterator[Violation]:
    """What is wrong with a withdrawn item: it has to be the house's notice alone, and no text of it may hold the old headline."""
    if plain(found.headline) != plain(notice.title) or found.text() != plain(notice.text):
        detail = f"was withdrawn, but does not read {_cut(notice.title)!r} and nothing else"
        yield Violation(output, item.story_id, "withdrawn", detail)
    told = plain(" ".join(words))
    ours = plain(f"{notice.title} {notice.text}")
    for claim in dict.fromkeys((plain(item.headline), plain(item.original_headline))):
        if claim and claim in told and claim not in ours:
            detail = f"was withdrawn, but its old headline {_cut(claim)!r} can still be read"
            yield Violation(output, item.story_id, "withdrawn", detail)


def _closing(found: Found, disclaimer: str) -> Found:
    """The paragraph before the disclaimer that ends the item; everything when it does not end so."""
    blocks = found.blocks()
    if len(blocks) > 1 and plain("".join(run.text for run in blocks[-1])) == plain(disclaimer):
        return Found(found.story_id, found.headline, blocks[-2])
    return found


def named_in(text: str, name: str) -> bool:
    """Whether a text holds this name as words of its own: "AP" is not in "MAP"."""
    wanted = plain(name)
    before = r"(?<![A-Za-z0-9])" if wanted[:1].isascii() and wanted[:1].isalnum() else ""
    after = r"(?![A-Za-z0-9])" if wanted[-1:].isascii() and wanted[-1:].isalnum() else ""
    return bool(wanted) and re.search(f"{before}{re.escape(wanted)}{after}", plain(text)) is not None


def in_order(
    found: Sequence[str], wanted: Sequence[str], *, output: str, barred: frozenset[str] = frozenset()
) -> Iterator[Violation]:
    """Exactly the edition's items in their order, each once, and none that must not go out."""
    for story_id, times in Counter(found).items():
        if story_id not in wanted:
            yield Violation(output, story_id, "unknown-item", "is not an item of this edition")
        if story_id in barred:
            detail = "was killed, held or put under embargo and must not go out"
            yield Violation(output, story_id, "barred", detail)
        if times > 1:
            yield Violation(output, story_id, "repeated-item", f"stands there {times} times")
    for story_id in wanted:
        if story_id not in found:
            detail = "is an item of this edition but cannot be seen in the output"
            yield Violation(output, story_id, "missing-item", detail)
    if Counter(found) == Counter(wanted) and list(found) != list(wanted):
        yield Violation(output, None, "order", "the items are not in the edition's order")


def unfilled(text: str, items: Iterable[Item], *, output: str) -> Iterator[Violation]:
    """Places left open: markers of personal values, and template syntax that no story brought with it."""
    if MARKER.search(text):
        yield Violation(output, None, "placeholder", "a personal place was left unfilled")
    left = dict.fromkeys(SYNTAX.findall(text))
    if left:
        own = {found for item in items for words in _words(item) for found in SYNTAX.findall(words)}
        for sign, word in left:
            if not any(sign == theirs and (not told or told.startswith(word)) for theirs, told in own):
                detail = f"template syntax was left in the output: {sign} {word}"
                yield Violation(output, None, "placeholder", detail.rstrip())


def _words(value: object) -> Iterator[str]:
    """Every string in an item."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from _words(entry)
    elif dataclasses.is_dataclass(value):
        for one in dataclasses.fields(value):
            yield from _words(getattr(value, one.name))


def _title(text: str) -> str:
    """A headline as it is compared; feeds write angle brackets as guillemets."""
    return plain(text.translate(ANGLES))


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
