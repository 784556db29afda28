"""Skeleton of a wire format, to copy into publisher/intake/ under the format's name: what it reads, where each field stands, what it refuses.

This one reads notes of the form "Key: value", a blank line, and the text, UTF-8, several in a file. PURE. Nothing raises, whatever the bytes: a whole document that
cannot be read is `Unreadable` with a stable word and one line; a single item is `reject`ed and its neighbours live. What an item says of its own use
(status, embargo, expiry) goes through `standing`, which fails closed; everything else through `build`, which cleans, bounds and judges.
"""

from __future__ import annotations

from publisher.intake import standing
from publisher.intake.build import Parts, build, reject
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.times import parse as parse_time
from publisher.story import PubStatus, Reason, Received, Rejected

__all__ = ["read", "recognises"]

WORDS = {"live": PubStatus.USABLE, "held": PubStatus.WITHHELD, "kill": PubStatus.CANCELED}
"""The agency's own; a format that uses the IPTC's words needs no table."""


def recognises(raw: bytes, content_type: str | None) -> bool:
    """Whether the bytes begin with a mark that no other format has; `auto` asks the formats in the order of `READERS`."""
    return raw.startswith(b"Story-Note: 1")


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The notes of a file, parted by lines of two hyphens."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    if not recognises(raw, None):
        return Unreadable("not-a-note", "the file does not begin with Story-Note: 1")
    notes = raw.decode("utf-8-sig", "replace").split("\n--\n")
    return Document(
        items=tuple(_item(note, context) for note in notes[: context.max_items]),
        left_out=max(0, len(notes) - context.max_items),
    )


def _item(note: str, context: Context) -> Received | Rejected:
    head, blank, text = note.partition("\n\n")
    fields = {
        key.strip().casefold(): value.strip()
        for key, _, value in (line.partition(":") for line in head.splitlines())
    }
    zone = context.source.timezone
    status, doubts = standing.status(fields.get("status", "live").casefold(), WORDS)
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
        raw=note.encode(),
    )
    # a kill counts whatever else the item lacks
    if not blank and status is not PubStatus.CANCELED:
        return reject(parts, Reason.MALFORMED, "no blank line parts the head from the text")
    return build(parts, context)
