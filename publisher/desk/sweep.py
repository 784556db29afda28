"""WordPress sites as sources: each poll sweeps the posts of a window, takes what changed, and withdraws what is proved to be gone.

Order: find the interface, list the window until the list is whole, ask for texts and for the missing, and only then one write transaction: stories,
kills, and what the sweep remembers. Whatever is not WordPress's own word about a post withdraws nothing. More living stories than a handful gone at once are
told to the desk and left alone; what is public elsewhere, was told before, or stands no more counts for none of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher import intake
from publisher.desk import followups
from publisher.desk.propagation import propagate
from publisher.desk.sourcereport import SourceReport
from publisher.desk.taking import kill_by_guid, take_item
from publisher.fetch import Failed, Fetched, Memory, NotModified, fetch, values
from publisher.intake import Context, Unreadable, sweeping
from publisher.intake.sweeping import HANDFUL, PAGE, Listed, Plan, Proof
from publisher.newsroom import Newsroom
from publisher.revise import killed
from publisher.store import aliases, stories, sweeps
from publisher.story import Received, Rejected, Source

__all__ = ["sweep"]

ANSWERS = frozenset({200, 401, 403, 404})
TRIES = 3
TEXTS_AT_ONCE = 25
MAX_PAGES = 50
ASKED = 25
"""Of so many absent posts a sweep asks one by one; the others' turn is the next one."""


class Broken(Exception):
    """The site did not answer as WordPress does; nothing was taken and nothing withdrawn. Caught in this module."""

    def __init__(self, why: str, not_before: datetime | None = None) -> None:
        super().__init__(why)
        self.not_before = not_before


@dataclass(slots=True)
class _Site:
    """One site while it is swept."""

    newsroom: Newsroom
    source: Source
    now: datetime

    async def ask(self, url: str, statuses: frozenset[int] = frozenset({200})) -> Fetched:
        """An unconditional answer of one of these statuses."""
        answer = await fetch(
            url,
            memory=Memory(),
            now=self.now,
            limits=self.newsroom.fetch_limits,
            guard=self.newsroom.fetch_guard,
            statuses=statuses,
        )
        match answer:
            case Fetched():
                return answer
            case Failed():
                raise Broken(f"{answer.reason}: {answer.detail}", answer.not_before)
            case NotModified():
                raise Broken("unasked-304: it says that nothing changed, but we asked for everything")

    async def api(self) -> str:
        """The root of its REST interface, believed only when it answers as one."""
        url = self.source.url or ""
        named = sweeping.api_in(url, ())
        if named is not None:
            return named
        front = await self.ask(url)
        for root in (
            sweeping.api_in(front.url, values(front.headers, b"link")),
            sweeping.rest_route(front.url),
        ):
            if root is not None and sweeping.is_api((await self.ask(root, ANSWERS)).body):
                return root
        raise Broken(
            "no-rest: no REST interface was found; give the address of its feed, and another `format`"
        )

    async def listed(self, api: str, since: datetime) -> list[Listed]:
        """All posts of the window: as many different ones as the site counts, else it is listed again."""
        found: dict[int, Listed] = {}
        total = -1
        for _ in range(TRIES):
            found = {}
            for page in range(1, MAX_PAGES + 1):
                answer = await self.ask(
                    sweeping.listing_url(api, since=since, page=page), frozenset({200, 400})
                )
                if answer.status == 400 and page > 1:
                    break  # the list shrank while we read it
                entries = sweeping.read_listing(answer.body)
                if isinstance(entries, Unreadable):
                    raise Broken(f"{entries.reason}: {entries.detail}")
                found |= {entry.post: entry for entry in entries}
                told = values(answer.headers, b"x-wp-total")
                total = int(told[0]) if told and told[0].isdecimal() and len(told[0]) < 9 else -1
                if len(entries) < PAGE:
                    break
            if len(found) == total:
                return list(found.values())
        raise Broken(f"unsteady: it counts {total} posts and lists {len(found)}")

    async def texts(self, api: str, posts: Sequence[int]) -> list[Received | Rejected]:
        """The posts with their texts."""
        items: list[Received | Rejected] = []
        for start in range(0, len(posts), TEXTS_AT_ONCE):
            answer = await self.ask(sweeping.bodies_url(api, posts[start : start + TEXTS_AT_ONCE]))
            context = Context(source=self.source, now=self.now, base_url=answer.url)
            document = intake.read(answer.body, context, format="wordpress")
            if isinstance(document, Unreadable):
                raise Broken(f"{document.reason}: {document.detail}")
            items += document.items
        return items

    async def public(self, api: str, posts: Sequence[int]) -> set[int]:
        """Those of these posts that anybody may read, though they are listed in the window no more: an editor moved their date."""
        found: set[int] = set()
        for start in range(0, len(posts), PAGE):
            answer = await self.ask(sweeping.among_url(api, posts[start : start + PAGE]))
            entries = sweeping.read_listing(answer.body)
            if isinstance(entries, Unreadable):
                raise Broken(f"{entries.reason}: {entries.detail}")
            found |= {entry.post for entry in entries if not entry.protected}
        return found

    async def gone(self, api: str, posts: Collection[int], report: SourceReport) -> list[int]:
        """Those of the missing that are proved to be withdrawn."""
        found: list[int] = []
        for post in posts:
            answer = await self.ask(sweeping.post_url(api, post), ANSWERS)
            match sweeping.proof(answer.status, answer.body):
                case Proof.WITHDRAWN:
                    found.append(post)
                case Proof.BROKEN:
                    report.remarks.append(
                        f"post {post} is not listed, and its site does not say why: it stays as it is"
                    )
                case Proof.MOVED:
                    pass
        return found


async def sweep(
    newsroom: Newsroom, source: Source, *, report: SourceReport, actor: str, now: datetime
) -> datetime | None:
    """Sweep one site; what comes of it, or why nothing does, stands in the report. Gives back until when it wants to be left alone."""
    site = _Site(newsroom, source, now)
    since = now - source.window
    try:
        api = await site.api()
        listed = await site.listed(api, since)
        plan, alive, dead = await asyncio.to_thread(_planned, newsroom, source, listed, since)
        items = await site.texts(api, plan.fetch)
        absent = await _absent(site, api, plan, alive=alive, dead=dead, report=report)
    except Broken as error:
        report.failed = str(error)
        return error.not_before
    for post in plan.back:
        report.remarks.append(
            f"post {post} is public again after it was withdrawn: only a person brings its story back"
        )
    await asyncio.to_thread(_store, site, listed, items, absent=absent, report=report, actor=actor)
    return None


def _planned(
    newsroom: Newsroom, source: Source, listed: Sequence[Listed], since: datetime
) -> tuple[Plan, frozenset[int], frozenset[int]]:
    """What is to be done, and of the absent posts those whose story stands, and those whose story was killed."""
    with newsroom.database.read() as connection:
        plan = sweeping.plan(sweeps.known(connection, source.slug), listed, since=since)
        posts = {_guid(post): post for post in (*plan.missing, *plan.protected, *plan.named)}
        ids = aliases.known(connection, source.slug, posts)
        found = stories.load(connection, ids.values())
    dead = frozenset(posts[guid] for guid, name in ids.items() if killed(found[name]))
    return plan, frozenset(posts[guid] for guid in ids) - dead, dead


def _guid(post: int) -> str:
    return f"wordpress:{post}"


async def _absent(
    site: _Site,
    api: str,
    plan: Plan,
    *,
    alive: Collection[int],
    dead: Collection[int],
    report: SourceReport,
) -> tuple[list[int], list[int]]:
    """The posts that are withdrawn (behind a password now, or missing and proved so), and those that are for the desk: more than a handful at once."""
    missing = [post for post in plan.missing if post not in dead]
    moved = await site.public(api, missing)
    absent = [post for post in missing if post not in moved]
    protected = [post for post in plan.protected if post not in dead]
    of_desk = [post for post in (*absent, *protected) if post in alive]
    if len(of_desk) <= HANDFUL:
        of_desk = []
    if named := [post for post in (*plan.named, *of_desk) if post in alive]:
        report.remarks.append(
            f"{len(named)} posts are gone, too many at once ({', '.join(map(str, named))}): nothing was withdrawn. "
            "Look at the site, and withdraw with `publisher story kill` what is meant"
        )
    asked = [post for post in absent if post not in of_desk][:ASKED]
    proved = await site.gone(api, asked, report)
    gone = {*plan.missing, *plan.protected}.intersection(dead)
    return [*gone, *(post for post in protected if post not in of_desk), *proved], of_desk


def _store(
    site: _Site,
    listed: Sequence[Listed],
    items: Sequence[Received | Rejected],
    *,
    absent: tuple[Sequence[int], Sequence[int]],
    report: SourceReport,
    actor: str,
) -> None:
    newsroom, source, now = site.newsroom, site.source, site.now
    withdrawn, of_desk = absent
    with newsroom.database.write() as connection:
        received = (item for item in items if isinstance(item, Received))
        aliases.take_turns(connection, source.slug, received)
        for item in items:
            take_item(newsroom, connection, source, item, report=report, actor=actor, now=now)
        for post in withdrawn:
            kill_by_guid(newsroom, connection, source, _guid(post), report=report, actor=actor, now=now)
        sweeps.remember(connection, source.slug, (entry for entry in listed if not entry.protected), now=now)
        sweeps.gone(connection, source.slug, withdrawn, now=now)
        sweeps.named(connection, source.slug, of_desk, now=now)
    if report.withdrawals:
        taken_back = [entry.story_id for entry in report.withdrawals]
        report.behind += propagate(newsroom, taken_back, actor=actor, now=now, tell=False).faults
    followups.queue(newsroom, now=now)  # corrections, too
