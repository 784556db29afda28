"""What a person may type for an id of 26 characters: its beginning, as long as only one story or dispatch begins so."""

from __future__ import annotations

import re

from sqlalchemy import Connection

from publisher.errors import AmbiguousName, UnknownName
from publisher.newsroom import Newsroom
from publisher.store import editions, stories
from publisher.store.names import Named, beginning_with
from publisher.story import Story

__all__ = ["named", "no_edition", "story", "story_in", "whole_id"]

PREFIX = re.compile(r"[0-9A-Z]{6,26}")
"""Less than six characters would soon mean another story than today."""
SHOWN = 5


def whole_id(connection: Connection, kind: Named, given: str) -> str:
    """The id of this kind that a person means.

    Raises:
        UnknownName: none begins so, or it is not the beginning of an id.
        AmbiguousName: several do; the error names the first of them.
    """
    prefix = given.upper()
    found = beginning_with(connection, kind, prefix, limit=SHOWN + 1) if PREFIX.fullmatch(prefix) else []
    if not found:
        raise UnknownName(kind, given)
    if len(found) > 1:
        raise AmbiguousName(kind, given, found[:SHOWN], others=len(found) > SHOWN)
    return found[0]


def named(newsroom: Newsroom, kind: Named, given: str) -> str:
    """The same, for a door whose answer shows the id."""
    with newsroom.database.read() as connection:
        return whole_id(connection, kind, given)


def story(newsroom: Newsroom, story_id: str) -> Story:
    """The story that a person means; UnknownName otherwise."""
    with newsroom.database.read() as connection:
        return _there(stories.get(connection, whole_id(connection, "story", story_id)), story_id)


def story_in(connection: Connection, story_id: str) -> Story:
    """The same, for whoever changes it: nobody else does before the caller's transaction has ended."""
    return _there(stories.locked(connection, whole_id(connection, "story", story_id)), story_id)


def no_edition(connection: Connection, given: str) -> UnknownName:
    """That no edition has this id; where it is a digest's name, with its newest ones."""
    newest = editions.listing(connection, kind=None, series=given, limit=SHOWN)
    return UnknownName("edition", given, [row.id for row in newest])


def _there(found: Story | None, story_id: str) -> Story:
    if found is None:
        raise UnknownName("story", story_id)
    return found
