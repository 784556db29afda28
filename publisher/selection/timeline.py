"""The items of a feed: a timeline, newest first. PURE."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime

from publisher.edition import Item, LeftOut, Notice, Shelf, Why
from publisher.feed import Feed
from publisher.rights import Channel
from publisher.selection.byhand import Tie
from publisher.selection.candidates import Act, Candidate, Mark, Selection, claimed, eligible, item, sift
from publisher.selection.events import Events
from publisher.story import Source, Story

__all__ = ["select_feed", "withdrawn_item"]


def select_feed(
    feed: Feed,
    stories: Iterable[Story],
    *,
    title: str,
    sources: Mapping[str, Source],
    now: datetime,
    marks: Sequence[Mark] = (),
    ties: Iterable[Tie] = (),
    notice: Callable[[Story], Notice] | None = None,
    page: str = "",
    beyond: int = 0,
) -> Selection:
    """The newest items of a feed. Drops in its section count, pins do not: a feed is a timeline.

    `stories` are the feed's newest, or all that there are; `beyond`: how many older ones there are that need not be looked at.

    Of several reports of one event the one that readers have had first keeps its place, and of new ones one leads; `ties` are what the
    desk joined and split.

    With `notice`, a published story that was killed within the feed's window stays as that notice, also beyond the maximum: reader
    programs keep what is merely gone. What the maximum cut is counted, not named: it is everything older.
    """
    pool = [Candidate(story) for story in stories if feed.takes(story)]
    left_out, fit = sift(pool, sources=sources, now=now, channel=Channel.FEEDS)
    dropped = {mark.story_id for mark in marks if mark.act is Act.DROP and mark.section == feed.section}
    left_out += [
        LeftOut(e.story.story_id, feed.series, Why.DROPPED) for e in fit if e.story.story_id in dropped
    ]
    fresh = [
        e.story for e in fit if eligible(e.story) >= now - feed.reach and e.story.story_id not in dropped
    ]
    events = Events(sources=sources, channel=Channel.FEEDS)
    if feed.merge:
        events = Events(
            [Candidate(story) for story in fresh], ties=ties, sources=sources, channel=Channel.FEEDS
        )
        doubles = _doubles(fresh, events)
        left_out += [
            LeftOut(story_id, feed.series, Why.DUPLICATE, f"the same event as {first}")
            for story_id, first in doubles.items()
        ]
        fresh = [story for story in fresh if story.story_id not in doubles]
    fresh.sort(key=_recency, reverse=True)
    chosen = fresh[: feed.maximum]
    gone = _withdrawn(pool, now - feed.reach) if notice is not None else []
    shown = sorted([*chosen, *gone], key=lambda story: _timeline(story, now), reverse=True)
    shelf = Shelf(
        section=feed.series,
        title=title,
        language=None,
        stories=tuple(story.story_id for story in shown),
        more=len(fresh) - len(chosen) + beyond,
    )
    items = {
        story.story_id: item(story, sources[story.source], now, page, Channel.FEEDS, also=events.also(story))
        for story in chosen
    }
    if notice is not None:
        items |= {
            story.story_id: withdrawn_item(story, sources.get(story.source), notice(story)) for story in gone
        }
    return Selection(
        (shelf,), tuple(items[story_id] for story_id in shelf.stories), tuple(dict.fromkeys(left_out))
    )


def _doubles(stories: Sequence[Story], events: Events) -> dict[str, str]:
    """The stories that another one of these stands for, and which."""
    members: dict[str, list[Story]] = {}
    for story in stories:
        if event := events.groups.of.get(story.story_id):
            members.setdefault(event, []).append(story)
    doubles: dict[str, str] = {}
    for group in members.values():
        known = [story for story in group if story.first_published is not None]
        first = (
            min(known, key=lambda story: (story.first_published, story.story_id))
            if known
            else min(group, key=events.rank)
        )
        doubles |= {story.story_id: first.story_id for story in group if story is not first}
    return doubles


def _withdrawn(pool: Sequence[Candidate], since: datetime) -> list[Story]:
    """The killed among them that readers have had, if the kill is no older than `since`."""
    return [
        entry.story
        for entry in pool
        if entry.story.killed is not None
        and entry.story.first_published is not None
        and entry.story.modified_at >= since
    ]


def withdrawn_item(story: Story, source: Source | None, notice: Notice) -> Item:
    """The place of a withdrawn story: id, link and source, and the notice. Its headline is there for the gate to look for."""
    received = story.received
    return Item(
        story_id=story.story_id,
        version=story.version,
        headline=story.headline,
        original_headline=received.original_headline,
        source=story.source,
        source_name=received.source_name or (source.name if source else story.source),
        source_url=received.source_url or story.link or "",
        source_homepage=source.homepage if source else "",
        link=story.link or received.page_url or received.source_url,
        language=notice.language,
        lede="",
        body="",
        time=story.received_at,
        first_published=story.first_published or notice.at,
        modified_at=notice.at,
        urgency=received.urgency,
        withdrawn=notice,
    )


def _recency(story: Story) -> tuple[datetime, datetime, datetime, str]:
    """What a feed's maximum keeps, oldest first.

    A story that no edition has held counts by when it became eligible: a backlog that an import brought stays cut off, and does not
    come up as the news of the next build.
    """
    return _timeline(story, story.eligible_at or story.received_at)


def _timeline(story: Story, now: datetime) -> tuple[datetime, datetime, datetime, str]:
    """A feed's order, oldest first: by our publication, what was published together by when it became eligible, then as claimed."""
    eligible = story.eligible_at or story.received_at
    return story.first_published or now, eligible, claimed(story), story.story_id
