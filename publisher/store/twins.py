"""Stories that a source sent twice, word for word, under two ids that nothing joins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, select

from publisher.store import stories
from publisher.store.schema import story
from publisher.story import PubStatus, Story

__all__ = ["saying"]


def saying(
    connection: Connection, of: Story, said: Collection[tuple[str, str]], *, within: timedelta
) -> list[Story]:
    """Stories of the same source that stand and have one of these headlines with its text (`body_digest`), from so long before to so long after; by id."""
    if not said:
        return []
    at = of.eligible_at or of.modified_at
    theirs = story.c.headline.in_({headline for headline, _ in said})
    query = select(story.c.id).where(
        story.c.status == PubStatus.USABLE.value,
        story.c.eligible_at.between(at - within, at + within),
        story.c.source == of.source,
        story.c.id != of.story_id,
        story.c.killed.is_(None),
        story.c.hold.is_(None),
        theirs | story.c.headline_changed_at.is_not(None),  # under a headline of ours
    )
    found = stories.by_id(connection, set(connection.execute(query).scalars()))
    return [one for one in found if (one.received.original_headline, one.received.body_digest) in said]
