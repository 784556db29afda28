"""Signatures over a message in pieces: what all readers share is made canonical, and hashed as far as it can be, once. PURE.

A message is header fields, an empty line and a body in CRLF form, as pieces: literals, and None for each place whose value differs
from reader to reader. `Signer.over` studies it once per variant; the `Seal` that comes out costs little more per message than
the bare signature.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from publisher.dkim import canonical
from publisher.dkim.keys import RSA, SigningKey

__all__ = ["Seal", "Signer"]

_ONCE = (
    "from",
    "to",
    "subject",
    "date",
    "message-id",
    "reply-to",
    "mime-version",
    "content-type",
    "content-language",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "list-help",
    "feedback-id",
    "precedence",
    "auto-submitted",
)
_AND_NO_OTHER = ("from", "subject", "to", "date", "reply-to")
SIGNED = (*_ONCE, *_AND_NO_OTHER)
"""The fields in `h=`. RFC 8058 wants both of List-Unsubscribe signed; a field named once more than it stands there cannot be added
on the way (RFC 6376 section 8.15)."""
LINE = 72
_HASH = b"\x00"
"""Stands for the body hash in a template: no header holds it."""

_ODD = (b"\t", b"\r", b"\n", b"  ", b"\x00 ", b" \x00", b"\x00\x00")
"""In values between zeros: what would have another canonical form, or let what stands beside it have one."""

_Part = bytes | int
"""A literal, or the index of the piece that holds a reader's value."""


class Seal:
    """The signatures of one variant's messages.

    Attributes:
        size: bytes of the fields that it makes, the same for every message.
        slow: whether making them takes so long (RSA) that it may be worth another thread.
    """

    def __init__(
        self, keys: Sequence[SigningKey], templates: Sequence[bytes], layout: Sequence[bytes | None]
    ) -> None:
        head, tail = _parted(layout)
        fields = _fields(head)
        self._fields = [fields[name] for name in _ONCE if name in fields]
        head = [part for field in self._fields for part in _piecewise(field)]
        self._head = [part if isinstance(part, bytes) else b"" for part in head]
        self._places = [(place, part) for place, part in enumerate(head) if isinstance(part, int)]
        *before, last = tail
        if isinstance(last, int) or not (ended := canonical.ending(last)):
            raise ValueError("the message does not end with words that all readers share")
        if not all(canonical.seamless(part) for part in before if isinstance(part, bytes)):
            raise ValueError("a reader's value stands beside a blank in the body")
        parts: list[_Part] = [canonical.body(part) if isinstance(part, bytes) else part for part in before]
        first = next((place for place, part in enumerate(parts) if isinstance(part, int)), len(parts))
        self._begun = hashlib.sha256(b"".join(part for part in parts[:first] if isinstance(part, bytes)))
        self._rest: list[_Part] = [*parts[first:], ended]
        self._values = [part for part in self._rest if isinstance(part, int)]
        self._keys = [
            (key, template.split(_HASH), canonical.header(*template.split(b":", 1)).split(_HASH))
            for key, template in zip(keys, templates, strict=True)
        ]
        digest = bytes(hashlib.sha256().digest_size)
        self.size = len(self._fields_of(b64encode(digest), [bytes(key.size) for key in keys]))
        self.slow = any(key.algorithm == RSA for key in keys)

    def __call__(self, pieces: Sequence[bytes]) -> bytes:
        """The DKIM-Signature fields that go before these pieces, each with its line end.

        Raises:
            ValueError: a value in the body holds a blank.
        """
        return self.begin(pieces)()

    def begin(self, pieces: Sequence[bytes]) -> Callable[[], bytes]:
        """All but the signatures themselves, which cost most of the time: what comes back makes the fields, in any thread.

        Raises:
            ValueError: a value in the body holds a blank.
        """
        for place in self._values:
            value = pieces[place]
            if b" " in value or b"\t" in value or value.endswith(b"\r"):
                raise ValueError("a personal value holds a blank")
        state = self._begun.copy()
        for part in self._rest:
            state.update(part if isinstance(part, bytes) else pieces[part])
        body = b64encode(state.digest())
        signed = hashlib.sha256(self._heads(pieces))
        digests: list[bytes] = []
        for _, _, (begin, end) in self._keys:
            mine = signed.copy()
            mine.update(begin + body + end)
            digests.append(mine.digest())
        return partial(self._signed, body, digests)

    def _signed(self, body: bytes, digests: Sequence[bytes]) -> bytes:
        made = [key.sign(digest) for (key, _, _), digest in zip(self._keys, digests, strict=True)]
        return self._fields_of(body, made)

    def _fields_of(self, body: bytes, signatures: Sequence[bytes]) -> bytes:
        """The fields with these in them, on lines of an ordinary length."""
        made: list[bytes] = []
        for (_, (begin, end), _), signature in zip(self._keys, signatures, strict=True):
            value = b64encode(signature)
            made += begin, body, end
            for start in range(0, len(value), LINE):
                made += b"\r\n ", value[start : start + LINE]
            made.append(b"\r\n")
        return b"".join(made)

    def _heads(self, pieces: Sequence[bytes]) -> bytes:
        """The signed fields in their canonical form; with values in which there is nothing to be made canonical by a join."""
        values = [pieces[part] for _, part in self._places]
        joined = b"\x00%b\x00" % b"\x00".join(values)
        if any([odd in joined for odd in _ODD]):  # noqa: C419 - a list is quicker for so few
            fields = [one if isinstance(one, bytes) else _filled(one, pieces) for one in self._fields]
            return b"".join(fields)
        head = self._head.copy()
        for (place, _), value in zip(self._places, values, strict=True):
            head[place] = value
        return b"".join(head)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs, for which domain, and when: `t=` is the message's own Date, so that a repeat has the same bytes."""

    keys: tuple[SigningKey, ...]
    domain: str
    at: datetime

    def over(self, layout: Sequence[bytes | None]) -> Seal:
        """The seal of messages of this layout.

        Raises:
            ValueError: it is no such message, or holds a signed field twice.
        """
        return Seal(self.keys, [self._template(key) for key in self.keys], layout)

    def _template(self, key: SigningKey) -> bytes:
        """The field up to where its signature goes, with the place of the body hash."""
        head = (
            f"DKIM-Signature: v=1; a={key.algorithm}; c=relaxed/relaxed;\r\n d={self.domain}; s={key.selector};"
            f" t={int(self.at.timestamp())};\r\n h={_folded(SIGNED)};\r\n bh="
        )
        return head.encode("ascii") + _HASH + b";\r\n b="


def _folded(names: Sequence[str]) -> str:
    """The names with colons, on lines of an ordinary length."""
    lines, line = [], ""
    for name in names:
        if len(line) + len(name) >= LINE - 2:
            lines.append(line)
            line = ""
        line += f"{name}:"
    return "\r\n  ".join([*lines, line.removesuffix(":")])


def _parted(layout: Sequence[bytes | None]) -> tuple[list[_Part], list[_Part]]:
    """Header and body: the header with the line end of its last field, the body from its first line on."""
    parts: list[_Part] = [index if piece is None else piece for index, piece in enumerate(layout)]
    for number, part in enumerate(parts):
        if isinstance(part, bytes) and b"\r\n\r\n" in part:
            head, _, body = part.partition(b"\r\n\r\n")
            return [*parts[:number], head + b"\r\n"], [body, *parts[number + 1 :]]
    raise ValueError("the message has no body")


def _fields(head: Sequence[_Part]) -> dict[str, bytes | list[_Part]]:
    """Name -> the canonical field with its line end, or its parts when a reader's value is in it. Signed fields only."""
    found: dict[str, bytes | list[_Part]] = {}
    for parts in _lines(head):
        ours = b"".join(part for part in parts if isinstance(part, bytes))
        name = ours.partition(b":")[0].strip(b" \t").lower().decode("ascii")
        if name in found:
            raise ValueError(f"the message holds {name} twice")
        if name in _ONCE:
            personal = any(isinstance(part, int) for part in parts)
            found[name] = parts if personal else _filled(parts, ())
    return found


def _lines(head: Sequence[_Part]) -> list[list[_Part]]:
    """The parts of each field, folded lines with it."""
    fields: list[list[_Part]] = []
    open_ = False
    for part in head:
        if isinstance(part, int):
            if not open_:
                raise ValueError("a header field begins with a reader's value")
            fields[-1].append(part)
            continue
        for line in part.splitlines(keepends=True):
            if open_ or (fields and line.startswith((b" ", b"\t"))):
                fields[-1].append(line)
            else:
                fields.append([line])
            open_ = not line.endswith(b"\r\n")
    return fields


def _piecewise(field: bytes | Sequence[_Part]) -> Sequence[_Part]:
    """The canonical field in parts, for values that are canonical by themselves: zeros stand for them meanwhile."""
    if isinstance(field, bytes):
        return [field]
    places = [part for part in field if isinstance(part, int)]
    literals = _filled([part if isinstance(part, bytes) else b"\x00" for part in field], ()).split(b"\x00")
    between: list[_Part] = [literals[0]]
    for place, literal in zip(places, literals[1:], strict=True):
        between += place, literal
    return between


def _filled(parts: Sequence[_Part], pieces: Sequence[bytes]) -> bytes:
    """The canonical field with its line end."""
    whole = b"".join(part if isinstance(part, bytes) else pieces[part] for part in parts)
    name, _, value = whole.partition(b":")
    return canonical.header(name, value) + b"\r\n"
