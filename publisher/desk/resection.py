"""Sorting stories into sections anew, after a change of the sections' rules."""

from __future__ import annotations

from datetime import datetime

from publisher.newsroom import Newsroom
from publisher.selection import belongs
from publisher.store import house, stories

__all__ = ["resection"]


def resection(newsroom: Newsroom, *, since: datetime | None = None, actor: str, now: datetime) -> int:
    """Compute again which sections stories belong to, after a change of the rules; returns how many changed.

    Stories eligible since then are looked at, by default as far back as any section or feed reaches. A killed
    story stays where it is: its withdrawal has to be shown in the feeds that it was in. Editions keep what they saw.
    """
    rules = newsroom.settings.sections
    if since is None:
        since = now - max((*(rule.reach for rule in rules), *(feed.reach for feed in newsroom.feeds)))
    changed = 0
    with newsroom.database.write() as connection:
        for story in stories.candidates(connection, since=since):
            fit = sorted(rule.slug for rule in rules if belongs(story.received, story.source, rule))
            before = sorted(story.sections)
            if story.killed is None and fit != before:
                stories.set_sections(connection, story.story_id, fit)
                data = {"before": before, "after": fit}
                house.tell(connection, "story.resection", story.story_id, actor=actor, now=now, data=data)
                changed += 1
    return changed
