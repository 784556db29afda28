"""What one received item does to the store: a new story, a version of one, a kill, or an entry in quarantine.

Within the caller's transaction, in this order: its source's turn is waited for; what lacks provenance is set aside, unless it takes a story back that we have;
the story is found by the source's id or its aliases; `revise` says what the version means; it is stored; and mail that holds the version before is halted or named. Publishing comes after the transaction, by the caller.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from publisher.desk.followups import note_correction
from publisher.desk.onestory import kill, settle
from publisher.desk.sourcereport import Outgoing, SourceReport
from publisher.desk.withdrawals import BY_SOURCE, halt_holding, outgoing
from publisher.intake.standing import DOUBTS
from publisher.intake.text import clean
from publisher.newsroom import Newsroom
from publisher.revise import Change, change, content_hash, eligible_at, killed, older
from publisher.rights import Channel
from publisher.selection import barred, belongs, claimed
from publisher.store import aliases, house, quarantine, stories
from publisher.story import PubStatus, Reason, Received, Rejected, Source, Story, unpublishable

__all__ = ["ByHand", "headlined", "kill_by_guid", "take_item"]

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
    if (withheld := _withheld(connection, source, item)) is not None:
        item = withheld
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
        if quarantine.keep(connection, source.slug, item, now=now):
            report.count("quarantined")
            report.quarantined.append(f"{_called(item)}: {item.detail}")
        else:
            report.count("still-quarantined")
        return None
    return _take_received(
        newsroom, connection, source, item, report=report, actor=actor, now=now, by_hand=by_hand
    )


def _withheld(connection: Connection, source: Source, item: Received | Rejected) -> Received | None:
    """What an id and a word that is not "usable" say of a story that we have: its present version, held back.

    None where the item says nothing of the kind, or lacks nothing and speaks for itself.
    """
    received = item if isinstance(item, Received) else item.received
    if received is None or received.pubstatus is not PubStatus.WITHHELD or unpublishable(received) is None:
        return None
    story_id = aliases.find(connection, source.slug, received)
    present = stories.get(connection, story_id) if story_id else None
    if present is None or present.killed is not None:
        return None
    return replace(
        present.received,
        pubstatus=received.pubstatus,
        flags=received.flags,
        source_version=received.source_version or present.received.source_version,
        version_created=received.version_created or present.received.version_created,
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
    report: SourceReport,
    actor: str,
    now: datetime,
    by_hand: ByHand | None,
) -> str | None:
    named = aliases.named(connection, source.slug, received)
    if by_hand is not None:
        named = named[:1]
    story_id = settle(connection, received, named, report=report, actor=actor, now=now)
    known = stories.known_hashes(connection, story_id) if story_id else frozenset()
    present, found = _meaning(connection, story_id, received, known)
    if found is Change.AFTER_KILL and by_hand is not None and present is not None:
        # Whoever had it was told to disregard it: it stands in their next edition again, as one that was corrected.
        present, found = replace(present, killed=None, corrected_at=now), Change.RELEASE
    lone = found is Change.NEW and received.pubstatus is PubStatus.CANCELED
    report.count(KILL_UNKNOWN if lone else found.value)
    if found in {Change.UNCHANGED, Change.STALE}:
        return None
    if found is Change.AFTER_KILL:
        _set_aside(connection, source, received, story_id, report=report, now=now)
        return None
    sections = tuple(s.slug for s in newsroom.settings.sections if belongs(received, source.slug, s))
    revised = next_version(
        newsroom, present, source, received, kind=found, sections=sections, first=report.first, now=now
    )
    if by_hand is not None and by_hand.headline:
        revised = headlined(revised, by_hand.headline, why=by_hand.why, actor=actor, now=now)
    if present is None:
        stories.add(connection, revised, content_hash(received))
    else:
        stories.add_version(connection, revised, _version_hash(received, revised.version, known))
        data = {"version": revised.version}
        house.tell(
            connection, f"story.{found}", revised.story_id, actor=actor, now=now, why=BY_SOURCE, data=data
        )
    waited = by_hand is None and _settled(connection, revised, report=report, actor=actor, now=now)
    if (
        lone and not waited and not report.first
    ):  # what a new source had taken back before is nobody's concern
        report.remarks.append(
            f"{revised.headline or received.source_guid}: a kill came for a story that we do not know by any of its names; "
            "look whether one of ours is meant"
        )
    if found is Change.KILL and present is not None and older(received, present.received):
        report.remarks.append(
            f"{present.headline}: its kill is older than the version that we had; it was obeyed, look whether both are meant"
        )
    for doubt in DOUBTS.keys() & received.flags:
        report.remarks.append(f"{received.original_headline}: withheld, for {DOUBTS[doubt]}")
    _tell_mail(newsroom, connection, present, revised, found, report=report, actor=actor, now=now)
    return revised.story_id


def _meaning(
    connection: Connection, story_id: str | None, received: Received, known: Collection[bytes]
) -> tuple[Story | None, Change]:
    """The story that we have, now known by this version's names too, and what the version does to it; locked where that is something."""
    present = stories.get(connection, story_id) if story_id else None
    found = change(present, received, known=known)
    if story_id and found not in {Change.UNCHANGED, Change.STALE}:
        present = stories.locked(connection, story_id)  # the desk may have killed it meanwhile
        found = change(present, received, known=known)
    if present is not None:
        aliases.keep(connection, present.source, present.story_id, received)
    return present, found


def _set_aside(
    connection: Connection,
    source: Source,
    received: Received,
    story_id: str | None,
    *,
    report: SourceReport,
    now: datetime,
) -> None:
    """A version that came after its story's kill waits for a person."""
    rejected = Rejected(
        reason=Reason.AFTER_KILL,
        detail=f"a version of story {story_id}, which was killed: only a person may bring it back",
        raw=received.body.encode("utf-8", "replace"),
        source_guid=received.source_guid,
        headline=received.original_headline,
        received=received,
    )
    quarantine.keep(connection, source.slug, rejected, now=now)
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


def _version_hash(received: Received, version: int, known: Collection[bytes]) -> bytes:
    """The hash under which a version is kept: one that says again what an earlier one said has a hash of its own."""
    hashed = content_hash(received)
    return hashed if hashed not in known else hashlib.sha256(hashed + str(version).encode()).digest()


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
        report.withdrawals += kill(connection, revised, why=BY_SOURCE, actor=actor, now=now)
    elif found is Change.HOLD:
        report.withdrawals.append(halt_holding(connection, revised.story_id, act="hold", why=BY_SOURCE))
    elif present is not None and present.usable(now) and not revised.usable(now):
        why = barred(revised, newsroom.sources, now, Channel.MAIL)
        act = why[0].value if why else "embargo"
        report.withdrawals.append(halt_holding(connection, revised.story_id, act=act, why=BY_SOURCE))
    elif found in {Change.CORRECTION, Change.UPDATE} and (going := outgoing(connection, revised.story_id)):
        report.outgoing.append(Outgoing(revised.story_id, revised.headline, going))
    if found is Change.CORRECTION:
        note_correction(newsroom, connection, revised, actor=actor, now=now)


def next_version(
    newsroom: Newsroom,
    present: Story | None,
    source: Source,
    received: Received,
    *,
    kind: Change,
    sections: tuple[str, ...],
    first: bool = False,
    now: datetime,
) -> Story:
    """The story with this version on top. A headline that the desk changed stays the desk's.

    `first`: its source was never read before. What it has is not what has just come in but what it had, so that each story is a candidate
    from the time that it claims, and last month's are no news of today.

    A release by the desk was of the embargo that the source had stated: another one holds again.

    A kill often comes as an id and a word. It says of the story that it must go, nothing of where it stands: sections, language and
    headline stay what readers had, so that the notice takes the story's place in every feed and the gate knows what to look for.
    """
    if present is None:
        story = Story(
            story_id=newsroom.mint(now, f"story {source.slug} {received.source_guid}".encode()),
            version=1,
            source=source.slug,
            received=received,
            headline=received.headline or received.original_headline,
            received_at=now,
            modified_at=now,
            eligible_at=None,
            sections=sections,
        )
        story = replace(story, eligible_at=claimed(story) if first else None)
    else:
        kill = kind is Change.KILL
        if kill:
            received = replace(received, language=present.received.language)
        keep_headline = kill or present.headline_changed_at is not None
        released = present.released_at if received.embargo == present.received.embargo else None
        story = replace(
            present,
            version=present.version + 1,
            received=received,
            headline=present.headline if keep_headline else received.headline or received.original_headline,
            received_at=now,
            modified_at=now,
            sections=present.sections if kill else sections,
            released_at=released,
            corrected_at=now if kind is Change.CORRECTION else present.corrected_at,
            eligible_at=now if kind is Change.RELEASE else present.eligible_at,
        )
    return replace(story, eligible_at=eligible_at(story))


def headlined(story: Story, headline: str, *, why: str, actor: str, now: datetime) -> Story:
    """The story under a headline of the house; the original stays beside it, also where the source wrote none."""
    return replace(
        story,
        headline=headline,
        headline_changed_by=actor,
        headline_changed_at=now,
        headline_changed_why=why,
        modified_at=now,
    )


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
    if present is None or killed(present):
        return
    report.withdrawals += kill(connection, present, why=BY_SOURCE, actor=actor, now=now)
    report.count(Change.KILL.value)
