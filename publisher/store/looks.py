"""Looks at the sources' pages of published stories: when the next is due, what the last one saw, what a person should see.

A row is one story, from its first publication on. Whoever looks takes a lease by moving `due_at`, so that two processes ask once, and a look
comes back when its process dies. A story that came back from a kill or a hold begins anew, and so does one whose link its source moved: what was seen and found
before says nothing of it any more. What waits for a person is of stories that are out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, Connection, Row, and_, exists, func, or_, select, update

from publisher.store.db import beyond, insert
from publisher.store.schema import page_look, story, story_version

__all__ = ["articles", "begin", "end", "found", "listing", "settle", "site_of", "take"]


def begin(connection: Connection, sources: Collection[str], *, since: datetime, after: timedelta) -> None:
    """Rows for stories of these sources that were first published since then and have none; the first look is due so long after it.

    Those that came back or were moved since then begin anew.
    """
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
    _begin_anew(connection, sources, since=since, after=after)


def _begin_anew(
    connection: Connection, sources: Collection[str], *, since: datetime, after: timedelta
) -> None:
    published, usable = story.c.first_published >= since, story.c.status == "usable"
    lately = (
        select(story.c.id)
        .where(published)
        .union(select(story.c.id).where(usable, story.c.eligible_at >= since))
    )
    link = story_version.c.received["source_url"].as_string()
    changed = (
        select(page_look, story.c.eligible_at, story_version.c.received_at, link.label("link"))
        .join(story, story.c.id == page_look.c.story_id)
        .join(
            story_version,
            (story_version.c.story_id == story.c.id) & (story_version.c.version == story.c.version),
        )
        .where(
            page_look.c.source.in_(sources),
            story.c.id.in_(lately),
            story.c.eligible_at.is_not(None),
            or_(
                story.c.eligible_at > page_look.c.published_at,
                and_(story.c.version > 1, link != "", link != page_look.c.url),
            ),
        )
    )
    for row in connection.execute(changed).all():
        back = row.eligible_at > row.published_at
        due_at = (row.eligible_at if back else row.received_at) + after
        if not back and row.due_at is not None:  # a link that never rests must not put its look off for ever
            due_at = min(due_at, row.due_at)
        anew = {
            "url": row.link or row.url,
            "published_at": row.eligible_at if back else row.published_at,
            "looks": 0,
            "failed": 0,
            "due_at": due_at,
        }
        nothing = (
            "etag",
            "last_modified",
            "headline",
            "length",
            "finding",
            "detail",
            "found_at",
            "settled_at",
        )
        end(connection, row, **anew, **dict.fromkeys(nothing))


def site_of(url: str) -> str:
    """The site of a page, as it is known: also where an address names one that is longer than any."""
    return urlsplit(url).netloc[:300]


def take(
    connection: Connection,
    *,
    now: datetime,
    until: datetime,
    limit: int,
    of_one_site: int,
    alone: Collection[str],
) -> list[Row[Any]]:
    """What is due, taken until then, so much of each site but of those that are left `alone`; what has waited longest comes first."""
    order = (page_look.c.due_at, page_look.c.story_id)
    due = select(page_look.c.story_id, page_look.c.url).where(page_look.c.due_at <= now).order_by(*order)
    turns: Counter[str] = Counter()
    chosen: list[str] = []
    for row in connection.execute(due).all():
        site = site_of(row.url)
        if site not in alone and turns[site] < of_one_site and len(chosen) < limit:
            turns[site] += 1
            chosen.append(row.story_id)
    rows = connection.execute(
        select(page_look)
        .where(page_look.c.story_id.in_(chosen), page_look.c.due_at <= now)
        .order_by(*order)
        .with_for_update(skip_locked=True)
    ).all()
    ids = [row.story_id for row in rows]
    connection.execute(update(page_look).where(page_look.c.story_id.in_(ids)).values(due_at=until))
    return list(rows)


def end(connection: Connection, row: Row[Any], **values: Any) -> None:
    """What a look at the row's page came to; nothing where the story has another page by now."""
    connection.execute(
        update(page_look)
        .where(page_look.c.story_id == row.story_id, page_look.c.url == row.url)
        .values(**values)
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
    """The finding at a story that waits for a person, or None."""
    query = select(page_look).join(story, story.c.id == page_look.c.story_id)
    return connection.execute(query.where(page_look.c.story_id == story_id, *_waits())).one_or_none()


def _waits() -> tuple[ColumnElement[bool], ...]:
    """Nobody has settled it, nor killed or held the story since, for then it is no candidate; one that came back has had its answer."""
    found = page_look.c.finding.is_not(None), page_look.c.settled_at.is_(None)
    return (*found, page_look.c.found_at >= story.c.eligible_at)


def settle(connection: Connection, story_id: str, *, now: datetime) -> None:
    """A person has seen it."""
    connection.execute(update(page_look).where(page_look.c.story_id == story_id).values(settled_at=now))


def listing(
    connection: Connection, *, limit: int, after: tuple[datetime, str] | None = None
) -> list[Row[Any]]:
    """What waits for a person, newest first; `after` goes on after (time, id)."""
    query = beyond(
        select(page_look, story.c.headline.label("ours"), story.c.version).join(
            story, story.c.id == page_look.c.story_id
        ),
        after,
        at=page_look.c.found_at,
        key=page_look.c.story_id,
    )
    return list(connection.execute(query.where(*_waits()).limit(limit)))
