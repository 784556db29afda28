"""The wire desk's intake: poll sources or read files, and store each story once.

Order: fetch, read, then one write transaction per document, so that a crash leaves no half story and its neighbours
whole. What cannot be published waits in quarantine with its bytes; a source that is broken is reported, never taken for
a source without stories.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from publisher import intake
from publisher.desk import hubs, publishing
from publisher.desk.sourcereport import Outgoing, SourceReport
from publisher.desk.withdrawals import halt_holding, outgoing, withdraw
from publisher.fetch import Failed, Fetched, NotModified, fetch_all
from publisher.fetch import Memory as FetchMemory
from publisher.intake.document import Context, Unreadable
from publisher.intake.standing import DOUBTS
from publisher.intake.text import clean
from publisher.newsroom import Newsroom
from publisher.revise import Change, change, content_hash, eligible_at
from publisher.selection import barred, belongs
from publisher.store import house, quarantine, stories
from publisher.store.house import SourceState
from publisher.story import PubStatus, Reason, Received, Rejected, Source, Story, unpublishable

__all__ = ["ByHand", "SourceReport", "headlined", "poll", "read_document", "take_item"]


BY_SOURCE = "by its source"
MADE_UP = re.compile(r"[0-9a-f]{64}")
NAMED_BY = 60


@dataclass(frozen=True, slots=True)
class ByHand:
    """A person's release of what was set aside: why, and the headline of the house where one is given."""

    why: str
    headline: str = ""


def poll(
    newsroom: Newsroom,
    sources: Sequence[Source],
    *,
    actor: str,
    now: datetime,
    progress: Callable[[SourceReport], None] | None = None,
) -> list[SourceReport]:
    """Fetch these sources, politely and side by side, and take in what they have; one report each.

    A source whose Retry-After lies ahead is not asked. One that fails keeps its stories and is reported.
    """
    with newsroom.database.read() as connection:
        states = house.source_states(connection)
    reports: dict[str, SourceReport] = {}
    asked: list[tuple[str, str, FetchMemory]] = []
    for source in sources:
        state = states.get(source.slug, SourceState(source=source.slug))
        report = reports[source.slug] = SourceReport(source.slug)
        if source.url is None:
            report.failed = "it has no `url` to poll; hand its files to `publisher ingest --file`"
        elif state.not_before is not None and state.not_before > now:
            report.failed = f"it asked to be left alone until {state.not_before:%Y-%m-%d %H:%M} UTC"
        else:
            asked.append((source.slug, source.url, FetchMemory(state.etag, state.last_modified)))
    by_slug = {source.slug: source for source in sources}

    def take(slug: str, result: Fetched | NotModified | Failed) -> None:
        state = states.get(slug, SourceState(source=slug))
        report = reports[slug]
        _take_fetched(newsroom, by_slug[slug], result, report=report, state=state, actor=actor, now=now)
        if progress is not None:
            progress(report)

    asyncio.run(
        fetch_all(
            asked,
            now=now,
            limits=newsroom.fetch_limits,
            guard=newsroom.fetch_guard,
            on_result=take,
        )
    )
    _tell_hubs(newsroom, list(reports.values()), now=now)
    return [reports[source.slug] for source in sources]


def _take_fetched(
    newsroom: Newsroom,
    source: Source,
    result: Fetched | NotModified | Failed,
    *,
    report: SourceReport,
    state: SourceState,
    actor: str,
    now: datetime,
) -> None:
    state = replace(state, polled_at=now, not_before=result.not_before)
    match result:
        case Failed():
            report.failed = f"{result.reason}: {result.detail}"
            state = replace(state, failures=state.failures + 1, error=report.failed)
        case NotModified():
            report.unchanged = True
            state = replace(state, succeeded_at=now, failures=0, error=None)
        case Fetched():
            if result.moved_to:
                report.remarks.append(
                    f"moved for good to {result.moved_to}: change its `url` when you have looked at it"
                )
            context = Context(
                source=source,
                now=now,
                base_url=result.url,
                content_type=result.content_type,
                max_items=newsroom.settings.fetch.max_items,
            )
            _read(newsroom, source, result.body, context, format=source.format, report=report, actor=actor)
            if report.failed is None:
                memory = result.memory
                state = replace(
                    state,
                    etag=memory.etag,
                    last_modified=memory.last_modified,
                    succeeded_at=now,
                    failures=0,
                    error=None,
                )
            else:  # without the validators, so that the next poll reads the document again
                state = replace(
                    state, etag=None, last_modified=None, failures=state.failures + 1, error=report.failed
                )
    with newsroom.database.write() as connection:
        house.remember_source(connection, state)


def read_document(
    newsroom: Newsroom,
    source: Source,
    raw: bytes,
    *,
    actor: str,
    now: datetime,
    format: str | None = None,  # noqa: A002 - the word of the command line and of sources.toml
    context: Context | None = None,
) -> SourceReport:
    """Read one document of a source and store what it holds, in one transaction."""
    report = SourceReport(source.slug)
    context = context or Context(source=source, now=now, max_items=newsroom.settings.fetch.max_items)
    _read(newsroom, source, raw, context, format=format or source.format, report=report, actor=actor)
    _tell_hubs(newsroom, [report], now=now)
    return report


def _tell_hubs(newsroom: Newsroom, reports: Sequence[SourceReport], *, now: datetime) -> None:
    """Hubs hear of what sources took back, after all sources have had their turn: a slow hub holds up none of them."""
    taken_back = [report for report in reports if report.withdrawals]
    if taken_back:
        taken_back[0].remarks += hubs.tell_now(newsroom, now=now).failures


def _read(
    newsroom: Newsroom,
    source: Source,
    raw: bytes,
    context: Context,
    *,
    format: str,  # noqa: A002 - the word of the command line and of sources.toml
    report: SourceReport,
    actor: str,
) -> None:
    now = context.now
    document = intake.read(raw, context, format=format)
    if isinstance(document, Unreadable):
        report.failed = f"{document.reason}: {document.detail}"
        return
    report.left_out += document.left_out
    report.remarks += document.remarks
    if document.left_out:
        report.remarks.append(
            f"{document.left_out} items beyond the first {context.max_items} were left out (fetch.max_items)"
        )
    with newsroom.database.write() as connection:
        for item in document.items:
            take_item(newsroom, connection, source, item, report=report, actor=actor, now=now)
        for guid in document.kills:
            _kill_by_guid(connection, source, guid, report=report, actor=actor, now=now)
    if report.withdrawals:  # what the source takes back leaves feeds and pages now, not at the next build
        taken_back = [entry.story_id for entry in report.withdrawals]
        publishing.at_once(newsroom, taken_back, actor=actor, now=now, tell=False)


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
    headed = by_hand.headline if by_hand else ""
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
    story_id = stories.find(connection, source.slug, received)
    present = stories.get(connection, story_id) if story_id else None
    known = stories.known_hashes(connection, story_id) if story_id else frozenset()
    found = change(present, received, known=known)
    if found is Change.AFTER_KILL and by_hand is not None and present is not None:
        present, found = replace(present, killed=None), Change.RELEASE
    report.count(found.value)
    sections = tuple(s.slug for s in newsroom.settings.sections if belongs(received, source.slug, s))
    match found:
        case Change.UNCHANGED | Change.STALE:
            return None
        case Change.AFTER_KILL:
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
            return None
    revised = next_version(newsroom, present, source, received, kind=found, sections=sections, now=now)
    if by_hand is not None and by_hand.headline:
        revised = headlined(revised, by_hand.headline, why=by_hand.why, actor=actor, now=now)
    if present is None:
        stories.add(connection, revised, content_hash(received))
    else:
        stories.add_version(connection, revised, content_hash(received))
        data = {"version": revised.version}
        house.tell(
            connection, f"story.{found}", revised.story_id, actor=actor, now=now, why=BY_SOURCE, data=data
        )
    for doubt in DOUBTS.keys() & received.flags:
        report.remarks.append(f"{received.original_headline}: withheld, for {DOUBTS[doubt]}")
    _tell_mail(newsroom, connection, present, revised, found, report=report, actor=actor, now=now)
    return revised.story_id


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
        report.withdrawals.append(
            withdraw(connection, revised, act="kill", why=BY_SOURCE, actor=actor, now=now)
        )
    elif found is Change.HOLD:
        report.withdrawals.append(halt_holding(connection, revised.story_id, act="hold", why=BY_SOURCE))
    elif present is not None and present.usable(now) and not revised.usable(now):
        why = barred(revised, newsroom.sources, now)
        act = why[0].value if why else "embargo"
        report.withdrawals.append(halt_holding(connection, revised.story_id, act=act, why=BY_SOURCE))
    elif found in {Change.CORRECTION, Change.UPDATE} and (going := outgoing(connection, revised.story_id)):
        report.outgoing.append(Outgoing(revised.story_id, revised.headline, going))


def next_version(
    newsroom: Newsroom,
    present: Story | None,
    source: Source,
    received: Received,
    *,
    kind: Change,
    sections: tuple[str, ...],
    now: datetime,
) -> Story:
    """The story with this version on top. A headline that the desk changed stays the desk's.

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
    else:
        kill = kind is Change.KILL
        if kill:
            received = replace(received, language=present.received.language)
        keep_headline = kill or present.headline_changed_at is not None
        story = replace(
            present,
            version=present.version + 1,
            received=received,
            headline=present.headline if keep_headline else received.headline or received.original_headline,
            received_at=now,
            modified_at=now,
            sections=present.sections if kill else sections,
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


def _kill_by_guid(
    connection: Connection, source: Source, guid: str, *, report: SourceReport, actor: str, now: datetime
) -> None:
    """A tombstone of the source (RFC 6721): it names an id and nothing else."""
    probe = Received(source_guid=guid, source_name="", source_url="", original_headline="", language="und")
    story_id = stories.find(connection, source.slug, probe)
    present = stories.get(connection, story_id) if story_id else None
    if present is None or present.killed is not None:
        return
    report.withdrawals.append(withdraw(connection, present, act="kill", why=BY_SOURCE, actor=actor, now=now))
    report.count(Change.KILL.value)
