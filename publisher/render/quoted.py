"""Text as quoted-printable (RFC 2045 section 6.7), the way the mails of this house are written. PURE."""

from __future__ import annotations

import html as html_module
import string

__all__ = ["PLAIN", "QP_LINE", "SOFT_BREAK", "quoted_html", "quoted_printable", "quoted_text"]

SOFT_BREAK = b"=\r\n"
QP_LINE = 73
PLAIN = (string.ascii_letters + string.digits + "._~:/?@+-").encode("ascii")
"""What is written alike everywhere: nothing of it is quoted in HTML or quoted-printable."""


def quoted_text(value: str) -> bytes:
    """As `quoted_printable`; a link or address that fits on a line, which is nearly every one, in a twentieth of the time."""
    if value.isascii() and value.isprintable() and " " not in value and not value.startswith("."):
        short = value.replace("=", "=3D")
        if len(short) <= QP_LINE:
            return short.encode("ascii")
    return quoted_printable(value)


def quoted_html(value: str) -> bytes:
    """As `quoted_text`, of text that goes into HTML."""
    return quoted_text(html_module.escape(value))


_SAFE = frozenset(range(33, 127)) - {ord("=")} | {32, 9}
_QP = tuple(bytes([n]) if n in _SAFE else b"=%02X" % n for n in range(256))


def quoted_printable(text: str) -> bytes:
    """RFC 2045 section 6.7 with CRLF line ends, no line over 76 characters, none beginning with a dot or "From "."""
    return b"\r\n".join(_quoted_line(line) for line in text.replace("\r\n", "\n").split("\n"))


def _quoted_line(line: str) -> bytes:
    out: list[bytes] = []
    length = 0
    raw = line.encode("utf-8", "replace")
    last = len(raw) - 1
    for place, byte in enumerate(raw):
        token = _QP[byte]
        at_start = length == 0
        if (at_start and (byte == 46 or (byte == 70 and raw[place : place + 5] == b"From "))) or (
            byte in {9, 32} and place == last
        ):
            token = b"=%02X" % byte
        if length + len(token) > QP_LINE:
            out.append(SOFT_BREAK)
            length = 0
            if byte == 46:
                token = b"=2E"
        out.append(token)
        length += len(token)
    return b"".join(out)
