"""What a server has announced, and the commands that follow from it (RFC 1870, 6152, 6531, 3461). PURE."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from publisher.ledger import Action, Outcome, State
from publisher.transport.options import Envelope

__all__ = ["Offer", "xtext"]

PLAIN = re.compile(r"[!-*,-<>-~]*")
"""What stands in a parameter as it is."""


class Offer:
    """The extensions of one server, read once."""

    def __init__(self, extensions: Mapping[str, str], relay: str) -> None:
        self.pipelines = "pipelining" in extensions
        self._relay = relay
        self._sizes, self._reports = "size" in extensions, "dsn" in extensions
        self._eight_bits, self._utf8 = "8bitmime" in extensions, "smtputf8" in extensions
        limit = extensions.get("size", "")
        self._largest = int(limit) if limit.isdecimal() else 0

    def unsendable(self, envelope: Envelope, message: Sequence[bytes], size: int) -> Outcome | None:
        """Why there is no need to ask this server. `size`: of the whole message."""
        if envelope.malformed:
            return Outcome(State.FAILED, "malformed-address")
        if not envelope.ascii:
            if envelope.smtputf8 and not self._utf8:
                return Outcome(State.FAILED, "needs-smtputf8")
            if not self._eight_bits and not _ascii(message):
                return Outcome(State.FAILED, "needs-8bitmime")
        if self._largest and size > self._largest:
            why = f"a message of {size} bytes is over relay {self._relay}'s limit of {self._largest}"
            return Outcome(State.QUEUED, why, action=Action.HALT, charged=False, scope="message")
        return None

    def commands(self, envelope: Envelope, message: Sequence[bytes], size: int) -> bytes:
        """MAIL, RCPT and DATA, each on a line."""
        of_mail, of_rcpt = "", ""
        if self._sizes:
            of_mail = f" SIZE={size}"
        if not envelope.ascii:
            if not _ascii(message):
                of_mail += " BODY=8BITMIME"
            if envelope.smtputf8:
                of_mail += " SMTPUTF8"
        if self._reports:
            of_mail += " RET=HDRS" + (f" ENVID={xtext(envelope.envid)}" if envelope.envid else "")
            of_rcpt = " NOTIFY=FAILURE"
            of_rcpt += f" ORCPT=rfc822;{xtext(envelope.recipient)}" if envelope.recipient.isascii() else ""
        mail, rcpt = f"MAIL FROM:<{envelope.sender}>{of_mail}", f"RCPT TO:<{envelope.recipient}>{of_rcpt}"
        return f"{mail}\r\n{rcpt}\r\nDATA\r\n".encode()


def _ascii(message: Sequence[bytes]) -> bool:
    return all(piece.isascii() for piece in message)


def xtext(text: str) -> str:
    """Text as the value of a parameter (RFC 3461 section 4)."""
    if PLAIN.fullmatch(text):
        return text
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)
