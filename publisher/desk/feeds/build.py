"""Making feeds: each from its own edition, made public in the transaction that freezes it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Row

from publisher import gate
from publisher.desk.feeds.archive import Archives, Month, closed_months, feed_of_month
from publisher.desk.feeds.documents import Document, documents, look, month_documents, outlines, title
from publisher.edition import Edition, Kind, Notice
from publisher.errors import GateRefused
from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.render import feeds as render_feeds
from publisher.render import opml
from publisher.selection import Mark, select_feed
from publisher.store import editions, house, hubs, public, stories
from publisher.store.public import Finished
from publisher.story import Story

__all__ = ["FeedReport", "build"]

PINGED_TOGETHER = timedelta(seconds=5)
"""Changes of a feed within this time share one ping of its hubs; a kill does not wait."""


@dataclass(slots=True)
class FeedReport:
    """One feed: its edition, how many items, which documents changed, and the gate's refusal if there was one."""

    series: str
    edition_id: str = ""
    items: int = 0
    files: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    refused: GateRefused | None = None


@dataclass(frozen=True, slots=True)
class _Wire:
    """What all feeds of one build are selected from, read once."""

    stories: Sequence[Story]
    marks: Sequence[Mark]
    now: datetime


def build(
    newsroom: Newsroom, *, only: Collection[str] | None = None, actor: str, now: datetime
) -> list[FeedReport]:
    """Make every feed anew where something changed, or those of `only` that there have been; the whole build makes the list too.

    `only` may name months of an archive as well ("world@2026-02"). Documents that no feed comes in any more say 410 after a
    whole build.
    """
    with newsroom.database.read() as connection:
        built = public.paths(connection, below="feeds/")
        archives, closed = Archives.of(connection), closed_months(newsroom, connection, now=now)
    job = _Job(newsroom, archives, actor=actor, now=now, at_once=only is not None)
    reports: list[FeedReport] = []
    for feed in newsroom.feeds:
        reports += [
            job.month(feed, month)
            for month in closed
            if month.changed_at is not None and (only is None or f"{feed.series}@{month.name}" in only)
        ]
    if only is not None:
        chosen = [feed for feed in newsroom.feeds if feed.series in only]
        return reports + job.feeds([feed for feed in chosen if f"feeds/{feed.series}.rss" in built])
    reports += job.feeds(newsroom.feeds)
    listed = opml.render(newsroom.settings.site.name, list(outlines(newsroom)))
    list_of_all = {"feeds/index.opml": Finished(listed, "text/x-opml; charset=utf-8")}
    known = {f"feeds/{name}" for report in reports for name in report.files} | set(list_of_all)
    with newsroom.database.write() as connection:
        public.put(connection, list_of_all, now=now)
        public.withdraw(connection, public.paths(connection, below="feeds/") - known, now=now)
    return [report for report in reports if report.files]


class _Job:
    """One build: what it is done for, and its steps."""

    def __init__(
        self, newsroom: Newsroom, archives: Archives, *, actor: str, now: datetime, at_once: bool
    ) -> None:
        self._newsroom, self._archives = newsroom, archives
        self._actor, self._now, self._at_once = actor, now, at_once

    def feeds(self, feeds: Sequence[Feed]) -> list[FeedReport]:
        """These feeds, selected from what is read once."""
        if not feeds:
            return []
        now = self._now
        since = now - max(feed.window for feed in feeds)
        section = feeds[0].section if len({feed.section for feed in feeds}) == 1 else None
        with self._newsroom.database.read() as connection:
            found = stories.candidates(connection, since=since, section=section)
            marks = stories.marks_in_force(connection, now=now)
        wire = _Wire(found, marks, now)
        return [
            self._one(
                feed, documents(self._newsroom, feed, archived=self._archives.before(feed.series)), wire
            )
            for feed in feeds
        ]

    def month(self, feed: Feed, month: Month) -> FeedReport:
        """A closed month of a feed's archive: as it stands, unless a story of it has changed since (a kill, above all)."""
        whole = feed_of_month(feed, month)
        before = self._archives.before(feed.series, month.name)
        wanted = month_documents(self._newsroom, feed, month.name, before=before)
        with self._newsroom.database.read() as connection:
            last = editions.latest(connection, Kind.FEED, whole.series)
            if last is not None and month.changed_at is not None and month.changed_at <= last.frozen_at:
                return FeedReport(whole.series, last.id, files=[document.path for document in wanted])
            found = stories.published_between(connection, month.start, month.end)
        report = self._one(whole, wanted, _Wire(found, (), self._now), archived=True)
        if report.files and not report.refused:
            self._archives.add(feed.series, month.name)
        return report

    def _one(
        self, feed: Feed, wanted: Sequence[Document], wire: _Wire, *, archived: bool = False
    ) -> FeedReport:
        newsroom, report = self._newsroom, FeedReport(feed.series)
        with newsroom.database.read() as connection:
            last = editions.latest(connection, Kind.FEED, feed.series)
            number = editions.next_number(connection, Kind.FEED, feed.series)
        made = _draft(newsroom, feed, wire, number=number, last=last)
        report.edition_id, report.items = made.edition_id, len(made.items)
        report.files = [document.path for document in wanted]
        if archived and last is None and not made.items:
            report.files = []
            return report
        if (
            last is not None
            and last.content_hash == made.content_hash
            and (archived or last.look == look(wanted))
        ):
            report.edition_id = last.id
            return report
        try:
            outputs = _render(newsroom, made, wanted, now=max(made.slot, wire.now))
        except GateRefused as refusal:
            report.refused = refusal
            with newsroom.database.write() as connection:
                data = dict(refusal.facts)
                house.tell(
                    connection, "gate.refused", refusal.edition_id, actor="rule:gate", now=wire.now, data=data
                )
            return report
        report.changed = _publish(
            newsroom, made, wanted, outputs, actor=self._actor, now=wire.now, at_once=self._at_once
        )
        return report


def _publish(
    newsroom: Newsroom,
    made: Edition,
    wanted: Sequence[Document],
    outputs: dict[str, bytes],
    *,
    actor: str,
    now: datetime,
    at_once: bool,
) -> list[str]:
    """Freeze the edition and make its documents public; nothing when somebody else was faster: theirs holds."""
    types = {document.path: render_feeds.FORMATS[document.fmt][1] for document in wanted}
    topics = {document.path: document.channel.self_url for document in wanted}
    with newsroom.database.write() as connection:
        if editions.next_number(connection, Kind.FEED, made.series) != made.number or not editions.freeze(
            connection, made, actor=actor, look=look(wanted)
        ):
            return []
        editions.keep_renderings(connection, made, outputs, now=now)
        shown = ((item.story_id, item.link) for item in made.items if item.withdrawn is None)
        stories.publish(connection, shown, now=made.frozen_at)
        editions.prune_feeds(connection, made.series)
        files = {f"feeds/{path}": Finished(body, types[path]) for path, body in outputs.items()}
        changed = [path.removeprefix("feeds/") for path in public.put(connection, files, now=made.slot)]
        due_at = now if at_once else now + PINGED_TOGETHER
        for hub in newsroom.settings.feeds.hubs:
            hubs.note(connection, hub, [topics[path] for path in changed], due_at=due_at)
    return changed


def _draft(
    newsroom: Newsroom, feed: Feed, wire: _Wire, *, number: int, last: Row[tuple[object, ...]] | None
) -> Edition:
    """The feed's next edition. Its slot is the time of the change: a whole second, later than that of the last."""
    site_settings = newsroom.settings.site
    selection = select_feed(
        feed,
        wire.stories,
        title=title(newsroom, feed),
        sources=newsroom.sources,
        now=wire.now,
        marks=wire.marks,
        notice=_notices(newsroom),
        page=f"{site_settings.url}/story/" if site_settings.pages else "",
    )
    slot = wire.now.replace(microsecond=0)
    if last is not None:
        slot = max(slot, last.slot + timedelta(seconds=1))
    languages = (feed.language, *(tag for tag in newsroom.disclaimers if tag != feed.language))
    return Edition(
        edition_id=f"feed-{feed.edition_slug}-{number}",
        kind=Kind.FEED,
        series=feed.series,
        number=number,
        revision=1,
        slot=slot,
        local_date=slot.date(),
        timezone="UTC",
        frozen_at=wire.now,
        languages=languages,
        titles=((feed.language, title(newsroom, feed)),),
        shelves=selection.shelves,
        items=selection.items,
        disclaimers=tuple(newsroom.disclaimer_in(language) for language in languages),
        left_out=selection.left_out,
    )


def _notices(newsroom: Newsroom) -> Callable[[Story], Notice]:
    """What stands in place of a killed story, in its language if we have words in it, else in the site's."""

    def notice(story: Story) -> Notice:
        language = story.received.language
        if language.partition("-")[0] not in {tag.partition("-")[0] for tag in newsroom.disclaimers}:
            language = newsroom.settings.site.language
        words = newsroom.templates.words(language)
        name = story.received.source_name or newsroom.settings.site.name
        return Notice(
            at=story.modified_at,
            language=language,
            title=words.gettext("Withdrawn: a story from %(source)s") % {"source": name},
            text=words.gettext(
                "This story was withdrawn. Please do not use it, and take it down where you have published it."
            ),
        )

    return notice


def _render(
    newsroom: Newsroom, made: Edition, wanted: Sequence[Document], *, now: datetime
) -> dict[str, bytes]:
    """Every document of the feed, each read back by the gate."""
    outputs: dict[str, bytes] = {}
    violations: list[gate.Violation] = []
    for document in wanted:
        channel = document.channel
        body = render_feeds.splice(made, channel, document.fmt, newsroom.pieces)
        outputs[document.path] = body
        violations += gate.check_feed(
            body, document.fmt, made, output=document.path, now=now, source=channel.source
        )
    gate.clear(made.edition_id, violations)
    return outputs
