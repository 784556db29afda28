"""A kill on its way through the channels, once it is recorded: feeds and pages first, then mails to those who have it, then the hubs.

How long each took is kept beside what has to be told, so that `story reach` can say it. Whoever dies in between leaves the rest to the next
build and to the next look at what is due.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from time import perf_counter

from publisher.desk import followups as desk_followups
from publisher.desk import hubs, publishing
from publisher.desk.publishing import Published
from publisher.newsroom import Newsroom
from publisher.store import followups

__all__ = ["propagate"]


def propagate(
    newsroom: Newsroom, story_ids: Sequence[str], *, actor: str, now: datetime, tell: bool = True
) -> Published:
    """Bring the withdrawal of these stories everywhere; hubs only if the caller does not tell them later (`tell`)."""
    began = perf_counter()
    done = publishing.at_once(newsroom, story_ids, actor=actor, now=now, tell=False)
    took = {"public": perf_counter() - began}
    desk_followups.queue(newsroom, now=now)
    took["queued"] = perf_counter() - began
    if tell:
        done.hubs = hubs.tell_now(newsroom, now=now)
        if newsroom.settings.feeds.hubs:
            took["hubs"] = perf_counter() - began
    with newsroom.database.write() as connection:
        followups.keep_times(connection, story_ids, {name: round(value, 3) for name, value in took.items()})
    return done
