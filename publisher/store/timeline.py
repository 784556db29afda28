"""Stories in the order that feeds want them: as few as a feed needs, each read once for as long as it stays as it is."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, func, or_, select, type_coerce
from sqlalchemy.types import NullType

from publisher.store.schema import story, story_section, story_version
from publisher.store.stories import load
from publisher.story import PubStatus, Story

__all__ = ["Kept", "Stamp", "Timeline", "standing", "timeline"]

Stamp = tuple[Any, ...]
"""A story's id and what changes with any decision about it; two of them may have been taken in the same instant."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """What a feed is selected from, and how many older stories there are that it does not need."""

    stamps: tuple[Stamp, ...]
    beyond: int


class Kept:
    """Stories as they were last read, for as long as their stamps hold."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[Stamp, Story]] = {}

    def read(self, connection: Connection, stamps: Iterable[Stamp]) -> list[Story]:
        """The stories of these stamps; what is not kept, or changed since, is read."""
        wanted = {stamp[0]: stamp for stamp in stamps}
        here = {
            story_id: kept[1]
            for story_id, stamp in wanted.items()
            if (kept := self._kept.get(story_id)) is not None and kept[0] == stamp
        }
        found = load(connection, wanted.keys() - here.keys())
        self._kept.update((story_id, (wanted[story_id], story)) for story_id, story in found.items())
        return [here.get(story_id) or found[story_id] for story_id in wanted]

    def forget_others(self, stamps: Iterable[Stamp]) -> None:
        """Keep no more than these."""
        ids = {stamp[0] for stamp in stamps}
        self._kept = {story_id: kept for story_id, kept in self._kept.items() if story_id in ids}


def timeline(
    connection: Connection,
    *,
    since: datetime,
    depth: int,
    section: str | None = None,
    source: str | None = None,
    language: str | None = None,
) -> Timeline:
    """The stories of one section, source or base language that a feed of `depth` items may need, of those eligible since then.

    The newest by our publication, else by eligibility, and everything that ties with the last of them; and what a decision keeps from
    being eligible, if it was taken since then.
    """
    of = {"section": section, "source": source, "language": language}
    ours = {name: value for name, value in of.items() if value is not None}
    newest, waiting = _statements(frozenset(ours))
    given = {**ours, "since": since}
    if language is not None:
        given["dialects"] = f"{language}-%"
    while True:
        rows = connection.execute(newest, {**given, "depth": depth + 1}).all()
        if len(rows) <= depth or rows[depth - 1][:2] != rows[depth][:2]:
            break
        depth *= 4  # the last ties with the first that is cut off
    stamps = [tuple(row[3:]) for row in rows[:depth]]
    beyond = rows[0].total - len(stamps) if rows else 0
    stamps += (tuple(row) for row in connection.execute(waiting, given))
    return Timeline(tuple(sorted(stamps, key=itemgetter(0))), beyond)


@cache
def _statements(ours: frozenset[str]) -> tuple[Select[Any], Select[Any]]:
    """For each kind of feed what it asks, built once: the eligible from the newest on, and those that wait."""
    where = [_WHERE[name] for name in sorted(ours)]
    rank = func.coalesce(story.c.first_published, story.c.eligible_at)
    fresh = [story.c.eligible_at >= bindparam("since"), *where]
    total = select(func.count()).select_from(story).where(*fresh).scalar_subquery()
    newest = (
        select(_raw(rank), _raw(story.c.eligible_at), total.label("total"), *STAMP)
        .where(*fresh)
        .order_by(rank.desc(), story.c.eligible_at.desc())
        .limit(bindparam("depth"))
    )
    states = story.c.status.in_(
        [str(state) for state in PubStatus]
    )  # it is always one: this leads to an index
    stood = [_STOOD.get(name, _WHERE[name]) for name in sorted(ours)]
    waits = [story.c.eligible_at.is_(None), story.c.modified_at >= bindparam("since"), *stood]
    return newest, select(*STAMP).where(*waits, *([] if "section" in ours else [states]))


def _raw(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """A time as the driver gives it: only ever compared with another of the same column."""
    return type_coerce(value, NullType())


STAMP = (
    story.c.id,
    story.c.version,
    _raw(story.c.modified_at),
    _raw(story.c.eligible_at),
    _raw(story.c.first_published),
    story.c.headline,
    story.c.hold,
    story.c.killed,
)
_SECTION = select(story_section.c.story_id).where(story_section.c.section == bindparam("section"))
_TAG = func.lower(story.c.language)
_WHERE: dict[str, ColumnElement[bool]] = {
    "section": story.c.id.in_(_SECTION),
    "source": story.c.source == bindparam("source"),
    "language": or_(bindparam("language") == _TAG, _TAG.like(bindparam("dialects"))),
}
_SPOKEN = func.lower(story_version.c.received["language"].as_string())
_STOOD: dict[str, ColumnElement[bool]] = {
    "language": select(story_version.c.story_id)
    .where(
        story_version.c.story_id == story.c.id,
        or_(bindparam("language") == _SPOKEN, _SPOKEN.like(bindparam("dialects"))),
    )
    .exists()
}
"""For what waits, how it is asked whether the feed has had a version of it: few, of which the killed leave their notice there."""


def standing(connection: Connection, ids: Collection[str], *, now: datetime) -> frozenset[str]:
    """Those of these stories that may stand in an output at `now`; nobody can take one back before this transaction has ended."""
    wanted = sorted(ids)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        query = (
            select(story.c.id)
            .where(story.c.id.in_(wanted[start : start + 500]), story.c.eligible_at <= now)
            .order_by(story.c.id)
            .with_for_update(key_share=True)
        )
        found.update(connection.execute(query).scalars())
    return frozenset(found)
