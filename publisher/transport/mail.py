"""What a connection is handed: mails, and what may keep their bodies and dots back. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from publisher.ledger import Outcome
from publisher.transport.options import Envelope

__all__ = ["Answer", "Mail", "at_once", "blocks", "enough", "nobody"]

BLOCK = 65_536
"""Bytes of the body that are written under one limit."""

Mail = tuple[Envelope, Sequence[bytes]]
"""A message: its envelope, and its wire form (CRLF, dots stuffed, ending in CRLF) in pieces, without the final dot."""
Answer = Callable[[bool | Exception], None]
"""Whom to tell whether body or dot may go: it may (True), it is not to (False), or it cannot be known."""


def at_once(answer: Answer) -> None:
    """`before_dot` of a mail that no ledger knows."""
    answer(True)


def nobody() -> Mail | None:
    """Who is sent to next, where it is not known."""
    return None


def enough(_outcome: Outcome) -> bool:
    """Who goes on by itself after a mail was taken: nobody."""
    return False


def blocks(message: Sequence[bytes], size: int) -> Iterator[tuple[Sequence[bytes], int]]:
    """A message in blocks, with their sizes; its pieces are looked at when the first is wanted."""
    if size <= BLOCK:
        yield message, size
        return
    whole = b"".join(message)
    for start in range(0, size, BLOCK):
        block = whole[start : start + BLOCK]
        yield (block,), len(block)
