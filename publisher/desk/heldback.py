"""What holds back a story that we have, though the item that says so cannot stand as its version: it lacks something, or is older than ours.

Its text is not to be had, or not the latest; its word against the story is. So the present version is kept from being used, and the text waits where it would have
waited. In doubt a story is held: a clock, a zone or an order of arrival that we cannot know is no reason to publish.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from publisher.revise import content_hash, held_back, killed, older
from publisher.store import aliases, stories
from publisher.story import PubStatus, Received, Rejected, Source, Story, unpublishable

__all__ = ["by_lacking", "by_late"]


def by_lacking(
    connection: Connection, source: Source, item: Received | Rejected, said: Received, *, now: datetime
) -> Received | None:
    """What an item that lacks something says against a story that we have: its present version, held back. None where it says nothing of the kind."""
    lacks = isinstance(item, Rejected) or unpublishable(said) is not None
    if not lacks or said.pubstatus is PubStatus.CANCELED:
        return None
    story_id = aliases.find(connection, source.slug, said)
    present = stories.get(connection, story_id) if story_id else None
    if present is None or killed(present) or (held := held_back(present, said, now)) is None:
        return None
    ours = present.received
    version = said.source_version if said.source_guid == ours.source_guid else None
    return replace(
        held,
        source_version=version or ours.source_version,
        version_created=said.version_created or ours.version_created,
    )


def by_late(present: Story, said: Received, known: Collection[bytes], *, now: datetime) -> Received | None:
    """The present version, held back by an item that is older: a clock or an order that we cannot know is no reason to publish. None for any other, and for one that came before."""
    if killed(present) or not older(said, present.received) or content_hash(said) in known:
        return None
    held = held_back(present, replace(said, expires=None), now)
    return held if held and content_hash(held) != content_hash(present.received) else None
