"""Skeleton of a wire format, to copy into publisher/intake/ under the format's name: what it reads, where each field stands, what it refuses.

This one reads notes of the form "Key: value", a blank line, and the text, UTF-8. PURE. Nothing raises, whatever the bytes: a whole document that
cannot be read is `Unreadable` with a stable word and one line; a single item is `reject`ed and its neighbours live. What an item says of its own use
(status, embargo, expiry) goes through `standing`, which fails closed; everything else through `build`, which cleans, bounds and judges.
"""

from __future__ import annotations

from publisher.intake import standing
from publisher.intake.build import Parts, build
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.times import parse as parse_time

__all__ = ["read", "recognises"]


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes begin with a mark that no other format has; `auto` asks the formats in the order of `READERS`."""
    return raw.startswith(b"Story-Note: 1")


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The one story of a note."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    head, blank, text = raw.decode("utf-8-sig", "replace").partition("\n\n")
    if not blank:
        return Unreadable("not-a-note", "no blank line parts the head from the text")
    fields = {
        key.strip().casefold(): value.strip()
        for key, _, value in (line.partition(":") for line in head.splitlines())
    }
    zone = context.source.timezone
    status, doubts = standing.status(fields.get("status"))
    parts = Parts(
        guid=fields.get("id", ""),
        link=fields.get("link", ""),
        headline=fields.get("headline", ""),
        body_html=paragraphs(text),
        version=fields.get("version"),
        updated=parse_time(fields.get("time"), zone=zone),
        status=status,
        doubts=doubts,
        embargo=standing.embargo(fields.get("embargo"), context.source),
        urgency=fields.get("urgency", ""),
        ednote=fields.get("note", ""),
        raw=raw,
    )
    return Document(items=(build(parts, context),))
