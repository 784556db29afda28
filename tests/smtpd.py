"""A real SMTP server for tests, taught to misbehave; its log is the truth that a ledger is held against.

Every message that it takes is one line of its log per recipient, written to the kernel (with `fsync`: to the disk) *before* the
250 leaves, so the log survives the death of the sender, of this server, and of the test. A line is a JSON object:
`{"n": 1, "connection": 1, "rcpt": "a@b.example", "sender": "", "message_id": "<…>", "sha256": "…", "size": 1234, "bare": 0, "tls": true}`;
`n` counts lines, `sha256` is of the message after unstuffing, ending in CRLF; `bare` counts CR or LF without its other half.

In the test's process, in a thread::

    with Server("rcpt to=*@full.example reply='452 4.2.2 Over quota'", folder=tmp_path) as server:
        ...  # connect to server.host, server.port; trust server.ca_file
        server.teach()  # new rules, from now on: none
    [message.rcpt for message in server.messages()]

As a process of its own, for senders that are killed (`Process` takes the same arguments, has the same attributes)::

    python tests/smtpd.py --log FILE --port 0 [--folder DIR] [--fault RULE]… [--user NAME:PASSWORD] [--offer WORDS] …

It prints its port on one line. With `--with-stdin` it ends when its standard input does, that is, with the process that started it.

A rule is `PHASE [selector=…]… [action=…]…`, shell quoting, backslash escapes (`\\r\\n`, `\\0`) in replies. The first rule that fits acts.

Phases: connect (before the banner), banner, ehlo, starttls, handshake (after its 220), auth, mail, rcpt, data, 354 (just sent), body (see
`at`), dot (the message is here and not logged), logged (logged, 250 not yet sent), rset, quit; `*` is every one of them.

Selectors: `to=GLOB` the last recipient named in this transaction; `connection=N`; `nth=N`: the n-th passage that phase and `to` select,
counted from 1 over the server's life, or `per=to` / `per=connection` from 1 for each of these. N is `3`, `3-`, `-3`, `2-5`, or `/3` (each third).

Actions: `reply='450 4.2.1 Later'` instead of the usual answer and of doing what was asked (`\\n` between lines); `raw=…` the same, without
an end of line; `do=drop` close (FIN), `do=reset` (RST), `do=stall` never answer again, `do=deaf` nor read again, `do=flood` endless `250-`,
`do=hold` no answer until the server is taught anew, then as usual; `do=pass` as usual; `then=drop|reset|stall` after the answer; `wait=SECONDS` before it; `split=N` answer in pieces of N bytes, `pace=SECONDS`
between them; `at=N` (body only) when N bytes of the message have come, at the latest at its end.

Recipes: greylist `rcpt per=to nth=1 reply='451 4.7.1 Greylisted'` · a hundred, then goodbye `mail per=connection nth=101- reply='421 4.7.0 Enough'
then=drop` · one in three `rcpt nth=/3 do=pass` before `rcpt reply='451 4.3.0 Not now'` · accepted, and cut off `logged do=drop` · half a reply
`logged raw=25 then=drop` · strip TLS `starttls=False` · certificates: `certificate="expired" | "other-name" | "untrusted"`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

from tests.certificates import KINDS, tls_context
from tests.smtp_rules import PHASES, Rule
from tests.smtp_session import Session

ROOT = Path(__file__).resolve().parents[1]
OFFER = "PIPELINING,SIZE 50000000,8BITMIME,SMTPUTF8,DSN,ENHANCEDSTATUSCODES"
PLAIN = "SIZE 50000000,8BITMIME,SMTPUTF8,ENHANCEDSTATUSCODES"
"""The offer of a server that wants one command at a time."""
MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Message:
    """A line of the log."""

    n: int
    connection: int
    rcpt: str
    sender: str
    message_id: str
    sha256: str
    size: int
    bare: int
    tls: bool


def read_log(path: Path) -> list[Message]:
    """What a log holds; a last line without its end was not written whole, so no 250 followed it."""
    if not path.exists():
        return []
    whole = path.read_bytes().rpartition(b"\n")[0]
    return [Message(**json.loads(line)) for line in whole.splitlines()]


class Server:
    """The server in a thread of this process; see the module's text. `folder` keeps log, certificate and trace.

    `lenient`: DATA is taken without a recipient, too, and the message refused (as servers that are asked everything at once may do).

    Attributes:
        host, port: where it listens, once started.
        ca_file: what a client must trust (under `untrusted`: not what the server shows).
    """

    def __init__(
        self,
        *rules: str,
        folder: Path,
        log: Path | None = None,
        port: int = 0,
        offer: str = OFFER,
        starttls: bool = True,
        implicit: bool = False,
        certificate: str = "good",
        users: dict[str, str] | None = None,
        rcvbuf: int = 0,
        fsync: bool = False,
        keep: bool = False,
        lenient: bool = False,
    ) -> None:
        self.folder, self.log_file = folder, log or folder / "smtpd.log"
        self.host, self.port = "127.0.0.1", port
        self.offer, self.users = [word for word in offer.split(",") if word], users or {}
        self.starttls, self.implicit, self.rcvbuf = starttls and not implicit, implicit, rcvbuf
        self.fsync, self.keep, self.lenient = fsync, keep, lenient
        self.ca_file = folder / "ca.pem"
        self.tls = tls_context(folder, certificate) if starttls or implicit else None
        self.sessions: set[Session] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.held: list[Callable[[], None]] = []
        self.rules: dict[str, list[Rule]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self.teach(*rules)
        self._connections = self._lines = 0
        self._log = self._trace = -1
        self._thread: threading.Thread | None = None

    def teach(self, *rules: str) -> None:
        """From now on these rules, and no others; their counts begin anew, and what was held back is answered."""
        parsed = [Rule.parse(rule) for rule in rules]
        self.rules = {phase: [r for r in parsed if r.phase in {phase, "*"}] for phase in PHASES}
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        held, self.held = self.held, []
        for go_on in held:
            go_on()

    def rule(self, phase: str, connection: int, to: str) -> Rule | None:
        """The rule that acts at this passage."""
        fitting = [rule for rule in self.rules[phase] if rule.fits(connection, to)]
        return fitting[0] if fitting else None

    def next_connection(self) -> int:
        """Connections are numbered from 1."""
        self._connections += 1
        return self._connections

    def note(self, connection: int, what: str) -> None:
        """One line of the trace: what clients did."""
        os.write(self._trace, f"{connection} {what[:200]}\n".encode())

    def log(self, session: Session, message: bytes) -> None:
        """Write the message to the log, one line per recipient, before anybody is told."""
        head = message.partition(b"\r\n\r\n")[0]
        found = MESSAGE_ID.search(head)
        for rcpt in session.rcpts:
            self._lines += 1
            entry = Message(
                n=self._lines,
                connection=session.number,
                rcpt=rcpt,
                sender=session.sender or "",
                message_id=found[1].decode("ascii", "replace") if found else "",
                sha256=hashlib.sha256(message).hexdigest(),
                size=len(message),
                bare=message.count(b"\r") + message.count(b"\n") - 2 * message.count(b"\r\n"),
                tls=session.tls,
            )
            if self.keep:
                (self.folder / f"{self._lines:06d}.eml").write_bytes(message)
            os.write(self._log, json.dumps(dataclasses.asdict(entry)).encode() + b"\n")
        if self.fsync:
            os.fsync(self._log)

    def messages(self) -> list[Message]:
        """Everything that was ever taken, in order, from the log."""
        return read_log(self.log_file)

    def heard(self) -> list[str]:
        """What clients did: "<connection> <command line>" (AUTH without its argument), "connected", "lost"."""
        return (self.folder / "smtpd.trace").read_text(encoding="utf-8").splitlines()

    async def listen(self) -> asyncio.Server:
        """Open the log and the port."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        self._log = os.open(self.log_file, flags, 0o600)
        self._trace = os.open(self.folder / "smtpd.trace", flags, 0o600)
        self._lines = len(self.messages())
        sock = socket.create_server((self.host, self.port))
        if self.rcvbuf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.rcvbuf)
        self.port = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: Session(self), sock=sock, ssl=self.tls if self.implicit else None, backlog=512
        )

    async def hang_up(self, listening: asyncio.Server) -> None:
        """Close the port and every connection, whatever state it is in."""
        listening.close()
        for session in list(self.sessions):
            session.transport.abort()
        for task in list(self.tasks):
            task.cancel()
        for _ in range(100):  # what was aborted is told so in a later turn of the loop
            if not self.sessions:
                break
            await asyncio.sleep(0.001)
        os.close(self._log)
        os.close(self._trace)

    def start(self) -> Self:
        """Listen, in a thread of its own."""
        ready = threading.Event()

        async def serve() -> None:
            self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
            listening = await self.listen()
            ready.set()
            await self._over.wait()
            await self.hang_up(listening)

        self._thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the SMTP server did not start")
        return self

    def stop(self) -> None:
        """Hang up."""
        if self._loop is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join(10)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Process:
    """The server as a process of its own: it outlives whom it serves, and ends when this process does."""

    def __init__(self, *rules: str, folder: Path, port: int = 0, **options: Any) -> None:
        self.folder, self.log_file, self.ca_file = folder, folder / "smtpd.log", folder / "ca.pem"
        self.host, self.port = "127.0.0.1", port
        self._words = [word for rule in rules for word in ("--fault", rule)]
        for name, value in options.items():
            if name == "users":
                self._words += [word for user in value.items() for word in ("--user", ":".join(user))]
            elif value is False and name == "starttls":
                self._words.append("--no-starttls")
            elif value is True:
                self._words.append(f"--{name}")
            else:
                self._words += [f"--{name}", str(value)]
        self._running: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start, and wait until it listens."""
        command = [sys.executable, "-m", "tests.smtpd", "--with-stdin", "--port", str(self.port)]
        command += ["--folder", str(self.folder), "--log", str(self.log_file), *self._words]
        self._running = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._running.stdout is not None
        self.port = int(self._running.stdout.readline())
        return self

    def stop(self) -> None:
        """Kill it, as a power cut would; `start` again to have it back on the same port, with its log."""
        if self._running is not None:
            self._running.kill()
            self._running.communicate()
            self._running = None

    def messages(self) -> list[Message]:
        """Everything that was ever taken, in order, from the log."""
        return read_log(self.log_file)

    def heard(self) -> list[str]:
        """See `Server.heard`."""
        return (self.folder / "smtpd.trace").read_text(encoding="utf-8").splitlines()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


def main() -> None:
    """Serve until killed, or until standard input ends."""
    parser = argparse.ArgumentParser(description="An SMTP server for tests, taught to misbehave.")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--folder", type=Path, help="certificate and trace; default: beside the log")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", action="append", default=[], metavar="RULE")
    parser.add_argument("--offer", default=OFFER, metavar="WORD,WORD…")
    parser.add_argument("--user", action="append", default=[], metavar="NAME:PASSWORD")
    parser.add_argument("--no-starttls", dest="starttls", action="store_false")
    parser.add_argument("--implicit", action="store_true", help="TLS from the first byte")
    parser.add_argument("--certificate", choices=KINDS, default="good")
    parser.add_argument("--rcvbuf", type=int, default=0, help="a small receive window")
    parser.add_argument("--fsync", action="store_true")
    parser.add_argument("--keep", action="store_true", help="write each message to the folder, 000001.eml …")
    parser.add_argument("--lenient", action="store_true", help="take DATA without a recipient")
    parser.add_argument("--with-stdin", action="store_true")
    given = vars(parser.parse_args())
    rules, with_stdin = given.pop("fault"), given.pop("with_stdin")
    given["folder"] = given["folder"] or given["log"].parent
    given["users"] = dict(user.split(":", 1) for user in given.pop("user"))

    async def serve() -> None:
        server = Server(*rules, **given)
        await server.listen()
        print(server.port, flush=True)  # noqa: T201 - the one line that a starter reads
        if with_stdin:
            await asyncio.to_thread(sys.stdin.read)
        else:
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
