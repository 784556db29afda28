"""The ids and links under which a source's stories came: by them a version finds its story, and a source's kill what it kills.

The primary key (source, alias) is what makes intake idempotent. An alias is kept whatever else comes of the version that brought it, also
where that says nothing new: the next word about the story may come under that name alone. One that is taken stays with the story that has it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from sqlalchemy import Connection, select

from publisher.store.db import insert, serialise
from publisher.store.schema import story, story_alias
from publisher.story import Received

__all__ = ["find", "keep", "take_turns"]


def take_turns(connection: Connection, source: str, items: Iterable[Received] = ()) -> None:
    """Let one transaction at a time take in items of this source: two would both add what they miss. What these have is locked by id, as feeds lock theirs."""
    serialise(connection, f"source:{source}")
    if connection.dialect.name != "postgresql":
        return
    names = [alias for item in items for alias in _aliases(item)]
    for start in range(0, len(names), 500):
        alias = story_alias.c.alias.in_(names[start : start + 500])
        known = select(story_alias.c.story_id).where(story_alias.c.source == source, alias)
        rows = select(story.c.id).where(story.c.id.in_(known)).order_by(story.c.id)
        connection.execute(rows.with_for_update(key_share=True)).all()


def find(connection: Connection, source: str, received: Received) -> str | None:
    """The story this version belongs to. The source's own id decides before any link does; None for a new story."""
    own = _digest(received.source_guid)
    rows = connection.execute(
        select(story_alias.c.alias, story_alias.c.story_id).where(
            story_alias.c.source == source, story_alias.c.alias.in_(_aliases(received))
        )
    ).all()
    by_alias = {bytes(row.alias): str(row.story_id) for row in rows}
    return by_alias.get(own) or min(by_alias.values(), default=None)


def keep(connection: Connection, source: str, story_id: str, received: Received) -> None:
    """The story is known by each id and link of this version from now on."""
    rows = [{"source": source, "alias": alias, "story_id": story_id} for alias in _aliases(received)]
    if rows:
        connection.execute(insert(connection, story_alias).on_conflict_do_nothing(), rows)


def _aliases(received: Received) -> tuple[bytes, ...]:
    """A key for each id and link under which this version may be known; ids of any length stay bounded."""
    names = {received.source_guid, received.source_url, *received.aliases} - {""}
    return tuple(_digest(name) for name in sorted(names))


def _digest(name: str) -> bytes:
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()
