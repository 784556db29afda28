"""Making feeds: each from its own edition, made public in the transaction that freezes it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import Connection

from publisher.desk.feeds.documents import Document, documents, look, outlines
from publisher.desk.feeds.draft import Draft, content_hash, drafts
from publisher.desk.feeds.finish import Finished, finish
from publisher.edition import Edition, Kind
from publisher.errors import Conflict, GateRefused, Violation
from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.render import feeds as render_feeds
from publisher.render import opml
from publisher.store import editions, house, hubs, public, stories
from publisher.store.timeline import standing

__all__ = ["FeedReport", "build"]

PINGED_TOGETHER = timedelta(seconds=5)
"""Changes of a feed within this time share one ping of its hubs; a kill does not wait."""
ATTEMPTS = 5
"""How often a feed is made anew because somebody else changed what it is made of meanwhile."""


@dataclass(slots=True)
class FeedReport:
    """One feed: its edition, how many items, which documents changed, and what was kept back.

    Attributes:
        skipped: stories that cannot be shown, each with its first fault; the feed went out without them.
        refused: why the feed as a whole keeps its last good bytes.
    """

    series: str
    edition_id: str = ""
    items: int = 0
    files: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    skipped: tuple[Violation, ...] = ()
    refused: GateRefused | None = None


def build(
    newsroom: Newsroom, *, only: Collection[str] | None = None, actor: str, now: datetime
) -> list[FeedReport]:
    """Make every feed anew where something changed, or those of `only` that there have been; the whole build makes the list too.

    Documents that no feed comes in any more say 410 after a whole build.

    Raises:
        Conflict: others went on changing what a feed is made of.
    """
    if only is not None:
        with newsroom.database.read() as connection:
            built = public.paths(connection, below="feeds/")
        chosen = [f for f in newsroom.feeds if f.series in only and f"feeds/{f.series}.rss" in built]
        return _build(newsroom, chosen, actor=actor, now=now, at_once=True)
    reports = _build(newsroom, newsroom.feeds, actor=actor, now=now, at_once=False)
    listed = opml.render(newsroom.settings.site.name, list(outlines(newsroom)))
    list_of_all = {"feeds/index.opml": public.Finished(listed, "text/x-opml; charset=utf-8")}
    known = {f"feeds/{name}" for report in reports for name in report.files}
    with newsroom.database.write() as connection:
        public.put(connection, list_of_all, now=now)
        public.withdraw(
            connection, public.paths(connection, below="feeds/") - known - set(list_of_all), now=now
        )
    return reports


def _build(
    newsroom: Newsroom, feeds: Sequence[Feed], *, actor: str, now: datetime, at_once: bool
) -> list[FeedReport]:
    return [
        _build_one(newsroom, draft, actor=actor, now=now, at_once=at_once)
        for draft in drafts(newsroom, feeds, now=now)
    ]


def _build_one(newsroom: Newsroom, draft: Draft, *, actor: str, now: datetime, at_once: bool) -> FeedReport:
    for _ in range(ATTEMPTS):
        report = _try_one(newsroom, draft, actor=actor, now=now, at_once=at_once)
        if report is not None:
            return report
        (draft,) = drafts(newsroom, [draft.feed], now=now)
    raise Conflict(
        f"the feed {draft.feed.series} was changed by others {ATTEMPTS} times while it was made; try again"
    )


def _try_one(
    newsroom: Newsroom, draft: Draft, *, actor: str, now: datetime, at_once: bool
) -> FeedReport | None:
    """What came of a draft; None when it is no longer true, and has to be made anew."""
    wanted = documents(newsroom, draft.feed)
    report = FeedReport(draft.feed.series, draft.edition.edition_id, len(draft.edition.items))
    report.files = [document.path for document in wanted]
    if _same(newsroom, draft, draft.edition, wanted):
        return _kept(report, draft)
    try:
        done = finish(draft.edition, wanted, pieces=newsroom.pieces, now=now)
    except GateRefused as refusal:
        report.refused = refusal
        with newsroom.database.write() as connection:
            data = dict(refusal.facts)
            house.tell(connection, "gate.refused", refusal.edition_id, actor="rule:gate", now=now, data=data)
        return report
    report.skipped, report.items = done.skipped, len(done.edition.items)
    if _same(newsroom, draft, done.edition, wanted):
        _tell(newsroom, done, now=now)
        return _kept(report, draft)
    changed = _publish(newsroom, done, wanted, actor=actor, now=now, at_once=at_once)
    if changed is None:
        return None
    report.changed = changed
    return report


def _same(newsroom: Newsroom, draft: Draft, made: Edition, wanted: Sequence[Document]) -> bool:
    """Whether the feed as it is out says this already."""
    last = draft.last
    return last is not None and (last.look, last.content_hash) == (
        look(wanted, made),
        content_hash(newsroom, made),
    )


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
) -> list[str] | None:
    """Freeze the edition and make its documents public; the paths that changed.

    None when it must not be: somebody else made an edition of this feed meanwhile, or took one of its stories back.
    """
    made = done.edition
    types = {document.path: render_feeds.FORMATS[document.fmt][1] for document in wanted}
    topics = {document.path: document.channel.self_url for document in wanted}
    shown = {item.story_id: item for item in made.items if item.withdrawn is None}
    with newsroom.database.write() as connection:
        if editions.next_number(connection, Kind.FEED, made.series) != made.number:
            return None
        if standing(connection, shown, now=now) != set(shown):
            return None
        editions.freeze(connection, made, actor=actor, look=look(wanted, made))
        editions.keep_renderings(connection, made, done.outputs, now=now)
        first = (
            (item.story_id, item.link) for item in shown.values() if item.first_published == made.frozen_at
        )
        stories.publish(connection, first, now=made.frozen_at)
        editions.prune_feeds(connection, made.series)
        files = {f"feeds/{path}": public.Finished(body, types[path]) for path, body in done.outputs.items()}
        changed = [path.removeprefix("feeds/") for path in public.put(connection, files, now=made.slot)]
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
