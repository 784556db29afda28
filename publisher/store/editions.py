"""Editions, frozen and numbered, and the renderings that the gate has cleared.

A frozen revision is never changed: a kill adds the next revision. `rendering` holds cleared bytes only, and what is sent or served comes
from there; equal bytes may be written again, others under the same name are a bug (invariant 5), so it raises.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Collection, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    Select,
    and_,
    exists,
    func,
    literal,
    literal_column,
    or_,
    select,
    update,
)

from publisher.canonical import canonical_json
from publisher.edition import Edition, Kind, Variant
from publisher.editiondata import from_data, to_data
from publisher.store.db import beyond, insert, insert_once, serialise
from publisher.store.schema import (
    delivery,
    edition,
    edition_item,
    edition_revision,
    note,
    rendering,
    story,
    variant,
)

__all__ = [
    "add_revision",
    "carried",
    "carriers",
    "count_renderings",
    "freeze",
    "get",
    "head",
    "holding",
    "keep_renderings",
    "latest",
    "listing",
    "name_variant",
    "next_number",
    "of_slot",
    "renderings",
    "variants_of",
    "with_changed_items",
]


def next_number(connection: Connection, kind: Kind, series: str) -> int:
    """The number of the series' next edition; gapless, because only the transaction that freezes it asks."""
    serialise(connection, f"edition:{kind}:{series}")
    query = select(func.coalesce(func.max(edition.c.number), 0)).where(
        edition.c.kind == kind, edition.c.series == series
    )
    return int(connection.execute(query).scalar_one()) + 1


def freeze(connection: Connection, frozen: Edition, *, actor: str, look: str | None = None) -> bool:
    """Store a new edition; False when its (kind, series, slot) has one already: two schedulers make one edition.

    `look` (feeds): a hash of everything but the content that its bytes depend on.
    """
    values = {
        "id": frozen.edition_id,
        "kind": frozen.kind.value,
        "series": frozen.series,
        "slot": frozen.slot,
        "local_date": frozen.local_date,
        "number": frozen.number,
        "revision": frozen.revision,
        "content_hash": frozen.content_hash,
        "frozen_at": frozen.frozen_at,
        "actor": actor,
        "look": look,
    }
    if not insert_once(connection, edition, values):
        return False
    _append(connection, frozen)
    return True


def add_revision(connection: Connection, revised: Edition) -> bool:
    """The next revision of an edition; False, and nothing done, when it has been revised meanwhile."""
    moved = connection.execute(
        update(edition)
        .where(edition.c.id == revised.edition_id, edition.c.revision == revised.revision - 1)
        .values(revision=revised.revision, content_hash=revised.content_hash, frozen_at=revised.frozen_at)
    )
    if not moved.rowcount:
        return False
    _append(connection, revised)
    return True


def _append(connection: Connection, frozen: Edition) -> None:
    connection.execute(
        insert(connection, edition_revision).values(
            edition_id=frozen.edition_id,
            revision=frozen.revision,
            content_hash=frozen.content_hash,
            frozen_at=frozen.frozen_at,
            data=zlib.compress(canonical_json(to_data(frozen))),
        )
    )
    rows = [
        {
            "edition_id": frozen.edition_id,
            "revision": frozen.revision,
            "story_id": item.story_id,
            "version": item.version,
            "named": False,
        }
        for item in frozen.items
    ]
    held = {item.story_id for item in frozen.items}
    named = {other.story_id for item in frozen.items for other in item.also} - held
    rows += [
        {
            "edition_id": frozen.edition_id,
            "revision": frozen.revision,
            "story_id": row.id,
            "version": row.version,
            "named": True,
        }
        for row in connection.execute(select(story.c.id, story.c.version).where(story.c.id.in_(named)))
    ]
    if rows:
        connection.execute(insert(connection, edition_item), rows)


def get(connection: Connection, edition_id: str, *, revision: int | None = None) -> Edition | None:
    """An edition in its present (or the named) revision, or None."""
    query = select(edition_revision.c.data).where(edition_revision.c.edition_id == edition_id)
    if revision is None:
        query = query.order_by(edition_revision.c.revision.desc()).limit(1)
    else:
        query = query.where(edition_revision.c.revision == revision)
    data = connection.execute(query).scalar_one_or_none()
    return None if data is None else from_data(json.loads(zlib.decompress(data)))


def head(connection: Connection, edition_id: str) -> Row[Any] | None:
    """The edition's row with its number of stories, or None."""
    return connection.execute(_heads().where(edition.c.id == edition_id)).one_or_none()


def _heads() -> Select[Any]:
    held = (
        select(func.count())
        .where(
            edition_item.c.edition_id == edition.c.id,
            edition_item.c.revision == edition.c.revision,
            ~edition_item.c.named,
        )
        .scalar_subquery()
        .label("stories")
    )
    return select(edition, held)


def of_slot(connection: Connection, kind: Kind, series: str, slot: datetime) -> str | None:
    """The id of the edition of this slot, or None."""
    query = select(edition.c.id).where(
        edition.c.kind == kind, edition.c.series == series, edition.c.slot == slot
    )
    return connection.execute(query).scalar_one_or_none()


def latest(connection: Connection, kind: Kind, series: str) -> Row[Any] | None:
    """The row of the series' newest edition, or None."""
    query = (
        select(edition)
        .where(edition.c.kind == kind, edition.c.series == series)
        .order_by(edition.c.number.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def listing(
    connection: Connection,
    *,
    kind: Kind | None,
    series: str | None = None,
    limit: int = 50,
    after: tuple[datetime, str] | None = None,
) -> list[Row[Any]]:
    """The newest editions with their number of stories; `after` goes on after (time of the freeze, id)."""
    query = beyond(_heads(), after, at=edition.c.frozen_at, key=edition.c.id).limit(limit)
    if kind is not None:
        query = query.where(edition.c.kind == kind)
    if series is not None:
        query = query.where(edition.c.series == series)
    return list(connection.execute(query))


def carried(connection: Connection, series: str) -> dict[str, datetime]:
    """For each story that an edition of this digest has carried: when the last of them was first frozen.

    What a revision took out was carried only if somebody may have got it before (invariant 12). A revision puts nothing
    new in, so a correction that came before it is not spent: the time is that of the first revision.
    """
    item, kept, first = edition_item, edition_item.alias("kept"), edition_revision.alias("first")
    of_digest = (
        select(item.c.story_id, func.max(first.c.frozen_at).label("at"))
        .join(edition, edition.c.id == item.c.edition_id)
        .join(first, and_(first.c.edition_id == edition.c.id, first.c.revision == 1))
        .where(edition.c.kind == Kind.DIGEST, edition.c.series == series, ~item.c.named)
    )
    present = of_digest.where(item.c.revision == edition.c.revision).group_by(item.c.story_id)
    found: dict[str, datetime] = {row.story_id: row.at for row in connection.execute(present)}
    still_in = select(literal(1)).where(
        kept.c.edition_id == edition.c.id,
        kept.c.revision == edition.c.revision,
        kept.c.story_id == item.c.story_id,
        ~kept.c.named,
    )
    taken_out = (
        of_digest.add_columns(item.c.edition_id, item.c.revision)
        .where(item.c.revision < edition.c.revision, ~exists(still_in))
        .group_by(item.c.story_id, item.c.edition_id, item.c.revision)
    )
    sent: dict[tuple[str, int], bool] = {}
    for row in connection.execute(taken_out).all():
        revision = (row.edition_id, row.revision)
        if revision not in sent:
            sent[revision] = _may_have_left(connection, *revision)
        if sent[revision]:
            found[row.story_id] = max(row.at, found.get(row.story_id, row.at))
    return found


def _may_have_left(connection: Connection, edition_id: str, revision: int) -> bool:
    """Whether anybody may have got this revision: it was marked for somebody."""
    query = (
        select(literal(1))
        .select_from(delivery)
        .join(note, note.c.delivery_id == delivery.c.id)
        .where(
            delivery.c.edition_id == edition_id,
            delivery.c.kind == literal_column("'digest'"),  # as the partial index has it
            note.c.revision == revision,
        )
        .limit(1)
    )
    return connection.execute(query).first() is not None


def carriers(connection: Connection, story_id: str, *, named: bool = False) -> list[Row[Any]]:
    """The digest editions that hold or once held the story (`named`: that only name it), by the time of their freeze."""
    held = select(edition_item.c.edition_id).where(
        edition_item.c.story_id == story_id, edition_item.c.named == literal(named)
    )
    query = select(edition).where(edition.c.id.in_(held), edition.c.kind == Kind.DIGEST)
    return list(connection.execute(query.order_by(edition.c.frozen_at, edition.c.id)))


def holding(connection: Connection, story_id: str, *, kind: Kind, named: bool = True) -> list[Row[Any]]:
    """The editions of this kind whose present revision holds the story, or (`named`) name it as another's report of an event."""
    return list(
        connection.execute(
            select(edition)
            .join(
                edition_item,
                (edition_item.c.edition_id == edition.c.id) & (edition_item.c.revision == edition.c.revision),
            )
            .where(
                edition_item.c.story_id == story_id,
                edition.c.kind == kind,
                or_(literal(named), ~edition_item.c.named),
            )
            .order_by(edition.c.id)
        )
    )


def with_changed_items(connection: Connection) -> dict[str, datetime]:
    """The digest editions that hold or held a story which is unfit to be shown, or was corrected since; each with the latest change."""
    unfit = or_(story.c.killed.is_not(None), story.c.hold.is_not(None), story.c.status != "usable")
    rows = connection.execute(
        select(edition.c.id, func.max(story.c.modified_at).label("at"))
        .join(edition_item, edition_item.c.edition_id == edition.c.id)
        .join(story, story.c.id == edition_item.c.story_id)
        .where(edition.c.kind == Kind.DIGEST, or_(unfit, story.c.corrected_at > edition.c.frozen_at))
        .group_by(edition.c.id)
        .order_by(edition.c.id)
    )
    return {row.id: row.at for row in rows}


def keep_renderings(
    connection: Connection, frozen: Edition, outputs: Mapping[str, bytes], *, now: datetime
) -> None:
    """Store cleared bytes by output name. ValueError when other bytes stand under the same name: rendering drifted."""
    for output, body in outputs.items():
        digest = sha256(body).hexdigest()
        key = (
            rendering.c.edition_id == frozen.edition_id,
            rendering.c.revision == frozen.revision,
            rendering.c.output == output,
        )
        present = connection.execute(select(rendering.c.sha256).where(*key)).scalar_one_or_none()
        if present == digest:
            continue
        if present is not None:
            raise ValueError(f"{output} of {frozen.edition_id} rendered to other bytes than before")
        connection.execute(
            insert(connection, rendering)
            .values(
                edition_id=frozen.edition_id,
                revision=frozen.revision,
                output=output,
                sha256=digest,
                cleared_at=now,
                body=zlib.compress(body),
            )
            .on_conflict_do_nothing()
        )


def count_renderings(connection: Connection) -> int:
    """How many outputs the gate has cleared: feeds by file, mails by HTML part."""
    read = or_(rendering.c.output.like("%.html"), ~rendering.c.output.like("digest-%"))
    return connection.execute(select(func.count()).select_from(rendering).where(read)).scalar_one()


def name_variant(connection: Connection, edition_id: str, chosen: Variant) -> None:
    """Remember which language and sections a variant's key stands for."""
    connection.execute(
        insert(connection, variant)
        .values(
            edition_id=edition_id,
            key=chosen.key,
            language=chosen.language,
            sections=" ".join(sorted(chosen.sections)) if chosen.sections is not None else None,
        )
        .on_conflict_do_nothing()
    )


def variants_of(connection: Connection, edition_id: str) -> dict[str, Variant]:
    """The variants of an edition that were mailed beside its languages' full ones, by key."""
    rows = connection.execute(select(variant).where(variant.c.edition_id == edition_id))
    return {
        row.key: Variant(row.language, None if row.sections is None else frozenset(row.sections.split()))
        for row in rows
    }


def renderings(
    connection: Connection, edition_id: str, revision: int, *, names: Collection[str] | None = None
) -> dict[str, bytes]:
    """The cleared bytes of a revision by output name (all, or those of these names), each held against its hash."""
    query = select(rendering).where(rendering.c.edition_id == edition_id, rendering.c.revision == revision)
    if names is not None:
        query = query.where(rendering.c.output.in_(names))
    found: dict[str, bytes] = {}
    for row in connection.execute(query):
        body = zlib.decompress(row.body)
        if sha256(body).hexdigest() != row.sha256:
            raise ValueError(f"stored bytes of {row.output} of {edition_id} do not match their hash")
        found[row.output] = body
    return found
