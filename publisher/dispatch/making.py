"""A row becomes a mail: the variant filled with the reader's values, signed here or beside the loop, in its envelope.

What cannot be made is recorded as failed, with the reason, and nothing of it leaves: a mail that is signed in a thread may be announced by then, and
its connection is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from publisher.dispatch.feed import Chunk, ended
from publisher.dispatch.settling import Settling
from publisher.dispatch.shared import Shared
from publisher.dispatch.signing import Signature
from publisher.ledger import State
from publisher.store.deliveries import Row
from publisher.transport import Envelope, Mail

__all__ = ["Made", "Maker"]

READ_BACK = 1000
"""Every so manieth finished message of a variant is read whole by the gate, like its first (decisions 19)."""


class Made(NamedTuple):
    """A row's mail as it goes to the relay. `signature`: it is being signed in a thread; `shown`: the gate reads it before."""

    chunk: Chunk
    row: Row
    domain: str
    mail: Mail
    signature: Signature | None
    shown: bool


class Maker:
    """Makes mails for one relay, which may want a line of its own on top (`stamp`), and takes it off again."""

    def __init__(self, shared: Shared, settling: Settling, stamp: Callable[[str], bytes] | None) -> None:
        self._work, self._signers = shared.work, shared.signers
        self._settling, self._stamp = settling, stamp

    def made(self, chunk: Chunk, row: Row, domain: str) -> Made | None:
        """The row's mail; None when it cannot be made, which is recorded."""
        prepared = chunk.variant.prepared
        if not row.rcpt:  # of whoever was erased while their mail waited
            self._settling.record(chunk, row, ended(row, State.SUPPRESSED, "the address was forgotten"))
            return None
        compiled, stamp = prepared.compiled, self._stamp
        aside = compiled.slow and self._signers.number
        try:
            personal = self._work.personal(row)
            message, make = compiled.begin(personal) if aside else (compiled.fill(personal), None)
        except ValueError as error:
            self._failed(chunk, row, error)
            return None
        chunk.variant.filled += 1
        plain = stamp is None and compiled.ascii and row.rcpt.isascii()
        envelope = Envelope(prepared.sender(row), row.rcpt, self._work.dispatch_id, plain)
        if stamp:
            message.insert(0, stamp(envelope.sender))
        signature = None if make is None else self._signers.sign(make, message, place=1 if stamp else 0)
        shown = chunk.variant.filled % READ_BACK == 0
        return Made(chunk, row, domain, (envelope, message), signature, shown)

    async def whole(self, made: Made) -> bytes | None:
        """The finished message without the relay's own line; None when it could not be made, which is recorded."""
        if made.signature is not None:
            await made.signature.wait()
        if self.unmade(made):
            return None
        return b"".join(made.mail[1][1:] if self._stamp else made.mail[1])

    def unmade(self, made: Made) -> bool:
        """Whether the mail could not be signed, which is recorded."""
        error = made.signature.error if made.signature is not None else None
        if error is not None:
            self._failed(made.chunk, made.row, error)
        return error is not None

    def _failed(self, chunk: Chunk, row: Row, error: ValueError) -> None:
        self._settling.record(chunk, row, ended(row, State.FAILED, f"render: {error}"))
