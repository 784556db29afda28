"""What the intake is given and what it gives back: a context, and a document of items or the reason why it is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from publisher.story import Received, Rejected, Source

__all__ = ["Context", "Document", "Unreadable"]

MAX_BYTES = 10_000_000
MAX_ITEMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a reader of a format may know beside the bytes.

    `base_url`: where the document came from; `content_type`: as its server named it.
    """

    source: Source
    now: datetime
    base_url: str | None = None
    content_type: str | None = None
    max_items: int = MAX_ITEMS


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document that could be read.

    `left_out`: items beyond the limit. `remarks`: what the operator should know (repaired, damaged). `kills`: the source's ids
    that it declares deleted without saying more (RFC 6721). `newest_last`: what stands further down is newer, where nothing else tells; in feeds
    it is older.
    """

    items: tuple[Received | Rejected, ...]
    left_out: int = 0
    remarks: tuple[str, ...] = ()
    kills: tuple[str, ...] = field(default=())
    newest_last: bool = False


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The whole document is refused: `reason` is a stable word, `detail` one line. Nothing is stored, nothing withdrawn."""

    reason: str
    detail: str
