"""One SMTP connection as questions and answers: each reply belongs to exactly one thing that was asked.

Bounded: a reply of at most 32 KB, a line of at most 4 KB (RFC 5321 section 4.5.3.1.5 asks for 512 bytes). A reply that
nobody waits for, a line that is none, silence beyond the limit: each breaks the wire for good. Replies that arrived whole
before it broke are still given out, because what the server has said is said.
"""

from __future__ import annotations

import asyncio
import os
import re
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache

from publisher.ledger import Reply

__all__ = ["Broken", "Wire", "in_words", "reply_of"]

LINE_MAX = 4096
REPLY_MAX = 32_768
LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
MORE = getattr(socket, "MSG_MORE", 0)  # where there is such a thing
ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s|$)")


class Broken(Exception):
    """The connection is of no more use. Its text says why."""


@lru_cache(maxsize=256)
def reply_of(code: int, text: str) -> Reply:
    """A reply with its enhanced code (RFC 2034) told apart; control characters and broken text become blanks."""
    clean = text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)
    found = ENHANCED.match(clean)
    return Reply(code, found[1] if found else None, clean)


@lru_cache(maxsize=256)
def _whole(line: bytes) -> Reply | None:
    """The reply that a line is by itself; None where it is one of several lines, or none. Most lines of a session are old acquaintances."""
    found = LINE.fullmatch(line.removesuffix(b"\r")) if len(line) <= LINE_MAX else None
    if found is None or found[2] == b"-":
        return None
    return reply_of(int(found[1]), (found[3] or b"").decode("utf-8", "replace"))


@lru_cache(maxsize=256)
def _all_whole(packet: bytes) -> tuple[Reply, ...] | None:
    """The replies of a packet of nothing but `_whole` lines; None for any other."""
    if packet[-1:] != b"\n":
        return None
    replies = [_whole(line) for line in packet[:-1].split(b"\n")]
    return None if None in replies else tuple(reply for reply in replies if reply is not None)


def in_words(error: BaseException) -> str:
    """What the system says of a connection, as a person would say it: without its numbers."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ConnectionRefusedError):
            return "the connection was refused"
        if isinstance(seen, (ConnectionResetError, BrokenPipeError)):
            return "the connection was reset"
        if isinstance(seen, socket.gaierror):
            return f"the name was not found: {seen.strerror}"
        if isinstance(seen, OSError) and seen.errno and not isinstance(seen, ssl.SSLError):
            return os.strerror(seen.errno)
        seen = seen.__cause__ or seen.__context__
    return str(error)[:200] or type(error).__name__


class Wire(asyncio.BufferedProtocol):
    """Takes over a connected transport.

    Attributes:
        fault: why the wire is broken, or None.
        unasked: the reply that broke it by coming before it was asked for, or None.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._rest = b""
        self._buffer = memoryview(bytearray(LINE_MAX))
        self._lines: list[bytes] = []
        self._size = 0
        self._asked = 0
        self._answers: deque[Reply] = deque()
        self._then: Callable[[], None] | None = None
        self._wanted = 1
        self._full = False
        self._when_drained: Callable[[], None] | None = None
        self._socket = _socket_of(transport)
        self._timer: asyncio.TimerHandle | None = None
        self._until, self._limit = float("inf"), ("", 0.0)
        self.fault: str | None = None
        self.unasked: Reply | None = None
        transport.set_protocol(self)
        # Written shall mean taken by the kernel, not kept in our own buffer; under TLS a limit of 0 would pause for ever.
        transport.set_write_buffer_limits(high=1, low=0)
        if transport.is_closing():
            self.end("the server hung up")

    # ------------------------------------------------------------------------------------------------- for the caller

    @property
    def alive(self) -> bool:
        """Whether what is written now can arrive."""
        return self.fault is None and not self._transport.is_closing()

    async def ask(self, command: bytes, seconds: float) -> Reply:
        """Send a command (with its line end) and wait for the answer; Broken when none comes."""
        self.say(command)
        return await self.answer(seconds)

    def say(self, commands: bytes, *, answers: int = 1) -> None:
        """Send what will be answered, so many times; Broken when it cannot arrive."""
        self.put(commands)
        self._asked += answers

    def put(self, data: bytes) -> None:
        """Write what is not answered by itself; Broken when it cannot arrive."""
        if self.fault is not None or self._transport.is_closing():
            raise Broken(self.fault or "connection lost")
        self._transport.write(data)

    def put_all(self, pieces: Sequence[bytes], size: int, *, more: bool = False) -> None:
        """`put` of one piece after the other, `size` bytes in all. Where nothing waits to be written, the kernel takes them uncopied.

        `more`: something is put behind it soon, and what does not fill a packet may wait for that (Linux waits 200 ms).
        """
        if self.fault is not None or self._transport.is_closing():
            raise Broken(self.fault or "connection lost")
        if self._socket is None or self._transport.get_write_buffer_size():
            self._transport.write(b"".join(pieces))
            return
        try:
            taken = self._socket.sendmsg(pieces, (), MORE if more else 0)
        except OSError:  # it is full, or lost: the transport finds out for itself
            taken = 0
        if taken < size:
            self._transport.write(b"".join(pieces)[taken:])

    async def answer(self, seconds: float) -> Reply:
        """The next answer to what was asked; Broken when none came in time or none can come any more."""
        if not self._answers and self.fault is None:
            here = asyncio.Event()
            self.when_answered(here.set, seconds)
            try:
                await here.wait()
            finally:
                self._then, self._until = None, float("inf")
        return self.take()

    def when_answered(self, then: Callable[[], None], seconds: float, *, count: int = 1) -> None:
        """Call `then`, once, when the next answer (or so many) is here, or did not come in time or can come no more."""
        self._then, self._wanted = then, count
        if len(self._answers) >= count or self.fault is not None:
            self._loop.call_soon(self._tell)
        else:
            self._allow(seconds, "no answer")

    def take(self) -> Reply:
        """The next answer; Broken when there is none."""
        if self._answers:
            return self._answers.popleft()
        raise Broken(self.fault)

    @property
    def welcomes(self) -> bool:
        """Whether the answers to MAIL, RCPT and DATA are here, all three, and say yes."""
        answers = self._answers
        return (
            len(answers) >= 3
            and 200 <= answers[0].code < 300
            and 200 <= answers[1].code < 300
            and 300 <= answers[2].code < 400
        )

    def take_welcome(self) -> None:
        """Take those three."""
        for _ in range(3):
            self._answers.popleft()

    @property
    def drained(self) -> bool:
        """Whether the kernel has taken everything that was written."""
        return not self._full and self.fault is None

    def when_drained(self, then: Callable[[], None], seconds: float) -> None:
        """Call `then`, once, when the kernel has taken everything that was written, or that was not in time, or the wire is broken."""
        self._when_drained = then
        if self.fault is not None or not self._full:
            self._loop.call_soon(self._tell)
        else:
            self._allow(seconds, "nothing was read")

    def end(self, why: str) -> None:
        """Break the wire: drop the connection at once and tell whoever waits."""
        if self.fault is None:
            self.fault = why
        self._transport.abort()
        if self._socket is not None:
            self._socket.close()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._then is not None or self._when_drained is not None:
            self._loop.call_soon(self._tell)

    def _tell(self) -> None:
        """Tell whoever waits for what is here; nobody else."""
        if self._then is not None and (len(self._answers) >= self._wanted or self.fault is not None):
            then, self._then = self._then, None
            self._until = float("inf")
            then()
        elif self._when_drained is not None and (not self._full or self.fault is not None):
            then, self._when_drained = self._when_drained, None
            self._until = float("inf")
            then()

    def _allow(self, seconds: float, trouble: str) -> None:
        """What is waited for now may take so long."""
        self._until, self._limit = self._loop.time() + seconds, (trouble, seconds)
        if self._timer is None or self._timer.when() > self._until:
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        """One timer serves many answers: most come long before it, and what is waited for then has another limit."""
        self._timer = None
        if self._until <= self._loop.time():
            self.end("{} within {:g} s".format(*self._limit))
        elif self._until < float("inf"):
            self._set_timer()

    # ---------------------------------------------------------------------------------------------- for the transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio names it
        """Where the next bytes go: replies are short, and asyncio's own buffers are not."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Lines, however they are cut into packets."""
        if not (self._rest or self._lines or self.fault):
            replies = _all_whole(bytes(self._buffer[:nbytes]))
            if replies is not None and len(replies) <= self._asked:
                self._asked -= len(replies)
                self._answers += replies
                if self._then is not None:
                    self._tell()
                return
        *lines, self._rest = (self._rest + self._buffer[:nbytes]).split(b"\n")
        for line in lines:
            if self.fault is not None:
                return
            reply = None if self._lines else _whole(line)
            if reply is None:
                self._line(line.removesuffix(b"\r"))
            elif self._asked:
                self._asked -= 1
                self._answers.append(reply)
            else:
                self._to_nothing(reply)
        if len(self._rest) > LINE_MAX:
            self.end("a reply line without end")
        if self._then is not None:
            self._tell()

    def _line(self, line: bytes) -> None:
        self._size += len(line)
        found = LINE.fullmatch(line)
        if found is None or len(line) > LINE_MAX or self._size > REPLY_MAX:
            self.end("what the server said is no reply")
            return
        self._lines.append(found[3] or b"")
        if found[2] == b"-":
            return
        text = b"\n".join(self._lines).decode("utf-8", "replace")
        self._lines, self._size = [], 0
        reply = reply_of(int(found[1]), text)
        if self._asked:
            self._asked -= 1
            self._answers.append(reply)
        else:
            self._to_nothing(reply)

    def _to_nothing(self, reply: Reply) -> None:
        self.unasked = reply
        self.end(f"a reply to nothing: {reply.code} {reply.text}"[:200])

    def eof_received(self) -> bool:
        """The server closes; so do we."""
        self.end("the server hung up")
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone, whoever did it."""
        self.end(f"connection lost: {in_words(exc)}" if exc else "connection lost")

    def pause_writing(self) -> None:
        """The kernel takes no more for now."""
        self._full = True

    def resume_writing(self) -> None:
        """Everything was taken."""
        self._full = False
        if self._when_drained is not None:
            self._tell()


def _socket_of(transport: asyncio.Transport) -> socket.socket | None:
    """Where what is written goes as it is, to be closed with the transport; None under TLS, and where there is no such thing."""
    if transport.get_extra_info("sslcontext") is not None:
        return None
    found = transport.get_extra_info("socket")
    return found.dup() if found is not None else None
