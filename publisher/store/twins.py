"""Stories that a source sent twice, word for word, under two ids that nothing joins."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import Connection, select

from publisher.store import stories
from publisher.store.schema import story
from publisher.story import PubStatus, Received, Story

__all__ = ["saying"]


def saying(
    connection: Connection, of: Story, versions: Collection[Received], *, within: timedelta
) -> list[Story]:
    """Stories of the same source that stand and have headline and text of one of these versions, from so long before to so long after; by id."""
    if not versions:
        return []
    said = {(one.original_headline, one.body_digest) for one in versions}
    at = of.eligible_at or of.modified_at
    theirs = story.c.headline.in_({one.headline or one.original_headline for one in versions})
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
