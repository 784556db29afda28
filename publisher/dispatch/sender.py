"""One connection's work: take a row, send its message, settle what became of it; then the next.

A task waits for work, for its turn and for a connection, and deals with whatever goes wrong. While all goes well it sleeps: the next
message is made ready while the mark of this one is made, and both are handed on from call to call (`transport.Connection.send`).
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from publisher.dispatch.feed import Chunk, Overtaken
from publisher.dispatch.making import Made, Maker
from publisher.dispatch.routes import Route
from publisher.dispatch.settling import Settling
from publisher.dispatch.shared import Shared, domain_of, said, spread
from publisher.ledger import Action, Outcome, State
from publisher.store.deliveries import Row
from publisher.store.relays import Breaker, probe
from publisher.transport import Answer, Connection, Mail

__all__ = ["Sender"]

PATIENCE = 0.5
"""Seconds after which a connection that waits for its relay's turn looks again."""
PROBE = timedelta(minutes=1)
"""For how long one sender alone tries whether a relay that was left alone is well."""
SLOW_DOWN = 421
RELAYS_OWN = frozenset({"relay", "sender"})
"""What a refusal may be about that another relay need not share: its configuration, or what is thought of its addresses."""


class Sender:
    """One task, at most one connection, to one relay; `number` of its connections."""

    def __init__(self, shared: Shared, maker: Maker, route: Route, number: int) -> None:
        self._of, self._work, self._feed = shared, shared.work, shared.feed
        self._route, self._number = route, number
        self._settling = Settling(shared)
        self._maker, self._stamp = maker, route.relay.options.stamp
        self._connection: Connection | None = None
        self._era = 0
        self._proven = False
        self._ahead: Made | None = None
        self._mail: Made | None = None

    async def run(self) -> None:
        """Send until there is nothing more to begin."""
        try:
            while await self._turn():
                if not self._route.watch.in_trouble:
                    if not await self._one():
                        return
                    continue
                if self._ahead is not None:  # whoever tries the relay now may have nothing else to send
                    self._give_back()
                    await self._hang_up()  # its envelope may have left: nothing else may follow there
                # one at a time, and slower each time, until the relay answers
                async with self._route.probing:
                    if await self._may_try() and not await self._tried():
                        return
        finally:
            await self._hang_up()

    async def _tried(self) -> bool:
        """Send one message over a relay in trouble; a try that told nothing of the relay leaves nobody trying."""
        watch, key = self._route.watch, self._route.key
        era = watch.era
        went_on = await self._one()
        if watch.times and watch.era == era and not watch.pause():
            self._of.remember(key, self._work.clock(), watch.times, watch.reason)
        return went_on

    async def _one(self) -> bool:
        """Send one message; False when there is none to be begun."""
        mail = self._take_ahead() or await self._next()
        if mail is not None:
            await self._send(mail)
        return mail is not None

    async def _turn(self) -> bool:
        """Wait for room for this connection, and for this relay's share; False when the run is over."""
        while not self._of.over.is_set():
            if self._ahead is not None:
                return True
            if self._number >= self._route.room.limit:
                await self._hang_up()
            elif self._route.watch.in_trouble or self._of.routes.may_take(self._route):
                return True
            await self._moved()
        return False

    async def _moved(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._of.routes.moved.wait()
        except TimeoutError:
            pass

    async def _may_try(self) -> bool:
        """Wait until the relay in trouble may be tried; whether it is us who shall, and there is still trouble."""
        watch = self._route.watch
        while watch.in_trouble and (seconds := watch.pause()):
            if await self._of.pause(min(seconds, 1.0)):
                return False
        if not watch.times:
            return not self._of.over.is_set()
        now, key = self._work.clock(), self._route.key
        if await self._of.writer.do(lambda connection: probe(connection, key, now=now, until=now + PROBE)):
            self._of.seen[key] = Breaker(now + PROBE, watch.times, watch.reason, probing=True)
            return True
        await self._of.pause(1.0)
        return False

    def _take_ahead(self) -> Made | None:
        """The message that was made ready while the last one was sent; it goes back when the run is over."""
        if self._of.over.is_set():
            self._give_back()
        mail, self._ahead = self._ahead, None
        return mail

    def _give_back(self) -> None:
        """Let others send what was made ready here."""
        mail, self._ahead = self._ahead, None
        if mail is not None:
            self._feed.put_back(mail.chunk, mail.row)

    async def _next(self) -> Made | None:
        """A message of the feed that may be sent now."""
        while (taken := await self._feed.take()) is not None:
            chunk, row = taken
            domain = domain_of(row)
            if self._held_back(chunk, row, domain):
                continue
            if not self._of.routes.may_take(self._route):  # another connection of this relay was faster
                self._feed.put_back(chunk, row)
                await self._moved()
                continue
            if not await self._paced(chunk, row, domain):
                if self._of.over.is_set():
                    self._feed.put_back(chunk, row)
                    return None
                continue
            if (mail := self._maker.made(chunk, row, domain, stamp=self._stamp)) is not None:
                self._of.routes.took(self._route)
                return mail
        return None

    async def _paced(self, chunk: Chunk, row: Row, domain: str) -> bool:
        """Whether the rates of relay and domain let the row go; else it waits elsewhere for its domain's next slot, or all is over."""
        route = self._route
        of_domain = route.paces.get(domain)
        if of_domain is not None and not of_domain.ready() and not self._feed.crowded:
            self._feed.put_back_later(chunk, row, await of_domain.coming())
            return False
        if route.pace is not None and not route.pace.now():
            route.slow = True
            try:
                if not await route.pace.slot(self._of.pause):
                    return False
            finally:
                route.slow = False
        return of_domain is None or of_domain.now() or await of_domain.slot(self._of.pause)

    def _held_back(self, chunk: Chunk, row: Row, domain: str) -> bool:
        """Whether the row has to wait, because its domain is left alone; then that is recorded."""
        if not self._of.domains.known(domain):
            return False
        now = self._work.clock()
        held = self._of.domains.held(domain, now)
        if held is not None:
            waits = Outcome(State.QUEUED, f"held: {held.reason}", charged=False, scope="domain")
            self._settling.record(chunk, row, waits, next_at=spread(row, now, held.until))
        return held is not None

    def _look_ahead(self) -> None:
        """Choose the next message, if this connection may take one now."""
        route = self._route
        if route.watch.in_trouble:
            return
        if self._number >= route.room.limit or not self._of.routes.may_take(route):
            return
        if route.pace is not None and not route.pace.now():
            return
        taken = self._feed.take_now()
        if taken is None:
            return
        chunk, row = taken
        domain = domain_of(row)
        if self._held_back(chunk, row, domain):
            return
        of_domain = route.paces.get(domain) if route.paces else None
        if of_domain is not None and not of_domain.now():
            self._feed.put_back(chunk, row)
            return
        self._ahead = self._maker.made(chunk, row, domain, stamp=self._stamp)
        if self._ahead is not None:
            self._of.routes.took(route)

    # ------------------------------------------------------------------------------------------------- the connection

    async def _hang_up(self) -> None:
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await connection.close()
            self._of.open.discard(connection)

    async def _connected(self) -> Connection | None:
        """A new connection; None when there is none to be had now."""
        await self._hang_up()
        if self._of.over.is_set():
            return None
        self._era, self._proven = self._route.watch.era, False
        task = asyncio.create_task(self._route.relay.connect())
        self._of.opening.add(task)
        await asyncio.wait({task})
        self._of.opening.discard(task)
        if task.cancelled():
            return None
        opened = task.result()
        if isinstance(opened, Connection):
            self._connection = opened
            self._of.open.add(opened)
            return opened
        opened = self._counted(opened)
        if await self._unusable(opened):
            pass
        elif opened.action is Action.HALT:
            await self._settling.halt(opened)
        else:
            self._relay_failed(opened)
        return None

    def _relay_failed(self, outcome: Outcome) -> None:
        watch = self._route.watch
        too_often = watch.failed(self._era, said(outcome))
        self._era = watch.era
        if outcome.code == SLOW_DOWN:
            self._route.room.slowed()
        if too_often:
            self._left_alone(outcome)

    def _left_alone(self, outcome: Outcome) -> None:
        """The relay is of no use for a while: its share is the others'; if there are none, the run is over."""
        watch = self._route.watch
        until = self._work.clock() + timedelta(seconds=watch.pause())
        self._of.remember(self._route.key, until, watch.times, said(outcome))
        if not self._of.routes.left(self._route) and not self._work.wait:
            self._of.trouble = (self._route.name, said(outcome))
            self._of.end()
        self._of.routes.wake()

    def _counted(self, outcome: Outcome) -> Outcome:
        """The outcome after those before it over this relay: with one policy refusal too many there is to be no other."""
        too_many = self._route.refusals.enough(outcome)
        if (
            too_many and outcome.action is not Action.SUPPRESS
        ):  # a dead mailbox stays one; the next answer tells
            return replace(outcome, action=Action.HALT)
        return outcome

    async def _unusable(self, outcome: Outcome) -> bool:
        """Whether what no retry can help is this relay's matter only, because another one can be used, if not now then later."""
        if (
            outcome.action is not Action.HALT
            or not (
                outcome.scope in RELAYS_OWN or outcome.code is None
            )  # no code: over the size it announced
            or not self._of.routes.hopeful(self._route)
        ):
            return False
        self._route.out = True
        self._route.watch.give_up(said(outcome))
        self._left_alone(outcome)
        return True

    # ------------------------------------------------------------------------------------------------------- one row

    async def _send(self, mail: Made) -> None:
        chunk, row = mail.chunk, mail.row
        connection = self._connection
        if connection is None or not connection.usable:
            connection = await self._connected()
        if connection is None:
            self._feed.put_back(chunk, row)
            return
        if mail.shown:
            raw = await self._maker.whole(mail)
            if raw is None:
                return
            try:
                await self._feed.read_back(chunk.variant, raw)
            except Overtaken:
                self._feed.put_back(chunk, row)
                self._of.end()
                return
        self._mail = mail
        outcome = await connection.send(
            *mail.mail,
            before_body=self._signed if self._of.signers.number else None,
            before_dot=self._mark,
            following=self._following,
            accepted=self._goes_on,
        )
        mail = self._mail
        if outcome is None:
            if not self._maker.unmade(mail):
                await self._settling.passed_over(mail.chunk, mail.row)
            return
        self._judge_relay(outcome)
        outcome = self._counted(outcome)
        if outcome.action is Action.NONE and outcome.state is State.ACCEPTED:
            self._settling.accepted(mail.chunk, mail.row, mail.domain, outcome)
            return
        if await self._unusable(outcome):
            outcome = replace(outcome, action=Action.RECONNECT)
        await self._settling.settle(mail.chunk, mail.row, outcome, marked=connection.marked)

    def _goes_on(self, outcome: Outcome) -> bool:
        """The message at hand was accepted, and the next one is awaited: that goes out at once, unless there is something to be seen to first."""
        mail, ahead = self._mail, self._ahead
        if (
            mail is None
            or ahead is None
            or ahead.shown
            or self._of.over.is_set()
            or self._route.refusals.some
        ):
            return False
        self._judge_relay(outcome)
        self._route.refusals.enough(outcome)
        self._settling.accepted(mail.chunk, mail.row, mail.domain, outcome)
        self._mail, self._ahead = ahead, None
        return True

    def _signed(self, answer: Answer) -> None:
        """Let the body of the message at hand go once it is signed; never, if it cannot be."""
        signature = self._mail.signature if self._mail is not None else None
        if signature is None:
            answer(True)
        else:
            signature.when_done(answer)

    def _mark(self, answer: Answer) -> None:
        """The mark of the message at hand."""
        mail = self._mail
        if mail is None:
            answer(False)
            return
        self._of.writer.mark(mail.chunk.lease, mail.row, answer)

    def _following(self) -> Mail | None:
        """What is sent next, whose envelope then travels with the dot; nothing more is begun once the run is over."""
        if self._of.over.is_set():
            return None
        if self._ahead is None:
            self._look_ahead()
        return None if self._ahead is None else self._ahead.mail

    def _judge_relay(self, outcome: Outcome) -> None:
        """What the outcome says about the relay. A session that did its work may end; one that never did is a failure."""
        if outcome.state is State.ACCEPTED:
            self._well()
            if self._route.room.accepted():
                self._of.routes.wake()
            return
        broke = outcome.action is Action.RECONNECT or outcome.code == SLOW_DOWN
        turned_away = outcome.action is Action.SLOW and outcome.scope == "relay"
        if turned_away or (broke and not self._proven):
            self._relay_failed(outcome)
        elif not broke and outcome.code is not None:
            self._well()
        elif outcome.code == SLOW_DOWN:
            self._route.room.slowed()

    def _well(self) -> None:
        """A real answer came over this connection."""
        self._proven = True
        if self._route.watch.well():
            self._of.forget(self._route.key)
            self._of.routes.wake()
