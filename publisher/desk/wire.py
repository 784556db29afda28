"""The wire desk's intake: poll sources or read files, and store each story once.

Order: fetch, read, then one write transaction per document, so that a crash leaves no half story and its neighbours
whole. What cannot be published waits in quarantine with its bytes; a source that is broken is reported, never taken for
a source without stories.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from publisher import intake
from publisher.desk import followups, hubs, windows
from publisher.desk.dropfolder import look
from publisher.desk.propagation import propagate
from publisher.desk.sourcereport import SourceReport
from publisher.desk.sweep import sweep
from publisher.desk.taking import kill_by_guid, take_item
from publisher.errors import FolderUnwritable
from publisher.fetch import Failed, Fetched, NotModified, fetch_all
from publisher.fetch import Memory as FetchMemory
from publisher.intake.document import Context, Unreadable
from publisher.newsroom import Newsroom
from publisher.revise import Change
from publisher.selection import claimed_by
from publisher.store import aliases, house, stories
from publisher.store.house import SourceState
from publisher.story import Received, Source

__all__ = ["SourceReport", "poll", "read_document"]


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
    round_ = _Round(newsroom, states, {source.slug: source for source in sources}, actor, now, progress)
    for source in sources:
        round_.reports[source.slug] = SourceReport(source.slug, failed=_not_asked(source, states, now))
    round_.run()
    _tell_hubs(newsroom, list(round_.reports.values()), now=now)
    return list(round_.reports.values())


def _not_asked(source: Source, states: Mapping[str, SourceState], now: datetime) -> str | None:
    """Why a source is not asked at all, or None."""
    if source.url is None and source.folder is None:
        return "it has no `url` to poll and no `folder`; hand its files to `publisher ingest --file`"
    state = states.get(source.slug)
    if state is not None and state.not_before is not None and state.not_before > now:
        return f"it asked to be left alone until {state.not_before:%Y-%m-%d %H:%M} UTC"
    return None


@dataclass(slots=True)
class _Round:
    """One round of polls: folders first, then all that is on the network, side by side."""

    newsroom: Newsroom
    states: Mapping[str, SourceState]
    sources: Mapping[str, Source]
    actor: str
    now: datetime
    progress: Callable[[SourceReport], None] | None
    reports: dict[str, SourceReport] = field(default_factory=dict)

    def run(self) -> None:
        """Ask everybody who may be asked."""
        may = [source for source in self.sources.values() if self.reports[source.slug].failed is None]
        for source in may:
            if source.folder is not None:
                report, state = self.reports[source.slug], self._state(source.slug)
                _look_into(self.newsroom, source, report=report, state=state, actor=self.actor, now=self.now)
                self._told(source.slug)
        asyncio.run(self._network([source for source in may if source.folder is None]))

    async def _network(self, sources: Sequence[Source]) -> None:
        turns = asyncio.Semaphore(self.newsroom.fetch_limits.concurrency)
        sweeps = [self._swept(source, turns) for source in sources if source.format == "wordpress"]
        asked = [
            (source.slug, source.url or "", FetchMemory(state.etag, state.last_modified))
            for source in sources
            if source.format != "wordpress"
            for state in [self._state(source.slug)]
        ]
        fetching = fetch_all(
            asked,
            now=self.now,
            limits=self.newsroom.fetch_limits,
            guard=self.newsroom.fetch_guard,
            on_result=self._take,
        )
        await asyncio.gather(fetching, *sweeps)

    def _take(self, slug: str, result: Fetched | NotModified | Failed) -> None:
        _take_fetched(
            self.newsroom,
            self.sources[slug],
            result,
            report=self.reports[slug],
            state=self._state(slug),
            actor=self.actor,
            now=self.now,
        )
        self._told(slug)

    async def _swept(self, source: Source, turns: asyncio.Semaphore) -> None:
        report = self.reports[source.slug]
        report.first, report.polled = self._state(source.slug).succeeded_at is None, True
        async with turns:
            pause = await sweep(self.newsroom, source, report=report, actor=self.actor, now=self.now)
        state = self._state(source.slug)
        await asyncio.to_thread(_remember_sweep, self.newsroom, report, state, pause, now=self.now)
        self._told(source.slug)

    def _state(self, slug: str) -> SourceState:
        return self.states.get(slug, SourceState(source=slug))

    def _told(self, slug: str) -> None:
        report = self.reports[slug]
        if (
            report.first
            and report.failed is None
            and (old := windows.of_source(self.newsroom, slug, self.now))
        ):
            report.remarks.append(old)
        if self.progress is not None:
            self.progress(report)


def _look_into(
    newsroom: Newsroom,
    source: Source,
    *,
    report: SourceReport,
    state: SourceState,
    actor: str,
    now: datetime,
) -> None:
    """Take what was pushed into a source's folder; a file that cannot be read is named, and is no failure of its neighbours."""
    limit = newsroom.settings.fetch.max_items
    with (
        newsroom.database.read() as connection
    ):  # a folder is looked into for days before its agency writes to it
        report.first = not stories.any_of(connection, source.slug)

    def take(name: str, raw: bytes | OSError) -> str | None:
        of_file = SourceReport(source.slug, first=report.first)
        if isinstance(raw, OSError):
            of_file.failed = f"it cannot be opened: {raw.strerror or raw}"
        else:
            context = Context(source=source, now=now, max_items=limit)
            _read(newsroom, source, raw, context, format=source.format, report=of_file, actor=actor)
        report.add(of_file)
        if (
            of_file.left_out and not of_file.failed
        ):  # nobody sends a file again: what is in it must not be done with
            of_file.failed = (
                f"{of_file.left_out} of its items were not read: raise fetch.max_items, and put it back"
            )
        if of_file.failed:
            report.unread.append(f"{name}: {of_file.failed}")
        return of_file.failed

    folder = Path(source.folder or "")
    new = not folder.exists()
    try:
        busy = look(folder, take, now=now)
    except FolderUnwritable as error:
        busy = report.failed = str(error)
    else:
        if new:  # a mistyped name looks like an agency that sends nothing
            report.remarks.append(
                f"made {folder}, which was not there: if the name is right, let the agency's account write to it"
            )
        if busy:
            report.remarks.append(f"its folder was not looked into: {busy}")
    state = replace(state, polled_at=now, error=report.failed)
    good = replace(state, succeeded_at=now, failures=0)
    with newsroom.database.write() as connection:
        house.remember_source(
            connection, replace(state, failures=state.failures + 1) if report.failed else good
        )


def _remember_sweep(
    newsroom: Newsroom,
    report: SourceReport,
    state: SourceState,
    pause: datetime | None,
    *,
    now: datetime,
) -> None:
    """A sweep is always of everything: there are no validators to remember."""
    state = replace(
        state, etag=None, last_modified=None, polled_at=now, not_before=pause, error=report.failed
    )
    good = replace(state, succeeded_at=now, failures=0)
    with newsroom.database.write() as connection:
        house.remember_source(
            connection, replace(state, failures=state.failures + 1) if report.failed else good
        )


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
            report.first, report.polled = state.succeeded_at is None, True
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
                    moved_to=result.moved_to,
                    seconds=result.seconds,
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
    backlog: bool = False,
) -> SourceReport:
    """Read one document of a source and store what it holds, in one transaction.

    `backlog`: what is new in it counts from the time that it claims, as at the first poll of a source; else it is news of now.
    """
    report = SourceReport(source.slug, first=backlog)
    context = context or Context(source=source, now=now, max_items=newsroom.settings.fetch.max_items)
    _read(newsroom, source, raw, context, format=format or source.format, report=report, actor=actor)
    if old := windows.of_source(newsroom, source.slug, now) if backlog else "":
        report.remarks.append(old)
    if report.aged:
        report.remarks.append(windows.aged(report.aged))
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
        received = (item for item in document.items if isinstance(item, Received))
        aliases.take_turns(connection, source.slug, received)
        before = None if report.first or report.polled else windows.before_all(newsroom, now)
        for item in document.items:
            known = report.counts.get(Change.NEW, 0)
            take_item(newsroom, connection, source, item, report=report, actor=actor, now=now)
            new = report.counts.get(Change.NEW, 0) > known
            if before and new and isinstance(item, Received) and claimed_by(item, now) < before:
                report.aged += 1
        for guid in document.kills:
            kill_by_guid(newsroom, connection, source, guid, report=report, actor=actor, now=now)
    if report.withdrawals:  # what the source takes back leaves feeds and pages now, not at the next build
        taken_back = [entry.story_id for entry in report.withdrawals]
        report.behind += propagate(newsroom, taken_back, actor=actor, now=now, tell=False).faults
    followups.queue(newsroom, now=now)  # corrections, too
