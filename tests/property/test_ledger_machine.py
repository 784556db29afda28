"""The real ledger on SQLite, driven at random beside a model of connections and of a server that keeps what it accepts.

Rules: claim, mark, dot, reply, cut, close, release, kill, recover (also of a worker that is not dead), unsubscribe, pause, resume,
cancel, revise, tick, expire, resolve, retry. After every step:
L  nobody is lost: who waits is in an open chunk, who is at the dot is in the hands of a worker, who is accepted has a copy;
D  nobody gets a second copy without a doubt recorded before it, and never of another revision;
S  nobody is marked who had left before;
R  the report adds up, and a row moves by legal moves only.
At the end everybody who is left alive is sent to, and nobody waits.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select, text

from publisher.ledger import DispatchState, Outcome, Phase, Policy, State, lost
from publisher.store import deliveries, schema
from publisher.store.db import open_database
from publisher.store.deliveries import Lease
from subscribers import audience
from tests.ledgerbox import (
    ACCEPTED,
    DEFERRED,
    DIGEST,
    DISPATCH,
    NOW,
    REFUSED,
    addr_key,
    entry,
    freeze,
    hire,
)
from tests.ledgermodel import (
    AT_DOT_AND_HELD,
    AT_THE_DOT,
    MARKED,
    OPEN_CHUNKS,
    ORPHANS,
    READY,
    Hand,
    Worker,
    reachable,
    template,
)

VARIANTS = ("en", "en", "en", "fa", "fa", "he")
WAITING = {State.QUEUED, State.CLAIMED}


class LedgerMachine(RuleBasedStateMachine):
    """See the top of the file."""

    @initialize(policy=st.sampled_from(Policy))
    def begin(self, policy: Policy) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="publisher-ledger-"))
        shutil.copy(template(), self.folder / "ledger.sqlite3")
        self.database = open_database(f"sqlite:///{self.folder / 'ledger.sqlite3'}")
        self.now = NOW
        self.workers: list[Worker] = []
        self.hired = 0
        self.revision = 1
        self.copies: list[tuple[int, int]] = []  # (delivery, revision) of every message the server accepted
        self.gone: set[int] = set()
        self.by_hand: set[int] = set()
        self.retried: set[int] = set()
        self.states: dict[int, State] = {}
        with self.database.write() as connection:
            freeze(connection, VARIANTS, policy=policy.value)
            rows = connection.execute(select(schema.delivery.c.id, schema.delivery.c.subscriber_id))
            self.reader = {row.id: row.subscriber_id for row in rows}
        self.number = {delivery_id: number for number, delivery_id in enumerate(sorted(self.reader), 1)}

    # ------------------------------------------------------------------------------------------------------- helpers

    def write(self, act: Any, *args: Any, **kwargs: Any) -> Any:
        with self.database.write() as connection:
            return act(connection, *args, **kwargs)

    def head(self) -> Any:
        with self.database.read() as connection:
            return deliveries.get_dispatch(connection, DISPATCH)

    def pick(self, data: Any, step: str | None = None) -> tuple[Worker, Hand]:
        hands = [
            (worker, hand) for worker in self.workers for hand in worker.hands if step in {None, hand.step}
        ]
        return data.draw(st.sampled_from(hands))

    def holding(self, *steps: str) -> bool:
        return any(hand.step in steps for worker in self.workers for hand in worker.hands)

    def finish(
        self, worker: Worker, hand: Hand, outcome: Outcome, *, next_at: datetime | None = None
    ) -> None:
        more = {"next_at": next_at} if next_at else {}
        self.write(deliveries.record, [entry(hand.lease, hand.row, outcome, at=self.now, **more)])
        worker.hands.remove(hand)

    # --------------------------------------------------------------------------------------------------- the senders

    @precondition(lambda self: len(self.workers) < 3)
    @rule()
    def start(self) -> None:
        self.hired += 1
        worker = Worker(f"W{self.hired}")
        self.write(hire, worker.id)
        self.workers.append(worker)

    @precondition(lambda self: self.workers)
    @rule(data=st.data())
    def claim(self, data: Any) -> None:
        worker = data.draw(st.sampled_from(self.workers))
        of = data.draw(st.sampled_from([None, DISPATCH]))
        lease = self.write(deliveries.claim, worker.id, now=self.now, dispatch_id=of)
        if lease is None:
            return
        assert not worker.recovered, "a worker that was taken for dead gets nothing more"
        assert self.head().state == DispatchState.SENDING
        worker.leases.append(lease)
        worker.hands += [Hand(lease, row) for row in lease.rows]

    @precondition(lambda self: self.holding(READY))
    @rule(data=st.data())
    def mark(self, data: Any) -> None:
        worker, first = self.pick(data, READY)
        group = [
            h
            for h in worker.hands
            if h.step == READY and h.lease is first.lease and (h is first or data.draw(st.booleans()))
        ]
        lease, head = first.lease, self.head()
        may_go = self.write(
            deliveries.mark, lease, [(h.row.delivery_id, h.row.try_no) for h in group], now=self.now
        )
        if may_go:
            assert not worker.recovered
            assert (head.state, head.revision) == (DispatchState.SENDING, lease.revision)
            assert head.expires_at > self.now
            assert may_go.isdisjoint(self.gone), "S: marked after having left"
        for hand in group:
            if hand.row.delivery_id in may_go:
                hand.step = MARKED
                continue
            if hand not in worker.hands:  # the lease was found lost by another row of it
                continue
            with self.database.read() as connection:
                what, why = deliveries.why_refused(connection, lease, hand.row.delivery_id, now=self.now)
            if what == "not-ours":
                if lease in worker.leases:
                    self.give_back(worker, lease)
                continue
            self.finish(worker, hand, Outcome(State(what), why, charged=False))

    @precondition(lambda self: self.holding(MARKED))
    @rule(data=st.data(), code=st.sampled_from([250, 250, 250, 451, 550]), heard=st.booleans())
    def dot(self, data: Any, code: int, heard: bool) -> None:
        """The server has the whole message: what it accepts it keeps, whether we hear of it or not."""
        _, hand = self.pick(data, MARKED)
        hand.step = AT_THE_DOT
        said = {250: ACCEPTED, 451: DEFERRED, 550: REFUSED}[code]
        hand.answer = said if heard or code != 250 else None
        if code == 250:
            self.copies.append((hand.row.delivery_id, hand.lease.revision))

    @precondition(lambda self: self.holding(AT_THE_DOT))
    @rule(data=st.data())
    def reply(self, data: Any) -> None:
        worker, hand = self.pick(data, AT_THE_DOT)
        if hand.answer is None:
            self.doubt(worker, hand)
        else:
            self.finish(worker, hand, hand.answer)

    @precondition(lambda self: self.holding(READY, MARKED, AT_THE_DOT))
    @rule(data=st.data())
    def cut(self, data: Any) -> None:
        worker, hand = self.pick(data)
        if hand.step == AT_THE_DOT:
            self.doubt(worker, hand)
        elif hand.step == MARKED:
            self.finish(worker, hand, lost(Phase.BODY, why="connection lost"), next_at=self.now)

    def doubt(self, worker: Worker, hand: Hand) -> None:
        outcome = lost(Phase.DOT, why="connection lost")
        policy = Policy(self.head().policy)
        row, lease = hand.row, hand.lease
        self.write(
            deliveries.doubt, row.delivery_id, row.try_no, outcome, policy=policy, now=self.now, lease=lease
        )
        worker.hands.remove(hand)

    @precondition(lambda self: any(worker.leases for worker in self.workers))
    @rule(data=st.data(), early=st.booleans())
    def let_go(self, data: Any, early: bool) -> None:
        """Close a chunk that is worked through, or give one back before that."""
        worker = data.draw(st.sampled_from([worker for worker in self.workers if worker.leases]))
        lease = data.draw(st.sampled_from(worker.leases))
        steps = {hand.step for hand in worker.hands if hand.lease is lease}
        if not steps:
            assert self.write(deliveries.close_chunk, lease) == (not worker.recovered)
            worker.drop(lease)
        elif early:
            self.give_back(worker, lease)

    def give_back(self, worker: Worker, lease: Lease) -> None:
        steps = {hand.step for hand in worker.hands if hand.lease is lease}
        released = self.write(deliveries.release, lease)
        if steps <= {READY}:
            assert released == (not worker.recovered)
            worker.drop(lease)
        else:
            assert not released, "a chunk with a row at the dot stays in its worker's hands"

    @precondition(lambda self: any(not worker.dead for worker in self.workers))
    @rule(data=st.data())
    def kill(self, data: Any) -> None:
        worker = data.draw(st.sampled_from([worker for worker in self.workers if not worker.dead]))
        worker.dead, worker.leases, worker.hands = True, [], []

    @precondition(lambda self: self.workers)
    @rule(data=st.data(), wrongly=st.booleans())
    def recover(self, data: Any, wrongly: bool) -> None:
        """The dead are recovered; one of the living too, when its lock was lost behind its back."""
        taken = [worker for worker in self.workers if worker.dead]
        if wrongly:
            taken.append(data.draw(st.sampled_from(self.workers)))
        self.write(deliveries.recover, [worker.id for worker in taken], now=self.now)
        for worker in taken:
            worker.recovered = True
        self.workers = [worker for worker in self.workers if not worker.dead]

    # ------------------------------------------------------------------------------------------- readers and people

    @rule(data=st.data(), how=st.sampled_from(["leave", "suppress", "erase"]))
    def unsubscribe(self, data: Any, how: str) -> None:
        delivery_id = data.draw(st.sampled_from(sorted(self.reader)))
        who, told = self.reader[delivery_id], {"actor": "test", "now": self.now}
        if how == "leave":
            self.write(audience.leave, who, digest=DIGEST, **told)
        elif how == "suppress":
            self.write(audience.suppress, addr_key(self.number[delivery_id]), "complained", **told)
        else:
            self.write(deliveries.forget, [who], self.write(audience.erase, who, **told))
        self.gone.add(delivery_id)

    @rule()
    def pause(self) -> None:
        sending = self.head().state == DispatchState.SENDING
        assert self.write(deliveries.pause, DISPATCH) == sending

    @rule()
    def resume(self) -> None:
        cancelled = self.head().state == DispatchState.CANCELLED
        assert self.write(deliveries.resume, DISPATCH) != cancelled

    @rule(sure=st.integers(0, 9))
    def cancel(self, sure: int) -> None:
        if sure == 9:
            self.write(deliveries.cancel, DISPATCH, actor="test", why="enough", now=self.now)

    @rule()
    def revise(self) -> None:
        """A story of the edition is killed: the dispatch halts, and goes on without it."""
        self.write(deliveries.halt, DISPATCH, reason="kill", detail="a story was withdrawn")
        self.revision += 1
        self.write(deliveries.revise, DISPATCH, self.revision, now=self.now)
        self.write(deliveries.resume, DISPATCH)

    @rule(minutes=st.sampled_from([1, 6, 60, 600]))
    def tick(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule()
    def expire(self) -> None:
        self.write(deliveries.expire, now=self.now)

    @rule(verdict=st.sampled_from([State.ACCEPTED, State.FAILED, State.QUEUED]))
    def resolve(self, verdict: State) -> None:
        self.write(deliveries.resolve, DISPATCH, verdict, deliveries=(), actor="test", now=self.now)
        if verdict is not State.QUEUED:  # those in doubt, also who waits to be sent again
            settled = select(schema.outcome.c.delivery_id).where(schema.outcome.c.actor == "test")
            with self.database.read() as connection:
                self.by_hand |= set(
                    connection.execute(settled.where(schema.outcome.c.state == verdict)).scalars()
                )

    @rule()
    def retry(self) -> None:
        self.retried |= {row for row, state in self.states.items() if state is State.FAILED}
        self.write(deliveries.retry_failed, DISPATCH, actor="test", now=self.now)

    # ----------------------------------------------------------------------------------------------------- invariants

    @invariant()
    def holds(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.read() as connection:
            view = schema.delivery_state
            rows = connection.execute(select(view.c.delivery_id, view.c.state)).all()
            counts = deliveries.counts(connection, DISPATCH)
            tries = connection.execute(select(schema.note.c.delivery_id, schema.note.c["try"])).all()
            doubts = connection.execute(
                text(
                    "SELECT o.delivery_id FROM outcome o JOIN note n ON n.delivery_id = o.delivery_id"
                    ' AND n."try" = o."try" WHERE o.state = \'uncertain\''
                )
            ).scalars()
            doubted = Counter(doubts)
            open_chunks = set(connection.execute(text(OPEN_CHUNKS)).scalars())
            held = set(connection.execute(text(AT_DOT_AND_HELD)).scalars())
            orphans = connection.execute(text(ORPHANS)).scalar_one()
        states = {row.delivery_id: State(row.state) for row in rows}
        copied = Counter(delivery_id for delivery_id, _ in self.copies)
        assert counts.planned == len(VARIANTS) == len(states)
        assert counts.accepted == sum(state is State.ACCEPTED for state in states.values())
        assert len(set(tries)) == len(tries)
        assert not orphans, "a lease without a registered worker is nobody's to recover"
        for delivery_id, state in states.items():
            if state in WAITING:
                assert delivery_id in open_chunks, "L: it waits, and no open chunk names it"
            if state is State.COMMITTING:
                assert delivery_id in held, "L: at the dot, and in nobody's hands"
            if state is State.ACCEPTED and delivery_id not in self.by_hand:
                assert copied[delivery_id], "L: accepted, and the server has nothing"
            assert copied[delivery_id] <= 1 + doubted[delivery_id] + self.retries(delivery_id), (
                "D: unmarked copy"
            )
            if delivery_id not in self.by_hand:
                revisions = {revision for copy, revision in self.copies if copy == delivery_id}
                assert len(revisions) <= 1, "D: a copy of another revision"
            before = self.states.get(delivery_id, State.QUEUED)
            if before is not State.FAILED or delivery_id in self.retried:
                assert state in reachable(before), f"R: from {before} to {state}"
            else:
                assert state is State.FAILED, f"R: from failed to {state}, and nobody asked for it"
        self.states = states

    def retries(self, delivery_id: int) -> int:
        """Who was called failed by hand, or failed and was tried again by hand, may get it anew: the person said so."""
        return len(self.copies) if delivery_id in self.by_hand & self.retried else 0

    def teardown(self) -> None:
        if not hasattr(self, "database"):
            return
        try:
            self.send_the_rest()
        finally:
            self.database.close()
            shutil.rmtree(self.folder)

    def send_the_rest(self) -> None:
        """Everybody dies, one comes and works alone until nothing is due any more: then nobody waits."""
        self.write(deliveries.recover, [worker.id for worker in self.workers], now=self.now)
        self.write(deliveries.resume, DISPATCH, expires_at=self.now + timedelta(days=1))
        self.write(hire, "LAST")
        for _ in range(200):
            lease = self.write(deliveries.claim, "LAST", now=self.now)
            if lease is None:
                with self.database.read() as connection:
                    due = deliveries.next_due(connection, DISPATCH)
                if due is None or due <= self.now:
                    break
                self.now = due
                continue
            asked = [(row.delivery_id, row.try_no) for row in lease.rows]
            may_go = self.write(deliveries.mark, lease, asked, now=self.now)
            assert may_go.isdisjoint(self.gone)
            for row in lease.rows:
                left = Outcome(State.SUPPRESSED, "left", charged=False)
                outcome = ACCEPTED if row.delivery_id in may_go else left
                self.copies += [(row.delivery_id, lease.revision)] if row.delivery_id in may_go else []
                self.write(deliveries.record, [entry(lease, row, outcome, at=self.now)])
            assert self.write(deliveries.close_chunk, lease)
        self.holds()
        with self.database.read() as connection:
            assert deliveries.counts(connection, DISPATCH).waiting == 0, "L: somebody waits for ever"


TestLedger = LedgerMachine.TestCase
TestLedger.settings = settings(
    max_examples=60,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
