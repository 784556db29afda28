"""What each feed would hold now: selected from one view of the database, before anything is rendered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row

from publisher.desk.feeds.documents import title
from publisher.edition import Edition, Item, Kind, Notice
from publisher.feed import Feed, base
from publisher.newsroom import Newsroom
from publisher.selection import Mark, Selection, Tie, select_feed
from publisher.store import editions, followups, stories, ties
from publisher.store.timeline import Stamp, timeline
from publisher.story import Story

__all__ = ["Draft", "content_hash", "drafts", "month_draft", "notices"]

DEEPER = 4
NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Draft:
    """A feed's next edition, not yet rendered, and the row of its last one. `until` (months): when the first of its stories expires."""

    feed: Feed
    edition: Edition
    last: Row[Any] | None
    until: datetime | None = None


def drafts(newsroom: Newsroom, feeds: Sequence[Feed], *, now: datetime) -> list[Draft]:
    """A draft for each of these feeds, from one view of the database."""
    with newsroom.database.read() as connection:
        marks, tied = stories.marks_in_force(connection, now=now), ties.every(connection)
        made: list[Draft] = []
        seen: set[Stamp] = set()
        for feed in feeds:
            selection = _select(newsroom, connection, feed, marks=marks, tied=tied, seen=seen, now=now)
            last = editions.latest(connection, Kind.FEED, feed.series)
            made.append(Draft(feed, _edition(newsroom, feed, selection, last=last, now=now), last))
    if len(feeds) == len(newsroom.feeds):
        newsroom.kept_stories.forget_others(seen)
    return made


def month_draft(newsroom: Newsroom, feed: Feed, *, start: datetime, end: datetime, now: datetime) -> Draft:
    """A draft of what was first published in [start, end), for a month of an archive; `feed` is that month's own."""
    with newsroom.database.read() as connection:
        found = stories.published_between(connection, start, end)
        selection = select_feed(
            feed,
            found,
            title=title(newsroom, feed),
            sources=newsroom.sources,
            now=now,
            notice=notices(newsroom, connection),
        )
        last = editions.latest(connection, Kind.FEED, feed.series)
    ends = [story.received.expires for story in found if story.received.expires is not None]
    made = _edition(newsroom, feed, selection, last=last, now=now)
    return Draft(feed, made, last, until=min((at for at in ends if at > now), default=None))


def content_hash(newsroom: Newsroom, made: Edition) -> str:
    """The edition's content hash; at once when this process has seen an edition of the feed that says the same."""
    last = newsroom.kept_hashes.get(made.series)
    if last is None or _content(last[0]) != _content(made):
        last = newsroom.kept_hashes[made.series] = (made, made.content_hash)
    return last[1]


def _select(
    newsroom: Newsroom,
    connection: Connection,
    feed: Feed,
    *,
    marks: Sequence[Mark],
    tied: Sequence[Tie],
    seen: set[Stamp],
    now: datetime,
) -> Selection:
    """The feed's items, from as many of the newest stories as it takes to fill it: mostly the first few of what there is.

    A feed that merges looks further back than it reaches: a report that was left out for another one does not come up as news once
    that one has left the feed.
    """
    site = newsroom.settings.site
    depth = feed.maximum * (DEEPER if feed.merge else 1)
    while True:
        found = timeline(
            connection,
            since=now - feed.reach,
            depth=depth,
            section=feed.section,
            source=feed.source,
            language=feed.only,
        )
        seen.update(found.stamps)
        selection = select_feed(
            feed,
            newsroom.kept_stories.read(connection, found.stamps),
            title=title(newsroom, feed),
            sources=newsroom.sources,
            now=now,
            marks=marks,
            ties=tied,
            notice=notices(newsroom, connection),
            page=f"{site.url}/story/" if site.pages else "",
            beyond=found.beyond,
        )
        filled = sum(item.withdrawn is None for item in selection.items)
        if filled >= feed.maximum or not found.beyond:
            return selection
        depth *= 4


def _content(made: Edition) -> Edition:
    """The edition with nothing in it that its content hash does not count."""
    return replace(
        made,
        edition_id="",
        number=0,
        revision=0,
        slot=NEVER,
        local_date=NEVER.date(),
        timezone="",
        frozen_at=NEVER,
        shelves=tuple(replace(shelf, more=0) for shelf in made.shelves),
        left_out=(),
    )


def _edition(
    newsroom: Newsroom, feed: Feed, selection: Selection, *, last: Row[Any] | None, now: datetime
) -> Edition:
    """The feed's next edition. Its slot is the time of the change: a whole second, later than that of the last.

    It holds the house's words in its own language (the site's, where the house has none in it) and in those of its items.
    """
    slot = now.replace(microsecond=0)
    if last is not None:
        slot = max(slot, last.slot + timedelta(seconds=1))
    number = last.number + 1 if last is not None else 1
    own = newsroom.disclaimer_in(feed.language).language
    items = _known(newsroom, feed, selection.items)
    spoken = {base(item.language) for item in items}
    languages = (own, *(tag for tag in newsroom.disclaimers if tag != own and base(tag) in spoken))
    return Edition(
        edition_id=f"feed-{feed.edition_slug}-{number}",
        kind=Kind.FEED,
        series=feed.series,
        number=number,
        revision=1,
        slot=slot,
        local_date=slot.date(),
        timezone="UTC",
        frozen_at=now,
        languages=languages,
        titles=((own, title(newsroom, feed)),),
        shelves=selection.shelves,
        items=items,
        disclaimers=tuple(newsroom.disclaimers[tag] for tag in languages),
        left_out=selection.left_out,
    )


def _known(newsroom: Newsroom, feed: Feed, items: Sequence[Item]) -> tuple[Item, ...]:
    """The items; where one says what it said last time, it is last time's own object, so that whoever compares them need not look."""
    last = newsroom.kept_hashes.get(feed.series)
    known = {item.story_id: item for item in last[0].items} if last else {}
    return tuple(known[item.story_id] if known.get(item.story_id) == item else item for item in items)


def notices(newsroom: Newsroom, connection: Connection) -> Callable[[Story], Notice]:
    """What stands in place of a killed story, in its language if we have words in it, else in the site's; with the reason that the desk gave readers in that language."""

    def notice(story: Story) -> Notice:
        language = story.received.language
        if base(language) not in {base(tag) for tag in newsroom.disclaimers}:
            language = newsroom.settings.site.language
        words = newsroom.templates.words(language)
        name = story.received.source_name or newsroom.settings.site.name
        said = followups.public_reason(connection, story.story_id)
        near = (text for tag, text in said.items() if base(tag) == base(language))
        reason = said.get(language) or next(near, "")
        return Notice(
            at=story.modified_at,
            language=language,
            title=words.fill("Withdrawn: a story from %(source)s", source=name),
            text=words.gettext(
                "This story was withdrawn. Please do not use it; whoever has published it is asked to take it down."
            ),
            reason=f"{words.gettext('What our desk says of it')}{words.signs.colon}{reason}"
            if reason
            else "",
        )

    return notice
