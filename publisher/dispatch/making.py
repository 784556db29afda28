"""A row becomes a mail: the variant filled with the reader's values, signed here or beside the loop, in its envelope.

What cannot be made is recorded as failed, with the reason, and nothing of it leaves: a mail that is signed in a thread may be announced by then, and
its connection is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from publisher.dispatch.feed import Chunk, ended
from publisher.dispatch.settling import Settling
from publisher.dispatch.shared import Shared
from publisher.dispatch.signing import Signature
from publisher.ledger import State
from publisher.store.deliveries import Row
from publisher.transport import Envelope, Mail

__all__ = ["Made", "Maker"]

Stamp = Callable[[str], bytes]
"""Return path -> a relay's own line."""

READ_BACK = 1000
"""Every so manieth finished message of a variant is read whole by the gate, like its first (decisions 19)."""
READY = 1000
"""Mails made ready, at most: most are taken at once, but a row may have to wait for its domain, or be another one's meanwhile."""


class Made(NamedTuple):
    """A row's mail as it goes to the relay. `signature`: it is being signed in a thread; `shown`: the gate reads it before."""

    chunk: Chunk
    row: Row
    domain: str
    mail: Mail
    signature: Signature | None
    shown: bool


_Filled = tuple[Envelope, list[bytes], Signature | None]
"""A mail that nobody has taken yet. The first of its pieces is empty: some relays want a line of their own there (`stamp`), and take it off again."""


class Maker:
    """Makes the mails of a run."""

    def __init__(self, shared: Shared) -> None:
        self._work, self._signers, self._feed = shared.work, shared.signers, shared.feed
        self._settling = Settling(shared)
        self._ready: dict[int, _Filled] = {}

    def make_ready(self, count: int) -> None:
        """Fill so many of those who are taken next, but for those whose signature takes longer than all else."""
        if len(self._ready) > READY:
            self._ready.clear()
        for chunk, row in self._feed.coming(count):
            if row.delivery_id not in self._ready and not self._takes_long(chunk):
                self._keep(chunk, row)

    def sign_ready(self, count: int) -> None:
        """Fill and sign the others of them."""
        for chunk, row in self._feed.coming(count):
            if self._takes_long(chunk) and row.delivery_id not in self._ready:
                self._keep(chunk, row)

    def _takes_long(self, chunk: Chunk) -> bool:
        """Whether it is signed slowly, and nobody but us does it."""
        return chunk.variant.prepared.compiled.slow and not self._signers.number

    def _keep(self, chunk: Chunk, row: Row) -> None:
        with suppress(ValueError):  # it is said when its turn comes
            self._ready[row.delivery_id] = self._filled(chunk, row)

    def made(self, chunk: Chunk, row: Row, domain: str, *, stamp: Stamp | None) -> Made | None:
        """The row's mail; None when it cannot be made, which is recorded."""
        if not row.rcpt:  # of whoever was erased while their mail waited
            self._settling.record(chunk, row, ended(row, State.SUPPRESSED, "the address was forgotten"))
            return None
        try:
            filled = self._ready.pop(row.delivery_id, None)
            envelope, pieces, signature = filled if filled is not None else self._filled(chunk, row)
        except ValueError as error:
            self._failed(chunk, row, error)
            return None
        if stamp:
            pieces[0] = stamp(envelope.sender)
            envelope.ascii = False
        variant = chunk.variant
        variant.filled += 1
        return Made(chunk, row, domain, (envelope, pieces), signature, variant.filled % READ_BACK == 0)

    async def whole(self, made: Made) -> bytes | None:
        """The finished message without the relay's own line; None when it could not be made, which is recorded."""
        if made.signature is not None:
            await made.signature.wait()
        return None if self.unmade(made) else b"".join(made.mail[1][1:])

    def unmade(self, made: Made) -> bool:
        """Whether the mail could not be signed, which is recorded."""
        error = made.signature.error if made.signature is not None else None
        if error is not None:
            self._failed(made.chunk, made.row, error)
        return error is not None

    def _filled(self, chunk: Chunk, row: Row) -> _Filled:
        prepared = chunk.variant.prepared
        compiled, personal = prepared.compiled, self._work.personal(row)
        signature = None
        if compiled.slow and self._signers.number:
            pieces, make = compiled.begin(personal)
            pieces.insert(0, b"")
            signature = self._signers.sign(make, pieces, place=1)
        else:
            pieces = compiled.fill(personal)
            pieces.insert(0, b"")
        plain = compiled.ascii and row.rcpt.isascii()
        return Envelope(prepared.sender(row), row.rcpt, self._work.dispatch_id, plain), pieces, signature

    def _failed(self, chunk: Chunk, row: Row, error: ValueError) -> None:
        self._settling.record(chunk, row, ended(row, State.FAILED, f"render: {error}"))
