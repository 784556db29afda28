"""What a newly received version means for the story that we have: new, update, correction, kill, or nothing.

PURE. The rules of wire.md 2.2 as far as feeds need them: a kill wins over everything that comes later, an older version
never replaces a newer one, an equal one is no news. The words are those desks use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from publisher.canonical import canonical_json
from publisher.story import Embargo, PubStatus, Received, Story

__all__ = [
    "MEANWHILE",
    "Change",
    "change",
    "content_hash",
    "eligible_at",
    "held_back",
    "killed",
    "older",
    "overtaken",
    "restored",
    "still_restored",
    "version_hash",
]

CLAMPED = "future-date-clamped"
"""The flag of a version whose time was ours, because its own lay ahead of our clock: it says nothing of an order."""
CORRECTION = "correction"
"""The signal, whatever scheme stands before it (NewsML-G2 `sig:correction`)."""
RESTORED = "restored"
"""Among a version's flags: a person brought the story back, and the note that says so is ours, not the source's."""

MEANWHILE = timedelta(minutes=10)
"""Of two polls that run at once the answer of the one that was begun first may come last; none takes so long. What lies further apart is
a clock that was set back."""


class Change(StrEnum):
    """What a received version does to a story."""

    NEW = "new"
    UPDATE = "update"
    CORRECTION = "correction"
    HOLD = "hold"
    RELEASE = "release"
    KILL = "kill"
    UNCHANGED = "unchanged"
    """The present version again."""
    STALE = "stale"
    """An older version, come late or sent again: shown to the desk, never applied."""
    AFTER_KILL = "after-kill"
    """A version of a killed story: needs a person's release."""


def content_hash(received: Received) -> bytes:
    """SHA-256 over what a reader or the desk would notice; times and ids alone make no new version."""
    return hashlib.sha256(
        canonical_json(
            [
                received.original_headline,
                received.body_digest,
                received.lede,
                received.pubstatus,
                received.embargo.kind,
                received.embargo.until.timestamp() if received.embargo.until else None,
                received.expires.timestamp() if received.expires else None,
                received.source_name,
                received.source_url,
                None if RESTORED in received.flags else received.correction_note,
                received.urgency,
                received.language,
                received.byline,
                received.dateline,
                received.copyright_notice,
                received.usage_terms,
                sorted(received.categories),
                [medium.url for medium in received.media],
                *_later_fields(received),
            ]
        )
    ).digest()


def version_hash(hashed: bytes, version: int, known: Collection[bytes]) -> bytes:
    """The hash under which a version is kept: one that says again what an earlier one said has a hash of its own."""
    return hashlib.sha256(hashed + str(version).encode()).digest() if hashed in known else hashed


def _later_fields(received: Received) -> list[str]:
    """Fields that came after the first stored hashes: one that says nothing leaves the hash as it was."""
    said = {
        "headline": received.headline,
        "rights": received.rights.replace("full", ""),
        "genre": received.genre,
        "slugline": received.slugline,
    }
    beside = [
        (medium.url, medium.alt, medium.caption, medium.credit, medium.rights)
        for medium in received.media
        if medium.alt or medium.caption or medium.credit or medium.rights
    ]
    subjects = sorted((subject.scheme, subject.code, subject.name) for subject in received.subjects)
    lists = {"media": beside, "subjects": subjects}
    return [f"{name}:{value}" for name, value in said.items() if value] + [
        f"{name}:{canonical_json(values).decode()}" for name, values in lists.items() if values
    ]


def change(
    present: Story | None, received: Received, *, known: Collection[bytes] = (), overtaken: bool = False
) -> Change:
    """What `received` means for the story as it stands; `known` are the content hashes of its versions, of which none may come again.

    `overtaken`: it was asked for before the present version was: only what its source says of their order makes it a later one.
    """
    if present is None:
        return Change.NEW
    hashed = content_hash(received)
    if hashed == content_hash(present.received):
        return Change.UNCHANGED
    if received.pubstatus is PubStatus.CANCELED:
        return Change.UNCHANGED if killed(present) else Change.KILL
    order = _order(received, present.received)
    # a later version may say again what an earlier one said
    if order < 0 or (order == 0 and (overtaken or hashed in known)):
        return Change.STALE
    if killed(present):
        return Change.AFTER_KILL
    if received.pubstatus is PubStatus.WITHHELD:
        return Change.HOLD
    if present.received.pubstatus is PubStatus.WITHHELD:
        return Change.RELEASE
    return Change.CORRECTION if _corrects(received, present.received) else Change.UPDATE


def overtaken(present: Story, asked: datetime) -> bool:
    """Whether what was asked for then is from before the present version: somebody who asked later was answered sooner."""
    return asked < present.received_at <= asked + MEANWHILE


def restored(received: Received, note: str | None) -> Received:
    """The version with our note that the story was brought back, for as long as its source has no word of its own for readers."""
    if received.correction_note or RESTORED in received.flags:
        return received
    return replace(received, correction_note=note, flags=(*received.flags, RESTORED))


def still_restored(received: Received, before: Received) -> Received:
    """The next version of a story that was brought back, with that note."""
    return restored(received, before.correction_note) if RESTORED in before.flags else received


def killed(present: Story) -> bool:
    """Whether it was withdrawn for good, by the desk or its source; also one of which nothing but its kill ever came."""
    return present.killed is not None or present.received.pubstatus is PubStatus.CANCELED


def _corrects(received: Received, present: Received) -> bool:
    """By a public note that is new; where there is none, by the source's own mark of a correction."""
    if received.correction_note:
        return received.correction_note != present.correction_note
    return any(signal.rpartition(":")[2].casefold() == CORRECTION for signal in received.signals)


def older(received: Received, present: Received) -> bool:
    """Whether the source says that this version came before the present one."""
    return _order(received, present) < 0


def _order(received: Received, present: Received) -> int:
    """Before (-1) or after (1) the present one; 0 where nothing tells.

    By the source's version number where both have one under the same id, else by its version time: sources that give each version an id of its own may
    count each of them from one.
    """
    theirs, ours = received.source_version or "", present.source_version or ""
    same = received.source_guid == present.source_guid
    if same and theirs.isdecimal() and ours.isdecimal() and int(theirs) != int(ours):
        return 1 if int(theirs) > int(ours) else -1
    at, before = received.version_created, present.version_created
    if at is None or before is None or at == before or CLAMPED in {*received.flags, *present.flags}:
        return 0
    return 1 if at > before else -1


def held_back(present: Story, said: Received, now: datetime) -> Received | None:
    """The version that we have, kept from being used as `said` wants it; None where that takes nothing back.

    For an item that cannot stand by itself, or comes later than a newer one: its text is not to be had, its word against the story is. Status, embargo
    and expiry are each the stricter of both, and its names are the story's.
    """
    ours, withheld = present.received, said.pubstatus is PubStatus.WITHHELD
    holds = said.embargo.holds(now)
    if not (withheld or holds or said.expires is not None):
        return None
    return replace(
        ours,
        aliases=ours.aliases | {said.source_guid, *said.aliases} - {""},
        pubstatus=said.pubstatus if withheld else ours.pubstatus,
        flags=said.flags if withheld else ours.flags,
        embargo=said.embargo if holds and not _outlasts(present, said.embargo, now) else ours.embargo,
        expires=min((end for end in (said.expires, ours.expires) if end is not None), default=None),
    )


def _outlasts(present: Story, other: Embargo, now: datetime) -> bool:
    """Whether the embargo that the story is under lasts longer than this one, for all that we know."""
    until = present.received.embargo.until
    return present.embargoed(now) and (until is None or (other.until is not None and other.until <= until))


def eligible_at(story: Story) -> datetime | None:
    """Since when the story may be a candidate (decision 5): the latest of received, released and embargo end.

    None while a kill, a hold or an embargo without an end keeps it from being one. `story.eligible_at` as it stands is
    kept: an update does not make a story older, nor newer. One that lies beyond this version's receipt was the end of an embargo that the version
    before it had: where this one lifts it or brings it forward, the story has just become a candidate.
    """
    received = story.received
    if story.killed is not None or story.hold is not None or received.pubstatus is not PubStatus.USABLE:
        return None
    if story.embargoed(datetime.max.replace(tzinfo=UTC)):
        return None
    times = [min(story.received_at, story.eligible_at or story.received_at)]
    times += [moment for moment in (story.released_at, received.embargo.until) if moment is not None]
    return max(times)
