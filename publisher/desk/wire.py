"""The wire desk's intake: poll sources or read files, and store each story once.

Order: fetch, read, then one write transaction per document, so that a crash leaves no half story and its neighbours
whole. What cannot be published waits in quarantine with its bytes; a source that is broken is reported, never taken for
a source without stories.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from publisher import intake
from publisher.desk import hubs, publishing
from publisher.desk.sourcereport import SourceReport
from publisher.desk.sweep import sweep
from publisher.desk.taking import kill_by_guid, take_item
from publisher.fetch import Failed, Fetched, NotModified, fetch_all
from publisher.fetch import Memory as FetchMemory
from publisher.intake.document import Context, Unreadable
from publisher.newsroom import Newsroom
from publisher.store import house
from publisher.store.house import SourceState
from publisher.story import Source

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
    reports: dict[str, SourceReport] = {}
    asked: list[tuple[str, str, FetchMemory]] = []
    to_sweep: list[Source] = []
    for source in sources:
        state = states.get(source.slug, SourceState(source=source.slug))
        report = reports[source.slug] = SourceReport(source.slug)
        if source.url is None:
            report.failed = "it has no `url` to poll; hand its files to `publisher ingest --file`"
        elif state.not_before is not None and state.not_before > now:
            report.failed = f"it asked to be left alone until {state.not_before:%Y-%m-%d %H:%M} UTC"
        elif source.format == "wordpress":
            to_sweep.append(source)
        else:
            asked.append((source.slug, source.url, FetchMemory(state.etag, state.last_modified)))
    by_slug = {source.slug: source for source in sources}

    def take(slug: str, result: Fetched | NotModified | Failed) -> None:
        state = states.get(slug, SourceState(source=slug))
        report = reports[slug]
        _take_fetched(newsroom, by_slug[slug], result, report=report, state=state, actor=actor, now=now)
        if progress is not None:
            progress(report)

    async def swept(source: Source) -> None:
        async with turns:
            pause = await sweep(newsroom, source, report=reports[source.slug], actor=actor, now=now)
        await asyncio.to_thread(_remember_sweep, newsroom, reports[source.slug], states, pause, now=now)
        if progress is not None:
            progress(reports[source.slug])

    async def round_() -> None:
        fetching = fetch_all(
            asked, now=now, limits=newsroom.fetch_limits, guard=newsroom.fetch_guard, on_result=take
        )
        await asyncio.gather(fetching, *map(swept, to_sweep))

    turns = asyncio.Semaphore(newsroom.fetch_limits.concurrency)
    asyncio.run(round_())
    _tell_hubs(newsroom, list(reports.values()), now=now)
    return [reports[source.slug] for source in sources]


def _remember_sweep(
    newsroom: Newsroom,
    report: SourceReport,
    states: Mapping[str, SourceState],
    pause: datetime | None,
    *,
    now: datetime,
) -> None:
    """A sweep is always of everything: there are no validators to remember."""
    state = states.get(report.source, SourceState(source=report.source))
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
            kill_by_guid(connection, source, guid, report=report, actor=actor, now=now)
    if report.withdrawals:  # what the source takes back leaves feeds and pages now, not at the next build
        taken_back = [entry.story_id for entry in report.withdrawals]
        publishing.at_once(newsroom, taken_back, actor=actor, now=now, tell=False)
