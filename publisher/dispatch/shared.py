"""What the connections of a run have in common: its relays, its guards, and what of them outlives it."""

from __future__ import annotations

import asyncio
import zlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from publisher.dispatch.feed import Feed
from publisher.dispatch.guards import Domains, Hold
from publisher.dispatch.routes import Routes
from publisher.dispatch.signing import Signers
from publisher.dispatch.work import Work
from publisher.dispatch.writer import Writer
from publisher.ledger import Outcome
from publisher.store.deliveries import Row
from publisher.store.relays import Breaker, close, leave_alone
from publisher.transport import Connection

__all__ = ["Shared", "domain_of", "said", "spread"]


REASON = 512
"""Characters kept of why something is left alone."""


@dataclass(slots=True)
class Shared:
    """What the connections of a run have in common."""

    work: Work
    routes: Routes
    writer: Writer
    feed: Feed
    signers: Signers
    over: asyncio.Event
    domains: Domains = field(default_factory=Domains)
    losses: Counter[int] = field(default_factory=Counter)
    opening: set[asyncio.Task[Connection | Outcome]] = field(default_factory=set)
    open: set[Connection] = field(default_factory=set)
    trouble: tuple[str, str] | None = None
    seen: dict[str, Breaker] = field(default_factory=dict)
    _read: frozenset[str] = frozenset()

    def end(self) -> None:
        """Begin nothing more: what is being opened is dropped, who is at the dot is waited for."""
        self.over.set()
        self.feed.wake()
        self.routes.wake()
        for task in self.opening:
            task.cancel()

    async def pause(self, seconds: float) -> bool:
        """Wait, unless the run ends before; whether it is over."""
        try:
            async with asyncio.timeout(seconds):
                await self.over.wait()
        except TimeoutError:
            pass
        return self.over.is_set()

    def learn(self, known: Mapping[str, Breaker]) -> None:
        """Take in what is remembered of relays and domains: by those who were here before, and by those who send beside us.

        Only what has changed since is news: what was read may be older than what happened here.
        """
        now = self.work.clock()
        news = {key: breaker for key, breaker in known.items() if self.seen.get(key) != breaker}
        gone = self._read - known.keys()
        self._read = frozenset(known)
        self.seen |= news
        for route in self.routes:
            if route.key in news:
                left_alone = news[route.key]
                seconds = (left_alone.until - now).total_seconds()
                route.watch.learn(left_alone.times, seconds, left_alone.reason)
            elif route.key in gone:
                route.watch.well()
        burst = f"burst:{self.work.dispatch_id}:"
        for key, breaker in news.items():
            if key.startswith("domain:"):
                held = Hold(breaker.until, breaker.times, breaker.reason)
                self.domains.learn(key.removeprefix("domain:"), held)
            elif key.startswith(burst):
                self.domains.disbelieve(key.removeprefix(burst))
        for key in gone:
            self.domains.well(key.removeprefix("domain:"))
        if not self.work.wait and all(route.waits for route in self.routes):
            self.give_up()

    def give_up(self) -> None:
        """No relay can be used: tell of the one that can be tried first."""
        first = min(self.routes, key=lambda route: (route.out, route.watch.pause()))
        self.trouble = self.trouble or (first.name, first.watch.reason)
        self.end()

    def remember(self, key: str, until: datetime, times: int, why: str) -> None:
        """Keep in mind, beyond this run, what is left alone."""
        known = self.seen[key] = Breaker(until, times, why[:REASON])
        self.writer.later(lambda connection: leave_alone(connection, key, known, now=self.work.clock()))

    def forget(self, *keys: str) -> None:
        """All is well with these again."""
        self.writer.later(lambda connection: close(connection, keys))

    def hold(self, domain: str, why: str, *, long: bool = False) -> Hold:
        """Leave a recipients' domain alone, beyond this run."""
        now = self.work.clock()
        before = self.domains.held(domain, now)
        held = self.domains.hold(domain, now, why=why, long=long)
        if held is not before:
            self.remember(f"domain:{domain}", held.until, held.times, why)
        return held


def domain_of(row: Row) -> str:
    """The recipient's domain."""
    return row.rcpt.rpartition("@")[2]


def spread(row: Row, now: datetime, until: datetime) -> datetime:
    """After `until`, not all at once: up to a fifth of the time later, the same for a row at each try."""
    share = zlib.crc32(row.message_id.encode()) / 0xFFFFFFFF
    return until + (until - now) * 0.2 * share


def said(outcome: Outcome) -> str:
    """Why, in words, and what the server said."""
    reply = f"{outcome.code} {outcome.reply}" if outcome.code else ""
    return f"{outcome.cause}: {reply}" if reply else outcome.cause
