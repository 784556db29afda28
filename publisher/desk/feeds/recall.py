"""What may be in no output any more, taken out of a feed that cannot be made anew.

A feed that the gate refuses keeps its last good bytes, but never a killed, held, embargoed or expired story in them. So the finished
items of the other stories stay byte for byte, a killed one is replaced by its notice, and one that is held leaves; where the notice
cannot be made the killed one leaves too; and a document that the gate does not clear even so is taken down. The edition that is frozen
for it says what stands there, and the next build makes the feed as it should be.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from publisher import gate
from publisher.desk.feeds.documents import Document
from publisher.desk.feeds.draft import Draft
from publisher.desk.knowing import unfit
from publisher.edition import Edition, Item
from publisher.newsroom import Newsroom
from publisher.render import feeds as render
from publisher.store import editions, public, stories

__all__ = ["Recalled", "recall"]


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is left of a feed's last edition.

    Attributes:
        edition: what stands there now. outputs: its documents by path.
        stories: those that were taken out. down: documents that cannot stay at all.
    """

    edition: Edition
    outputs: Mapping[str, bytes]
    stories: tuple[str, ...]
    down: tuple[str, ...]


def recall(newsroom: Newsroom, draft: Draft, wanted: Sequence[Document], *, now: datetime) -> Recalled | None:
    """The feed's last good bytes less what may not be shown; None when all of it still may.

    `draft` is the edition that was refused, or may not take its place: it has the notices.
    """
    if draft.last is None:
        return None
    with newsroom.database.read() as connection:
        last = editions.get(connection, draft.last.id)
        if last is None:
            return None
        shown = [item.story_id for item in last.items if item.withdrawn is None]
        present = stories.load(connection, shown)
        found = [(document, public.get(connection, f"feeds/{document.path}")) for document in wanted]
    bad = unfit(newsroom, present.values(), now=now)
    gone = frozenset(name for name in shown if name not in present or name in bad)
    if not gone:
        return None
    bodies = [(document, file.body) for document, file in found if file and file.status == public.OK]
    notices = {
        item.story_id: item for item in draft.edition.items if item.withdrawn and item.story_id in gone
    }
    made, outputs = last, dict[str, bytes]()
    for stubs in (notices, {}):
        made = _less(last, draft.edition, gone, stubs)
        outputs = {
            document.path: body
            for document, old in bodies
            if (body := _replaced(old, document, made, gone, stubs, now=now)) is not None
        }
        if len(outputs) == len(bodies):
            break
    down = tuple(document.path for document, _ in bodies if document.path not in outputs)
    return Recalled(made, outputs, tuple(sorted(gone)), down)


def _less(last: Edition, refused: Edition, gone: frozenset[str], stubs: Mapping[str, Item]) -> Edition:
    """The last edition under the number and time of the refused one, with notices or nothing in place of what is gone."""
    left = gone - stubs.keys()
    (shelf,) = last.shelves
    return replace(
        last,
        edition_id=refused.edition_id,
        number=refused.number,
        slot=refused.slot,
        local_date=refused.local_date,
        frozen_at=refused.frozen_at,
        items=tuple(stubs.get(item.story_id, item) for item in last.items if item.story_id not in left),
        shelves=(replace(shelf, stories=tuple(name for name in shelf.stories if name not in left)),),
    )


def _replaced(
    old: bytes,
    document: Document,
    made: Edition,
    gone: frozenset[str],
    stubs: Mapping[str, Item],
    *,
    now: datetime,
) -> bytes | None:
    """The document with notices or nothing in place of what is gone, if the gate clears that."""
    alone = replace(
        made, items=tuple(stubs.values()), shelves=(replace(made.shelves[0], stories=tuple(stubs)),)
    )
    try:
        pieces = render.pieces_of(alone, document.channel, document.fmt)
        body = render.exchange(old, document.fmt, {name: pieces.get(name, b"") for name in gone})
    except render.UNRENDERABLE:
        return None
    faults = gate.check_feed(
        body, document.fmt, made, output=document.path, now=now, source=document.channel.source
    )
    return None if faults else body
