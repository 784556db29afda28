"""What each item owes its readers, held against what was found in it. PURE."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape

from publisher.edition import Item, Notice
from publisher.errors import Violation
from publisher.gate.sight import Seen, plain, visible

__all__ = ["Found", "in_order", "named_in", "owed", "unfilled", "withdrawn"]

MARKER = re.compile(r"Place[0-9a-f]{24}Ends")
"""What names a personal place until it is filled. It is made of the edition's content hash: a story may say something of this shape, and
that is text, but never one that this edition fills."""
SYNTAX = re.compile(r"(\{[{%])\s*(\w{0,24})")
"""What opens a place in a template, and the word after it, which no escaping changes and a shortened text may cut; a story whose words end
with such a sign is followed by words of ours."""
MARKUP = re.compile(r"<[^>]*(?:>|$)")
ANGLES = str.maketrans("‹›", "<>")
MOST_REASONS = 3
LESS, GREATER = (
    re.compile(rf"&(?:{form})(?:;|(?![\w;]))", re.IGNORECASE)
    for form in ("lt|#0*60|#x0*3c", "gt|#0*62|#x0*3e")
)
"""The same, escaped."""
SHOWN = 60
"""Characters of a quotation in a sentence."""
Parts = Callable[[], Iterable[tuple[str, str]]]
"""Gives each item's id with its texts; asked only when something is to be found in them."""


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
        shown = [anchor for anchor, text in texts.items() if visible(text)]
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
        return [runs for runs in by_block.values() if plain("".join(run.text + run.unseen for run in runs))]


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
    hidden = _because(run for run in found.runs if run.link == item.source_url and not run.heading)
    if _title(found.headline) != _title(item.headline) or not visible(item.headline):
        why = _because(run for run in found.runs if run.heading)
        detail = f"does not stand under its headline {_cut(item.headline)!r}{why}"
        yield Violation(output, item.story_id, "headline", detail)
    if link is None and linked:
        detail = f"has no visible link to its source URL {item.source_url}{hidden}"
        yield Violation(output, item.story_id, "source-link", detail)
    if not named_in(link[1] if link else read.text(), item.source_name):
        detail = f"does not name its source {item.source_name!r} in the link to it{hidden}"
        yield Violation(output, item.story_id, "source-name", detail)
    if not visible(disclaimer) or plain(disclaimer) not in found.text(
        link[0] + 1 if link and not closing else 0
    ):
        why = _because(
            run for run in found.runs if plain(run.unseen) in plain(disclaimer) or disclaimer in run.unseen
        )
        detail = f"has no visible disclaimer {_cut(disclaimer)!r}{why}"
        yield Violation(output, item.story_id, "disclaimer", detail)
    elif closing and read is found:
        yield Violation(
            output, item.story_id, "disclaimer", "does not end with its source line and disclaimer"
        )


def withdrawn(
    found: Found, item: Item, notice: Notice, words: Iterable[str], *, output: str
) -> Iterator[Violation]:
    """What is wrong with a withdrawn item: it has to be the house's notice alone, and no text of it may hold the old headline.

    Not even one that may not be seen. `words`: what else is told of it.
    """
    if plain(found.headline) != plain(notice.title) or found.text() != plain(notice.told):
        detail = f"was withdrawn, but does not read {_cut(notice.title)!r} and nothing else"
        yield Violation(output, item.story_id, "withdrawn", detail)
    own = {item.link, item.source_name}  # a headline of one word may stand in these
    texts = (run.text + run.unseen for run in found.runs)
    said = " ".join(word for word in (*words, *texts) if word not in own)
    told = _claim(f"{said} {unescape(said)}")  # a text may be HTML
    ours = _claim(f"{notice.title} {notice.text}")
    for claim in dict.fromkeys((_claim(item.headline), _claim(item.original_headline))):
        if named_in(told, claim) and claim not in ours:
            detail = f"was withdrawn, but its old headline {_cut(claim)!r} can still be read"
            yield Violation(output, item.story_id, "withdrawn", detail)


def _because(runs: Iterable[Seen]) -> str:
    """What may hide those of the runs that are not certain to be seen."""
    reasons = list(dict.fromkeys(run.hidden for run in runs if run.hidden))[:MOST_REASONS]
    return f": {', '.join(reasons)} may hide it" if reasons else ""


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
    return visible(wanted) and re.search(f"{before}{re.escape(wanted)}{after}", plain(text)) is not None


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


def unfilled(text: str, items: Iterable[Item], *, output: str, parts: Parts = tuple) -> Iterator[Violation]:
    """Places left open: markers of personal values, and template syntax, unless a story's own words hold the same.

    A place within one of the `parts` is that item's; of any other, the words before it tell where a template has it.
    """
    left = dict.fromkeys(_places(text))
    if not left:
        return
    own = {place for item in items for place in _own_places(item)}
    for sign, word in left:
        if any(sign == theirs and (not told or told.startswith(word)) for theirs, told in own):
            continue
        detail = f"template syntax was left in the output: {sign} {word}".rstrip()
        if MARKER.fullmatch(sign):
            detail = f"a personal place was left unfilled: {sign}"
        within = [story_id for story_id, part in parts() if (sign, word) in _places(part)]
        for story_id in within:
            yield Violation(output, story_id, "placeholder", detail)
        if not within:
            yield Violation(output, None, "placeholder", f"{detail} {_where(text, sign, word)}")


def _places(text: str) -> Iterator[tuple[str, str]]:
    """What looks like a place: a marker, or what opens a place of a template with the word after it."""
    yield from ((found, "") for found in MARKER.findall(text))
    yield from SYNTAX.findall(text)


def _where(text: str, sign: str, word: str) -> str:
    """The words before a place, by which whoever wrote the template finds it."""
    before = plain(MARKUP.sub(" ", re.split(rf"{re.escape(sign)}\s*{re.escape(word)}", text, maxsplit=1)[0]))
    return f"after {before[-SHOWN:].lstrip()!r}" if before else "at its beginning"


@lru_cache(maxsize=1024)
def _own_places(item: Item) -> frozenset[tuple[str, str]]:
    """What looks like a place and came with the story."""
    return frozenset(place for words in _words(item) for place in _places(words))


def _words(value: object) -> Iterator[str]:
    """Every string in an item."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for entry in value:
            yield from _words(entry)
    elif dataclasses.is_dataclass(value):
        for name in value.__dataclass_fields__:
            yield from _words(getattr(value, name))


def _title(text: str) -> str:
    """A headline as it is compared; feeds write angle brackets as guillemets, escaped ones too."""
    return plain(GREATER.sub(">", LESS.sub("<", text.translate(ANGLES))))


def _claim(text: str) -> str:
    """A text as it is searched for what it may no longer say: in capitals it says the same."""
    return _title(text).casefold()


def _cut(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
