"""Looks at the sources' pages of published stories: when the next is due, what the last one saw, what a person should see.

A row is one story, from its first publication on. Whoever looks takes a lease by moving `due_at`, so that two processes ask once, and a look
comes back when its process dies.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, exists, func, or_, select, update

from publisher.store.db import beyond, insert
from publisher.store.schema import page_look, story, story_version

__all__ = ["articles", "begin", "end", "found", "listing", "pause", "settle", "take"]


def begin(connection: Connection, sources: Collection[str], *, since: datetime, after: timedelta) -> None:
    """Rows for stories of these sources that were first published since then and have none; the first look is due so long after it."""
    new = (
        select(story.c.id, story.c.source, story.c.first_published, story_version.c.received)
        .join(
            story_version,
            (story_version.c.story_id == story.c.id) & (story_version.c.version == story.c.version),
        )
        .where(
            story.c.first_published >= since,
            story.c.source.in_(sources),
            story.c.killed.is_(None),
            ~exists(select(page_look.c.story_id).where(page_look.c.story_id == story.c.id)),
        )
    )
    for row in connection.execute(new).all():
        connection.execute(
            insert(connection, page_look)
            .values(
                story_id=row.id,
                source=row.source,
                url=row.received["source_url"],
                published_at=row.first_published,
                due_at=row.first_published + after,
            )
            .on_conflict_do_nothing()
        )


def take(connection: Connection, *, now: datetime, until: datetime, limit: int) -> list[Row[Any]]:
    """What is due, taken until then."""
    rows = connection.execute(
        select(page_look)
        .where(page_look.c.due_at <= now)
        .order_by(page_look.c.due_at, page_look.c.story_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    ids = [row.story_id for row in rows]
    connection.execute(update(page_look).where(page_look.c.story_id.in_(ids)).values(due_at=until))
    return list(rows)


def end(connection: Connection, story_id: str, **values: Any) -> None:
    """What a look came to."""
    connection.execute(update(page_look).where(page_look.c.story_id == story_id).values(**values))


def pause(connection: Connection, source: str, until: datetime) -> None:
    """The source wants to be left alone until then."""
    connection.execute(
        update(page_look).where(page_look.c.source == source, page_look.c.due_at < until).values(due_at=until)
    )


def articles(connection: Connection, source: str, *, since: datetime) -> float:
    """How many of the source's pages of stories published since then are articles, 1 being all; what waits for a person is not counted."""
    clear = or_(page_look.c.finding.is_(None), page_look.c.settled_at.is_not(None))
    query = select(func.count(page_look.c.headline), func.count()).where(
        page_look.c.source == source, page_look.c.looks > 0, page_look.c.published_at >= since, clear
    )
    read, looked = connection.execute(query).one()
    return read / looked if looked else 0.0


def found(connection: Connection, story_id: str) -> Row[Any] | None:
    """The finding at a story that nobody has settled, or None."""
    query = select(page_look).where(
        page_look.c.story_id == story_id, page_look.c.finding.is_not(None), page_look.c.settled_at.is_(None)
    )
    return connection.execute(query).one_or_none()


def settle(connection: Connection, story_id: str, *, now: datetime) -> None:
    """A person has seen it."""
    connection.execute(update(page_look).where(page_look.c.story_id == story_id).values(settled_at=now))


def listing(
    connection: Connection, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[Row[Any]]:
    """What was found and not settled, of stories that were not killed, newest first; `after` goes on after (time, id)."""
    query = beyond(
        select(page_look, story.c.headline.label("ours"), story.c.version).join(
            story, story.c.id == page_look.c.story_id
        ),
        after,
        at=page_look.c.found_at,
        key=page_look.c.story_id,
    )
    open_ = (page_look.c.finding.is_not(None), page_look.c.settled_at.is_(None), story.c.killed.is_(None))
    return list(connection.execute(query.where(*open_).limit(limit)))
