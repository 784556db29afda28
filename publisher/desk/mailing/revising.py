"""The next revision of an edition that is being mailed: without what may not go out, and for everybody who still waits.

Order: the revision is rendered and cleared for every variant first, then stored; then one transaction moves the dispatch to
it. That transaction locks the dispatch and looks at the stories once more, so that whoever withdraws one meanwhile is
seen, or sees the dispatch going on and halts it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from publisher.desk import editions as desk_editions
from publisher.desk import letters
from publisher.desk.withdrawals import barred, notes_without
from publisher.edition import Edition, Variant, Why
from publisher.ledger import NOTHING_LEFT
from publisher.newsroom import Newsroom
from publisher.store import approvals, deliveries, editions, house

__all__ = ["NO_STORY", "give_up", "revise", "set_right"]

NO_STORY = "no story of it is left"


def revise(newsroom: Newsroom, made: Edition, gone: Mapping[str, Why], *, now: datetime) -> Edition:
    """The edition's next revision without these stories (id -> why) and notes that repeat them, rendered and cleared for every variant it has.

    An approval goes with it, because nothing new was put in (decision 7). Two who revise at once make one revision: the
    edition is given back as it stands then.
    """
    letter = letters.of_edition(newsroom, made)
    outputs: dict[str, bytes] = {}
    with newsroom.database.read() as connection:
        variants = editions.variants_of(connection, made.edition_id)
        notes = notes_without(connection, made, gone)
    revised = replace(made.without(gone, why=gone, now=now), notes=notes)
    for variant in [*(Variant(language) for language in made.languages), *variants.values()]:
        outputs |= desk_editions.render_variant(newsroom, revised, variant, letter=letter, now=now)
    with newsroom.database.write() as connection:
        if editions.add_revision(connection, revised):
            editions.keep_renderings(connection, revised, outputs, now=now)
            if approvals.approved(connection, made.edition_id, made.content_hash):
                approvals.approve(
                    connection, made.edition_id, revised.content_hash, actor="rule:kill", now=now
                )
            data: dict[str, Any] = {"revision": revised.revision}
            data["withdrawn"] = {key: gone[key].value for key in sorted(gone)}
            if fell := sorted(dict(made.notes).keys() - dict(notes)):
                data["notes"] = fell
            house.tell(
                connection, "edition.revise", revised.edition_id, actor="rule:kill", now=now, data=data
            )
            return revised
    return desk_editions.edition(newsroom, made.edition_id)


def set_right(
    newsroom: Newsroom,
    dispatch_id: str,
    edition_id: str,
    *,
    now: datetime,
    then: Callable[[Connection, Edition], None],
) -> Edition:
    """Bring a dispatch to a revision of its edition that may go out, and do `then` in the same transaction.

    Readers who wait and of whose variant no item is left are ended in it, with the reason. When the edition has no item
    left at all, nothing is done: it is given back, and what follows is the caller's to say.
    """
    while True:
        made = desk_editions.edition(newsroom, edition_id)
        with newsroom.database.read() as connection:
            gone = barred(newsroom, connection, made, now)
        if gone:
            made = revise(newsroom, made, gone, now=now)
        if not made.items:
            return made
        with newsroom.database.write() as connection:
            deliveries.lock(connection, dispatch_id)
            present = editions.head(connection, edition_id)
            if present is None or present.revision != made.revision:
                continue
            if barred(newsroom, connection, made, now):
                continue
            deliveries.revise(connection, dispatch_id, made.revision, now=now)
            then(connection, made)
            empty = _empty(connection, dispatch_id, made)
            if empty:
                deliveries.end_variants(connection, dispatch_id, empty, cause=NOTHING_LEFT, now=now)
        return made


def _empty(connection: Connection, dispatch_id: str, made: Edition) -> frozenset[str]:
    """Variants for which somebody waits, and of which this revision has no item."""
    named = editions.variants_of(connection, made.edition_id)
    return frozenset(
        key
        for key in deliveries.variants(connection, dispatch_id)
        for variant in [named.get(key, Variant(key))]
        if not any(made.variant(variant.language, variant.sections))
    )


def give_up(newsroom: Newsroom, dispatch_id: str, *, now: datetime) -> None:
    """End a dispatch whose edition has no item left: the rest is cancelled (decision 8)."""
    with newsroom.database.write() as connection:
        deliveries.cancel(connection, dispatch_id, actor="rule:kill", why=NO_STORY, now=now)
