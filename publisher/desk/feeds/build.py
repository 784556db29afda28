"""Making feeds: each from its own edition, made public in the transaction that freezes it."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from html import unescape

from sqlalchemy import Connection

from publisher.desk.feeds.archive import (
    DOCUMENT,
    Archives,
    Month,
    closed_months,
    feed_of_month,
    look_of_month,
    may_stand,
)
from publisher.desk.feeds.documents import Document, documents, look, month_documents, outlines
from publisher.desk.feeds.draft import Draft, content_hash, drafts, month_draft
from publisher.desk.feeds.finish import Finished, finish
from publisher.desk.feeds.recall import Recalled, recall
from publisher.desk.knowing import unfit, unknown
from publisher.edition import Edition, Kind, Why
from publisher.errors import Conflict, GateRefused, Violation
from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.render import feeds as render_feeds
from publisher.render import opml
from publisher.store import editions, feededitions, house, hubs, public, stories
from publisher.store.timeline import standing

__all__ = ["FeedReport", "build"]

PINGED_TOGETHER = timedelta(seconds=5)
"""Changes of a feed within this time share one ping of its hubs; a kill does not wait."""
RECALLED = ""
"""The look of an edition that was not rendered but is what was left of the one before: the next build makes the feed anew."""
SHOWN = re.compile(r"story/(\w+)")
"""Where a document has the id of a story."""
ATTEMPTS = 5
"""How often a feed is made anew because somebody else changed what it is made of meanwhile."""


@dataclass(slots=True)
class FeedReport:
    """One feed: its edition, how many items, which documents changed, and what was kept back.

    Attributes:
        skipped: stories that cannot be shown, each with its first fault; the feed went out without them.
        refused: why the feed as a whole keeps its last good bytes.
        recalled: stories that were taken out of those, for they may be in no output. down: documents that could not stay at all.
        unknown: sources that this process does not know, for whose stories the feed was left as it is.
    """

    series: str
    edition_id: str = ""
    items: int = 0
    files: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    skipped: tuple[Violation, ...] = ()
    refused: GateRefused | None = None
    recalled: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def build(
    newsroom: Newsroom, *, only: Collection[str] | None = None, actor: str, now: datetime
) -> list[FeedReport]:
    """Make every feed anew where something changed, or those of `only` that there have been; the whole build makes the list too.

    `only` may name months of an archive as well ("world@2026-02"). Documents that no feed comes in any more say 410 after a
    whole build; where the configuration was written since, those of them that show what may be in no output.

    Raises:
        Conflict: others went on changing what a feed is made of.
    """
    with newsroom.database.read() as connection:
        built = public.paths(connection, below="feeds/")
        archives, closed = Archives.of(connection), closed_months(newsroom, connection, now=now)
    job = _Job(newsroom, archives, built, actor=actor, now=now, at_once=only is not None)
    reports: list[FeedReport] = []
    if only is not None and (nobodys := _nobodys(newsroom, built)):
        with newsroom.database.write() as connection:
            _withdraw(newsroom, connection, nobodys, now=now)
    for feed in newsroom.feeds:
        reports += [
            job.month(feed, month)
            for month in closed
            if month.changed_at is not None and _asked(feed, month, only, archives)
        ]
    if only is not None:
        chosen = [f for f in newsroom.feeds if f.series in only and f"feeds/{f.series}.rss" in built]
        return reports + job.feeds(chosen)
    reports += job.feeds(newsroom.feeds)
    listed = opml.render(newsroom.settings.site.name, list(outlines(newsroom)))
    list_of_all = {"feeds/index.opml": public.Finished(listed, "text/x-opml; charset=utf-8")}
    known = {f"feeds/{name}" for report in reports for name in report.files} | set(list_of_all)
    with newsroom.database.write() as connection:
        public.put(connection, list_of_all, now=now)
        _withdraw(newsroom, connection, public.paths(connection, below="feeds/") - known, now=now)
    return [report for report in reports if report.files]


def _withdraw(newsroom: Newsroom, connection: Connection, paths: Collection[str], *, now: datetime) -> None:
    """Take down what the configuration has no more.

    A process whose files were written since may only lack it: of that it takes down what shows a story that may be in no output, for it
    could not take that story out.
    """
    if newsroom.settings.written_since:
        paths = [path for path in paths if _shows_unfit(newsroom, connection, path, now=now)]
    public.withdraw(connection, paths, now=now)


def _shows_unfit(newsroom: Newsroom, connection: Connection, path: str, *, now: datetime) -> bool:
    """Whether a document shows such a story; the notice of a killed one is younger than the kill, and says no headline of it."""
    file = public.get(connection, path)
    if file is None:
        return False
    words = unescape(file.body.decode("utf-8", "replace"))
    present = stories.load(connection, set(SHOWN.findall(words)))
    return any(
        why is not Why.KILLED
        or file.changed_at < present[name].modified_at.replace(microsecond=0)
        or any(claim in words for claim in stories.headlines(connection, present[name]))
        for name, why in unfit(newsroom, present.values(), now=now).items()
    )


def _nobodys(newsroom: Newsroom, built: Collection[str]) -> set[str]:
    """The public documents of feeds and consumers that the configuration has no more: nothing would take a killed story out of them."""
    known = {f"feeds/{made.path}" for feed in newsroom.feeds for made in documents(newsroom, feed)}
    series = {feed.series for feed in newsroom.feeds}
    months = {path for path in built if (found := DOCUMENT.fullmatch(path)) and found["series"] in series}
    return set(built) - known - months - {"feeds/index.opml"}


def _asked(feed: Feed, month: Month, only: Collection[str] | None, archives: Archives) -> bool:
    """Whether a month is to be looked at: in a whole build always, else where it is named and there is one."""
    return only is None or (
        f"{feed.series}@{month.name}" in only and month.name in archives.months.get(feed.series, ())
    )


class _Job:
    """One build: what it is done for, and its steps."""

    def __init__(
        self,
        newsroom: Newsroom,
        archives: Archives,
        built: Collection[str],
        *,
        actor: str,
        now: datetime,
        at_once: bool,
    ) -> None:
        self._newsroom, self._archives, self._built = newsroom, archives, built
        self._actor, self._now, self._at_once = actor, now, at_once

    def feeds(self, feeds: Sequence[Feed]) -> list[FeedReport]:
        """These feeds, selected from one view of the database."""
        newsroom, now = self._newsroom, self._now
        reports: list[FeedReport] = []
        for draft in drafts(newsroom, feeds, now=now):
            feed = draft.feed
            wanted = documents(newsroom, feed, archived=self._archives.before(feed.series))
            reports.append(self._one(draft, wanted, partial(self._draft, feed)))
        return reports

    def _draft(self, feed: Feed) -> Draft:
        (draft,) = drafts(self._newsroom, [feed], now=self._now)
        return draft

    def month(self, feed: Feed, month: Month) -> FeedReport:
        """A closed month of a feed's archive, made anew when a story of it was changed (a kill, above all), has expired, or has other rights."""
        newsroom, now, whole = self._newsroom, self._now, feed_of_month(feed, month)
        before = self._archives.before(feed.series, month.name)
        wanted = month_documents(newsroom, feed, month.name, before=before)
        with newsroom.database.read() as connection:
            last = editions.latest(connection, Kind.FEED, whole.series)
        still = month.changed_at is not None and last is not None and month.changed_at <= last.frozen_at
        stands = still and self._stand(wanted)
        if last is not None and stands and last.look != RECALLED and may_stand(newsroom, last.look, now):
            return FeedReport(whole.series, last.id, files=[document.path for document in wanted])

        def draft() -> Draft:
            return month_draft(newsroom, whole, start=month.start, end=month.end, now=now)

        first = draft()
        if last is None and not first.edition.items:  # a month in which the feed had nothing has no document
            return FeedReport(whole.series)
        report = self._one(first, wanted, draft, archived=True)
        if not report.refused:
            self._archives.add(feed.series, month.name)
        return report

    def _one(
        self, draft: Draft, wanted: Sequence[Document], again: Callable[[], Draft], *, archived: bool = False
    ) -> FeedReport:
        for _ in range(ATTEMPTS):
            report = self._try(draft, wanted, archived=archived)
            if report is not None:
                return report
            draft = again()
        series = draft.feed.series
        raise Conflict(
            f"the feed {series} was changed by others {ATTEMPTS} times while it was made; try again"
        )

    def _try(self, draft: Draft, wanted: Sequence[Document], *, archived: bool) -> FeedReport | None:
        """What came of a draft; None when it is no longer true, and has to be made anew."""
        newsroom, now = self._newsroom, self._now
        report = FeedReport(draft.feed.series, draft.edition.edition_id, len(draft.edition.items))
        report.files = [document.path for document in wanted]
        if strange := self._strange(draft):
            report.unknown = strange
            return self._recall(draft, wanted, _kept(report, draft))
        stands = self._stand(wanted)
        if stands and _same(newsroom, draft, draft.edition, wanted, archived=archived):
            if archived and draft.last is not None:
                with newsroom.database.write() as connection:
                    feededitions.keep_look(connection, draft.last.id, look_of_month(newsroom, draft.until))
            return _kept(report, draft)
        seen = look_of_month(newsroom, draft.until) if archived else None
        try:
            if archived:  # whole, however long: what is not in it is nowhere
                done = finish(draft.edition, wanted, pieces=render_feeds.Pieces(), now=now, most=sys.maxsize)
            else:
                done = finish(draft.edition, wanted, pieces=newsroom.pieces, now=now)
        except GateRefused as refusal:
            report.refused = refusal
            with newsroom.database.write() as connection:
                data = dict(refusal.facts)
                house.tell(
                    connection, "gate.refused", refusal.edition_id, actor="rule:gate", now=now, data=data
                )
            return self._recall(draft, wanted, report)
        report.skipped, report.items = done.skipped, len(done.edition.items)
        if stands and _same(newsroom, draft, done.edition, wanted, archived=archived):
            _tell(newsroom, done, now=now)
            return _kept(report, draft)
        changed = _publish(
            newsroom, done, wanted, actor=self._actor, now=now, at_once=self._at_once, seen=seen
        )
        if changed is None:
            return None
        report.changed = changed
        return report

    def _strange(self, draft: Draft) -> tuple[str, ...]:
        """The sources of what the feed holds or names that this process does not know: made anew here, it would lose their stories."""
        newsroom = self._newsroom
        if draft.last is None or not newsroom.settings.written_since:
            return ()
        with newsroom.database.read() as connection:
            last = editions.get(connection, draft.last.id)
            shown = [item for item in last.items if item.withdrawn is None] if last is not None else []
            names = {item.story_id for item in shown} | {one.story_id for item in shown for one in item.also}
            found = stories.load(connection, names)
        return tuple(sorted({story.source for story in found.values() if unknown(newsroom, story)}))

    def _stand(self, wanted: Sequence[Document]) -> bool:
        """Whether all of these are public; those of a feed that was closed, and is there again, are not.

        A process whose files were written since brings nothing back: its feed may have been taken out meanwhile.
        """
        return bool(self._newsroom.settings.written_since) or all(
            f"feeds/{document.path}" in self._built for document in wanted
        )

    def _recall(self, draft: Draft, wanted: Sequence[Document], report: FeedReport) -> FeedReport | None:
        """The report of a feed that is not made anew, once what may be in no output has left its last good bytes; None when that changed meanwhile."""
        kept = recall(self._newsroom, draft, wanted, now=self._now)
        if kept is None:
            return report
        done = Finished(kept.edition, kept.edition, kept.outputs)
        changed = _publish(
            self._newsroom, done, wanted, actor=self._actor, now=self._now, at_once=True, recalled=kept
        )
        if changed is None:
            return None
        report.changed, report.recalled, report.down = changed, kept.stories, kept.down
        return report


def _same(
    newsroom: Newsroom, draft: Draft, made: Edition, wanted: Sequence[Document], *, archived: bool
) -> bool:
    """Whether the feed as it is out says this already; a month that is over is not made anew for its looks alone."""
    last = draft.last
    if last is None or last.look == RECALLED or last.content_hash != content_hash(newsroom, made):
        return False
    return archived or bool(last.look == look(wanted, made))


def _kept(report: FeedReport, draft: Draft) -> FeedReport:
    """The feed's last edition holds: nothing changed."""
    if draft.last is not None:
        report.edition_id = draft.last.id
    return report


def _publish(
    newsroom: Newsroom,
    done: Finished,
    wanted: Sequence[Document],
    *,
    actor: str,
    now: datetime,
    at_once: bool,
    recalled: Recalled | None = None,
    seen: str | None = None,
) -> list[str] | None:
    """Freeze the edition and make its documents public; the paths that changed.

    `recalled`: it is what is left of the last one. `seen`: of a month, what it stands by.
    None when it must not be: somebody else made an edition of this feed meanwhile, or took one of its stories back.
    """
    made = done.edition
    types = {document.path: render_feeds.FORMATS[document.fmt][1] for document in wanted}
    topics = {document.path: document.channel.self_url for document in wanted}
    shown = {item.story_id: item for item in made.items if item.withdrawn is None}
    with newsroom.database.write() as connection:
        if editions.next_number(connection, Kind.FEED, made.series) != made.number:
            return None
        named = {other.story_id for item in shown.values() for other in item.also}
        if standing(connection, named.union(shown), now=now) != named.union(shown):
            return None
        editions.freeze(
            connection, made, actor=actor, look=RECALLED if recalled else seen or look(wanted, made)
        )
        editions.keep_renderings(connection, made, done.outputs, now=now)
        first = (
            (item.story_id, item.link) for item in shown.values() if item.first_published == made.frozen_at
        )
        stories.publish(connection, first, now=made.frozen_at)
        feededitions.prune(connection, made.series)
        files = {f"feeds/{path}": public.Finished(body, types[path]) for path, body in done.outputs.items()}
        changed = [path.removeprefix("feeds/") for path in public.put(connection, files, now=made.slot)]
        if recalled:
            down = public.withdraw(connection, [f"feeds/{path}" for path in recalled.down], now=made.slot)
            changed += [path.removeprefix("feeds/") for path in down]
            data = {"stories": list(recalled.stories), "down": list(recalled.down)}
            house.tell(connection, "feed.recall", made.series, actor="rule:gate", now=now, data=data)
        due_at = now if at_once else now + PINGED_TOGETHER
        for hub in newsroom.settings.feeds.hubs:
            hubs.note(connection, hub, [topics[path] for path in changed], due_at=due_at)
        _record(connection, done, now=now)
    return changed


def _tell(newsroom: Newsroom, done: Finished, *, now: datetime) -> None:
    if done.skipped or done.shortened:
        with newsroom.database.write() as connection:
            _record(connection, done, now=now)


def _record(connection: Connection, done: Finished, *, now: datetime) -> None:
    """Say it at the story, once for each version and feed: builds come every minute, and the fault is the same."""
    versions: Mapping[str, int] = {item.story_id: item.version for item in done.draft.items}
    told = [("feed.skip", fault.story_id or "", f"{fault.rule}: {fault.detail}") for fault in done.skipped]
    told += [
        ("feed.shorten", story_id, "too long for a feed: its lede stands for its text")
        for story_id in done.shortened
    ]
    for what, story_id, why in told:
        data = {"feed": done.edition.series, "version": versions.get(story_id)}
        if not any((row.what, row.data) == (what, data) for row in house.events_of(connection, story_id)):
            house.tell(connection, what, story_id, actor="rule:feed", now=now, why=why, data=data)
