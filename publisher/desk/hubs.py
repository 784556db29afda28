"""Telling WebSub hubs that feeds changed, once the new bytes can be read.

What has to be told was noted in the transaction of the change. Order: take a lease, wait until a server shows the new bytes, post, record.
A hub that does not take it is told again after 1, 5, 15 and then every 60 minutes, and given up after a day, with an event: the feed is
public all the same. Two who tell at once take different rows; who dies leaves a lease that runs out. Publishing never waits for a hub: all
is committed and written before the first is asked, and the whole takes `WITHIN` at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from publisher import fetch
from publisher.errors import StoreUnavailable
from publisher.newsroom import Newsroom
from publisher.store import house, hubs
from publisher.store.hubs import Ping

__all__ = ["HubReport", "pause", "tell", "tell_now"]

READABLE = 1.0
"""Seconds in which a server of ours shows new bytes: a hub that fetches the moment it is told must not find the old ones."""
WITHIN = 10.0
"""Seconds for all hubs together."""
EACH = 5.0
LEASE = timedelta(minutes=1)
ADVANCE = timedelta(seconds=5)
"""Whoever made the change tells what is due this soon: nobody else may be there to do it later."""
AT_ONCE, AT_MOST = 8, 500
"""Posts side by side, and in one lease."""
_PAUSES = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
_PAUSE = timedelta(minutes=60)
_DAY = timedelta(hours=24)


@dataclass(slots=True)
class HubReport:
    """How many were told, and a sentence for each that was not."""

    told: int = 0
    failures: list[str] = field(default_factory=list)


def pause(failures: int) -> timedelta | None:
    """How long to wait after this many failures in a row; None when a day has gone by and it is time to give up."""
    waits = [*_PAUSES, *[_PAUSE] * max(0, failures - len(_PAUSES))][:failures]
    return None if sum(waits, timedelta()) > _DAY else waits[-1]


def tell_now(newsroom: Newsroom, *, now: datetime) -> HubReport:
    """Tell what is due or is about to be; a database that cannot be written is one more failure, for all is public by now."""
    try:
        return asyncio.run(tell(newsroom, now=now, advance=ADVANCE))
    except StoreUnavailable as error:
        return HubReport(failures=[f"no hub was told: {error}"])


async def tell(newsroom: Newsroom, *, now: datetime, advance: timedelta = timedelta()) -> HubReport:
    """Tell the hubs what is due until `advance` from now.

    Raises:
        StoreUnavailable: the database cannot be asked or written; what was told may be told once more.
    """
    report = HubReport()
    wanted = newsroom.fetch_limits
    loop = asyncio.get_running_loop()
    end = 0.0
    while pings := await asyncio.to_thread(_take, newsroom, now=now, due=now + advance):
        await asyncio.sleep(READABLE)
        end = end or loop.time() + WITHIN
        left = max(0.0, end - loop.time())
        limits = replace(wanted, seconds=min(EACH, wanted.seconds), total_seconds=left, concurrency=AT_ONCE)
        posts = {ping: (ping.hub, {"hub.mode": "publish", "hub.url": ping.topic}) for ping in pings}
        answers = await fetch.post_all(posts, now=now, limits=limits, guard=newsroom.fetch_guard)
        await asyncio.to_thread(_record, newsroom, answers, now=now, report=report)
        if loop.time() >= end:  # who had no turn comes back when the lease runs out
            break
    return report


def _take(newsroom: Newsroom, *, now: datetime, due: datetime) -> list[Ping]:
    configured = newsroom.settings.feeds.hubs
    if not configured:
        return []
    with newsroom.database.read() as connection:
        if not hubs.any_due(connection, now=due):  # most looks end here, without the lock of writers
            return []
    with newsroom.database.write() as connection:
        taken = hubs.take(connection, now=due, until=now + LEASE, limit=AT_MOST)
        for ping in taken:
            if ping.hub not in configured:
                hubs.drop(connection, ping)
    return [ping for ping in taken if ping.hub in configured]


def _record(
    newsroom: Newsroom,
    answers: Mapping[Ping, fetch.Taken | fetch.Failed],
    *,
    now: datetime,
    report: HubReport,
) -> None:
    with newsroom.database.write() as connection:
        for ping, answer in answers.items():
            if isinstance(answer, fetch.Taken):
                hubs.told(connection, ping, now=now)
                report.told += 1
                continue
            why = f"{answer.reason}: {answer.detail}"
            wait = pause(ping.failures + 1)
            if wait is None:
                hubs.drop(connection, ping)
                data = {"hub": ping.hub, "failures": ping.failures + 1}
                house.tell(
                    connection, "hub.given-up", ping.topic, actor="rule:websub", now=now, why=why, data=data
                )
                report.failures.append(
                    f"{ping.hub} was not told of {ping.topic} for a day, and is given up: {why}"
                )
                continue
            due_at = max(now + wait, answer.not_before or now)
            hubs.failed(connection, ping, why=why, due_at=due_at)
            report.failures.append(
                f"{ping.hub} was not told of {ping.topic} ({why}); again at {due_at:%H:%M} UTC"
            )
