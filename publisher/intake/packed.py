"""A document that comes as a gzip file: unpacked in steps, counted as it grows, refused at the limit and not a step later. PURE."""

from __future__ import annotations

import zlib

from publisher.intake.document import MAX_BYTES, Unreadable

__all__ = ["is_packed", "unpacked"]

STEP = 256_000
"""Bytes unpacked at a time: what a bomb can make us hold beyond the limit."""


def is_packed(raw: bytes) -> bool:
    """Whether the bytes begin like a gzip file (RFC 1952 2.3.1)."""
    return raw.startswith(b"\x1f\x8b")


def unpacked(raw: bytes) -> bytes | Unreadable:
    """What the file holds, in as many members as it likes; what is packed inside stays so."""
    out = bytearray()
    while raw:
        member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        while not member.eof:
            try:
                out += member.decompress(raw, STEP)
            except zlib.error as error:
                return Unreadable("damaged", f"the gzip file is damaged: {error}")
            if len(out) > MAX_BYTES:
                return Unreadable(
                    "too-large", f"unpacked, the document has more than {MAX_BYTES // 1_000_000} MB"
                )
            raw = member.unconsumed_tail
            if not raw and not member.eof:
                return Unreadable("incomplete", "the gzip file breaks off")
        raw = member.unused_data.lstrip(b"\0")  # padding after a member is legal
    return bytes(out)
