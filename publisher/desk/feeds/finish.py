"""From a draft to finished documents: rendered, read back by the gate, and of a size that readers take.

One story must not take a feed down. A story that cannot be rendered, or that the gate refuses by name, is left out of this edition with
the reason, and the others go out; a fault that no single story explains, or that every story shares, refuses the feed as a whole, and
its last good bytes stay. A text too long for readers stands there as its lede, and a feed ends before it is too long, its oldest
stories first (feeds.md 1.0: at most 1 MB an article, under 2 MB a feed).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import gate
from publisher.desk.feeds.documents import Document
from publisher.edition import Edition, Item, LeftOut, Why
from publisher.errors import GateRefused, Violation
from publisher.render import feeds as render
from publisher.render.feeds import Pieces

__all__ = ["ARTICLE_MAX", "FEED_MAX", "Finished", "finish"]

ARTICLE_MAX = 1_000_000
"""Bytes of one item in one document."""
FEED_MAX = 1_990_000
"""Bytes of a document; a round two million, less than any head needs."""


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a draft.

    Attributes:
        draft, edition: what was wanted, and the same less what was left out. outputs: finished bytes by document path.
        skipped: what was left out because it cannot be shown. shortened: stories that show their lede for their text.
    """

    draft: Edition
    edition: Edition
    outputs: Mapping[str, bytes]
    skipped: tuple[Violation, ...] = ()
    shortened: tuple[str, ...] = ()


def finish(
    draft: Edition, wanted: Sequence[Document], *, pieces: Pieces, now: datetime, most: int = FEED_MAX
) -> Finished:
    """The finished documents of a draft, of as many of its stories as can be shown; `most`: the longest document, in bytes.

    Raises:
        GateRefused: not one story of it can be shown, or the fault is no story's.
    """
    made = draft
    pieces = Pieces(pieces)  # sizes are of what is made here, whatever another thread makes meanwhile
    skipped: list[Violation] = []
    shortened: list[str] = []
    while True:  # each round takes something away, or is the last
        outputs, faults = _attempt(made, wanted, pieces=pieces, now=now)
        if faults:
            bad = _blamed(made, wanted, faults, now=now)
            living = {item.story_id for item in made.items if not item.withdrawn}
            if not bad or living <= bad.keys():
                raise GateRefused(made.edition_id, faults)
            skipped += bad.values()
            made = _without(made, bad)
            continue
        sizes = _sizes(made, wanted, pieces)
        if long := [item for item in made.items if sizes[item.story_id] > ARTICLE_MAX]:
            shorter = {item.story_id: replace(item, body="") for item in long if item.body}
            hopeless = {
                item.story_id: Violation(
                    wanted[0].path, item.story_id, "too-long", f"is longer than {ARTICLE_MAX:,} bytes"
                )
                for item in long
                if not item.body
            }
            shortened += shorter
            skipped += hopeless.values()
            made = replace(made, items=tuple(shorter.get(item.story_id, item) for item in made.items))
            made = _without(made, hopeless)
            continue
        if beyond := _beyond(made, sizes, most):
            made = _cut(made, beyond)
            continue
        return Finished(draft, made, outputs, tuple(skipped), tuple(shortened))


def _attempt(
    made: Edition, wanted: Sequence[Document], *, pieces: Pieces, now: datetime
) -> tuple[dict[str, bytes], list[Violation]]:
    """Every document of the feed, each read back by the gate, and every fault."""
    outputs: dict[str, bytes] = {}
    faults: list[Violation] = []
    for document in wanted:
        try:
            body = render.splice(made, document.channel, document.fmt, pieces)
        except render.UNRENDERABLE as error:  # the other stories go out
            faults.append(Violation(document.path, None, "unrendered", f"cannot be rendered: {_said(error)}"))
            continue
        outputs[document.path] = body
        faults += gate.check_feed(
            body, document.fmt, made, output=document.path, now=now, source=document.channel.source
        )
    return outputs, faults


def _blamed(
    made: Edition, wanted: Sequence[Document], faults: Sequence[Violation], *, now: datetime
) -> dict[str, Violation]:
    """The stories whose fault it is, with the first fault of each: those named, else those that fail when they stand alone."""
    ours = {item.story_id for item in made.items}
    named: dict[str, Violation] = {}
    for fault in faults:
        if fault.story_id in ours:
            named.setdefault(str(fault.story_id), fault)
    if all(fault.story_id in ours for fault in faults):
        return named
    for item in made.items:
        if item.story_id not in named:
            _, own = _attempt(_alone(made, item), wanted, pieces=Pieces(), now=now)
            if own:
                named[item.story_id] = replace(own[0], story_id=item.story_id)
    return named


def _alone(made: Edition, item: Item) -> Edition:
    (shelf,) = made.shelves
    return replace(made, items=(item,), shelves=(replace(shelf, stories=(item.story_id,)),), left_out=())


def _without(made: Edition, bad: Mapping[str, Violation]) -> Edition:
    """The draft less these stories, with the reason of each."""
    left_out = (
        LeftOut(story_id, made.series, Why.UNFIT, f"{fault.rule}: {fault.detail}"[:500])
        for story_id, fault in bad.items()
    )
    return replace(_less(made, bad), left_out=(*made.left_out, *left_out))


def _cut(made: Edition, beyond: Collection[str]) -> Edition:
    """The draft less its oldest stories, counted like those that the maximum cuts."""
    shorter = _less(made, beyond)
    (shelf,) = shorter.shelves
    return replace(shorter, shelves=(replace(shelf, more=shelf.more + len(beyond)),))


def _less(made: Edition, gone: Collection[str]) -> Edition:
    (shelf,) = made.shelves
    kept = tuple(story_id for story_id in shelf.stories if story_id not in gone)
    items = tuple(item for item in made.items if item.story_id not in gone)
    return replace(made, items=items, shelves=(replace(shelf, stories=kept),))


def _sizes(made: Edition, wanted: Sequence[Document], pieces: Pieces) -> dict[str, int]:
    """For each item the most bytes that it takes in any document."""
    sizes = dict.fromkeys((item.story_id for item in made.items), 0)
    for document in wanted:
        for story_id, size in pieces.sizes(document.channel, document.fmt).items():
            sizes[story_id] = max(sizes[story_id], size)
    return sizes


def _beyond(made: Edition, sizes: Mapping[str, int], most: int) -> frozenset[str]:
    """The oldest stories that no longer fit. Notices of withdrawn ones are small, and always stay."""
    by_id = {item.story_id: item for item in made.items}
    (shelf,) = made.shelves
    room = most - sum(sizes[item.story_id] for item in made.items if item.withdrawn)
    stories = [story_id for story_id in shelf.stories if by_id[story_id].withdrawn is None]
    for place, story_id in enumerate(stories):
        room -= sizes[story_id]
        if room < 0:
            return frozenset(stories[place:])
    return frozenset()


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]
