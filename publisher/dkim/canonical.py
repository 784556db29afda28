"""The relaxed canonical forms of RFC 6376 section 3.4, of headers whole and of bodies in pieces. PURE."""

from __future__ import annotations

import re

__all__ = ["body", "ending", "header", "seamless"]

_BLANKS = re.compile(rb"[ \t]+")
_BEFORE_END = re.compile(rb"[ \t]+(?=\r\n)")
_FOLD = re.compile(rb"\r\n(?=[ \t])")


def header(name: bytes, value: bytes) -> bytes:
    """A header field without its line end: name in small letters, unfolded, blanks as one space, none at the ends (3.4.2)."""
    return name.strip(b" \t").lower() + b":" + _BLANKS.sub(b" ", _FOLD.sub(b"", value)).strip(b" \t\r\n")


def body(piece: bytes) -> bytes:
    """A piece of a body: blanks as one space, none before a line end (3.4.4).

    Canonical pieces, joined, are the canonical whole if each is `seamless` and the last went through `ending`.
    """
    return _BLANKS.sub(b" ", _BEFORE_END.sub(b"", piece))


def ending(piece: bytes) -> bytes:
    """The canonical last piece: no empty lines at its end, and exactly one line end unless nothing is left."""
    left = body(piece).rstrip(b" ")
    length = len(left)
    while left.endswith(b"\r\n", 0, length):
        length -= 2
    return left[:length] + b"\r\n" if length else b""


def seamless(piece: bytes) -> bool:
    """Whether nothing that follows this piece can change its canonical form: it ends neither in a blank nor inside a line end."""
    return not piece.endswith((b" ", b"\t", b"\r"))
