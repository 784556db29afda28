"""The archive of a feed: a document for each month that is over (RFC 5005 section 4), so that nobody who came late has missed anything.

A month is the site's own. Its documents hold what was first published in it, and do not change any more but for kills, holds,
corrections, expiry and rights. The feed points to the newest of them, each of them to the one before and back to the feed. A month in which a feed had
nothing has no document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.rights import Channel
from publisher.schedule import local_instant
from publisher.store import public, stories
from publisher.story import Story

__all__ = [
    "DOCUMENT",
    "Archives",
    "Month",
    "closed_months",
    "feed_of_month",
    "look_of_month",
    "may_stand",
    "that_may_show",
]

FOREVER = timedelta(days=36_500)
DOCUMENT = re.compile(r"feeds/archive/(?P<series>.+)/(?P<month>\d{4}-\d\d)\.\w+")


@dataclass(frozen=True, slots=True)
class Month:
    """A closed month: its name ("2026-02"), its half-open span, and when a story first published in it was last changed."""

    name: str
    start: datetime
    end: datetime
    changed_at: datetime | None


@dataclass(slots=True)
class Archives:
    """Which months each feed has documents of."""

    months: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, connection: Connection) -> Archives:
        """Those that are public."""
        found = cls()
        for path in public.paths(connection, below="feeds/archive/"):
            if match := DOCUMENT.fullmatch(path):
                found.add(match["series"], match["month"])
        return found

    def add(self, series: str, month: str) -> None:
        """There is one more."""
        self.months.setdefault(series, set()).add(month)

    def before(self, series: str, month: str = "9999-99") -> str:
        """The newest month of this feed before this one; "" when there is none."""
        return max((name for name in self.months.get(series, ()) if name < month), default="")


def closed_months(newsroom: Newsroom, connection: Connection, *, now: datetime) -> list[Month]:
    """The months that are over since the first publication, oldest first."""
    first = stories.first_published_since(connection)
    if first is None:
        return []
    zone = ZoneInfo(newsroom.settings.site.timezone)
    present = now.astimezone(zone).date().replace(day=1)
    month = first.astimezone(zone).date().replace(day=1)
    found: list[Month] = []
    while month < present:
        following = (month + timedelta(days=32)).replace(day=1)
        start, end = _midnight(month, zone), _midnight(following, zone)
        changed_at = stories.changed_between(connection, start, end)
        found.append(Month(f"{month:%Y-%m}", start, end, changed_at))
        month = following
    return found


def feed_of_month(feed: Feed, month: Month) -> Feed:
    """The feed that a month of an archive is, under a series of its own ("world@2026-02"): everything, however old.

    What readers had stays there as they had it, so nothing is merged any more.
    """
    return replace(feed, series=f"{feed.series}@{month.name}", maximum=1_000_000, window=FOREVER, merge=False)


def look_of_month(newsroom: Newsroom, until: datetime | None) -> str:
    """What a month stands by once it is made: the rights that its sources grant, and the time when the first of its stories expires."""
    granted = sorted((slug, source.allows(Channel.FEEDS)) for slug, source in newsroom.sources.items())
    return f"{sha256(repr(granted).encode()).hexdigest()[:16]} {until.isoformat() if until else ''}"


def may_stand(newsroom: Newsroom, look: str | None, now: datetime) -> bool:
    """Whether a month that was made under that look may stand as it is; other rights count only for who knows the present ones."""
    granted, _, until = (look or "").partition(" ")
    same = look_of_month(newsroom, None).partition(" ")[0] == granted or newsroom.settings.written_since
    return bool(same) and (not until or datetime.fromisoformat(until) > now)


def that_may_show(newsroom: Newsroom, story: Story) -> set[str]:
    """The series that may show a story by what it is: the feeds that take it, and its month in the archive of each."""
    taking = {feed.series for feed in newsroom.feeds if feed.takes(story)}
    if story.first_published is None:
        return taking
    month = f"{story.first_published.astimezone(ZoneInfo(newsroom.settings.site.timezone)):%Y-%m}"
    return taking | {f"{series}@{month}" for series in taking}


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return local_instant(day, time(), zone)
