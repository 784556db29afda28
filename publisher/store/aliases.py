"""The ids and links under which a source's stories came: by them a version finds its story, and a source's kill what it kills.

The primary key (source, alias) is what makes intake idempotent. An alias is kept whatever else comes of the version that brought it, also
where that says nothing new: the next word about the story may come under that name alone. One that is taken stays with the story that has it, until
an item says by its ids that two stories are one: then all names lead to one of them (`join`).

A killed story is known by its texts, too: what its source sends again under another id and link is that story, and a person's to bring back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from publisher.canonical import canonical_json
from publisher.store.db import insert, serialise
from publisher.store.schema import story, story_alias, story_same
from publisher.story import PubStatus, Received

__all__ = [
    "find",
    "join",
    "joined",
    "keep",
    "keep_texts",
    "known",
    "named",
    "part",
    "same_as",
    "take_turns",
    "texts",
]

SAID, TEXT = 12, 30
"""Words that headline, lede and text together, or the text alone, have to have to be told from what any story may say."""


def take_turns(connection: Connection, source: str, items: Iterable[Received] = ()) -> None:
    """Let one transaction at a time take in items of this source: two would both add what they miss. What these have is locked by id, as feeds lock theirs."""
    serialise(connection, f"source:{source}")
    if connection.dialect.name != "postgresql":
        return
    names = [_digest(name) for item in items for name in (*_names(item), *texts(item))]
    for start in range(0, len(names), 500):
        alias = story_alias.c.alias.in_(names[start : start + 500])
        known = select(story_alias.c.story_id).where(story_alias.c.source == source, alias)
        rows = select(story.c.id).where(story.c.id.in_(known)).order_by(story.c.id)
        connection.execute(rows.with_for_update(key_share=True)).all()


def find(connection: Connection, source: str, received: Received) -> str | None:
    """The story this version belongs to. The source's own id decides before any link does, and either before a killed text; None for a new story."""
    names = _names(received)
    by_alias = known(connection, source, (*names, *texts(received)))
    by_name = [by_alias[name] for name in names if name in by_alias]
    return by_alias.get(received.source_guid) or min(by_name or by_alias.values(), default=None)


def named(connection: Connection, source: str, received: Received) -> tuple[str, ...]:
    """All stories that this version names by ids, the one that it belongs to first. A link makes no two stories one: pages are used again."""
    links = {received.source_url, received.page_url}
    ids = {name for name in _names(received) if name == received.source_guid or _link(name) not in links}
    first = find(connection, source, received)
    others = set(known(connection, source, ids).values()) - {first}
    return (first, *sorted(others)) if first else ()


def join(connection: Connection, other: str, into: str, *, now: datetime) -> None:
    """Whatever leads to `other` leads to `into` from now on."""
    held = (story_alias, story_alias.c.story_id), (story_same, story_same.c.same_as)
    for table, column in held:
        connection.execute(update(table).where(column == other).values({column.name: into}))
    values = {"story_id": other, "same_as": into, "at": now}
    connection.execute(insert(connection, story_same).values(**values))


def joined(connection: Connection, story_id: str) -> list[str]:
    """The stories that are this one, too."""
    rows = connection.execute(select(story_same.c.story_id).where(story_same.c.same_as == story_id))
    return sorted(rows.scalars())


def same_as(connection: Connection, story_id: str) -> str | None:
    """The story to which all names of this one lead; None of one that has its own."""
    query = select(story_same.c.same_as).where(story_same.c.story_id == story_id)
    return connection.execute(query).scalar_one_or_none()


def part(connection: Connection, story_id: str) -> None:
    """The desk says that it is a story of its own all the same; the names stay where they are."""
    connection.execute(delete(story_same).where(story_same.c.story_id == story_id))


def keep(connection: Connection, source: str, story_id: str, received: Received) -> None:
    """The story is known by each id and link of this version from now on."""
    rows = [{"source": source, "alias": alias, "story_id": story_id} for alias in _aliases(received)]
    if rows:
        connection.execute(insert(connection, story_alias).on_conflict_do_nothing(), rows)


def keep_texts(connection: Connection, source: str, story_id: str, versions: Iterable[Received]) -> None:
    """The story is known by what these versions say, too: it was killed, and they may not come in as another."""
    said = {_digest(name) for version in versions for name in texts(version)}
    rows = [{"source": source, "alias": alias, "story_id": story_id} for alias in sorted(said)]
    if rows:
        connection.execute(insert(connection, story_alias).on_conflict_do_nothing(), rows)


def known(connection: Connection, source: str, names: Iterable[str]) -> dict[str, str]:
    """Name -> story, of those names that lead to one."""
    keys = {_digest(name): name for name in names}
    rows = connection.execute(
        select(story_alias.c.alias, story_alias.c.story_id).where(
            story_alias.c.source == source, story_alias.c.alias.in_(keys)
        )
    )
    return {keys[bytes(row.alias)]: str(row.story_id) for row in rows}


def _names(received: Received) -> list[str]:
    """Each id and link under which this version may be known."""
    return sorted({received.source_guid, received.source_url, *received.aliases} - {""})


def texts(received: Received) -> set[str]:
    """Names of what this version says, as far as that is enough to be its own; no address or id looks like them."""
    if received.pubstatus is PubStatus.CANCELED:
        return set()
    said = (received.original_headline, received.lede, received.body)
    whole = [*said[:2], received.body_digest]
    names = {f"said {canonical_json(whole).decode()}"} if len(" ".join(said).split()) >= SAID else set()
    return names | {f"text {received.body_digest}"} if len(received.body.split()) >= TEXT else names


def _aliases(received: Received) -> list[bytes]:
    """A key for each of these; ids of any length stay bounded."""
    return [_digest(name) for name in _names(received)]


def _link(name: str) -> str:
    """A name as links are compared, if it is one."""
    # imported here: who only lists does without the readers of wire formats
    from publisher.intake.links import absolute, canonical

    url = absolute(name)
    return name if url is None else canonical(url)


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
