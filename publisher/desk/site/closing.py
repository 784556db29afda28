"""The site when it cannot be made anew: whatever shows or names a story that may be in no output is taken down, and the rest stays.

Nothing is rendered here, because rendering is what failed. A page says by itself which stories it shows (`id="s-..."`, as the gate wants
it) and where it leads; one that has the house's notice in place of a killed story is right as it is. In doubt a page is taken down: it
comes back with the first build that ends.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from html import unescape

from sqlalchemy import Connection

from publisher import gate
from publisher.desk.feeds.draft import notices
from publisher.desk.site.held import SITE, unfit_of
from publisher.errors import TemplateInvalid
from publisher.newsroom import Newsroom
from publisher.store import public, stories
from publisher.story import Story

__all__ = ["close", "shows"]

SHOWN = re.compile(r"(?:\bs-|/story/)(\w+)")
LEADS = re.compile(r"""href\s*=\s*["']?([^"'\s>]+)""", re.IGNORECASE)


def close(newsroom: Newsroom, connection: Connection, barred: Collection[str], *, now: datetime) -> list[str]:
    """Take such pages down; their paths. `barred`: stories that are known to be in no output, for pages that only name them."""
    found = stories.load(connection, barred)
    links = {link for story in found.values() for link in (story.link, story.received.source_url) if link}
    down = [
        path
        for path in sorted(public.paths(connection, below=SITE))
        if (file := public.get(connection, path)) is not None
        and shows(newsroom, connection, file.body, links, now=now)
    ]
    return public.withdraw(connection, down, now=now)


def shows(
    newsroom: Newsroom, connection: Connection, body: bytes, links: Collection[str] = (), *, now: datetime
) -> bool:
    """Whether a page shows a story that may be in no output, or leads to one of these links."""
    text = body.decode("utf-8", "replace")
    if not {unescape(link) for link in LEADS.findall(text)}.isdisjoint(links):
        return True
    present = stories.load(connection, set(SHOWN.findall(text)))
    unfit = [present[name] for name in unfit_of(newsroom, present, now=now)]
    headlines = gate.headlines_of(text) if unfit else {}
    return any(
        headlines.get(story.story_id, "") not in _notice(newsroom, connection, story) for story in unfit
    )


def _notice(newsroom: Newsroom, connection: Connection, story: Story) -> frozenset[str]:
    """The heading under which a story may stand all the same: its notice's, if it was killed."""
    if story.killed is None:
        return frozenset()
    try:
        return frozenset({notices(newsroom, connection)(story).title})
    except TemplateInvalid:  # a catalogue that cannot be read: there are no words to compare with
        return frozenset()
