"""What one received item does to the store: a new story, a version of one, a kill, or an entry in quarantine.

Within the caller's transaction, in this order: its source's turn is waited for; what lacks provenance is set aside, unless it takes a story back that we have;
the story is found by the source's id or its aliases; `revise` says what the version means; it is stored; and mail that holds the version before is halted or named. Publishing comes after the transaction, by the caller.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from publisher import revise
from publisher.desk.followups import note_correction
from publisher.desk.heldback import by_lacking, by_late
from publisher.desk.nextversion import brought_back, headlined, next_version
from publisher.desk.onestory import after_change, kill, settle
from publisher.desk.sourcereport import Outgoing, SourceReport
from publisher.desk.withdrawals import BY_SOURCE, halt_holding, note_source, outgoing
from publisher.intake.standing import DOUBTS
from publisher.intake.text import clean
from publisher.newsroom import Newsroom
from publisher.revise import Change, change, content_hash, killed, older, version_hash
from publisher.rights import Channel
from publisher.selection import barred, belongs
from publisher.store import aliases, house, quarantine, stories
from publisher.story import PubStatus, Reason, Received, Rejected, Source, Story, unpublishable

__all__ = ["ByHand", "kill_by_guid", "take_item"]

MADE_UP = re.compile(r"[0-9a-f]{64}")
NAMED_BY = 60
KILL_UNKNOWN = "kill-unknown"
"""How a report counts a kill of a story that we do not have: it is no news, and the desk has to know."""


@dataclass(frozen=True, slots=True)
class ByHand:
    """A person's release of what was set aside: why, and the headline of the house where one is given."""

    why: str
    headline: str = ""


def take_item(
    newsroom: Newsroom,
    connection: Connection,
    source: Source,
    item: Received | Rejected,
    *,
    report: SourceReport,
    actor: str,
    now: datetime,
    by_hand: ByHand | None = None,
) -> str | None:
    """Store one item; returns its story's id, or None when it was set aside or changed nothing.

    `by_hand`: a person releases it, may bring back what was killed, and may give a headline.
    """
    aliases.take_turns(connection, source.slug)
    headed = by_hand.headline if by_hand else ""
    said = item if isinstance(item, Received) else item.received
    if by_hand is None and said and (held := by_lacking(connection, source, item, said, now=now)):
        story_id = _take_received(
            newsroom, connection, source, held, said=said, report=report, actor=actor, now=now
        )
        if not (said.original_headline or said.body):
            return story_id
    if (
        isinstance(item, Received)
        and item.pubstatus is not PubStatus.CANCELED
        and (lack := unpublishable(replace(item, original_headline=headed) if headed else item))
    ):
        reason, detail = lack
        item = Rejected(
            reason=reason,
            detail=detail,
            raw=item.body.encode("utf-8", "replace"),
            source_guid=item.source_guid,
            headline=item.original_headline,
            received=item,
        )
    if isinstance(item, Rejected):
        state = quarantine.keep(connection, source.slug, item, now=now)
        if state is None:
            report.count("quarantined")
            report.quarantined.append(f"{_called(item)}: {item.detail}")
        else:  # what a person has decided is no news when it comes again
            report.count("still-quarantined" if state == "waiting" else Change.UNCHANGED.value)
        return None
    return _take_received(
        newsroom, connection, source, item, said=item, report=report, actor=actor, now=now, by_hand=by_hand
    )


def _called(item: Rejected) -> str:
    """What a person may know a refused item by; an id that we had to make of its text is no name to anybody."""
    made_up = item.received is not None and MADE_UP.fullmatch(item.source_guid)
    if name := item.headline or ("" if made_up else item.source_guid):
        return name
    told = (item.received.lede if item.received else "") or item.raw[:300].decode("utf-8", "replace")
    text = clean(told, NAMED_BY)
    return f"an item without id or headline ({text})" if text else "an empty item"


def _take_received(
    newsroom: Newsroom,
    connection: Connection,
    source: Source,
    received: Received,
    *,
    said: Received,
    report: SourceReport,
    actor: str,
    now: datetime,
    by_hand: ByHand | None = None,
) -> str | None:
    """Store a version; `said`: the item that it was made of."""
    meant = _meaning(
        newsroom, connection, source, received, said, report=report, by_hand=by_hand, actor=actor, now=now
    )
    present, received, found = meant.present, meant.received, meant.found
    lone = found is Change.NEW and received.pubstatus is PubStatus.CANCELED
    report.count(KILL_UNKNOWN if lone else found.value)
    if found in {Change.UNCHANGED, Change.STALE}:
        if present and received.pubstatus is PubStatus.CANCELED:
            note_source(connection, present, actor=actor, now=now)
        return None
    if present and found is Change.AFTER_KILL:
        _set_aside(connection, present, received, report=report, now=now)
        return None
    sections = tuple(s.slug for s in newsroom.settings.sections if belongs(received, source.slug, s))
    revised = next_version(
        newsroom, present, source, received, kind=found, sections=sections, first=report.first, now=now
    )
    if by_hand is not None and by_hand.headline:
        revised = headlined(revised, by_hand.headline, why=by_hand.why, actor=actor, now=now)
    if present is None:
        stories.add(connection, revised, meant.hashed)
    else:
        hashed = version_hash(meant.hashed, revised.version, meant.known)
        stories.add_version(connection, revised, hashed)
        data, why = {"version": revised.version}, by_hand.why if by_hand else BY_SOURCE
        house.tell(connection, f"story.{found}", revised.story_id, actor=actor, now=now, why=why, data=data)
    whole = by_hand is None and received is said
    waited = whole and _settled(connection, revised, report=report, actor=actor, now=now)
    if lone and not waited:
        _tell_unknown(received, report)
    if present and found is Change.KILL and older(received, present.received):
        report.remarks.append(_out_of_order(present, found))
    for doubt in DOUBTS.keys() & received.flags:
        report.remarks.append(f"{received.original_headline}: withheld, for {DOUBTS[doubt]}")
    _tell_mail(newsroom, connection, present, revised, found, report=report, actor=actor, now=now)
    return revised.story_id


@dataclass(slots=True)
class _Meant:
    """A received version, what it does to the story that we have, and the hash that it is known by beside those of all versions before it."""

    present: Story | None
    received: Received
    found: Change
    hashed: bytes
    known: Collection[bytes]


def _meaning(
    newsroom: Newsroom,
    connection: Connection,
    source: Source,
    received: Received,
    said: Received,
    *,
    report: SourceReport,
    by_hand: ByHand | None,
    actor: str,
    now: datetime,
) -> _Meant:
    """The story that we have, locked, and now known by this version's names too; and what the version means for it.

    Whoever was asked what there is now may show again what was there before, and means that: only of files some come late, and of two
    answers to polls that ran at once. Nobody is told the same correction
    twice for it, and of several items of one document that name the same story it is the first.
    """
    named = aliases.named(connection, source.slug, received)
    if by_hand is not None:
        named = named[:1]
    story_id = settle(newsroom, connection, received, named, report=report, actor=actor, now=now)
    known = stories.known_hashes(connection, story_id) if story_id else frozenset()
    present = stories.locked(connection, story_id) if story_id else None
    meant = _Meant(present, received, Change.NEW, content_hash(received), known)
    if present is None:
        return meant
    overtaken = report.polled and revise.overtaken(present, now)
    again = report.polled and not overtaken and meant.hashed in known and present.story_id not in report.met
    meant.found = change(present, received, known=() if again else known, overtaken=overtaken)
    report.met.add(present.story_id)
    aliases.keep(connection, present.source, present.story_id, received)
    if again and meant.found is Change.CORRECTION:
        meant.found = Change.UPDATE
    if meant.found is Change.STALE and (held := by_late(present, said, known, now=now)):
        meant = _Meant(present, held, change(present, held), content_hash(said), known)
        report.remarks.append(_out_of_order(present, meant.found))
    if meant.found is Change.AFTER_KILL and by_hand is not None:
        meant.present, meant.received = brought_back(newsroom, present, received, now=now)
        meant.found = Change.RELEASE
    return meant


def _out_of_order(present: Story, found: Change) -> str:
    return f"{present.headline}: its {found} is older than the version that we had; it was obeyed, look whether both are meant"


def _tell_unknown(received: Received, report: SourceReport) -> None:
    """A kill that found no story; what a new source had taken back before we knew it is nobody's concern."""
    if not report.first:
        report.remarks.append(
            f"{received.original_headline or received.source_guid}: a kill came for a story that we do not know by any of its names; "
            "look whether one of ours is meant"
        )


def _set_aside(
    connection: Connection,
    present: Story,
    received: Received,
    *,
    report: SourceReport,
    now: datetime,
) -> None:
    """A version that came after its story's kill waits for a person."""
    rejected = Rejected(
        reason=Reason.AFTER_KILL,
        detail=f"a version of story {present.story_id}, which was killed: only a person may bring it back",
        raw=received.body.encode("utf-8", "replace"),
        source_guid=received.source_guid,
        headline=received.original_headline,
        received=received,
    )
    quarantine.keep(connection, present.source, rejected, now=now)
    report.quarantined.append(f"{received.original_headline}: {rejected.detail}")


def _settled(
    connection: Connection, revised: Story, *, report: SourceReport, actor: str, now: datetime
) -> bool:
    """Whether this version settled what waited of its story in quarantine: that is dropped."""
    received = revised.received
    guids = {received.source_guid, *received.aliases}
    why = "killed by its source" if received.pubstatus is PubStatus.CANCELED else "it came in whole since"
    if not quarantine.drop(connection, revised.source, guids, actor=actor, why=why, now=now):
        return False
    called = revised.headline or received.source_guid
    report.remarks.append(f"{called}: {why}; what waited of it in quarantine is dropped")
    return True


def _tell_mail(
    newsroom: Newsroom,
    connection: Connection,
    present: Story | None,
    revised: Story,
    found: Change,
    *,
    report: SourceReport,
    actor: str,
    now: datetime,
) -> None:
    """What the new version means for mail that has not left: it is halted, or goes out with the one before, which is told."""
    if found is Change.KILL:
        report.withdrawals += kill(newsroom, connection, revised, why=BY_SOURCE, actor=actor, now=now)
    elif found is Change.HOLD:
        report.withdrawals.append(halt_holding(connection, revised.story_id, act="hold", why=BY_SOURCE))
    elif present is not None and present.usable(now) and not revised.usable(now):
        why = barred(revised, newsroom.sources, now, Channel.MAIL)
        act = why[0].value if why else "embargo"
        report.withdrawals.append(halt_holding(connection, revised.story_id, act=act, why=BY_SOURCE))
    elif found in {Change.CORRECTION, Change.UPDATE} and (going := outgoing(connection, revised.story_id)):
        report.outgoing.append(Outgoing(revised.story_id, revised.headline, going))
    if present is not None:
        report.withdrawals += after_change(connection, present, revised, found, actor=actor, now=now)
    if found is Change.CORRECTION:
        note_correction(newsroom, connection, revised, actor=actor, now=now)


def kill_by_guid(
    newsroom: Newsroom,
    connection: Connection,
    source: Source,
    guid: str,
    *,
    report: SourceReport,
    actor: str,
    now: datetime,
) -> None:
    """A tombstone of the source (RFC 6721): it names an id and nothing else.

    One of a story that we do not have is kept, of as many as a document may have items: it may have come before its story, which may also wait in quarantine.
    """
    aliases.take_turns(connection, source.slug)
    probe = Received(
        source_guid=guid,
        source_name=source.name,
        source_url="",
        original_headline="",
        language=source.language,
        pubstatus=PubStatus.CANCELED,
    )
    story_id = aliases.find(connection, source.slug, probe)
    if story_id is None:
        if report.counts.get(KILL_UNKNOWN, 0) < newsroom.settings.fetch.max_items:
            take_item(newsroom, connection, source, probe, report=report, actor=actor, now=now)
        return
    present = stories.locked(connection, story_id)
    if present is None:
        return
    if killed(present):
        note_source(connection, present, actor=actor, now=now)
        return
    report.withdrawals += kill(newsroom, connection, present, why=BY_SOURCE, actor=actor, now=now)
    report.count(Change.KILL.value)
