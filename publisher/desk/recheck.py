"""Looking again at the sources' pages of what is out: whether a story was withdrawn or rewritten there without a word to us.

Order for one round: stories that were published get their row; what is due is taken under a lease; each site is asked for its robots.txt and then, side by side with
other sites but never twice at once, for its pages, conditionally; what came of each is written in one transaction, with an event for each finding. Only
then the webhook of the alarms hears of it. Nothing is ever withdrawn here: the finding names the command that does.
Whatever a network or a server does is no finding; a look that failed is tried again until the next one is due, after a pause that grows. What had no turn
comes first in the next round: pages that do not answer keep nothing of their site from being looked at. A site is left alone (a breaker, `site:NAME`) while somebody
asks it, for as long as it wants, and where its robots.txt cannot be read, each time longer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from sqlalchemy import Connection, Row

from publisher.desk import alarms
from publisher.desk.names import whole_id
from publisher.desk.pages import Page, key_of, place_in
from publisher.errors import Conflict
from publisher.fetch import Failed, Fetched, Limits, Memory, NotModified, Result, fetch
from publisher.intake.lookback import AFTER, Finding, Seen, answered, led_home, seen, verdict
from publisher.intake.robots import allowed
from publisher.newsroom import Newsroom
from publisher.store import house, looks, relays, stories
from publisher.store.db import serialise
from publisher.store.looks import site_of
from publisher.store.relays import Breaker
from publisher.story import PubStatus, Source, Story

__all__ = ["Found", "listing", "look", "settle"]

AT_ONCE, OF_ONE_SITE = 60, 5
LEASE = timedelta(minutes=10)
"""How long what is asked for is nobody else's to ask for, at least (`_lease`)."""
AGAIN, DOUBLED = timedelta(minutes=30), 4
"""After a look that failed; twice as long after each that fails in its turn, so many times."""
SITE = "site:"
"""Before the name of a site that is left alone."""
AT_MOST = timedelta(hours=25)
"""What is left alone for longer was written by a clock that lay ahead: no site may ask for more than a day (`fetch.retry_after_cap`)."""
FORGOTTEN = timedelta(hours=26)
"""What was published longer ago and has no row is left alone: after an upgrade the whole archive would be asked."""


LATELY = timedelta(days=7)
"""Whether a source's pages are articles is asked of the stories of so long."""
WHY = {
    "gone": "gone at its source",
    "front-page": "gone at its source: its page leads to the front page",
    "no-article": "its page at the source is no article",
    "headline": "its source changed the headline",
    "length": "its source changed the text",
}
"""Why a person withdraws the story, in words of ours: what a page says has no business in a command that is copied into a shell."""


@dataclass(frozen=True, slots=True)
class Found:
    """A story whose page a person should look at."""

    story_id: str
    headline: str
    finding: Finding


def look(newsroom: Newsroom, *, actor: str, now: datetime) -> list[Found]:
    """Do the looks that are due; what was found."""
    watched = [source.slug for source in newsroom.settings.sources if source.recheck]
    until = now + _lease(newsroom.fetch_limits)
    with newsroom.database.write() as connection:
        serialise(connection, "looks")
        known = _known(connection)
        alone = {name for name, held in known.items() if now < held.until <= now + AT_MOST}
        looks.begin(connection, watched, since=now - FORGOTTEN, after=AFTER[0])
        due = looks.take(
            connection, now=now, until=until, limit=AT_ONCE, of_one_site=OF_ONE_SITE, alone=alone
        )
        sites: dict[str, list[Row[Any]]] = {}
        for row in due:
            sites.setdefault(site_of(row.url), []).append(row)
        for name in sites:
            times = known[name].times if name in known else 0
            _leave_alone(connection, name, Breaker(until, times, "it is being asked"), now=now)
    if not due:
        return []
    answers = asyncio.run(_sites(newsroom, sites, now=now))
    found = _written(newsroom, due, answers, actor=actor, now=now)
    for entry in found:
        alarms.post(newsroom, _document(newsroom, entry), now=now)
    return found


def _lease(limits: Limits) -> timedelta:
    """As long as a round may take: every page, and before it perhaps the robots.txt of its site, so many at once."""
    return max(LEASE, timedelta(seconds=2 * AT_ONCE * limits.seconds / limits.concurrency))


def _known(connection: Connection) -> dict[str, Breaker]:
    return {
        key.removeprefix(SITE): held
        for key, held in relays.breakers(connection).items()
        if key.startswith(SITE)
    }


def _leave_alone(connection: Connection, name: str, held: Breaker, *, now: datetime) -> None:
    relays.leave_alone(connection, f"{SITE}{name}", held, now=now)


@dataclass(slots=True)
class _Answers:
    """What came of asking.

    Attributes:
        pages: what each page answered, by story; None where robots.txt asks us not to look. What had no turn is not in it.
        shut: why a site's robots.txt could not be read, for every site that was asked; "" where it could.
    """

    pages: dict[str, Result | None] = field(default_factory=dict)
    shut: dict[str, str] = field(default_factory=dict)


async def _sites(newsroom: Newsroom, sites: Mapping[str, Sequence[Row[Any]]], *, now: datetime) -> _Answers:
    """Ask these sites side by side, and each for one page after the other."""
    told = _Answers()
    turns = asyncio.Semaphore(newsroom.fetch_limits.concurrency)

    async def ask(url: str, memory: Memory) -> Result:
        limits, guard = newsroom.fetch_limits, newsroom.fetch_guard
        return await fetch(url, memory=memory, now=now, limits=limits, guard=guard)

    async def one_site(name: str, rows: Sequence[Row[Any]]) -> None:
        async with turns:
            parts = urlsplit(rows[0].url)
            robots = await ask(urlunsplit((parts.scheme, parts.netloc, "/robots.txt", "", "")), Memory())
            told.shut[name] = ""
            if isinstance(robots, Failed) and not robots.reason.startswith("http-4"):
                told.shut[name] = f"robots.txt: {robots.reason}: {robots.detail}"
                told.pages |= dict.fromkeys((row.story_id for row in rows), robots)
                return
            rules = robots.body if isinstance(robots, Fetched) else b""
            for row in rows:
                may = allowed(rules, row.url)
                answer = await ask(row.url, Memory(row.etag, row.last_modified)) if may else None
                told.pages[row.story_id] = answer
                if answer is not None and answer.not_before is not None:
                    break

    await asyncio.gather(*(one_site(name, rows) for name, rows in sites.items()))
    return told


def _written(
    newsroom: Newsroom,
    due: Sequence[Row[Any]],
    answers: _Answers,
    *,
    actor: str,
    now: datetime,
) -> list[Found]:
    found: list[Found] = []
    results = answers.pages
    pages = {
        row.story_id: seen(result.body, newsroom.sources[row.source], url=result.url, now=now)
        for row in due
        if isinstance(result := results.get(row.story_id), Fetched) and row.source in newsroom.sources
    }
    with newsroom.database.write() as connection:
        present = stories.load(connection, [row.story_id for row in due])
        # articles first: whether a source's pages are such is asked for those that are none
        for row in sorted(due, key=lambda row: pages.get(row.story_id) is None):
            story, result = present[row.story_id], results.get(row.story_id)
            unasked = _unasked(row, story, newsroom.sources.get(row.source), results)
            if unasked is not None:
                looks.end(connection, row, **unasked)
                continue
            before = Seen(row.headline, row.length) if row.headline is not None else None
            finding: Finding | None = None
            values: dict[str, Any] = {}
            match result:
                case Fetched():
                    told = pages[row.story_id]
                    finding = led_home(row.url, result.url) or _verdict(
                        connection, story, row, before, told, now=now
                    )
                    values = {"etag": result.memory.etag, "last_modified": result.memory.last_modified}
                    if told is not None:
                        values |= {"headline": told.headline, "length": told.length}
                case Failed():
                    finding = answered(result.reason)
            whole = finding is not None or isinstance(result, Fetched | NotModified)
            values |= _next(row, now, done=whole)
            if finding is not None and (finding.word, finding.detail) != (row.finding, row.detail):
                values |= {"finding": finding.word, "detail": finding.detail, "found_at": now}
                values |= {"settled_at": None}
                house.tell(
                    connection,
                    "story.page",
                    row.story_id,
                    actor=actor,
                    now=now,
                    why=finding.detail,
                    data={"finding": finding.word, "url": row.url},
                )
                found.append(Found(row.story_id, story.headline, finding))
            looks.end(connection, row, **values)
        _rest(connection, due, answers, now=now)
    return found


def _rest(connection: Connection, due: Sequence[Row[Any]], answers: _Answers, *, now: datetime) -> None:
    """How long each site that was asked is left alone from now on."""
    known = _known(connection)
    until: dict[str, datetime] = {}
    for row in due:
        result, name = answers.pages.get(row.story_id), site_of(row.url)
        if result is not None and result.not_before is not None:
            until[name] = max(result.not_before, until.get(name, now))
    for name, why in answers.shut.items():
        times = known[name].times if name in known else 0
        if why:
            again = now + AGAIN * 2 ** min(times, DOUBLED)
            held = Breaker(max(again, until.get(name, now)), times + 1, why)
            _leave_alone(connection, name, held, now=now)
        elif name in until:
            _leave_alone(connection, name, Breaker(until[name], 0, "it asks for patience"), now=now)
        else:
            relays.close(connection, [f"{SITE}{name}"])


def _unasked(
    row: Row[Any], story: Story, source: Source | None, results: dict[str, Result | None]
) -> dict[str, Any] | None:
    """What becomes of the row where no page of the story has told us anything; None where one has."""
    out = story.killed is None and story.hold is None and story.received.pubstatus is PubStatus.USABLE
    if not out or source is None or not source.recheck:  # a held one begins anew when it is released
        return {"due_at": None}
    moved = story.received.source_url not in {"", row.url}
    if moved or row.story_id not in results:  # what moved begins anew, whatever the old page says
        return {"due_at": row.due_at}
    if results[row.story_id] is None:
        return {"due_at": None, "detail": "robots.txt asks us not to look"}
    return None


def _verdict(
    connection: Connection,
    story: Story,
    row: Row[Any],
    before: Seen | None,
    told: Seen | None,
    *,
    now: datetime,
) -> Finding | None:
    others = looks.articles(connection, row.source, since=now - LATELY) if told is None else 0.0
    ours = story.received.headline or story.received.original_headline
    return verdict(ours, before, told, others=others)


def _next(row: Row[Any], now: datetime, *, done: bool) -> dict[str, Any]:
    """When the page is looked at next: at its next time after now, or again soon when this look failed and that is not sooner."""
    rest = [row.published_at + after for after in AFTER if row.published_at + after > now]
    later = rest[0] if rest else None
    if done:
        return {"looks": row.looks + 1, "failed": 0, "due_at": later}
    again = now + AGAIN * 2 ** min(row.failed, DOUBLED)
    gives_up = again > row.published_at + AFTER[-1] + timedelta(hours=6)
    return {"failed": row.failed + 1, "due_at": None if gives_up else min(again, later) if later else again}


def _document(newsroom: Newsroom, found: Found) -> bytes:
    name = newsroom.settings.site.name
    document = {
        "event": "story-changed-at-source",
        "site": name,
        "story": found.story_id,
        "finding": found.finding.word,
        "reason": found.finding.detail,
        "text": f"{name}: {found.headline}: {found.finding.detail}.",
    }
    return json.dumps(document, ensure_ascii=False).encode()


def listing(newsroom: Newsroom, *, limit: int, after: str | None = None) -> Page:
    """What was found and nobody has settled, newest first, each with the command that acts on it."""
    with newsroom.database.read() as connection:
        rows = looks.listing(connection, limit=limit + 1, after=place_in(after))

    def told(row: Row[Any]) -> dict[str, Any]:
        return {
            "id": row.story_id,
            "source": row.source,
            "finding": row.finding,
            "detail": row.detail,
            "headline": row.ours,
            "url": row.url,
            "found_at": row.found_at,
            "commands": [
                f"publisher story {act} {row.story_id} --why '{WHY[row.finding]}'" for act in ("kill", "hold")
            ],
        }

    return Page.of(rows, limit, row=told, key=lambda row: key_of(row.found_at, row.story_id))


def settle(newsroom: Newsroom, story_id: str, *, why: str, actor: str, now: datetime) -> str:
    """A person looked, and the story stays as it is; its id. Conflict when nothing waits."""
    with newsroom.database.write() as connection:
        wanted = whole_id(connection, "story", story_id)
        if looks.found(connection, wanted) is None:
            raise Conflict(f"nothing was found at the page of story {wanted} that waits to be settled")
        looks.settle(connection, wanted, now=now)
        house.tell(connection, "story.page.settled", wanted, actor=actor, now=now, why=why)
    return wanted
