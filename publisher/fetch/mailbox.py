"""A mailbox that mails are fetched from over IMAP (RFC 3501), as far as bounces need it.

Promises: always TLS from the first byte, the certificate checked; no command waits longer than its limit; a mail is read without being marked (PEEK), and only as
far as is wanted. A mail is marked as seen or moved by its UID and only when `done` is called; nothing is ever deleted or expunged by us (MOVE, RFC 6851, is the server's own
step). The newest are read first, so that a heap of mails nobody understands holds up no new one.
Refused, as `MailboxUnavailable`: whatever the server or the network does; a folder that is not there; a server that cannot move where moving was asked for.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.errors import MailboxUnavailable

__all__ = ["Mailbox", "MailboxOptions", "opened"]

SECONDS = 30.0
MOST = 500
"""Mails of one look."""
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


class Mailbox:
    """An open folder."""

    def __init__(self, client: imaplib.IMAP4_SSL, options: MailboxOptions) -> None:
        self._client, self._options = client, options

    def unseen(self) -> list[str]:
        """UIDs of mails that nobody has seen, the newest first."""
        (found,) = self._asked("SEARCH", None, "UNSEEN")
        uids = sorted((int(uid) for uid in (found or b"").split() if uid.isdigit()), reverse=True)
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
            raise MailboxUnavailable(self._options.host, f"{command}: {said[:200]}")
        return found


@contextmanager
def opened(options: MailboxOptions) -> Iterator[Mailbox]:
    """The folder, until the block ends.

    Raises:
        MailboxUnavailable: it cannot be reached, does not let us in, or breaks off; also in the block.
    """
    for name in (options.folder, options.moved_to or "INBOX"):
        if not QUOTED.fullmatch(name):
            raise MailboxUnavailable(options.host, f"a folder cannot be called {name!r} here")
    context = ssl.create_default_context(cafile=options.ca_file)
    client = None
    try:
        client = imaplib.IMAP4_SSL(options.host, options.port, ssl_context=context, timeout=SECONDS)
        client.login(options.username, options.password)
        _, (offered, *_) = client.capability()  # some say what they can do only to who is let in
        if options.moved_to and b"MOVE" not in (offered or b"").upper().split():
            raise MailboxUnavailable(
                options.host, "it cannot move mails: leave `moved_to` empty, so that they are marked"
            )
        kind, said = client.select(f'"{options.folder}"')
        if kind != "OK":
            raise MailboxUnavailable(options.host, f"folder {options.folder}: {said!r}"[:200])
        yield Mailbox(client, options)
        client.logout()
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        raise MailboxUnavailable(options.host, str(error)[:200] or type(error).__name__) from error
    finally:
        if client is not None:
            with suppress(OSError):  # it is closed already
                client.shutdown()
