"""Mail headers folded by ourselves: the standard library's modern folder garbles them.

Measured on the Pythons we support: `EmailMessage` rewrites a List-Unsubscribe of 76 characters as encoded words (which mailbox
providers then ignore), fuses words of Persian subjects, and on 3.11 lets a crafted title inject a header. Here a structured value is
written as it stands, and text is either plain ASCII or base64 words made by the legacy encoder (RFC 2047), which splits them
correctly. Nothing here takes text that still holds a control character: it is replaced first.
"""

from __future__ import annotations

import re
from email.header import Header

__all__ = ["LINE_MAX", "mailbox", "structured", "text_header"]

LINE_MAX = 998
"""Octets of a line without its end (RFC 5322 2.1.1)."""
FOLD_AT = 76
WORD_MAX = 60
VALUE_MAX = 1000
UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
SURROGATE = re.compile(r"[\ud800-\udfff]")


def safe(value: str) -> str:
    """Text fit for a header: controls and line separators become one blank, lone surrogates U+FFFD, length bounded."""
    return " ".join(SURROGATE.sub("\ufffd", UNSAFE.sub(" ", value)).split())[:VALUE_MAX]


def encoded(name: str, value: str) -> str:
    """The folded value of an unstructured header, without its name."""
    plain = value.isascii() and "=?" not in value and all(len(word) <= WORD_MAX for word in value.split())
    return _folded(name, value, "us-ascii" if plain else "utf-8")


def _folded(name: str, value: str, charset: str) -> str:
    return Header(value, charset, header_name=name, maxlinelen=FOLD_AT).encode(linesep="\r\n")


def text_header(name: str, value: str) -> bytes:
    """A header that holds text, such as Subject."""
    return f"{name}: {encoded(name, safe(value))}\r\n".encode("ascii")


def mailbox(name: str, display: str, address: str) -> bytes:
    """A header that holds one display name and one address or id in angle brackets (From, List-Id).

    The name is quoted or encoded, never bare: a sign of RFC 5322's grammar in it, or an address, would be read as one.
    """
    shown = safe(display)
    if shown.isascii() and "=?" not in shown and len(shown) <= WORD_MAX:
        quoted = '"{}"'.format(shown.replace("\\", "\\\\").replace('"', '\\"'))
    else:
        quoted = _folded(name, shown, "utf-8")
    return structured_line(f"{name}: {quoted}\r\n <{address}>")


def structured(name: str, value: str) -> bytes:
    """A header whose value is written as it stands on one line.

    Raises:
        ValueError: the value holds a control or non-ASCII character, or the line would be too long.
    """
    if not value.isascii() or UNSAFE.search(value):
        raise ValueError(f"{name} must be one line of ASCII")
    return structured_line(f"{name}: {value}")


def structured_line(line: str) -> bytes:
    """The line's bytes; ValueError when a physical line is longer than LINE_MAX."""
    raw = f"{line}\r\n".encode("ascii")
    if any(len(part) > LINE_MAX for part in raw.split(b"\r\n")):
        raise ValueError(f"a line of {line.partition(':')[0]} is longer than {LINE_MAX} octets")
    return raw
