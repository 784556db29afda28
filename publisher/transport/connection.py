"""An open session with a relay: one message after the other, each to its outcome.

Where PIPELINING (RFC 2920) is announced, MAIL, RCPT and DATA leave together, and with the dot of the message before if the next
one is known by then: one journey for each message instead of four. Elsewhere each command waits for its answer. Every answer is
read, and belongs to the command that it answers by its place. A message that was announced with a dot and is not sent after
all costs nothing but the connection: nobody can take DATA back.

An envelope is asked for by a task, which may wait in many places. From the 354 on a message goes by itself, from call to call as the
wire, the kernel and the ledger answer: body, mark, dot, reply. As long as all is welcome the next one begins in the very call in
which the reply came, and no task wakes up; whatever else happens is the task's again. Once a server has taken a mail, the end of a body may
travel with its dot, which is a packet less (on one machine, where a packet holds 64 KB, all of it); of the first mail of a connection every byte is on its
way before the mark, so that a server that cuts or refuses each body puts nobody in doubt.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from publisher.crash import crashpoint
from publisher.ledger import SESSION_ENDED, Action, Outcome, Phase, Reply, State, classify, lost
from publisher.transport.commands import Offer
from publisher.transport.mail import Answer, Mail, blocks, enough, nobody
from publisher.transport.options import Envelope, RelayOptions
from publisher.transport.wire import Broken, Wire

__all__ = ["Connection"]

DOT = b".\r\n"
BAD_SEQUENCE = 503

_LISTEN = Outcome(State.QUEUED, "what the server says is to be listened to")
"""No outcome of a message, but a word to the task."""


class Connection:
    """Used for one message after the other, by one task at a time. `marked`: the message at hand has its mark."""

    def __init__(self, wire: Wire, options: RelayOptions, extensions: Mapping[str, str]) -> None:
        self._wire, self._options, self._limits = wire, options, options.limits
        self._offer = Offer(extensions, options.name)
        self._used, self._opened = 0, time.monotonic()
        self._untidy = self._proven = False
        self._announced: tuple[Envelope, Sequence[bytes], int] | None = None
        self._blocks: Iterator[tuple[Sequence[bytes], int]] = iter(())
        self.marked = False
        self._ending: asyncio.Future[Outcome | None] | None = None
        self._before_body: Callable[[Answer], None] | None = None
        self._before_dot: Callable[[Answer], None] = lambda answer: answer(False)
        self._following: Callable[[], Mail | None] = nobody
        self._accepted: Callable[[Outcome], bool] = enough

    @property
    def usable(self) -> bool:
        """Whether another message may go over it."""
        return self._wire.alive and (self._announced is not None or self._has_room)

    @property
    def looks_ahead(self) -> bool:
        """Whether the message after this one could be announced with its dot."""
        return self._offer.pipelines and self._has_room

    @property
    def _has_room(self) -> bool:
        young = time.monotonic() - self._opened < self._options.lifetime
        return young and self._used < self._options.messages

    async def send(
        self,
        envelope: Envelope,
        message: Sequence[bytes],
        *,
        before_dot: Callable[[Answer], None],
        before_body: Callable[[Answer], None] | None = None,
        following: Callable[[], Mail | None] = nobody,
        accepted: Callable[[Outcome], bool] = enough,
    ) -> Outcome | None:
        """Send one message, and those that follow as long as `accepted` takes them up.

        `before_body` is asked when the server waits for the message, whose size is known, `before_dot` when the body is written. Both
        may take their time: True lets body or dot go, False closes the connection without it; an error, too, and is raised here. `following` is asked for the message to be sent next just
        before the dot leaves; whoever names one sends that very envelope next over this connection, or closes it.
        `accepted` is told that a message was taken with whose dot another one was announced: if it says True the outcome is
        settled, that one is the message at hand now, and its body leaves as soon as it is welcome.
        Returns the outcome of the message at hand, or None when one of them said no (nothing was delivered then).
        """
        size = sum(map(len, message))
        self.marked = False
        self._before_body, self._before_dot = before_body, before_dot
        self._following, self._accepted = following, accepted
        while True:
            outcome = None if self._welcomed(envelope) else await self._introduced(envelope, message, size)
            if outcome is not None:
                break
            self._ending = asyncio.get_running_loop().create_future()
            self._begin(message, size)
            outcome = await self._ending
            if outcome is not _LISTEN or self._announced is None:
                break
            envelope, message, size = self._announced
            self.marked = False
        return outcome if outcome is None or outcome.relay else outcome.by(self._options.name)

    def abort(self) -> None:
        """Drop the connection at once: who waits for a reply gets an outcome, in doubt if the dot has left."""
        self._wire.end("we hung up")

    async def close(self) -> None:
        """Say QUIT, unless the server waits for a message, and go; whatever happens then changes no outcome."""
        try:
            if self._wire.alive and self._announced is None:
                await self._wire.ask(b"QUIT\r\n", self._limits.quit)
        except Broken:
            pass
        finally:
            self._wire.end("closed")

    # --------------------------------------------------------------------------------------------------- the envelope

    def _welcomed(self, envelope: Envelope) -> bool:
        """Whether it was announced with the last dot and all of it is welcome, so that nothing is to be waited for."""
        if self._announced is None or self._announced[0] is not envelope or not self._wire.welcomes:
            return False
        self._taken_up()
        return True

    def _taken_up(self) -> None:
        """The message that was announced, and is welcome, is the one at hand."""
        self._announced, self.marked = None, False
        self._wire.take_welcome()
        crashpoint("after-mail", "after-rcpt", "after-data")

    async def _introduced(self, envelope: Envelope, message: Sequence[bytes], size: int) -> Outcome | None:
        """Name sender and recipient; None when the server waits for the message."""
        announced = self._announced is not None and self._announced[0] is envelope
        if not announced and (refusal := self._offer.unsendable(envelope, message, size)) is not None:
            return refusal
        if self._offer.pipelines:
            return await self._together(envelope, message, size)
        return await self._step_by_step(envelope, message, size)

    def _steps(self) -> tuple[tuple[Phase, float, int], ...]:
        """The phases of an envelope, their limits, and the first digit of a good answer."""
        limits = self._limits
        return (Phase.MAIL, limits.command, 2), (Phase.RCPT, limits.command, 2), (Phase.DATA, limits.data, 3)

    async def _step_by_step(self, envelope: Envelope, message: Sequence[bytes], size: int) -> Outcome | None:
        """MAIL, RCPT, DATA, each after the answer to the one before; None when the server waits for the message."""
        self._used += 1
        if self._untidy:
            try:
                self._wire.say(b"RSET\r\n")
            except Broken as broken:
                return self._lost(Phase.MAIL, broken)
            if (trouble := await self._tidied()) is not None:
                return trouble
        commands = self._offer.commands(envelope, message, size).splitlines(keepends=True)
        for command, (phase, seconds, wanted) in zip(commands, self._steps(), strict=True):
            try:
                reply = await self._wire.ask(command, seconds)
            except Broken as broken:
                return self._lost(phase, broken)
            if reply.code // 100 != wanted:
                return self._turned_away(phase, reply)
            crashpoint(f"after-{phase}")
        return None

    async def _together(self, envelope: Envelope, message: Sequence[bytes], size: int) -> Outcome | None:
        """The same in one journey, which may be under way since the last dot."""
        announced, self._announced = self._announced, None
        if announced is None:
            untidy = self._untidy
            try:
                self._announce(envelope, message, size, after=b"RSET\r\n" if untidy else b"")
            except Broken as broken:
                return self._lost(Phase.MAIL, broken)
            self._announced = None
            if untidy and (trouble := await self._tidied()) is not None:
                return trouble
        elif announced[0] is not envelope:
            self._wire.end("another message was announced")
            return lost(Phase.MAIL, why="another message was announced")
        return await self._three_answers()

    def _announce(self, envelope: Envelope, message: Sequence[bytes], size: int, *, after: bytes) -> None:
        """Write the envelope behind something else that is answered; Broken when it cannot arrive."""
        self._used += 1
        self._wire.say(after + self._offer.commands(envelope, message, size), answers=3 + bool(after))
        self._announced = envelope, message, size

    async def _three_answers(self) -> Outcome | None:
        """Every status is read; the first refusal counts."""
        said: dict[Phase, Reply] = {}
        refused: Phase | None = None
        for phase, seconds, wanted in self._steps():
            try:
                said[phase] = await self._wire.answer(seconds)
            except Broken as broken:
                return self._turned_away(refused, said[refused]) if refused else self._lost(phase, broken)
            if said[phase].code // 100 != wanted:
                refused = refused or phase
            elif refused is None:
                crashpoint(f"after-{phase}")
            if said[phase].code == 421:
                self._wire.end("closed after 421")
                break
        if (trouble := self._out_of_step(said, refused)) is not None or refused is None:
            return trouble
        outcome = self._turned_away(refused, said[refused])
        if Phase.DATA in said and said[Phase.DATA].code < 400:
            await self._nothing(named=said[Phase.RCPT].code < 400)
        return outcome

    def _out_of_step(self, said: Mapping[Phase, Reply], refused: Phase | None) -> Outcome | None:
        """Where it is not known which answer belongs to which command, nothing is believed; nothing was delivered either."""
        strange = self._wire.unasked if refused else None  # else it is what came early to the message
        if refused and said[refused].code == BAD_SEQUENCE:
            strange = said[refused]
        if Phase.DATA in said and said[Phase.DATA].code < 300:
            strange = said[Phase.DATA]
        if strange is None:
            return None
        self._wire.end("out of step")
        return lost(Phase.DATA, why=f"out of step: {strange.code} {strange.text}"[:200])

    async def _nothing(self, *, named: bool) -> None:
        """A message is wanted though it was refused: end it at once (RFC 2920 section 3.1); that is answered, and delivers nothing.

        `named`: a recipient stands, because MAIL alone was refused. There an end might be a message: the line is cut instead.
        """
        if named:
            self._wire.end("DATA taken without MAIL")
        elif self._wire.alive:
            try:
                await self._wire.ask(DOT, self._limits.dot)
            except Broken as broken:
                self._wire.end(str(broken))

    async def _tidied(self) -> Outcome | None:
        """The answer to RSET, which goes out when the next transaction begins: a refusal itself is recorded without waiting."""
        try:
            reply = await self._wire.answer(self._limits.reset)
        except Broken as broken:
            return self._lost(Phase.MAIL, broken)
        if reply.code // 100 != 2:
            self._wire.end("RSET refused")
            return lost(Phase.MAIL, why=f"RSET refused: {reply.code}")
        self._untidy = False
        return None

    def _turned_away(self, phase: Phase, reply: Reply) -> Outcome:
        if reply.code == 421 and phase is Phase.MAIL and self._used > 1:
            # the server ends a session that was good: an event of the connection, not an answer to this row
            self._wire.end("421")
            return lost(phase, why=SESSION_ENDED)
        return self._refused(classify(reply, phase), reply.code)

    # ---------------------------------------------------------------------------------------------------- the message

    @property
    def _awaited(self) -> bool:
        """Whether its task was not cancelled."""
        return self._ending is not None and not self._ending.done()

    def _begin(self, message: Sequence[bytes], size: int) -> None:
        """The server waits for the message."""
        self._blocks = blocks(message, size)
        if self._before_body is None:
            self._write()
        else:
            self._before_body(self._ready)

    def _ready(self, answer: bool | Exception) -> None:
        """Let the body go, or nothing."""
        if answer is True and self._awaited:
            self._go_on()
        else:
            self._refrain("not ready", answer)

    def _refrain(self, why: str, answer: bool | Exception) -> None:
        """Nothing is delivered: what has no dot is no message."""
        self._wire.end(why)
        self._over(None, answer if isinstance(answer, Exception) else None)

    def _write(self) -> None:
        """Write on, as the kernel takes it; then ask for the mark."""
        try:
            for block, size in self._blocks:
                self._wire.put_all(block, size, more=self._proven)
                crashpoint("mid-body")
                if not self._wire.drained:
                    self._wire.when_drained(self._go_on, self._limits.block)
                    return
        except Broken as broken:
            self._undelivered(str(broken))
            return
        crashpoint("before-mark")
        self._before_dot(self._marked)

    def _go_on(self) -> None:
        """More can be written, or no more ever."""
        try:
            if self._wire.fault is None:
                self._write()
            else:
                self._undelivered(self._wire.fault)
        except BaseException as error:  # noqa: BLE001 - raised by the task that waits, not by whoever called
            self._over(None, error)

    def _undelivered(self, why: str) -> None:
        """The connection died before the dot: nothing was delivered."""
        self._over(self._early() or self._lost(Phase.BODY, why))

    def _marked(self, answer: bool | Exception) -> None:
        """Let the dot go, and the next envelope with it, or nothing any more."""
        if answer is not True or not self._awaited:
            self._refrain("not marked", answer)
            return
        try:
            self.marked = True
            crashpoint("after-mark")
            ahead = self._following() if self.looks_ahead else None
            size = sum(map(len, ahead[1])) if ahead is not None else 0
            if ahead is None or self._offer.unsendable(*ahead, size) is not None:
                self._wire.say(DOT)
            else:
                self._announce(*ahead, size, after=DOT)
            crashpoint("after-dot")
            self._wire.when_answered(self._answered, self._limits.dot)
        except Broken as broken:  # it died while the mark was made
            self._undelivered(str(broken))
        except BaseException as error:  # noqa: BLE001 - raised by the task that waits, not by whoever called
            self._over(None, error)

    def _answered(self) -> None:
        """The reply to the dot is here, or none will come."""
        try:
            reply = self._wire.take()
            crashpoint("after-reply")
            outcome = _verdict(reply, self._options.name)
            ahead = self._announced
            if outcome.state is not State.ACCEPTED:
                self._over(self._refused(outcome, reply.code))
                return
            self._proven = True
            if ahead is not None and self._accepted(outcome):
                if self._wire.welcomes:
                    self._taken_up()
                    self._begin(ahead[1], ahead[2])
                else:
                    self._wire.when_answered(self._heard, self._limits.command, count=3)
            else:
                self._over(outcome)
        except Broken as broken:
            self._over(self._lost(Phase.DOT, broken))
        except BaseException as error:  # noqa: BLE001 - raised by the task that waits, not by whoever called
            self._over(None, error)

    def _heard(self) -> None:
        """What the server says to the message at hand, which was announced, is here; if it is no welcome, the task listens."""
        try:
            ahead = self._announced
            if ahead is not None and self._wire.welcomes:
                self._taken_up()
                self._begin(ahead[1], ahead[2])
            else:
                self._over(_LISTEN)
        except BaseException as error:  # noqa: BLE001 - raised by the task that waits, not by whoever called
            self._over(None, error)

    def _over(self, outcome: Outcome | None, error: BaseException | None = None) -> None:
        """It is the task's turn again."""
        if self._ending is None or self._ending.done():
            return  # the task was cancelled
        if error is None:
            self._ending.set_result(outcome)
        else:
            self._ending.set_exception(error)

    def _refused(self, outcome: Outcome, code: int) -> Outcome:
        self._untidy = self._announced is None  # else the next transaction has begun, and RSET would end that
        if code == 421 or outcome.action is Action.RECONNECT:
            self._wire.end(f"closed after {code}")
        return outcome

    def _early(self) -> Outcome | None:
        """A refusal that came while we were still writing: the message is refused, and no dot was sent."""
        early = self._wire.unasked
        return classify(early, Phase.DOT) if early is not None and early.code >= 400 else None

    def _lost(self, phase: Phase, broken: Broken | str) -> Outcome:
        return lost(phase, why=f"{phase}: {broken}")


@lru_cache(maxsize=256)
def _verdict(reply: Reply, relay: str) -> Outcome:
    """What a server says to the dot; most say the same to each."""
    return classify(reply, Phase.DOT).by(relay)
