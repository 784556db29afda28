"""One MIME message compiled once per variant into finished wire pieces, filled per reader by a join.

PURE. multipart/alternative, text first, both parts quoted-printable in canonical CRLF; a line never begins with a dot (it is
encoded), so that no dot needs stuffing and the wire form equals the message. A soft line break stands on both sides of each
personal place: a value never lengthens a line. Boundary, Date and Message-ID come from the edition and the delivery: the same
delivery has the same bytes at each try. Whoever signs mails hands in how; the signature goes before everything else.
"""

from __future__ import annotations

import hashlib
import html as html_module
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol, cast

from publisher.render.digest import Rendered
from publisher.render.headers import mailbox, structured, text_header
from publisher.render.places import Place, markers
from publisher.render.quoted import PLAIN, QP_LINE, SOFT_BREAK, quoted_html, quoted_printable, quoted_text

__all__ = [
    "Compiled",
    "Headers",
    "NoticeHeaders",
    "Personal",
    "Seal",
    "Sign",
    "compile",
    "compile_notice",
    "in_dispatch",
]


class Seal(Protocol):
    """A message's pieces -> the header fields that sign them, whole lines; `begin` leaves the slow part to be done, in any thread."""

    size: int
    slow: bool

    def __call__(self, pieces: Sequence[bytes], /) -> bytes:
        """The fields."""

    def begin(self, pieces: Sequence[bytes], /) -> Callable[[], bytes]:
        """What makes the fields."""


Sign = Callable[[Sequence[bytes | None]], Seal]
"""What is the same in all messages of a variant (None: a reader's value) -> their seal."""

ALLOWED = PLAIN + b"&="
"""What a personal link may hold; it needs no quoting in a header, an attribute or a URL."""
MESSAGE_ID = re.compile(r"<[A-Za-z0-9._+-]+@[A-Za-z0-9.-]+>")
FIELDS = ("to", "message_id", "leave_url", "leave_mailto", "preferences_url", "action_url")
_ANY = f"[{re.escape(PLAIN.decode())}]"
_LINK = rf"(?!\.){_ANY}{{0,{QP_LINE}}}"
PLAIN_VALUES = re.compile(
    rf"(?!\.)(?=\S{{1,{QP_LINE}}} )[A-Za-z0-9._+-]+@[a-z0-9.-]+ {MESSAGE_ID.pattern} {_LINK} {_ANY}* {_LINK} {_LINK}"
)
"""Values of all of them, with blanks between, that `_check` lets pass and that are the same bytes however they are written."""
ADDRESS_ALLOWED = re.compile(r"[^\s\x00-\x20\x7f-\x9f<>\"(),:;\\\[\]\u2028\u2029]+@[a-z0-9.-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What stands above the body, the same for every reader of a variant (RFC 5322, 2369, 2919, 8058)."""

    from_name: str
    from_address: str
    subject: str
    list_name: str
    list_id: str
    language: str
    reply_to: str
    help_url: str
    archive_url: str
    owner: str
    feedback_id: str
    date: datetime
    answers: str = ""
    """Of a follow-up: the dispatch whose mail it is the answer to, in the reader's thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeHeaders:
    """What stands above a notice: it belongs to no list, and nobody unsubscribes from it."""

    from_name: str
    from_address: str
    subject: str
    language: str
    reply_to: str
    feedback_id: str
    date: datetime


@dataclass(slots=True, kw_only=True)
class Personal:
    """What differs from reader to reader. ValueError from `Compiled.fill` when a value holds what it must not.

    A notice has one link only, `action_url`. Nobody changes one; a frozen one takes five times as long to make.
    """

    to: str
    message_id: str
    leave_url: str = ""
    leave_mailto: str = ""
    preferences_url: str = ""
    action_url: str = ""


@dataclass(frozen=True, slots=True)
class _Slot:
    """A place between two literals: which value, and how it is written there."""

    field: str
    write: Callable[[str], bytes]


class Unsigned:
    """Stands for a signature that is being made: as long, and no bytes, so that whatever would send, join or hash them fails."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size

    def isascii(self) -> bool:
        """As a signature is."""
        return True


class Compiled:
    """A variant's message: literals and slots in order.

    Attributes:
        ascii: nothing that all readers share is anything else, so that only an address could be.
        slow: whether signing takes so long that it may be worth another thread (`begin`).
    """

    def __init__(
        self,
        pieces: tuple[bytes | _Slot, ...],
        text: tuple[str | Place, ...],
        html: tuple[str | Place, ...],
        sign: Sign | None = None,
    ) -> None:
        self._text, self._html = text, html
        self._layout = [piece if isinstance(piece, bytes) else b"" for piece in pieces]
        slots = [(place, piece) for place, piece in enumerate(pieces) if isinstance(piece, _Slot)]
        self._slots = [(place, slot.field, slot.write) for place, slot in slots]
        self._same = [(place, FIELDS.index(slot.field)) for place, slot in slots if slot.write in ALIKE]
        self._others = [entry for entry in self._slots if entry[2] not in ALIKE]
        self._seal = sign([piece if isinstance(piece, bytes) else None for piece in pieces]) if sign else None
        self.slow = self._seal is not None and self._seal.slow
        self.ascii = all(piece.isascii() for piece in self._layout)
        literals = b"\x00".join(piece for piece in pieces if isinstance(piece, bytes))
        self.sha256 = hashlib.sha256(literals).hexdigest()

    def fill(self, personal: Personal) -> list[bytes]:
        """The message in wire form (CRLF, no line begins with a dot), in pieces, without the final dot.

        Raises:
            ValueError: a personal value holds a character that it must not.
        """
        pieces = self._filled(personal)
        return [self._seal(pieces), *pieces] if self._seal else pieces

    def begin(self, personal: Personal) -> tuple[list[bytes], Callable[[], bytes]]:
        """As `fill` of a message that is signed, but for its first piece: what comes second makes that, in any thread.

        Raises:
            ValueError: a personal value holds a character that it must not.
        """
        if self._seal is None:
            raise ValueError("nobody signs this message")
        pieces = self._filled(personal)
        return [cast("bytes", Unsigned(self._seal.size)), *pieces], self._seal.begin(pieces)

    def _filled(self, personal: Personal) -> list[bytes]:
        pieces, slots = self._layout.copy(), self._slots
        said = (
            f"{personal.to} {personal.message_id} {personal.leave_url} {personal.leave_mailto}"
            f" {personal.preferences_url} {personal.action_url}"
        )
        if PLAIN_VALUES.fullmatch(said):  # nearly always
            values, slots = said.encode("ascii").split(b" "), self._others
            for place, number in self._same:
                pieces[place] = values[number]
        else:
            _check(personal)
        for place, field, write in slots:
            pieces[place] = write(getattr(personal, field))
        return pieces

    def message(self, personal: Personal) -> bytes:
        """The whole message for one reader."""
        return b"".join(self.fill(personal))

    def bodies(self, personal: Personal) -> tuple[bytes, bytes]:
        """The decoded (html, text) for one reader: what the parts hold."""
        _check(personal)
        html = "".join(
            html_module.escape(getattr(personal, _FIELD_OF[p])) if isinstance(p, Place) else p
            for p in self._html
        )
        text = "".join(getattr(personal, _FIELD_OF[p]) if isinstance(p, Place) else p for p in self._text)
        return html.encode(), text.encode()


_FIELD_OF: dict[Place, str] = {
    Place.ADDRESS: "to",
    Place.LEAVE: "leave_url",
    Place.PREFERENCES: "preferences_url",
    Place.ACTION: "action_url",
}


def compile(  # noqa: A001 - the word of the trade
    rendered: Rendered, headers: Headers, *, seed: str, sign: Sign | None = None
) -> Compiled:
    """Compile a variant. `seed` is the edition's content hash, of which the rendering's markers were made."""
    head: list[bytes | _Slot] = [
        *_addressed(headers),
        *(_answering(headers.answers) if headers.answers else ()),
        mailbox("List-Id", headers.list_name, headers.list_id),
        b"List-Unsubscribe: <",
        _Slot(_FIELD_OF[Place.LEAVE], _bare),
        b">",
        _Slot("leave_mailto", lambda mailto: f", <{mailto}>".encode() if mailto else b""),
        b"\r\n",
        structured("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        structured("List-Help", f"<{headers.help_url}>"),
        structured("List-Archive", f"<{headers.archive_url}>"),
        structured("List-Owner", f"<mailto:{headers.owner}>"),
        structured("Feedback-ID", headers.feedback_id),
        structured("Precedence", "bulk"),
    ]
    return _compiled(head, rendered, headers.language, seed=seed, sign=sign)


def compile_notice(
    rendered: Rendered, headers: NoticeHeaders, *, seed: str, sign: Sign | None = None
) -> Compiled:
    """Compile a notice: the same form without anything of a list."""
    head = [*_addressed(headers), structured("Feedback-ID", headers.feedback_id)]
    return _compiled(head, rendered, headers.language, seed=seed, sign=sign)


def _addressed(headers: Headers | NoticeHeaders) -> list[bytes | _Slot]:
    return [
        mailbox("From", headers.from_name, headers.from_address),
        b"To: ",
        _Slot(_FIELD_OF[Place.ADDRESS], _bare),
        b"\r\n",
        text_header("Subject", headers.subject),
        structured("Date", format_datetime(headers.date.astimezone(UTC))),
        b"Message-ID: ",
        _Slot("message_id", _bare),
        b"\r\n",
        structured("Reply-To", headers.reply_to),
    ]


def in_dispatch(message_id: str, dispatch_id: str) -> str:
    """The same reader's Message-ID in another dispatch: a follow-up has that of the mail that it follows, but for the dispatch (26 characters)."""
    return f"<{dispatch_id.lower()}{message_id[27:]}"


def _answering(dispatch_id: str) -> list[bytes | _Slot]:
    """The fields that put a mail into the thread of that dispatch's mail to the same reader (RFC 5322 3.6.4)."""

    def original(message_id: str) -> bytes:
        return in_dispatch(message_id, dispatch_id).encode()

    return [
        b"In-Reply-To: ",
        _Slot("message_id", original),
        b"\r\nReferences: ",
        _Slot("message_id", original),
        b"\r\n",
    ]


def _compiled(
    head: list[bytes | _Slot], rendered: Rendered, language: str, *, seed: str, sign: Sign | None
) -> Compiled:
    text = tuple(_split(rendered.text, seed))
    html = tuple(_split(rendered.html, seed))
    boundary = f"=_{hashlib.sha256(f'boundary {seed} {language}'.encode()).hexdigest()[:32]}"
    pieces: list[bytes | _Slot] = [
        *head,
        structured("Auto-Submitted", "auto-generated"),
        structured("X-Auto-Response-Suppress", "All"),
        structured("Content-Language", language),
        structured("MIME-Version", "1.0"),
        f'Content-Type: multipart/alternative;\r\n boundary="{boundary}"\r\n\r\n'.encode("ascii"),
    ]
    for kind, parts, escape in (("plain", text, False), ("html", html, True)):
        pieces.append(
            (
                f"--{boundary}\r\nContent-Type: text/{kind}; charset=utf-8\r\n"
                "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
            ).encode("ascii")
        )
        pieces += _body(parts, escape=escape)
        pieces.append(b"\r\n")
    pieces.append(f"--{boundary}--\r\n".encode("ascii"))
    return Compiled(tuple(_joined(pieces)), text, html, sign)


def _split(body: str, seed: str) -> Iterator[str | Place]:
    """The body, parted at its personal places."""
    known = {mark: place for place, mark in markers(seed).items()}
    for part in re.split("(" + "|".join(known) + ")", body):
        if part:
            yield known.get(part, part)


def _body(parts: tuple[str | Place, ...], *, escape: bool) -> Iterator[bytes | _Slot]:
    for part in parts:
        if isinstance(part, Place):
            yield SOFT_BREAK
            yield _Slot(_FIELD_OF[part], quoted_html if escape else quoted_text)
            yield SOFT_BREAK
        else:
            yield quoted_printable(part)


def _joined(pieces: list[bytes | _Slot]) -> Iterator[bytes | _Slot]:
    """Neighbouring literals as one."""
    literal = b""
    for piece in pieces:
        if isinstance(piece, bytes):
            literal += piece
        else:
            if literal:
                yield literal
            yield piece
            literal = b""
    if literal:
        yield literal


def _bare(value: str) -> bytes:
    return value.encode("utf-8")


ALIKE = frozenset({_bare, quoted_text, quoted_html})
"""Ways of writing in which plain values stand as they are."""


def _check(personal: Personal) -> None:
    links = personal.leave_url + personal.preferences_url + personal.leave_mailto + personal.action_url
    if not links.isascii() or links.encode("ascii").translate(None, ALLOWED):
        raise ValueError("a personal link holds a character that it must not")
    if not MESSAGE_ID.fullmatch(personal.message_id):
        raise ValueError("the Message-ID is malformed")
    if not ADDRESS_ALLOWED.fullmatch(personal.to) or len(personal.to) > 254:
        raise ValueError("the address holds a character that it must not")
