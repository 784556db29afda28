"""A story that was mailed to the desk: subject, text, and the message's own id.

The text part counts before the HTML part, because what a signature holds (names, telephone numbers) can be told from the story best there: it
begins at the usual "-- "; in HTML it is what stands below that, or what a mail program marks as one. Marks such as KILL or EMBARGOED count in the subject and
above the text of either part. The source's link is the source line at the text's end ("Source: …"), or the address that `Archived-At` gives
(RFC 5064). A message is taken for whose it is by the source that it was handed in for: its From line proves nothing. Attachments are left out and counted.
"""

from __future__ import annotations

import re
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from html import escape

from publisher.intake import standing
from publisher.intake.apart import above as marks_above
from publisher.intake.apart import unsigned
from publisher.intake.build import Parts, build, read_source_line
from publisher.intake.desklines import Above, lines_above, opens_apart
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.pagetext import linked
from publisher.intake.text import clean, clean_block
from publisher.intake.times import parse as parse_time
from publisher.story import Source, SourceKind

__all__ = ["read", "recognises"]

HEADER_LINE = re.compile(rb"[A-Za-z][A-Za-z0-9-]{1,40}:[ \t]?\S")
WANTED = re.compile(
    rb"^(from|subject|message-id|date|received|mime-version|return-path|delivered-to):",
    re.IGNORECASE | re.MULTILINE,
)
MAX_PARTS = 200
REPLY = re.compile(r"^\s*((re|fwd?|aw|wg|tr|rv)\s*:\s*)+", re.IGNORECASE)


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes begin with the header of a mail: three of its usual fields before the first blank line."""
    if "message/rfc822" in (content_type or ""):
        return True
    head = re.split(rb"\r?\n\r?\n", raw[:40_000].lstrip(b"\xef\xbb\xbf \t\r\n"), maxsplit=1)[0]
    return HEADER_LINE.match(head) is not None and len({found.lower() for found in WANTED.findall(head)}) >= 3


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The one story of the message."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    try:
        message = message_from_bytes(raw.lstrip(b"\r\n \t\xef\xbb\xbf"))
        plain, html, attached = _texts(message)
    except RecursionError:
        return Unreadable("too-deep", "the parts of the message are nested too deeply")
    except (MessageError, LookupError, ValueError) as error:
        return Unreadable("not-mail", f"the message cannot be taken apart: {clean(str(error), 120)}")
    if not message.keys() or (not plain and not html):
        return Unreadable("not-mail", "the message has no text")
    parts = _parts(message, plain, html, context)
    parts.raw = raw
    remarks = (f"attachments left out: {attached}",) if attached else ()
    return Document(items=(build(parts, context),), remarks=remarks)


def _parts(message: Message, plain: str, html: str, context: Context) -> Parts:
    source = context.source
    lines = plain.split("\n")
    subject = REPLY.sub("", _header(message, "Subject"))
    over, above = lines_above([subject], source), lines_above(lines, source)
    above_html, html = marks_above(unsigned(html), source) if html else (Above(), html)
    marks = (over, above, above_html)
    names = [name for name, _ in getaddresses([_header(message, "From")]) if name and "@" not in name]
    parts = Parts(
        typed=True,
        guid=_header(message, "Message-ID").strip("<> "),
        headline="" if over.count else subject,
        body_html=_html_of(lines[above.count :], source) if plain else html,
        language=_header(message, "Content-Language").partition(",")[0],
        link=_header(message, "Archived-At").strip("<> "),
        published=parse_time(_header(message, "Date"), zone=context.source.timezone),
        status=standing.gravest(mark.status for mark in marks),
        embargo=standing.strictest(mark.embargo for mark in marks),
        signals=[signal for mark in marks for signal in mark.signals],
        byline=clean(names[0], 200) if names else "",
    )
    if context.source.kind is SourceKind.AGENCY:
        read_source_line(parts, context)
    return parts


def _texts(message: Message) -> tuple[str, str, int]:
    """The first plain text without its signature, the first HTML text, and how many parts were left out."""
    plain = html = ""
    attached = 0
    for number, part in enumerate(message.walk()):
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if number >= MAX_PARTS or part.get_filename() or part.get_content_disposition() == "attachment":
            attached += 1
        elif kind == "text/plain" and not plain:
            plain = _unsigned(_decoded(part))
        elif kind == "text/html" and not html:
            html = _decoded(part)
        elif kind not in {"text/plain", "text/html"}:
            attached += 1
    return plain, html, attached


def _decoded(part: Message) -> str:
    raw = part.get_payload(decode=True)
    if not isinstance(raw, bytes):
        return ""
    try:
        return raw.decode(part.get_content_charset("utf-8"))
    except (LookupError, UnicodeDecodeError):
        return raw.decode("utf-8", "replace")


def _unsigned(text: str) -> str:
    """The text above the signature (RFC 3676 4.3), of which some programs lose the blank."""
    return re.split(r"(?m)^-- ?\r?$", clean_block(text), maxsplit=1)[0].strip()


def _html_of(lines: list[str], source: Source) -> str:
    """Paragraphs, parted by blank lines; what is said to the desk is one of its own, and a line that is a source line keeps its link."""
    found: list[list[str]] = [[]]
    for line in lines:
        apart = line.strip() and opens_apart(line, source, opens=not found[-1])
        if not line.strip() or apart:
            found.append([])
        if line.strip():
            found[-1].append(line.strip())
        if apart:
            found.append([])
    said = [paragraph for paragraph in found if paragraph]
    return "".join(
        f"<p>{linked(paragraph[0]) if len(paragraph) == 1 else escape(' '.join(paragraph))}</p>"
        for paragraph in said
    )


def _header(message: Message, name: str) -> str:
    """A header as text: encoded words read, whatever cannot be read left as it stands."""
    value = str(message.get(name, ""))[:4000].replace("\r", " ").replace("\n", " ")
    try:
        parts = decode_header(value)
        return "".join(
            part.decode(charset or "utf-8", "replace") if isinstance(part, bytes) else part
            for part, charset in parts
        ).strip()
    except (MessageError, LookupError, ValueError):
        return value.strip()
