"""Stories, their versions, sections and the desk's marks in the database.

`story` holds one row a story with what the desk decided; each version as the source sent it is appended to
`story_version` and never changed; the names under which it came are `aliases`.

A row is saved whole, so whoever changes a story reads it by `locked`: two at once would save over each other, and a kill be lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, delete, func, or_, select, union_all, update

from publisher.selection import Act, Mark
from publisher.store import aliases
from publisher.store.db import beyond, insert
from publisher.store.schema import desk_mark, story, story_section, story_version
from publisher.store.states import state_at
from publisher.store.versions import received_from_data, received_to_data
from publisher.story import PubStatus, Received, Story

__all__ = [
    "add",
    "add_version",
    "ahead",
    "any_of",
    "by_id",
    "candidates",
    "changed_between",
    "count_by_source",
    "first_published_since",
    "get",
    "headlines",
    "known_hashes",
    "listing",
    "load",
    "locked",
    "mark",
    "marks_in_force",
    "publish",
    "published_between",
    "recent",
    "save",
    "set_sections",
    "spend_marks",
    "versions",
]


def known_hashes(connection: Connection, story_id: str) -> frozenset[bytes]:
    """Content hashes of all versions of a story."""
    rows = connection.execute(
        select(story_version.c.content_hash).where(story_version.c.story_id == story_id)
    )
    return frozenset(bytes(row.content_hash) for row in rows)


def add(connection: Connection, new: Story, content_hash: bytes) -> None:
    """A story that is new here, with its first version."""
    connection.execute(
        insert(connection, story).values(id=new.story_id, created_at=new.received_at, **_columns(new))
    )
    _append(connection, new, content_hash)
    set_sections(connection, new.story_id, new.sections)


def add_version(connection: Connection, revised: Story, content_hash: bytes) -> None:
    """The next version of a story; the row takes its state from `revised`."""
    save(connection, revised)
    _append(connection, revised, content_hash)
    set_sections(connection, revised.story_id, revised.sections)


def save(connection: Connection, changed: Story) -> None:
    """What the desk or a version decided about a story, into its row."""
    connection.execute(update(story).where(story.c.id == changed.story_id).values(**_columns(changed)))


def _append(connection: Connection, version: Story, content_hash: bytes) -> None:
    connection.execute(
        insert(connection, story_version).values(
            story_id=version.story_id,
            version=version.version,
            received_at=version.received_at,
            version_created=version.received.version_created,
            content_hash=content_hash,
            received=received_to_data(version.received),
        )
    )
    aliases.keep(connection, version.source, version.story_id, version.received)


def set_sections(connection: Connection, story_id: str, sections: Iterable[str]) -> None:
    """The sections that a story belongs to, replacing what was computed before."""
    connection.execute(delete(story_section).where(story_section.c.story_id == story_id))
    rows = [{"story_id": story_id, "section": section} for section in dict.fromkeys(sections)]
    if rows:
        connection.execute(insert(connection, story_section), rows)


def _columns(value: Story) -> dict[str, Any]:
    received = value.received
    return {
        "source": value.source,
        "version": value.version,
        "headline": value.headline,
        "headline_changed_by": value.headline_changed_by,
        "headline_changed_at": value.headline_changed_at,
        "headline_changed_why": value.headline_changed_why,
        "status": received.pubstatus.value,
        "hold": value.hold,
        "killed": value.killed,
        "released_at": value.released_at,
        "urgency": received.urgency,
        "language": received.language,
        "eligible_at": value.eligible_at,
        "embargo_until": received.embargo.until,
        "modified_at": value.modified_at,
        "corrected_at": value.corrected_at,
        "first_published": value.first_published,
        "link": value.link,
    }


def _query() -> Select[Any]:
    return select(story, story_version.c.received, story_version.c.received_at).join(
        story_version,
        and_(story_version.c.story_id == story.c.id, story_version.c.version == story.c.version),
    )


def _stories(connection: Connection, rows: Sequence[Row[Any]]) -> list[Story]:
    """Rows of `_query` as stories, their sections fetched in one go."""
    sections: dict[str, list[str]] = {}
    ids = [row.id for row in rows]
    for start in range(0, len(ids), 500):
        found = connection.execute(
            select(story_section)
            .where(story_section.c.story_id.in_(ids[start : start + 500]))
            .order_by(story_section.c.section)
        )
        for entry in found:
            sections.setdefault(entry.story_id, []).append(entry.section)
    spoken = _languages(connection, [row.id for row in rows if row.killed is not None])
    return [
        Story(
            story_id=row.id,
            version=row.version,
            source=row.source,
            received=received_from_data(row.received),
            headline=row.headline,
            received_at=row.received_at,
            modified_at=row.modified_at,
            eligible_at=row.eligible_at,
            sections=tuple(sections.get(row.id, ())),
            spoken=tuple(sorted(spoken.get(row.id, ()))),
            first_published=row.first_published,
            link=row.link,
            hold=row.hold,
            killed=row.killed,
            released_at=row.released_at,
            corrected_at=row.corrected_at,
            headline_changed_by=row.headline_changed_by,
            headline_changed_at=row.headline_changed_at,
            headline_changed_why=row.headline_changed_why,
        )
        for row in rows
    ]


def _languages(connection: Connection, killed: Sequence[str]) -> dict[str, set[str]]:
    """The languages in which the versions of these stories came: a kill has to reach whoever had one of them."""
    found: dict[str, set[str]] = {}
    language = story_version.c.received["language"].as_string().label("language")
    for start in range(0, len(killed), 500):
        among = story_version.c.story_id.in_(killed[start : start + 500])
        for row in connection.execute(select(story_version.c.story_id, language).where(among)):
            found.setdefault(row.story_id, set()).add(row.language)
    return found


def get(connection: Connection, story_id: str) -> Story | None:
    """A story as it stands, or None."""
    rows = connection.execute(_query().where(story.c.id == story_id)).all()
    return _stories(connection, rows)[0] if rows else None


def locked(connection: Connection, story_id: str) -> Story | None:
    """The same for whoever changes it: as it stands when all who were before us are done, and nobody else's until we are."""
    row = select(story.c.id).where(story.c.id == story_id).with_for_update(key_share=True)
    connection.execute(row).all()  # a statement of its own: the next one sees what was waited for
    return get(connection, story_id)


def by_id(connection: Connection, story_ids: Collection[str]) -> list[Story]:
    """These stories as they stand; unknown ids are passed over."""
    query = _query().where(story.c.id.in_(story_ids)).order_by(story.c.id)
    return _stories(connection, connection.execute(query).all())


def versions(connection: Connection, story_id: str) -> list[tuple[int, datetime, Received]]:
    """All versions of a story, oldest first: number, when it came, what came."""
    rows = connection.execute(
        select(story_version).where(story_version.c.story_id == story_id).order_by(story_version.c.version)
    )
    return [(row.version, row.received_at, received_from_data(row.received)) for row in rows]


def headlines(connection: Connection, story: Story) -> frozenset[str]:
    """Every headline that the story ever had."""
    found = {
        story.headline,
        *(received.original_headline for _, _, received in versions(connection, story.story_id)),
    }
    return frozenset(found - {""})


def candidates(connection: Connection, *, since: datetime, also: Collection[str] = ()) -> list[Story]:
    """Stories eligible since then, those that nothing but a decision keeps from being so, and the named ones (pins).

    Ordered by id, so that equal content gives equal input to selection on any database.
    """
    of_any = story.c.status.in_(
        [status.value for status in PubStatus]
    )  # the index begins with it, and a year's stories are a million rows
    chosen = union_all(
        select(story.c.id).where(of_any, story.c.eligible_at >= since),
        select(story.c.id).where(of_any, story.c.eligible_at.is_(None), story.c.modified_at >= since),
        select(story.c.id).where(story.c.id.in_(also)),
    )
    query = _query().where(story.c.id.in_(chosen)).order_by(story.c.id)
    return _stories(connection, connection.execute(query).all())


def ahead(connection: Connection, after: datetime) -> list[Row[Any]]:
    """Id and time of the stories that only a clock puts after then, the first one first: no embargo does, and nothing holds them."""
    query = select(story.c.id, story.c.eligible_at).where(
        story.c.status == PubStatus.USABLE.value,
        story.c.eligible_at > after,
        or_(story.c.embargo_until.is_(None), story.c.embargo_until < story.c.eligible_at),
    )
    return list(connection.execute(query.order_by(story.c.eligible_at, story.c.id)))


def recent(found: Story, since: datetime) -> bool:
    """Whether `candidates` gives the story for this time: it became eligible then, or a decision about it was taken."""
    return (found.modified_at if found.eligible_at is None else found.eligible_at) >= since


def first_published_since(connection: Connection) -> datetime | None:
    """When the first story of all was published; None when none was."""
    found: datetime | None = connection.execute(
        select(story.c.first_published)
        .where(story.c.first_published.is_not(None))
        .order_by(story.c.first_published)
        .limit(1)
    ).scalar_one_or_none()
    return found


def changed_between(connection: Connection, start: datetime, end: datetime) -> datetime | None:
    """When a story first published in [start, end) was last changed; None when none was published then."""
    found: datetime | None = connection.execute(
        select(story.c.modified_at)
        .where(story.c.first_published >= start, story.c.first_published < end)
        .order_by(story.c.modified_at.desc())
        .limit(1)
    ).scalar_one_or_none()
    return found


def published_between(connection: Connection, start: datetime, end: datetime) -> list[Story]:
    """The stories first published in [start, end), by id."""
    query = (
        _query().where(story.c.first_published >= start, story.c.first_published < end).order_by(story.c.id)
    )
    return _stories(connection, connection.execute(query).all())


def load(connection: Connection, ids: Iterable[str]) -> dict[str, Story]:
    """These stories as they stand, by id."""
    wanted = sorted(set(ids))
    found: dict[str, Story] = {}
    for start in range(0, len(wanted), 500):
        rows = connection.execute(_query().where(story.c.id.in_(wanted[start : start + 500]))).all()
        found |= {entry.story_id: entry for entry in _stories(connection, rows)}
    return found


def called(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """The headlines of these stories, by id."""
    wanted, found = sorted(set(ids)), dict[str, str]()
    for start in range(0, len(wanted), 500):
        query = select(story.c.id, story.c.headline).where(story.c.id.in_(wanted[start : start + 500]))
        found |= dict(connection.execute(query).all())
    return found


def listing(
    connection: Connection,
    *,
    section: str | None = None,
    source: str | None = None,
    state: tuple[str, datetime] | None = None,
    limit: int = 50,
    after: tuple[datetime, str] | None = None,
) -> list[Story]:
    """The newest stories, by receipt of their present version; `after` goes on after (that time, id).

    `state` is a word of `states.state_at` and its instant.
    """
    query = beyond(_query(), after, at=story.c.modified_at, key=story.c.id).limit(limit)
    if state:
        query = query.where(state_at(state[1]) == state[0])
    if source:
        query = query.where(story.c.source == source)
    if section:
        query = query.where(
            story.c.id.in_(select(story_section.c.story_id).where(story_section.c.section == section))
        )
    return _stories(connection, connection.execute(query).all())


def any_of(connection: Connection, source: str) -> bool:
    """Whether a story of this source was ever taken in."""
    query = select(story.c.id).where(story.c.source == source).limit(1)
    return connection.execute(query).first() is not None


def count_by_source(connection: Connection) -> dict[str, int]:
    """How many stories each source has given."""
    rows = connection.execute(select(story.c.source, func.count().label("stories")).group_by(story.c.source))
    return {row.source: row.stories for row in rows}


def publish(connection: Connection, published: Iterable[tuple[str, str]], *, now: datetime) -> None:
    """Note the first publication of stories and the link chosen for each; (story id, link) pairs; later calls change nothing."""
    for story_id, link in sorted(published):  # by id, as everybody locks them
        connection.execute(
            update(story)
            .where(story.c.id == story_id, story.c.first_published.is_(None))
            .values(first_published=now, link=link)
        )


def mark(
    connection: Connection,
    made: Mark,
    *,
    until: datetime | None,
    actor: str,
    why: str,
    now: datetime,
) -> None:
    """A pin or drop by the desk."""
    connection.execute(
        insert(connection, desk_mark).values(
            story_id=made.story_id,
            section=made.section,
            act=made.act.value,
            place=made.place,
            until=until,
            actor=actor,
            why=why,
            at=now,
        )
    )


def marks_in_force(connection: Connection, *, now: datetime) -> tuple[Mark, ...]:
    """The pins and drops that hold at `now`; of several on one story and section the latest counts."""
    rows = connection.execute(
        select(desk_mark)
        .where(~desk_mark.c.spent, or_(desk_mark.c.until.is_(None), desk_mark.c.until > now))
        .order_by(desk_mark.c.id)
    )
    latest = {
        (row.story_id, row.section): Mark(row.story_id, row.section, Act(row.act), row.place) for row in rows
    }
    return tuple(latest.values())


def spend_marks(connection: Connection, sections: Collection[str]) -> None:
    """Marks without an end hold for the next edition of their section: that edition was made (decision 11)."""
    connection.execute(
        update(desk_mark)
        .where(desk_mark.c.section.in_(sections), desk_mark.c.until.is_(None))
        .values(spent=True)
    )
