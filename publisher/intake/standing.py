"""Whether an item may be used, by what it says of itself: status, embargo, expiry. What cannot be read fails closed.

PURE. A word that we do not know, or a value of the wrong kind, is never taken for the absence of one: the story is withheld, which also
takes a version that is out already back, and its doubt is kept among its flags until a version comes that can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from publisher.intake.text import clean
from publisher.intake.times import parse as parse_time
from publisher.story import NO_EMBARGO, Embargo, EmbargoKind, PubStatus, Received, Source

__all__ = [
    "ADVISORIES",
    "ADVISORY",
    "DESK_LINE",
    "DOUBTS",
    "MEDIUM_LEFT_OUT",
    "RIGHTS_FORBID",
    "embargo",
    "expiry",
    "gravest",
    "held_back",
    "lasting",
    "media_status",
    "status",
    "strictest",
    "validity",
]

STATUS, EXPIRY, RIGHTS_FORBID, ADVISORY, DESK_LINE = (
    "status-unknown",
    "expires-unreadable",
    "rights-forbid",
    "advisory",
    "desk-line",
)
DOUBTS = {
    STATUS: "its status is none that we know",
    EXPIRY: "its expiry cannot be read",
    RIGHTS_FORBID: "its own statement of rights forbids to publish it (`rights_map` of the source)",
    ADVISORY: "it is an advisory to desks, no story for readers",
    DESK_LINE: "a line of it looks like an order to the desk (kill, hold, embargo, not for publication); `publisher story release` lets it go",
}
"""Flag -> what the desk is told."""
MEDIUM_LEFT_OUT = "medium-left-out"
"""Flag of an item that came with a picture which may not be used, and goes without it."""
ADVISORIES = frozenset({"advisory", "advisories", "daybook", "note to editors"})
"""Genres of what agencies send to desks."""


def status(value: Any, words: Mapping[str, PubStatus] | None = None) -> tuple[PubStatus, list[str]]:
    """The status that a JSON value names, and doubts about it: an IPTC word, and no value means usable.

    `words`: an agency's own, in small letters, for a field that always has to say something: all that is not among them is a doubt, "" too.
    """
    known = {"": PubStatus.USABLE, **{word.value: word for word in PubStatus}} if words is None else words
    said = "" if value is None else value.strip().casefold() if isinstance(value, str) else None
    meant = None if said is None else known.get(said)
    return (PubStatus.WITHHELD, [STATUS]) if meant is None else (meant, [])


def media_status(states: Iterable[str | None]) -> tuple[PubStatus, list[str]]:
    """What the `state` of each `media:status` (Media RSS) means; "blocked" and all that we do not know hold the item back."""
    said = {(state or "").strip().casefold() for state in states}
    if "deleted" in said:
        return PubStatus.CANCELED, []
    if said <= {"active"}:
        return PubStatus.USABLE, []
    return PubStatus.WITHHELD, [] if said <= {"active", "blocked"} else [STATUS]


def lasting(
    status: PubStatus, doubts: Sequence[str], embargo: Embargo, expires: datetime | None, now: datetime
) -> bool:
    """Whether a picture that says this of itself may be shown: now, and for good, for nobody looks at a picture's time again."""
    return status is PubStatus.USABLE and not doubts and not embargo.holds(now) and expires is None


def gravest(statuses: Iterable[PubStatus]) -> PubStatus:
    """Of several statuses the one that forbids most."""
    order = (PubStatus.USABLE, PubStatus.WITHHELD, PubStatus.CANCELED)
    return max(statuses, key=order.index, default=PubStatus.USABLE)


def strictest(embargoes: Iterable[Embargo]) -> Embargo:
    """Of several embargoes the one that holds back longest: without an end that we can read, else the latest."""
    far = datetime.max.replace(tzinfo=UTC)
    order = {EmbargoKind.NONE: 0, EmbargoKind.UNTIL: 1, EmbargoKind.OPEN: 2, EmbargoKind.UNREADABLE: 2}
    return max(embargoes, key=lambda each: (order[each.kind], each.until or far), default=NO_EMBARGO)


def held_back(item: Received, word: Received) -> Received | None:
    """An item with what a later one of its id, that has no text of its own, says of its use: the stricter of both. None where it says nothing."""
    if word.pubstatus is PubStatus.USABLE and word.embargo == NO_EMBARGO and word.expires is None:
        return None
    ends = [end for end in (item.expires, word.expires) if end is not None]
    return replace(
        item,
        pubstatus=gravest((item.pubstatus, word.pubstatus)),
        embargo=strictest((item.embargo, word.embargo)),
        expires=min(ends, default=None),
        flags=tuple(dict.fromkeys((*item.flags, *word.flags))),
        source_version=word.source_version or item.source_version,
        version_created=word.version_created or item.version_created,
    )


def expiry(value: Any, *, zone: str) -> tuple[datetime | None, list[str]]:
    """The end of a story's time, and doubts about it."""
    if value is None or value == "":
        return None, []
    end = parse_time(value, zone=zone, early=True) if isinstance(value, str) else None
    return end, [] if end else [EXPIRY]


def validity(period: str, *, zone: str) -> tuple[datetime | None, list[str]]:
    """The end of a `dcterms:valid` period (DCMI: "start=…; end=…; scheme=W3C-DTF"), and doubts about it."""
    found = re.search(r"\bend\s*=\s*([^;]*)", period)
    if found is not None:
        end = parse_time(found[1].strip(), zone=zone, early=True)
        return end, [] if end else [EXPIRY]
    return None, [EXPIRY] if period.strip() and "start" not in period else []


def embargo(value: Any, source: Source) -> Embargo:
    """The four states of an embargo."""
    if value is None:
        return NO_EMBARGO
    if isinstance(value, str) and not value.strip():
        return Embargo(EmbargoKind.OPEN) if source.empty_embargo == "hold" else NO_EMBARGO
    until = parse_time(value, zone=source.timezone, late=True) if isinstance(value, str) else None
    return (
        Embargo(EmbargoKind.UNTIL, until)
        if until
        else Embargo(EmbargoKind.UNREADABLE, text=clean(str(value), 200))
    )
