"""A run from its beginning to its end: writer, feed and connections as tasks, and a watch over stop, pause and the dead.

Nobody who waits for the reply to a dot is ever cancelled: a run ends by beginning nothing more. Only `drain` seconds after a
stop, or when the ledger can no longer be written, are connections dropped, and that too gives an outcome.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from publisher.crash import crashpoint
from publisher.dispatch.feed import Feed, ours
from publisher.dispatch.making import Maker
from publisher.dispatch.pace import Pace
from publisher.dispatch.routes import Routes
from publisher.dispatch.sender import Sender
from publisher.dispatch.shared import Shared
from publisher.dispatch.signing import Signers
from publisher.dispatch.work import Ended, Work
from publisher.dispatch.writer import Writer
from publisher.errors import StoreUnavailable
from publisher.ledger import Counts
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.liveness import Held, dead_workers
from publisher.store.relays import Breaker, breakers, grant
from publisher.transport import Rate, Relay

__all__ = ["Run", "sweep"]

TICK = 0.1
LOOK_SECONDS = 1.0
"""How often the dispatch is looked at: a pause is seen at the next mark, or after this time."""
SWEEP_SECONDS = 60.0


def sweep(connection: Connection, database: Database, work: Work) -> None:
    """Settle what dead workers left, and end what has expired."""
    dead = dead_workers(connection, database)
    if dead:
        deliveries.recover(connection, dead, now=work.clock())
    crashpoint("in-recovery")
    deliveries.expire(connection, now=work.clock(), dispatch_id=work.dispatch_id)
    crashpoint("in-expiry")


class Run:
    """One run of one dispatch by one worker."""

    def __init__(
        self,
        database: Database,
        relays: Sequence[Relay],
        known: Mapping[str, Breaker],
        work: Work,
        worker_id: str,
        *,
        held: Held,
        counts: Counts,
    ) -> None:
        self._database, self._work, self._held = database, work, held
        over = asyncio.Event()
        routes = Routes(relays)
        names = [relay.options.name for relay in relays]
        self._writer = Writer(database, work, counts, connections=routes.connections, relays=names)
        self._feed = Feed(self._writer, work, worker_id, connections=routes.connections, over=over)
        self._shared = Shared(
            work=work,
            routes=routes,
            writer=self._writer,
            feed=self._feed,
            signers=Signers(work.signers),
            over=over,
        )
        for route in routes:
            options = route.relay.options
            if options.rate is not None:
                route.pace = self._pace(options.name, options.rate)
            for domain, rate in options.domain_rates.items():
                route.paces[domain] = self._pace(f"{options.name}:{domain}", rate)
        maker = Maker(self._shared)
        self._writer.beside, self._writer.spare = maker.make_ready, maker.sign_ready
        self._senders = [
            Sender(self._shared, maker, route, number)
            for route in routes
            for number in range(route.relay.options.connections)
        ]
        self._shared.learn(known)
        self._done = asyncio.Event()
        self._failure: BaseException | None = None
        self._writing: asyncio.Task[None] | None = None
        self._file = database.file()

    async def to_its_end(self) -> Ended:
        """Send what is due; raises the first failure once everybody has come to an end."""
        try:
            return await self._sent()
        finally:
            self._shared.signers.close()

    async def _sent(self) -> Ended:
        writer = self._writing = self._task(self._writer.run())
        helpers = [self._task(self._feed.run()), self._task(self._watch())]
        senders = [self._task(sender.run()) for sender in self._senders]
        await asyncio.wait(senders)
        self._shared.end()
        self._done.set()
        await asyncio.wait(helpers)
        if not writer.done():
            last = self._task(self._feed.give_back())
            await asyncio.wait({last})
        self._writer.finish()
        await asyncio.wait({writer})
        if self._failure is not None:
            raise self._failure
        with self._database.read() as connection:
            counts = deliveries.counts(connection, self._work.dispatch_id)
        if self._work.progress is not None:
            self._work.progress(counts)
        ailing = tuple(
            (route.name, route.watch.reason) for route in self._shared.routes if route.watch.in_trouble
        )
        return Ended(counts, self._shared.trouble, self._shared.domains.all_held(self._work.clock()), ailing)

    def _pace(self, key: str, rate: Rate) -> Pace:
        async def ask(slots: int, apart: float) -> tuple[float, float]:
            return await self._writer.do(lambda connection: grant(connection, key, slots, apart=apart))

        return Pace(rate, ask)

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """One task's failure is the run's; a ledger that cannot be written leaves nothing to wait for."""
        failure = None if task.cancelled() else task.exception()
        if failure is None:
            return
        self._failure = self._failure or failure
        self._shared.end()
        if task is self._writing or isinstance(failure, StoreUnavailable):
            self._abort()

    def _abort(self) -> None:
        for connection in list(self._shared.open):
            connection.abort()

    async def _watch(self) -> None:
        looked = swept = time.monotonic()
        stopped: float | None = None
        while not self._done.is_set():
            try:
                async with asyncio.timeout(TICK):
                    await self._done.wait()
            except TimeoutError:
                pass
            now = time.monotonic()
            if self._work.stop.is_set() and stopped is None:
                stopped = now
                self._shared.end()
            if stopped is not None and (self._work.hurry.is_set() or now - stopped > self._work.drain):
                self._abort()
            if self._shared.over.is_set():
                continue
            if now - looked >= LOOK_SECONDS:
                looked = now
                await self._look()
            if now - swept >= SWEEP_SECONDS:
                swept = now
                await self._writer.do(lambda connection: sweep(connection, self._database, self._work))

    def _taken_for_living(self) -> bool:
        """Whether nobody takes from us what we hold. If somebody may, who is at the dot is waited for all the same; `run` says so in the end."""
        try:
            self._held()
        except StoreUnavailable:
            return False
        return True

    async def _look(self) -> None:
        """End the run when the dispatch is not ours to send any more, its ledger has been put elsewhere, or we are taken for dead."""
        if self._database.file() != self._file:
            raise StoreUnavailable(self._database.where, "the file was moved or replaced while it was in use")

        def ask() -> tuple[bool, Mapping[str, Breaker]]:
            self._work.look()
            with self._database.read() as connection:
                return self._taken_for_living() and ours(connection, self._work), breakers(connection)

        still_ours, known = await asyncio.to_thread(ask)
        self._shared.learn(known)
        if not still_ours:
            self._shared.end()
