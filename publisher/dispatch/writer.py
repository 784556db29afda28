"""The one writer of a run: marks, outcomes and leases of all connections, committed in groups as they come.

No timer: whatever queues up while one commit runs goes into the next. Requests are carried out in the order in which they
came, so an outcome is durable no later than the next mark of the same connection: nobody waits for outcomes, and a crash
leaves at most one row per connection in doubt. After a failed commit nothing more is written: a failed fsync is not retried,
the rows at the dot stay as they are, and recovery settles them. Only a lock held by another program is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from publisher.crash import crashpoint
from publisher.dispatch.counting import count, counts
from publisher.dispatch.work import Work
from publisher.errors import StoreLocked
from publisher.ledger import Counts, State, Tally, resend_allowed
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.deliveries import Lease, Recorded, Row

__all__ = ["Writer"]

T = TypeVar("T")

LOCKED_TRIES = 6
"""How often a group waits for the write lock: with its 10 seconds, a minute."""
TURNS = 16
"""Turns of the event loop before a group is taken: who was just answered can ask again where the relay is quick, and groups are half
as many. What a commit costs is mostly the same for one row and for twenty."""
SHOW_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class _Mark:
    lease: Lease
    row: Row
    answer: asyncio.Future[bool]


@dataclass(frozen=True, slots=True)
class _Record:
    row: Row
    entry: Recorded
    resend: bool
    settled: Callable[[], None]


@dataclass(frozen=True, slots=True)
class _Call:
    act: Callable[[Connection], Any]
    answer: asyncio.Future[Any]


class Writer:
    """Commits for one run. `tally` is the running count; the report at the end is read from the ledger."""

    def __init__(self, database: Database, work: Work, tally: Counts, *, relays: Sequence[str] = ()) -> None:
        self._database, self._work = database, work
        self.tally = Tally(**asdict(tally), relays=dict.fromkeys(relays, 0))
        self._queue: list[_Mark | _Record | _Call] = []
        self._something = asyncio.Event()
        self._finished = False
        self._broken: Exception | None = None
        self._shown = 0.0

    # ------------------------------------------------------------------------------------------------------- requests

    def mark(self, lease: Lease, row: Row) -> asyncio.Future[bool]:
        """Ask whether the row may be sent now; if so it is durably marked."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._put(_Mark(lease, row, answer))
        return answer

    def record(self, row: Row, entry: Recorded, *, resend: bool = False, settled: Callable[[], None]) -> None:
        """Append an outcome; `settled` is called when it is durable. `resend`: a doubt that may be sent again."""
        self._put(_Record(row, entry, resend, settled))

    async def do(self, act: Callable[[Connection], T]) -> T:
        """Carry out `act` in the next commit, and give back what it gives."""
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._put(_Call(act, answer))
        return await answer

    def later(self, act: Callable[[Connection], object]) -> None:
        """Carry out `act` in the next commit; nobody waits for it."""
        answer: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._put(_Call(act, answer))

    def finish(self) -> None:
        """No more is coming: commit what is queued, and end."""
        self._finished = True
        self._something.set()

    def _put(self, request: _Mark | _Record | _Call) -> None:
        if self._broken is not None:
            raise self._broken
        self._queue.append(request)
        self._something.set()

    # ---------------------------------------------------------------------------------------------------- the writing

    async def run(self) -> None:
        """Commit groups until `finish`; raises what broke the ledger, after telling everybody who waits for it."""
        group: list[_Mark | _Record | _Call] = []
        loop = asyncio.get_running_loop()
        thread = ThreadPoolExecutor(1, "ledger")
        try:
            while self._queue or not self._finished:
                await self._something.wait()
                self._something.clear()
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                group, self._queue = self._queue, []
                if group:
                    self._tell(group, await loop.run_in_executor(thread, self._commit_patiently, group))
        except Exception as error:
            self._broken = error
            for request in (*group, *self._queue):
                if not isinstance(request, _Record) and not request.answer.done():
                    request.answer.set_exception(error)
            raise
        finally:
            thread.shutdown(wait=False)

    def _tell(self, group: Sequence[_Mark | _Record | _Call], answers: Sequence[Any]) -> None:
        ended: Counter[str] = Counter()
        relays: Counter[str] = Counter()
        deferred = 0
        for request, answer in zip(group, answers, strict=True):
            if isinstance(request, _Record):
                outcome = request.entry.outcome
                if not self._waits_on(request):
                    ended[outcome.state.value] += 1
                    relays[outcome.relay or ""] += outcome.state is State.ACCEPTED
                deferred += outcome.state is State.QUEUED
                request.settled()
            elif not request.answer.done():  # else its task was cancelled
                request.answer.set_result(answer)
        changed = {name: getattr(self.tally, name) + number for name, number in ended.items()}
        self.tally = replace(
            self.tally,
            waiting=self.tally.waiting - ended.total(),
            deferred=self.tally.deferred + deferred,
            relays={name: number + relays[name] for name, number in self.tally.relays.items()},
            **changed,
        )
        if self._work.progress is not None and time.monotonic() - self._shown >= SHOW_SECONDS:
            self._shown = time.monotonic()
            self._work.progress(self.tally)

    def _waits_on(self, request: _Record) -> bool:
        """Whether the row is to be tried again."""
        return request.entry.outcome.state is State.QUEUED or (
            request.resend and resend_allowed(self._work.policy, request.row.doubts + 1, withdrawn=False)
        )

    def _commit_patiently(self, group: Sequence[_Mark | _Record | _Call]) -> list[Any]:
        for _ in range(LOCKED_TRIES - 1):
            try:
                return self._commit(group)
            except (
                StoreLocked
            ):  # nothing of the group was written; who locks the database lets it go sometime
                continue
        return self._commit(group)

    def _commit(self, group: Sequence[_Mark | _Record | _Call]) -> list[Any]:
        now = self._work.clock()
        answers: list[Any] = [None] * len(group)
        records = [request for request in group if isinstance(request, _Record)]
        marks: dict[int, list[tuple[int, _Mark]]] = {}
        with self._database.write() as connection:
            self._append(connection, records, now)
            for place, request in enumerate(group):
                if isinstance(request, _Call):
                    answers[place] = request.act(connection)
                elif isinstance(request, _Mark):
                    marks.setdefault(request.lease.chunk_id, []).append((place, request))
            for asked in marks.values():
                entries = [(request.row.delivery_id, request.row.try_no) for _, request in asked]
                allowed = deliveries.mark(connection, asked[0][1].lease, entries, now=now)
                for place, request in asked:
                    answers[place] = request.row.delivery_id in allowed
            self._count(connection, records, now)
        if records:
            crashpoint("after-record")
        return answers

    def _append(self, connection: Connection, records: Sequence[_Record], now: datetime) -> None:
        deliveries.record(connection, [request.entry for request in records if not request.resend])
        for request in records:
            if request.resend:
                deliveries.doubt(
                    connection,
                    request.entry.delivery_id,
                    request.entry.try_no,
                    request.entry.outcome,
                    policy=self._work.policy,
                    now=now,
                    lease=request.entry.lease,
                )

    def _count(self, connection: Connection, records: Sequence[_Record], now: datetime) -> None:
        for request in records:
            if counts(request.entry.outcome):
                count(connection, self._work.dispatch_id, request.row, request.entry.outcome, now=now)
