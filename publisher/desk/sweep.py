"""WordPress sites as sources: each poll sweeps the posts of a window, takes what changed, and withdraws what is proved to be gone.

Order: find the interface, list the window until the list is whole, ask for texts and for the missing, and only then one write transaction: stories,
kills, and what the sweep remembers. Whatever is not WordPress's own word about a post withdraws nothing; more than a handful gone at once is
told to the desk and left alone.
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
from publisher.store import aliases, sweeps
from publisher.story import Received, Rejected, Source

__all__ = ["sweep"]

ANSWERS = frozenset({200, 401, 403, 404})
TRIES = 3
TEXTS_AT_ONCE = 25
MAX_PAGES = 50


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
        plan = await asyncio.to_thread(_planned, newsroom, source, listed, since)
        items = await site.texts(api, plan.fetch)
        withdrawn = await _withdrawn(site, api, plan, report)
    except Broken as error:
        report.failed = str(error)
        return error.not_before
    for post in plan.back:
        report.remarks.append(
            f"post {post} is public again after it was withdrawn: only a person brings its story back"
        )
    await asyncio.to_thread(_store, site, listed, items, withdrawn=withdrawn, report=report, actor=actor)
    return None


def _planned(newsroom: Newsroom, source: Source, listed: Sequence[Listed], since: datetime) -> Plan:
    with newsroom.database.read() as connection:
        return sweeping.plan(sweeps.known(connection, source.slug), listed, since=since)


async def _withdrawn(site: _Site, api: str, plan: Plan, report: SourceReport) -> list[int]:
    """What is withdrawn: behind a password now, or missing and proved so; nothing where it is more than a handful."""
    if len(plan.missing) + len(plan.protected) > HANDFUL:
        report.remarks.append(
            f"{len(plan.missing) + len(plan.protected)} posts are gone at once ({', '.join(map(str, (*plan.missing, *plan.protected)))}): "
            "nothing was withdrawn. Look at the site, and withdraw with `publisher story kill` what is meant"
        )
        return []
    return [*plan.protected, *await site.gone(api, plan.missing, report)]


def _store(
    site: _Site,
    listed: Sequence[Listed],
    items: Sequence[Received | Rejected],
    *,
    withdrawn: Sequence[int],
    report: SourceReport,
    actor: str,
) -> None:
    newsroom, source, now = site.newsroom, site.source, site.now
    with newsroom.database.write() as connection:
        received = (item for item in items if isinstance(item, Received))
        aliases.take_turns(connection, source.slug, received)
        for item in items:
            take_item(newsroom, connection, source, item, report=report, actor=actor, now=now)
        for post in withdrawn:
            guid = f"wordpress:{post}"
            kill_by_guid(newsroom, connection, source, guid, report=report, actor=actor, now=now)
        sweeps.remember(connection, source.slug, (entry for entry in listed if not entry.protected), now=now)
        sweeps.gone(connection, source.slug, withdrawn, now=now)
    if report.withdrawals:
        taken_back = [entry.story_id for entry in report.withdrawals]
        propagate(newsroom, taken_back, actor=actor, now=now, tell=False)
    followups.queue(newsroom, now=now)  # corrections, too
