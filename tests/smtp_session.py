"""One connection of the test server: plain SMTP, each step of which a rule may change. `tests.smtpd` tells the phases."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tests.smtp_rules import Rule, wire

if TYPE_CHECKING:
    from tests.smtpd import Server

PATH = re.compile(r"(?:FROM|TO):\s*<([^>]*)>", re.IGNORECASE)


class Session(asyncio.Protocol):
    """One connection: a parser of lines, each step going through `_reach`, where rules act."""

    def __init__(self, server: Server) -> None:
        self.server, self.loop = server, asyncio.get_running_loop()
        self.number = server.next_connection()
        self.buffer = bytearray()
        self.busy = self.silent = self.in_data = self.tls = self.known = False
        self.searched = 0
        self.pieces: tuple[int, float] | None = None
        self.answer_to: Callable[[str], None] | None = None
        self.body_rule: Rule | None = None
        self._forget()

    def _forget(self) -> None:
        self.sender: str | None = None
        self.rcpts: list[str] = []
        self.naming = ""

    # The connection ----------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: Any = transport
        self.tls = transport.get_extra_info("ssl_object") is not None
        # Replies leave at once: a socket from socket.create_server is not given this by asyncio.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.server.sessions.add(self)
        self.server.note(self.number, "connected")
        self._reach("connect", lambda: self._reach("banner", lambda: self._say("220 relay.example ESMTP")))

    def connection_lost(self, exc: Exception | None) -> None:
        self.server.sessions.discard(self)
        self.silent = True
        self.server.note(self.number, "lost")

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        self._go_on()

    def _go_on(self) -> None:
        """Work off what has come, until it is used up or an answer has to wait."""
        while not (self.busy or self.silent):
            if self.in_data:
                if not self._read_body():
                    return
                continue
            end = self.buffer.find(b"\n")
            if end < 0:
                return
            line = bytes(self.buffer[:end]).rstrip(b"\r").decode("utf-8", "replace")
            del self.buffer[: end + 1]
            self._command(line)

    def _reach(self, phase: str, usual: Callable[[], None]) -> None:
        """A step: do the usual, or what a rule says."""
        self._obey(self.server.rule(phase, self.number, self.naming), usual)

    def _obey(self, rule: Rule | None, usual: Callable[[], None]) -> None:
        if rule is None:
            usual()
        elif rule.wait:
            self.busy = True
            self.loop.call_later(rule.wait, self._resume, rule, usual)
        else:
            self._act(rule, usual)

    def _resume(self, rule: Rule, usual: Callable[[], None]) -> None:
        self.busy = False
        if not self.silent:
            self._act(rule, usual)
            self._go_on()

    def _act(self, rule: Rule, usual: Callable[[], None]) -> None:
        self.pieces = (rule.split, rule.pace) if rule.split else None
        if rule.do == "hold":
            self.busy = True
            self.server.held.append(lambda: self._let_go(usual))
        elif rule.do != "pass":
            self._end(rule.do)
        elif rule.reply is not None:
            self._send(wire(rule.reply).replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") + b"\r\n")
        elif rule.raw is not None:
            self._send(wire(rule.raw))
        else:
            usual()
        self.pieces = None
        if rule.then:
            self._end(rule.then)

    def _let_go(self, usual: Callable[[], None]) -> None:
        self.busy = False
        if not self.silent:
            usual()
            self._go_on()

    def _end(self, how: str) -> None:
        self.silent = True
        if how == "reset":
            linger = struct.pack("ii", 1, 0)
            self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.transport.abort()
        elif how == "drop":
            self.transport.close()
        elif how == "deaf":
            self.transport.pause_reading()
        elif how == "flood":
            self._flood()

    def _flood(self) -> None:
        if not self.transport.is_closing():
            if self.transport.get_write_buffer_size() < 65536:
                self.transport.write(b"250-and another thing\r\n" * 500)
            self.loop.call_later(0.001, self._flood)

    def _say(self, text: str) -> None:
        self._send(text.encode() + b"\r\n")

    def _send(self, data: bytes) -> None:
        if self.pieces is None:
            self.transport.write(data)
            return
        size, pace = self.pieces
        self.busy = True
        self._send_parts([data[start : start + size] for start in range(0, len(data), size)], pace)

    def _send_parts(self, parts: list[bytes], pace: float) -> None:
        if not self.transport.is_closing():
            self.transport.write(parts.pop(0))
            if parts:
                self.loop.call_later(pace, self._send_parts, parts, pace)
                return
        self.busy = False
        self.loop.call_soon(self._go_on)

    # The dialogue ------------------------------------------------------------------------------------------------

    def _command(self, line: str) -> None:
        if self.answer_to is not None:
            then, self.answer_to = self.answer_to, None
            then(line)
            return
        verb = line.split(" ", 1)[0].upper()
        self.server.note(self.number, verb if verb == "AUTH" else line)
        steps: dict[str, Callable[[], None]] = {
            "EHLO": self._ehlo,
            "HELO": self._ehlo,
            "STARTTLS": self._starttls,
            "AUTH": lambda: self._auth(line),
            "MAIL": lambda: self._mail(line),
            "RCPT": lambda: self._rcpt(self.naming),
            "DATA": self._data,
            "RSET": self._rset,
            "QUIT": self._quit,
        }
        if verb not in steps:
            self._say("250 2.0.0 Ok" if verb == "NOOP" else "500 5.5.2 Not understood")
            return
        if verb == "RCPT" and (found := PATH.search(line)):
            self.naming = found[1]
        self._reach("ehlo" if verb == "HELO" else verb.lower(), steps[verb])

    def _ehlo(self) -> None:
        self._forget()
        words = [*self.server.offer]
        if self.server.starttls and not self.tls:
            words.append("STARTTLS")
        if self.server.users and (self.tls or not self.server.starttls):
            words.append("AUTH PLAIN LOGIN")
        lines = ["relay.example", *words]
        self._send(
            "".join(
                f"250{' ' if n == len(lines) else '-'}{word}\r\n" for n, word in enumerate(lines, 1)
            ).encode()
        )

    def _starttls(self) -> None:
        if not self.server.starttls or self.tls:
            self._say("503 5.5.1 Not now")
            return
        self.transport.pause_reading()  # the handshake is for the TLS layer to read
        self.buffer.clear()  # what came in clear must not be taken for something said under TLS (RFC 3207 section 4.2)
        self._say("220 2.0.0 Go ahead")
        self._reach("handshake", self._handshake)

    def _handshake(self) -> None:
        self.busy = True

        async def upgrade() -> None:
            try:
                self.transport = await self.loop.start_tls(
                    self.transport, self, self.server.tls, server_side=True
                )
            except (OSError, ssl.SSLError) as error:
                self.server.sessions.discard(self)
                self.server.note(self.number, f"TLS failed: {error}")
                return
            self.busy, self.tls = False, True
            self._go_on()

        self.server.tasks.add(task := self.loop.create_task(upgrade()))
        task.add_done_callback(self.server.tasks.discard)

    def _auth(self, line: str) -> None:
        words = line.split()
        match [word.upper() for word in words[1:2]], words[2:]:
            case ["PLAIN"], [given]:
                self._judge(given)
            case ["PLAIN"], []:
                self.answer_to = self._judge
                self._say("334 ")
            case ["LOGIN"], []:
                self.answer_to = self._login
                self._say("334 VXNlcm5hbWU6")
            case _:
                self._say("504 5.5.4 Not this way")

    def _login(self, name: str) -> None:
        def password(given: str) -> None:
            user, word = base64.b64decode(name), base64.b64decode(given)
            self._judge(base64.b64encode(b"\0" + user + b"\0" + word).decode())

        self.answer_to = password
        self._say("334 UGFzc3dvcmQ6")

    def _judge(self, given: str) -> None:
        _, name, password = base64.b64decode(given).decode().split("\0")
        self.known = self.server.users.get(name) == password
        self._say("235 2.7.0 Welcome" if self.known else "535 5.7.8 Authentication credentials invalid")

    def _mail(self, line: str) -> None:
        if self.server.starttls and not self.tls:
            self._say("530 5.7.0 Must issue a STARTTLS command first")
        elif self.server.users and not self.known:
            self._say("530 5.7.0 Authentication required")
        elif self.sender is not None or not (found := PATH.search(line)):
            self._say("503 5.5.1 Not now")
        else:
            self.sender = found[1]
            self._say("250 2.1.0 Ok")

    def _rcpt(self, rcpt: str) -> None:
        if self.sender is None:
            self._say("503 5.5.1 MAIL first")
            return
        self.rcpts.append(rcpt)
        self._say("250 2.1.5 Ok")

    def _data(self) -> None:
        if not self.rcpts and not self.server.lenient:
            self._say("554 5.5.1 No valid recipients")
            return
        self.in_data, self.searched = True, 0
        self.body_rule = self.server.rule("body", self.number, self.naming)
        self._say("354 Go ahead")
        self._reach("354", lambda: None)

    def _read_body(self) -> bool:
        """Whether there is more to do with what has come."""
        # The dot may come right after DATA: an empty message.
        end = 0 if self.buffer.startswith(b".\r\n") else self.buffer.find(b"\r\n.\r\n", self.searched) + 2
        whole = end != 1
        if self.body_rule is not None and (whole or len(self.buffer) >= self.body_rule.at):
            rule, self.body_rule = self.body_rule, None
            self._obey(rule, lambda: None)
            return True
        if not whole:
            self.searched = max(0, len(self.buffer) - 4)
            return False
        raw = bytes(self.buffer[:end])
        del self.buffer[: end + 3]
        self.in_data = False
        message = (b"\r\n" + raw).replace(b"\r\n.", b"\r\n")[2:]
        rule = self.server.rule("dot", self.number, self.naming)
        self._obey(rule, lambda: self._take(message))
        if rule is not None and (rule.reply is not None or rule.raw is not None):
            self._forget()  # refused, too, the transaction is over (RFC 5321 section 4.1.1.4)
        return True

    def _take(self, message: bytes) -> None:
        self.server.log(self, message)
        said = "250 2.0.0 Ok: taken" if self.rcpts else "554 5.5.1 No valid recipients"
        self._reach("logged", lambda: self._say(said))
        self._forget()

    def _rset(self) -> None:
        self._forget()
        self._say("250 2.0.0 Ok")

    def _quit(self) -> None:
        self._say("221 2.0.0 Bye")
        self._end("drop")
