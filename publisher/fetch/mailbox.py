"""A mailbox that mails are fetched from over IMAP (RFC 3501), as far as bounces need it.

Promises: always TLS from the first byte, the certificate checked; no command waits longer than `SECONDS` or brings more than `ROOM` bytes, however busily the server
talks, and no look takes longer than `LOOK`; a mail is read without being marked (PEEK), and only as far as is wanted. A mail is marked as seen or moved by its UID and
only when `done` is called; nothing is ever deleted or expunged by us (MOVE, RFC 6851, is the server's own step). The newest are read first, so that a heap of mails
nobody understands holds up no new one. What the server says is repeated without our password.
Refused, as `MailboxUnavailable`: whatever the server or the network does; a folder that is not there; a server that cannot move where moving was asked for; to go on
once `stop` is set.
"""

from __future__ import annotations

import imaplib
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.errors import MailboxUnavailable

__all__ = ["Mailbox", "MailboxOptions", "opened"]

SECONDS, LOOK, FAREWELL = 30.0, 600.0, 2.0
PULSE = 0.5
"""How soon it is seen that we are to stop."""
ROOM = 64_000_000
"""Bytes of one answer: no mail is larger, also where a server sends the whole of it."""
LINE = 1_000_000
TOO_LONG = re.compile(rb"\{\d{9,}\+?\}\s*\Z")
"""The announcement of more than we have room for, at the end of a line."""
MOST = 500
"""Mails of one look."""
UID = re.compile(rb"\d{1,10}")
QUOTED = re.compile(r'[^"\\\x00-\x1f\x7f-\U0010ffff]{1,200}')
"""A folder's name as it can stand between quotes; others (in modified UTF-7) are for who renames the folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxOptions:
    """Where the mailbox is. `ca_file`: certificates to trust instead of the system's. `moved_to`: where read mails go; empty: they are marked as seen."""

    host: str
    port: int
    username: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    moved_to: str = ""
    ca_file: Path | None = None


class _Client(imaplib.IMAP4):
    """The library's client over a connection of our own, in which every wait ends: its own limit is for each packet."""

    def __init__(self, options: MailboxOptions, stop: threading.Event) -> None:
        self._context = ssl.create_default_context(cafile=options.ca_file)
        self._stop = stop
        self._end = time.monotonic() + LOOK
        self._buffer = bytearray()
        self.allow(SECONDS)
        super().__init__(options.host, options.port)

    def allow(self, seconds: float) -> None:
        """The next answer may take this long, and has all of the room."""
        self._until = min(time.monotonic() + seconds, self._end)
        self._room = ROOM

    def open(self, host: str = "", port: int = 993, _timeout: float | None = None) -> None:
        self.host, self.port = host, port
        plain = socket.create_connection((host, port), self._left())
        try:
            self.sock = self._context.wrap_socket(plain, server_hostname=host)
        except (OSError, ValueError):
            plain.close()
            raise

    def read(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._receive()
        return self._cut(size)

    def readline(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0 and len(self._buffer) <= LINE:
            self._receive()
        line = self._cut(end + 1)
        if not line or TOO_LONG.search(line):
            raise self.abort("it announces more than we have asked for")
        return line

    def send(self, data: Any) -> None:
        self.allow(SECONDS)
        self.sock.settimeout(self._left())
        self.sock.sendall(data)

    def shutdown(self) -> None:
        self.sock.close()

    def farewell(self) -> None:
        """Log out, but wait for no long goodbye."""
        self._end = min(self._end, time.monotonic() + FAREWELL)
        self.logout()

    def _left(self) -> float:
        if (left := self._until - time.monotonic()) <= 0:
            raise self.abort(f"it has not answered to the end within {SECONDS:g} s")
        return left

    def _receive(self) -> None:
        while True:
            if self._stop.is_set():
                raise self.abort("we are stopping")
            self.sock.settimeout(min(self._left(), PULSE))
            with suppress(TimeoutError):
                break_off = not (got := self.sock.recv(65536))
                break
        if break_off:
            raise self.abort("it broke off")
        self._room -= len(got)
        if self._room < 0:
            raise self.abort("it sends more than we have asked for")
        self._buffer += got

    def _cut(self, size: int) -> bytes:
        cut = bytes(self._buffer[:size])
        del self._buffer[:size]
        return cut


class Mailbox:
    """An open folder."""

    def __init__(self, client: imaplib.IMAP4, options: MailboxOptions) -> None:
        self._client, self._options = client, options

    def unseen(self) -> list[str]:
        """UIDs of mails that nobody has seen, the newest first."""
        (found,) = self._asked("SEARCH", None, "UNSEEN")
        uids = sorted((int(uid) for uid in (found or b"").split() if UID.fullmatch(uid)), reverse=True)
        return [str(uid) for uid in uids[:MOST]]

    def read(self, uid: str, most: int) -> bytes:
        """The first `most` bytes of a mail; none when it is gone."""
        parts = self._asked("FETCH", uid, f"(BODY.PEEK[]<0.{most}>)")
        return next((part[1] for part in parts if isinstance(part, tuple)), b"")

    def done(self, uid: str) -> None:
        """The mail was understood: it goes where read ones go."""
        if self._options.moved_to:
            self._asked("MOVE", uid, f'"{self._options.moved_to}"')
        else:
            self._asked("STORE", uid, "+FLAGS.SILENT", r"(\Seen)")

    def _asked(self, command: str, *arguments: Any) -> list[Any]:
        kind, found = self._client.uid(command, *arguments)
        if kind != "OK":
            said = b" ".join(part for part in found if isinstance(part, bytes)).decode("utf-8", "replace")
            raise _unavailable(self._options, f"{command}: {said}")
        return found


def _unavailable(options: MailboxOptions, said: str) -> MailboxUnavailable:
    """What the server says is repeated without our password: some quote the command that they refuse."""
    quoted = options.password.replace("\\", "\\\\").replace('"', '\\"')
    for secret in filter(None, {quoted.replace("\\", "\\\\"), quoted, options.password}):
        said = said.replace(secret, "…")
    return MailboxUnavailable(options.host, said[:200])


@contextmanager
def opened(options: MailboxOptions, *, stop: threading.Event | None = None) -> Iterator[Mailbox]:
    """The folder, until the block ends.

    Raises:
        MailboxUnavailable: it cannot be reached, does not let us in, breaks off, or `stop` is set; also in the block.
    """
    for name in (options.folder, options.moved_to or "INBOX"):
        if not QUOTED.fullmatch(name):
            raise MailboxUnavailable(options.host, f"a folder cannot be called {name!r} here")
    client = None
    try:
        client = _Client(options, stop or threading.Event())
        client.login(options.username, options.password)
        _, (offered, *_) = client.capability()  # some say what they can do only to who is let in
        if options.moved_to and b"MOVE" not in (offered or b"").upper().split():
            raise MailboxUnavailable(
                options.host, "it cannot move mails: leave `moved_to` empty, so that they are marked"
            )
        kind, said = client.select(f'"{options.folder}"')
        if kind != "OK":
            raise _unavailable(options, f"folder {options.folder}: {said!r}")
        yield Mailbox(client, options)
        with suppress(imaplib.IMAP4.error, OSError):  # everything is done: who does not say goodbye is left
            client.farewell()
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        raise _unavailable(options, str(error) or type(error).__name__) from error
    finally:
        if client is not None:
            with suppress(OSError):  # it is closed already
                client.shutdown()
