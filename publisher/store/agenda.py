"""What the clock reads and records: editions of the last slots, polls claimed, what it said once; the database decides between two clocks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, or_, select

from publisher.edition import Kind
from publisher.store import house
from publisher.store.db import serialise
from publisher.store.schema import (
    approval,
    dispatch,
    edition,
    event,
    source_state,
    story,
    story_section,
    story_version,
)
from publisher.story import PubStatus

__all__ = [
    "arrivals",
    "claim_polls",
    "editions_since",
    "last_act",
    "newest",
    "past",
    "said",
    "say_once",
    "urgent_since",
]


def editions_since(connection: Connection, series: str, since: datetime) -> list[Row[Any]]:
    """Id and slot of a digest's editions since then, whether their present content is approved, and whether they have a dispatch."""
    approved = exists().where(
        approval.c.edition_id == edition.c.id, approval.c.content_hash == edition.c.content_hash
    )
    dispatched = exists().where(dispatch.c.edition_id == edition.c.id, dispatch.c.kind == "digest")
    query = select(edition.c.id, edition.c.slot, approved.label("approved"), dispatched.label("dispatched"))
    mine = query.where(edition.c.kind == Kind.DIGEST, edition.c.series == series, edition.c.slot >= since)
    return list(connection.execute(mine.order_by(edition.c.slot)))


def claim_polls(connection: Connection, seen: Mapping[str, datetime | None], *, now: datetime) -> list[str]:
    """Of these sources, each with the time of its last poll as it was seen, those that nobody else has asked since: they are ours."""
    serialise(connection, "polls")
    states = house.source_states(connection)
    claimed = []
    for slug, polled_at in seen.items():
        state = states.get(slug, house.SourceState(source=slug))
        if state.polled_at == polled_at:
            house.remember_source(connection, replace(state, polled_at=now))
            claimed.append(slug)
    return claimed


def arrivals(
    connection: Connection, since: datetime, *, most: int, sources: Collection[str]
) -> dict[str, tuple[datetime, ...]]:
    """When stories of these sources came since then, newest first, so many times at most; what came together came once."""
    query = select(story.c.source, story.c.created_at).where(story.c.created_at >= since).distinct()
    found: dict[str, list[datetime]] = {}
    for source, at in connection.execute(query.order_by(story.c.created_at.desc())):
        times = found.setdefault(source, [])
        if source in sources and len(times) < most:
            times.append(at)
    return {source: tuple(times) for source, times in found.items()}


def newest(connection: Connection, *, polls: bool) -> datetime | None:
    """When the last act was recorded or (`polls`) a source asked, whichever was later: nobody's clock should lie far behind it."""
    act = connection.execute(select(event.c.at).order_by(event.c.id.desc()).limit(1)).scalar_one_or_none()
    asked = select(func.max(source_state.c.polled_at))
    polled = connection.execute(asked).scalar_one() if polls else None
    return max((at for at in (act, polled) if at is not None), default=None)


def urgent_since(
    connection: Connection, since: datetime, now: datetime, *, urgency: int, sections: Collection[str]
) -> dict[str, datetime]:
    """The stories of these sections that are at least so urgent and may go out, and were not so before then: id -> since when.

    An update makes a story urgent when it came long ago: that counts from the version that did.
    """
    query = (
        select(story.c.id, story.c.eligible_at)
        .join(story_section, story_section.c.story_id == story.c.id)
        .where(
            or_(story.c.eligible_at >= since, story.c.modified_at >= since),
            story.c.eligible_at <= now,
            story.c.urgency <= urgency,
            story.c.killed.is_(None),
            story.c.hold.is_(None),
            story_section.c.section.in_(sections),
        )
    )
    since_when = {row.id: row.eligible_at for row in connection.execute(query)}
    found = dict(since_when)
    versions = select(story_version).where(
        story_version.c.story_id.in_([story_id for story_id, at in found.items() if at < since])
    )
    calm: set[str] = set()
    for row in connection.execute(versions.order_by(story_version.c.version.desc())):
        if row.received["urgency"] > urgency:
            calm.add(row.story_id)
        elif row.story_id not in calm:
            found[row.story_id] = max(row.received_at, since_when[row.story_id])
    return {story_id: at for story_id, at in found.items() if at >= since}


def last_act(connection: Connection, subject: str) -> Row[Any] | None:
    """The last thing that was recorded of a subject, in the order of recording and not of its times."""
    query = select(event).where(event.c.subject == subject).order_by(event.c.id.desc()).limit(1)
    return connection.execute(query).one_or_none()


def said(
    connection: Connection, what: Collection[str], subjects: Collection[str]
) -> dict[tuple[str, str], datetime]:
    """When each of these things was last said of each of these subjects."""
    query = select(event.c.what, event.c.subject, event.c.at).where(
        event.c.subject.in_(subjects), event.c.what.in_(what)
    )
    return {(row.what, row.subject): row.at for row in connection.execute(query.order_by(event.c.at))}


def say_once(
    connection: Connection, what: str, subject: str, *, since: datetime, actor: str, now: datetime, why: str
) -> bool:
    """Record this unless it was recorded since then; whether it was not."""
    serialise(connection, f"clock:{subject}")
    before = said(connection, [what], [subject]).get((what, subject))
    if before is not None and before >= since:
        return False
    house.tell(connection, what, subject, actor=actor, now=now, why=why)
    return True


def past(
    connection: Connection, before: datetime, *, most: int, source: str = "", language: str = ""
) -> tuple[int, datetime | None]:
    """How many usable stories became eligible before then, of a source, in a language, counted up to so many; and when the newest did."""
    query = select(story.c.eligible_at).where(
        story.c.status == PubStatus.USABLE.value, story.c.eligible_at < before, story.c.killed.is_(None)
    )
    if source:
        query = query.where(story.c.source == source)
    if language:
        own, tag = language.casefold().partition("-")[0], func.lower(story.c.language)
        query = query.where(or_(tag == own, tag.startswith(f"{own}-")))
    found = query.order_by(story.c.eligible_at.desc()).limit(most).subquery()  # a year's are a million rows
    number, newest = connection.execute(select(func.count(), func.max(found.c.eligible_at))).one()
    return number, newest
