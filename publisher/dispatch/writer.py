"""The one writer of a run: marks, outcomes and leases of all connections, committed in groups as they come.

No timer: whatever queues up while one commit runs goes into the next. Of a group outcomes are written first, then what else was
asked for, then marks, so an outcome is durable no later than the next mark of the same connection: nobody waits for outcomes, and a
crash leaves at most one row per connection in doubt. A commit that is quick, as on a SQLite file whose lock is free, is made where
the connections run, for whom there is little else to do: handing it to a thread and back costs more than all its statements. One that
may take its time (a slow disk, a database elsewhere, a lock that somebody holds, an act that was asked for) is made in a thread. What comes next
is prepared by another thread while the connections' own one waits for the disk (`beside`), and what takes longer than that, or has no such time, once the dots of a group
have left, when the relay has not answered yet (`spare`). After a failed commit nothing more is written: a failed fsync is not retried,
the rows at the dot stay as they are, and recovery settles them. Only a lock held by another program is waited for.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Container, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection

from publisher.crash import crashpoint
from publisher.dispatch.counting import count, counts
from publisher.dispatch.work import Work
from publisher.errors import StoreLocked
from publisher.ledger import Counts, Outcome, State, Tally, resend_allowed
from publisher.store import deliveries
from publisher.store.db import Database
from publisher.store.deliveries import Lease, Recorded, Row
from publisher.transport import Answer

__all__ = ["Writer"]

T = TypeVar("T")

LOCKED_TRIES = 6
"""How often a group waits for the write lock: with its 10 seconds, a minute."""
TURNS = 5
"""Turns of the event loop before a group is taken, unless every connection has asked by then: who was just answered can ask again where
the relay is quick, and groups are half as many. What a commit costs is mostly the same for one row and for twenty."""
QUICK_SECONDS = 0.02
"""A commit that took no longer is quick, and so, most likely, is the next."""
SHOW_SECONDS = 0.1


_Mark = tuple[Lease, Row, Answer]
"""A mark that is asked for, and where to answer. Plain tuples: one of each kind is made for every mail."""
_Record = tuple[Row, Outcome, Lease, datetime | None, bool, Callable[[], None]]
"""An outcome with its lease, when its row is tried again, whether it is a doubt that may be sent again, and whom to tell."""


class _Call(NamedTuple):
    act: Callable[[Connection], Any]
    answer: asyncio.Future[Any]
    short: bool = False


@dataclass(slots=True, eq=False)
class _Group:
    """What goes into one commit: outcomes first, then calls, then marks."""

    marks: list[_Mark] = field(default_factory=list)
    records: list[_Record] = field(default_factory=list)
    calls: list[_Call] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.marks or self.records or self.calls)

    def fail(self, error: Exception) -> None:
        """Tell whoever waits."""
        for _, _, told in self.marks:
            told(error)
        for call in self.calls:
            if not call.answer.done():
                call.answer.set_exception(error)


class Writer:
    """Commits for one run, and the running count; the report at the end is read from the ledger.

    `connections`: how many may ask at once. `beside` and `spare` are told, for each commit, how many ask for their mark:
    one in some thread, while nothing else of the run goes on, the other on the loop.
    """

    def __init__(
        self,
        database: Database,
        work: Work,
        tally: Counts,
        *,
        connections: int,
        relays: Sequence[str] = (),
    ) -> None:
        self._database, self._work, self._connections = database, work, connections
        self._before, self._deferred = tally, 0
        self._taken = Counter(dict.fromkeys(relays, 0))
        self._ended: Counter[str] = Counter()
        self._coming = _Group()
        self._something = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._finished = False
        self._broken: Exception | None = None
        self._thread = ThreadPoolExecutor(1, "ledger")
        self._other = ThreadPoolExecutor(1, "beside")  # a thread that also commits is slower to be there
        self._quick = database.path is not None
        self._shown = 0.0
        self.beside: Callable[[int], None] = lambda _: None
        self.spare: Callable[[int], None] = lambda _: None
        self._prepared: Future[None] | None = None

    # ------------------------------------------------------------------------------------------------------- requests

    def mark(self, lease: Lease, row: Row, answer: Answer) -> None:
        """Ask whether the row may be sent now; if so it is durably marked."""
        if self._broken is not None:
            answer(self._broken)
            return
        marks = self._coming.marks
        if not marks:
            self._something.set()
        marks.append((lease, row, answer))

    def record(
        self,
        row: Row,
        outcome: Outcome,
        *,
        lease: Lease,
        next_at: datetime | None,
        resend: bool,
        settled: Callable[[], None],
    ) -> None:
        """Append an outcome; `settled` is called when it is durable. `resend`: a doubt that may be sent again.

        Once the ledger is broken nothing is appended any more: the row stays at the dot, and recovery settles it.
        """
        records = self._coming.records
        if not records:
            self._something.set()
        records.append((row, outcome, lease, next_at, resend, settled))

    async def do(self, act: Callable[[Connection], T], *, short: bool = False) -> T:
        """Carry out `act` in the next commit, and give back what it gives. `short`: it takes no longer than marks do."""
        answer: asyncio.Future[T] = self._loop.create_future()
        self._open().calls.append(_Call(act, answer, short))
        return await answer

    def later(self, act: Callable[[Connection], object]) -> None:
        """Carry out `act` in the next commit; nobody waits for it."""
        answer: asyncio.Future[object] = self._loop.create_future()
        answer.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._open().calls.append(_Call(act, answer))

    def finish(self) -> None:
        """No more is coming: commit what is queued, and end."""
        self._finished = True
        self._something.set()

    def _open(self) -> _Group:
        """The group that is being gathered."""
        if self._broken is not None:
            raise self._broken
        self._something.set()
        return self._coming

    # ---------------------------------------------------------------------------------------------------- the writing

    async def run(self) -> None:
        """Commit groups until `finish`; raises what broke the ledger, after telling everybody who waits for it."""
        group = _Group()
        try:
            while self._coming or not self._finished:
                await self._something.wait()
                self._something.clear()
                for _ in range(TURNS):
                    await asyncio.sleep(0)
                    if len(self._coming.marks) >= self._connections:
                        break
                group, self._coming = self._coming, _Group()
                if group:
                    self._tell(group, *await self._committed(group))
                    told, group = len(group.marks), _Group()
                    self._prepare(told)
        except Exception as error:
            self._broken = error
            group.fail(error)
            self._coming.fail(error)
            raise
        finally:
            self._thread.shutdown(wait=False)
            self._other.shutdown(wait=False)

    async def _committed(self, group: _Group) -> tuple[Container[int], Sequence[Any]]:
        """Which deliveries were marked, and what the calls gave."""
        if self._quick and all(call.short for call in group.calls):
            try:
                return self._commit(group, wait=False)
            except StoreLocked:  # nothing of it was written
                pass
        return await self._loop.run_in_executor(self._thread, self._commit_patiently, group)

    def _prepare(self, told: int) -> None:
        """See that what comes next is prepared, unless that was done beside the commit, or will be beside the next one."""
        prepared, self._prepared = self._prepared, None
        if prepared is not None and not prepared.cancelled():
            prepared.result()
        elif not self._quick:
            self.beside(told)
        self.spare(told)

    def _tell(self, group: _Group, allowed: Container[int], answers: Sequence[Any]) -> None:
        for _, row, told in group.marks:
            told(row.delivery_id in allowed)
        for call, answer in zip(group.calls, answers, strict=True):
            if not call.answer.done():
                call.answer.set_result(answer)
        if group.records:
            self._reckon(group.records)
        if self._work.progress is not None and time.monotonic() - self._shown >= SHOW_SECONDS:
            self._shown = time.monotonic()
            self._work.progress(self.tally)

    @property
    def tally(self) -> Tally:
        """What stands in the ledger, as far as this run knows."""
        before = asdict(self._before)
        changed = {name: before[name] + number for name, number in self._ended.items()}
        changed["accepted"] = before["accepted"] + self._taken.total()
        changed["waiting"] = before["waiting"] - self._ended.total() - self._taken.total()
        return Tally(**before | changed, deferred=self._deferred, relays=dict(self._taken))

    def _reckon(self, records: Sequence[_Record]) -> None:
        for row, what, _, _, resend, settled in records:
            settled()
            if what.state is State.ACCEPTED:
                self._taken[what.relay or ""] += 1
                continue
            self._deferred += what.state is State.QUEUED
            if not self._waits_on(row, what, resend=resend):
                self._ended[what.state.value] += 1

    def _waits_on(self, row: Row, what: Outcome, *, resend: bool) -> bool:
        """Whether the row is to be tried again."""
        return what.state is State.QUEUED or (
            resend and resend_allowed(self._work.policy, row.doubts + 1, withdrawn=False)
        )

    def _commit_patiently(self, group: _Group) -> tuple[Container[int], Sequence[Any]]:
        for _ in range(LOCKED_TRIES - 1):
            try:
                return self._commit(group)
            except (
                StoreLocked
            ):  # nothing of the group was written; who locks the database lets it go sometime
                continue
        return self._commit(group)

    def _commit(self, group: _Group, *, wait: bool = True) -> tuple[Container[int], Sequence[Any]]:
        """Write the group. Without `wait` StoreLocked at once where somebody else is writing."""
        now, began = self._work.clock(), time.monotonic()
        marks: dict[int, tuple[Lease, list[tuple[int, int]]]] = {}  # by the very lease
        for lease, row, _ in group.marks:
            marks.setdefault(id(lease), (lease, []))[1].append((row.delivery_id, row.try_no))
        allowed: set[int] = set()
        with ExitStack() as committed, self._database.write(wait=wait) as connection:
            if group.records:
                self._append(connection, group.records, now)
            answers = [call.act(connection) for call in group.calls]
            for lease, entries in marks.values():
                allowed |= deliveries.mark(connection, lease, entries, now=now)
            self._count(connection, group.records, now)
            if not wait:  # the connections wait with us
                self._prepared = self._other.submit(self.beside, len(group.marks))
                committed.callback(_ended, self._prepared)
        if group.records:
            crashpoint("after-record")
        self._quick = self._database.path is not None and time.monotonic() - began < QUICK_SECONDS
        return allowed, answers

    def _append(self, connection: Connection, records: Sequence[_Record], now: datetime) -> None:
        """All at once but doubts, each of which may be sent again. Their time is that of the group."""
        entries: list[Recorded] = []
        doubts: list[Recorded] = []
        for row, what, lease, next_at, resend, _ in records:
            # a tuple's own way, which takes a quarter of the time
            entry = Recorded._make((row.delivery_id, row.try_no, what, now, next_at, None, lease))
            (doubts if resend else entries).append(entry)
        deliveries.record(connection, entries)
        for entry in doubts:
            deliveries.doubt(
                connection,
                entry.delivery_id,
                entry.try_no,
                entry.outcome,
                policy=self._work.policy,
                now=now,
                lease=entry.lease,
            )

    def _count(self, connection: Connection, records: Sequence[_Record], now: datetime) -> None:
        for row, what, *_ in records:
            if what.kind is not None and counts(what):
                count(connection, self._work.dispatch_id, row, what, now=now)


def _ended(work: Future[None]) -> None:
    """Nothing of it is done from now on: what has not begun never does, what has is waited for."""
    if not work.cancel():
        work.exception()
