"""What a mail says that came back: a failure, a complaint, an answering machine, or nothing we know.

PURE. Reads the bytes of one mail, in this order: feedback reports (RFC 5965), delivery reports (RFC 3464, also without their
envelope of RFC 3462), answering machines, and the free text in which older servers write. It says what stands there and
believes nothing of it: whose mail it was is proved by a token only, which the caller checks. Codes and texts are
handed to `subscribers.bounces`, which alone judges them. Any bytes are read; what cannot be understood is `What.OTHER`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.parser import HeaderParser
from enum import StrEnum
from hashlib import sha256
from itertools import islice

from subscribers.bounces import (
    FULL_WORDS,
    HOST_WORDS,
    NO_MAILBOX_WORDS,
    REPORTED_NO_MAILBOX_WORDS,
    Kind,
    Scope,
    Verdict,
    judge,
)
from subscribers.tokens import LENGTH

__all__ = ["Report", "Said", "What", "read", "told"]


class What(StrEnum):
    """What a mail is."""

    FAILED = "failed"
    DELAYED = "delayed"
    """Nothing is decided: they go on trying, or hand it on."""
    COMPLAINT = "complaint"
    AUTOMATIC = "automatic"
    """An answering machine."""
    LEFT = "leave"
    """Told by a service: the reader left by a way that the service offers."""
    DELIVERED = "delivered"
    """Told by a service: the reader's own server has taken it."""
    OTHER = "other"


def _fit(text: str) -> str:
    """Text that every database and log bears: blanks for what cannot be printed, as NUL or half a surrogate pair."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


@dataclass(frozen=True, slots=True)
class Said:
    """A failure as it was reported.

    Attributes:
        addresses: whom it names: nobody, somebody, or somebody by several names.
        verdict: what its code and text mean.
        proved: whether a verdict that suppresses has the remote server's own code for it, or its answer to RCPT. Words alone
            are handed on by filters and gateways too, for reasons of their own.
    """

    addresses: tuple[str, ...]
    verdict: Verdict
    proved: bool
    code: int
    enhanced: str | None
    text: str

    def __post_init__(self) -> None:
        """Whoever wrote it may have written anything."""
        object.__setattr__(self, "addresses", tuple(map(_fit, self.addresses)))
        object.__setattr__(self, "text", _fit(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What one mail says.

    Attributes:
        tokens: candidates for tokens, from the addresses the mail went to and from its own account of the returned envelope.
        asked: likewise, from those addresses and the subject alone: of what somebody sent to us on purpose.
        returned_tokens: likewise, from List-Unsubscribe of the returned mail.
        returned_id: the returned mail's Message-ID.
        said: of a failure, what is said of each recipient.
        fingerprint: equal for one mail that came in twice, also by another way.
        vouched: who tells it has proved who they are (a service that signs), so that the returned Message-ID says whose mail it was.
    """

    what: What
    fingerprint: bytes
    tokens: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    returned_tokens: tuple[str, ...] = ()
    returned_id: str | None = None
    said: tuple[Said, ...] = ()
    vouched: bool = False

    def __post_init__(self) -> None:
        """What it is looked up by may hold anything, too."""
        for name in ("tokens", "asked", "returned_tokens"):
            object.__setattr__(self, name, tuple(map(_fit, getattr(self, name))))
        if self.returned_id is not None:
            object.__setattr__(self, "returned_id", _fit(self.returned_id))


READ_MAX = 20_000
"""Characters of free text that are read: what happened stands before the returned mail."""
MOST = 20
"""So many tokens, recipients or addresses of one mail are looked at; a hostile one has any number."""
PARTS_MAX = 100
BYTES_MAX = 250_000
"""Bytes of a mail that are read: a returned mail may be larger, and stands at its end. The standard parser is slow with hostile fields."""

GONE = frozenset({"1.1", "1.6", "1.10"})
"""Codes that prove a mailbox dead also when they are handed on. 2.1, disabled, is given to mailboxes that are back next day."""

_TOKEN = re.compile(rf"\+([A-Za-z0-9_-]{{{LENGTH}}})(?![A-Za-z0-9_-])")
_LEAVE_LINK = re.compile(rf"(?:/u/|\+)([A-Za-z0-9_-]{{{LENGTH}}})(?![A-Za-z0-9_-])")
_ALONE = re.compile(rf"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{{{LENGTH}}}(?![A-Za-z0-9_-])")
_ADDRESS = re.compile(r"[^\s<>()\[\],;:=\"'@*]{1,64}@[A-Za-z0-9.-]{1,253}[A-Za-z0-9]")
_DELIVERED_TO = ("Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "Cc", "Resent-To")
_SAME_BY_ANY_WAY = ("Message-ID", "Date", "From", "Subject")
_STATUS_PARTS = frozenset({"message/delivery-status", "message/global-delivery-status"})
_RETURNED_PARTS = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)
_NO_COMPLAINT = frozenset({"auth-failure", "not-spam", "dmarc"})
_NOT_YET = frozenset({"delayed", "delivered", "relayed", "expanded"})

_REPLY = re.compile(
    r"(?<![\d.:/-])([45]\d\d)(?:[ \t-]+#?\(?([245]\.\d{1,3}\.\d{1,3})\b|(?=[ \t-]+[<(\[A-Za-z#'\"]))"
)
_ENHANCED = re.compile(r"(?<![\d.])([45]\.\d{1,3}\.\d{1,3})(?![\d.])")
_EVIDENT = (_REPLY, _ENHANCED, NO_MAILBOX_WORDS, REPORTED_NO_MAILBOX_WORDS, HOST_WORDS)
_DAEMON = re.compile(r"mailer.?daemon|postmaster|mail.?delivery|mail administrator", re.IGNORECASE)
_FAILURE = re.compile(
    r"undeliver|deliver\w* (status|fail|error|problem|report)|fail\w* (notice|deliver)|returned mail|return(ing)? (message )?to sender"
    r"|mail (system )?(error|failure)|message (status|failed)|non.?delivery|could not (send|be delivered)|not delivered",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\bdelay|warning: |could not send message for (the )?past|do(es)? not need to (re)?send|will (be|keep|continue|try|retry)[^.\n]{0,30}"
    r"(retr|try|attempt|deliver)|still (trying|undelivered)|temporarily deferred",
    re.IGNORECASE,
)
_AUTOMATIC = re.compile(
    r"^(re: ?)?(auto(mati[a-z]*)?[- ]?(re(ply|spon)|antwort)|out of (the )?office|vacation|away\b|abwesen|absence|on (holiday|leave)\b"
    r"|please confirm|confirm your|verif)",
    re.IGNORECASE,
)
_EXPIRED = re.compile(
    r"tim(ed|e) ?out|too long|expired|retry time|aborted after|days?\b.{0,20}\bqueue|network|unreachable|no route",
    re.IGNORECASE,
)
_AT_DATA = re.compile(r"end of data|data command|command: ?data|command\s+data|after data", re.IGNORECASE)
_NO_ROOM = re.compile(rf"{FULL_WORDS.pattern}|disk space", re.IGNORECASE)
"""A gateway that says this beside a remote "no such mailbox" contradicts itself."""
_AT_RCPT = re.compile(r"\bRCPT\b", re.IGNORECASE)
_COPY_BEGINS = re.compile(
    r"^(\W{0,70}(this is a copy|(below|here) (this line )?is (a copy|the)|(the )?(original|returned|unsent|undelivered) (message|mail)\b"
    r"(?! (was|could|has|is))|message (text|header)|headers? of|begin|your (original )?message (follows|reads)|included is)|Received: |Return-Path: )",
    re.IGNORECASE | re.MULTILINE,
)
_TAG = re.compile(r"<(?=[a-z/!])[^@<>]*>", re.IGNORECASE)


def read(raw: bytes) -> Report:
    """What this mail says."""
    raw = raw[:BYTES_MAX]
    if b"\n" not in raw:
        raw = raw.replace(b"\r", b"\n")
    if raw.startswith(b"From "):  # a mailbox's own line
        raw = raw.partition(b"\n")[2]
    try:
        return _read(message_from_bytes(raw), raw)
    except (RecursionError, LookupError, ValueError):
        # hostile MIME: the standard parser goes down into nested parts without a limit, and trips over broken parameters
        return Report(what=What.OTHER, fingerprint=sha256(raw).digest())


def told(address: str, words: str, *, status: str = "", given_up: bool = False) -> Said:
    """A failure as a service tells of it: the address that it names, the remote server's words, its code.

    `given_up`: the service itself did not try, because of what it knows of the address: that wants a second report of another day.
    """
    addresses = _addresses(address)
    words = words[:READ_MAX]
    if given_up:
        verdict = Verdict(
            Kind.HARD, Scope.RECIPIENT, permanent=True, suppress=True, rule="given up by the service"
        )
        return Said(addresses, verdict, proved=False, code=550, enhanced=status or None, text=words)
    known = _ENHANCED.search(status)
    return _said(addresses, words, known[1] if known else None, _phase(words), words)


def _read(mail: Message, raw: bytes) -> Report:
    parts = list(islice(mail.walk(), PARTS_MAX))
    to = "\n".join(_all(mail, name) for name in _DELIVERED_TO)
    blocks = [
        block
        for part in parts
        if part.get_content_type() in _STATUS_PARTS
        for block in islice(_blocks(part), PARTS_MAX)
    ]
    free, rest = _free_text(parts)
    if not blocks and "Final-Recipient:" in free + rest:  # its envelope was lost on the way
        blocks = [
            HeaderParser().parsestr(text.strip())
            for text in re.split(r"\n\s*\n", free + rest)
            if "Final-Recipient:" in text
        ]
    returned = _returned(parts, rest)
    accounts = [value for block in blocks for _, value in block.items()]
    accounts += [_all(returned, "Return-Path")] if returned is not None else []
    what, said = _what(mail, parts, blocks, free)
    body = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[-1]
    known_by = "\n".join(_all(mail, name) for name in _SAME_BY_ANY_WAY)
    tokens = _found(_TOKEN, to + "\n".join(map(str, accounts)))
    known_by += " ".join(sorted(tokens))  # two that say the same are about two mails
    return Report(
        what=what,
        said=said,
        fingerprint=sha256(known_by.encode("utf-8", "replace") + b"\n" + body.strip()).digest(),
        tokens=tokens,
        asked=(*_found(_TOKEN, to), *_found(_ALONE, _all(mail, "Subject"))),
        returned_tokens=_found(_LEAVE_LINK, _all(returned, "List-Unsubscribe"))
        if returned is not None
        else (),
        returned_id=_all(returned, "Message-ID").strip() or None if returned is not None else None,
    )


def _what(
    mail: Message, parts: list[Message], blocks: list[Message], free: str
) -> tuple[What, tuple[Said, ...]]:
    feedback = [
        block
        for part in parts
        if part.get_content_type() == "message/feedback-report"
        for block in _blocks(part)
    ]
    if feedback:
        kind = " ".join(_all(block, "Feedback-Type") for block in feedback).strip().lower()
        return (What.OTHER if kind in _NO_COMPLAINT else What.COMPLAINT), ()
    actions = {_all(block, "Action").partition("(")[0].strip().lower() for block in blocks} - {""}
    failed = [
        _reported(block, free) for block in blocks if _all(block, "Action").strip().lower().startswith("fail")
    ]
    if failed:
        return What.FAILED, tuple(failed[:MOST])
    if actions & _NOT_YET:
        return What.DELAYED, ()
    subject = _all(mail, "Subject").strip()
    by_daemon = "X-Failed-Recipients" in mail or _DAEMON.search(_all(mail, "From")) is not None
    if not by_daemon and _answers_by_itself(mail, subject):
        return What.AUTOMATIC, ()
    if not (by_daemon or _FAILURE.search(subject) or _all(mail, "Return-Path").strip() == "<>"):
        return What.OTHER, ()
    if _DELAY.search(subject) or (_DELAY.search(free) and not _REPLY.search(free)):
        return What.DELAYED, ()
    failure = _told(mail, free)
    return (What.FAILED, (failure,)) if failure is not None else (What.OTHER, ())


def _answers_by_itself(mail: Message, subject: str) -> bool:
    """An answering machine. Daemons that report failures say the same of themselves, so they are asked about first."""
    automatic = _all(mail, "Auto-Submitted").strip().lower().startswith("auto-replied")
    return automatic or "auto" in _all(mail, "Precedence").lower() or _AUTOMATIC.search(subject) is not None


def _reported(block: Message, free: str) -> Said:
    """One recipient of a delivery report: the remote server's words before the reporter's own code."""
    named = "\n".join(
        _all(block, name) for name in ("Original-Recipient", "Final-Recipient", "X-Actual-Recipient")
    )
    kind, parted, words = _all(block, "Diagnostic-Code").partition(";")
    if not parted:
        kind, words = "", kind
    status = _ENHANCED.search(_all(block, "Status"))
    return _said(
        _addresses(named),
        words.strip() or free,
        status[1] if status else None,
        # what a program on their machine printed is no server's answer about a mailbox
        _phase(words + free) if kind.strip().lower() in {"smtp", ""} else "dot",
        free,
    )


def _told(mail: Message, free: str) -> Said | None:
    """A failure in free text, or None where nothing tells of one."""
    ours = set(_addresses(_all(mail, "From") + "\n" + _all(mail, "To")))
    named = _addresses(_all(mail, "X-Failed-Recipients")) or tuple(
        address for address in _addresses(free) if address not in ours
    )
    evident = named or any(words.search(free) for words in _EVIDENT)
    return _said(named, free, None, _phase(free), free) if evident else None


def _phase(text: str) -> str:
    """What the server answered, as far as it is told: to the data it refuses mails, and not only mailboxes."""
    return "dot" if _AT_DATA.search(text) else "report"


def _said(addresses: tuple[str, ...], text: str, status: str | None, phase: str, around: str) -> Said:
    """Code, enhanced code and words of a text; what has no code is permanent unless it speaks of time or network."""
    reply = _REPLY.search(text)
    written = _ENHANCED.search(text)
    enhanced = (reply[2] if reply else None) or (written[1] if written else None)
    if status is not None and (enhanced is None or enhanced[0] != status[0]):
        enhanced = status
    if reply:
        code, text = int(reply[1]), text[reply.start() :]
    elif enhanced:
        code = 450 if enhanced[0] == "4" else 550
    else:
        code = 450 if _EXPIRED.search(text) and not NO_MAILBOX_WORDS.search(text) else 550
    text = " ".join(text.split())
    if status is not None and status[0] == "4" and code >= 500:  # who reports it went on trying
        code, enhanced = 450, status
    verdict = judge(code, enhanced, text, phase=phase)
    hard = (enhanced is not None and enhanced[2:] in GONE) or _AT_RCPT.search(text) is not None
    proved = verdict.suppress and hard and _NO_ROOM.search(around) is None
    return Said(addresses, verdict, proved, code, enhanced, text)


def _addresses(text: str) -> tuple[str, ...]:
    found = (match[0].lower() for match in _ADDRESS.finditer(text))
    return tuple(islice(dict.fromkeys(found), MOST))


def _found(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    found = (match[match.lastindex or 0] for match in pattern.finditer(text))
    return tuple(islice(dict.fromkeys(found), MOST))


def _all(mail: Message, name: str) -> str:
    """Every field of this name, decoded to characters of any kind."""
    return "\n".join(str(value) for value in mail.get_all(name, []))


def _blocks(part: Message) -> Iterator[Message]:
    """The groups of fields of a report; the standard parser knows only one such type, and takes others for whole mails."""
    payload = part.get_payload()
    for block in payload if isinstance(payload, list) else ():
        if not isinstance(block, Message):
            continue
        yield block
        inner = block.get_payload()
        if isinstance(inner, str) and inner.strip():
            yield from (HeaderParser().parsestr(text) for text in re.split(r"\n\s*\n", inner.strip()))


def _free_text(parts: list[Message]) -> tuple[str, str]:
    """What stands in the mail before the returned one, and after that begins."""
    texts = {"text/plain": "", "text/html": ""}
    for part in parts:
        kind = part.get_content_type()
        if kind in _RETURNED_PARTS:
            break
        if kind in texts and len(texts[kind]) < READ_MAX:
            texts[kind] += _decoded(part) + "\n"
    text = texts["text/plain"] if texts["text/plain"].strip() else _TAG.sub(" ", texts["text/html"])
    copy = _COPY_BEGINS.search(text)
    return (text[: copy.start()], text[copy.start() :]) if copy and copy.start() else (text, "")


def _decoded(part: Message) -> str:
    raw = part.get_payload(decode=True)
    known = part.get_content_charset("utf-8")
    try:
        return raw[:READ_MAX].decode(known, "replace") if isinstance(raw, bytes) else ""
    except (LookupError, UnicodeError):  # no such charset, or one that is none
        return raw[:READ_MAX].decode("latin-1") if isinstance(raw, bytes) else ""


def _returned(parts: list[Message], rest: str) -> Message | None:
    """The header of the mail that came back, or None."""
    for part in parts:
        if part.get_content_type() in _RETURNED_PARTS:
            payload = part.get_payload()
            if isinstance(payload, list) and payload and isinstance(payload[0], Message):
                return payload[0]
            return HeaderParser().parsestr(_decoded(part).lstrip())
    header = re.search(r"^(?:Received|Return-Path): ", rest, re.MULTILINE)
    return HeaderParser().parsestr(rest[header.start() :]) if header else None
