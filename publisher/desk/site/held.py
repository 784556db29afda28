"""What pages are made from, read in one view of the database: feed editions, digest editions as they may be shown now, and what is closed.

A digest edition is shown as it came out, whatever revision was mailed last: a story of it that was killed since stands there as the
house's notice, also when a person has brought a later version in; one that was corrected since keeps its text and says so; what is held, under embargo or has ended is left out and named
nowhere, also by no editor's note.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from publisher.desk.feeds.draft import notices
from publisher.desk.knowing import unfit
from publisher.desk.withdrawals import killed_in, notes_without
from publisher.edition import Also, Edition, Item, Kind, Why
from publisher.feed import base
from publisher.newsroom import Newsroom
from publisher.render.pages import Later
from publisher.rights import Channel, strictest
from publisher.selection import barred, item_of, withdrawn_item
from publisher.store import approvals, editions, followups, public, stories
from publisher.story import Story

__all__ = ["EDITIONS", "SITE", "STORIES", "Held", "Shown", "alone", "held", "unfit_of"]

SITE = "site/"
EDITIONS, STORIES = f"{SITE}e/", f"{SITE}story/"
ARCHIVED = 30
"""How many digest editions are made anew; older ones only when a story of theirs changed since their page did."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest edition as the archive shows it; `later`: what was corrected since, by story."""

    edition: Edition
    later: Mapping[str, Later]


@dataclass(frozen=True, slots=True)
class Held:
    """What pages are made from.

    Attributes:
        feeds: series -> its newest edition. digests: editions of digests, newest first.
        stories: those with a page of ours that is to be made, as they stand.
        barred: stories that may be in no output. closed: paths of pages whose story may not be shown.
        withdrawn: of these the ones whose story was killed, each with its notice, alone in an edition.
    """

    feeds: Mapping[str, Edition]
    digests: Sequence[Shown]
    stories: Sequence[Item]
    barred: frozenset[str]
    closed: frozenset[str]
    withdrawn: Mapping[str, Edition]

    def frozen(self) -> Iterator[datetime]:
        """When its editions were frozen."""
        yield from (made.frozen_at for made in self.feeds.values())
        yield from (entry.edition.frozen_at for entry in self.digests)


def held(newsroom: Newsroom, connection: Connection, *, now: datetime) -> Held:
    """Everything as it stands in this transaction."""
    feeds: dict[str, Edition] = {}
    for feed in newsroom.feeds:
        row = editions.latest(connection, Kind.FEED, feed.series)
        made = editions.get(connection, row.id) if row is not None else None
        if made is not None:
            feeds[feed.series] = made
    own = {path.split("/")[2]: last for path, last in public.changes(connection, below=STORIES).items()}
    found = [
        (first, last)
        for name in _names(connection)
        if (last := editions.get(connection, name)) is not None and not _waits(newsroom, connection, last)
        if (first := last if last.revision == 1 else editions.get(connection, name, revision=1)) is not None
    ]
    whole = feeds.get("all")
    here = {item.story_id: item.also for item in whole.items} if whole is not None else {}
    carried = {item.story_id for first, _ in found for item in first.items}
    named = {other.story_id for first, _ in found for item in first.items for other in item.also}
    named |= {other.story_id for also in here.values() for other in also}
    present = stories.load(connection, here.keys() | carried | named | own.keys())
    unfit = unfit_of(newsroom, present, now=now)
    notice = notices(newsroom, connection)
    dead = followups.killed_versions(connection, present)
    stubs = {
        name: withdrawn_item(story, newsroom.sources.get(story.source), notice(story))
        for name, story in present.items()
        if story.killed is not None or name in dead
    }

    def gone(made: Edition) -> frozenset[str]:
        """Of its stories those that may not be shown as they stand there."""
        return unfit | killed_in(made, dead)

    changed = {
        name
        for name, (status, at) in own.items()
        if name in present and (status == public.GONE or present[name].modified_at >= at)
    }
    closed = {
        name: f"{STORIES}{name}/index.html"
        for name, (status, _) in own.items()
        if name in unfit and status == public.OK
    }
    return Held(
        feeds,
        [
            Shown(
                replace(
                    _as_shown(newsroom, first, last, gone(first), stubs),
                    notes=notes_without(connection, first, gone(first)),
                ),
                _later(first, present, gone(first)),
            )
            for first, last in found
        ],
        tuple(_own_stories(newsroom, present, here.keys() | carried | changed, here, now=now))
        if whole
        else (),
        unfit,
        frozenset(closed.values()),
        {
            path: alone(newsroom, whole, stubs[name])
            for name, path in closed.items()
            if name in stubs and whole
        },
    )


def unfit_of(newsroom: Newsroom, present: Mapping[str, Story], *, now: datetime) -> frozenset[str]:
    """Those of these stories that no page may show: taken back, under embargo, expired, or of a source that grants us nothing here, or is none any more.

    One that became eligible since `now` is not among them: another process has put it into a feed meanwhile.
    """
    found = unfit(newsroom, present.values(), now=now)
    return frozenset(name for name, why in found.items() if why is not Why.NOT_ELIGIBLE)


def _own_stories(
    newsroom: Newsroom,
    present: Mapping[str, Story],
    wanted: Collection[str],
    also: Mapping[str, tuple[Also, ...]],
    *,
    now: datetime,
) -> Iterator[Item]:
    """Of these the stories that have no page but ours, as they stand now: also one that has left the feeds reaches its readers corrected.

    Such an address was chosen once, and may lead to where the site was before it moved.
    """
    if not newsroom.settings.site.pages:
        return
    for name in sorted(wanted):
        story = present.get(name)
        if (
            story is None
            or story.first_published is None
            or not (story.link or "").endswith(f"/story/{name}")
        ):
            continue
        if barred(story, newsroom.sources, now, Channel.FEEDS) is None:
            source = newsroom.sources[story.source]
            yield item_of(story, source, now, "", Channel.FEEDS, also=also.get(name, ()))


def _names(connection: Connection) -> list[str]:
    """The editions to be made anew."""
    newest = [row.id for row in editions.listing(connection, kind=Kind.DIGEST, limit=ARCHIVED)]
    older = editions.with_changed_items(connection)
    pages = {
        path: public.get(connection, path) for path in (f"{EDITIONS}{name}/index.html" for name in older)
    }
    stale = [
        name
        for name, changed in older.items()
        if (page := pages[f"{EDITIONS}{name}/index.html"]) is None
        or page.changed_at <= changed
        or page.status == public.GONE  # it may have been taken down because it could not be made anew
    ]
    return list(dict.fromkeys([*newest, *stale]))


def _waits(newsroom: Newsroom, connection: Connection, made: Edition) -> bool:
    """Whether nobody has approved an edition that wants it: it is not for readers yet, on no page."""
    digest = newsroom.digests.get(made.series)
    wants = digest is not None and digest.approval == "required"
    return wants and not approvals.approved(connection, made.edition_id, made.content_hash)


def _as_shown(
    newsroom: Newsroom, first: Edition, last: Edition, unfit: frozenset[str], stubs: Mapping[str, Item]
) -> Edition:
    """The edition as it came out: its last revision's items, as far as pages may show them, and the notices of those that were killed."""
    shown = (_on_pages(newsroom, item, unfit) for item in last.items if item.story_id not in unfit)
    items = {item.story_id: item for item in shown if item is not None}
    items |= {
        item.story_id: stubs[item.story_id] for item in first.items if item.story_id in unfit & stubs.keys()
    }
    return replace(
        last,
        shelves=tuple(
            replace(shelf, stories=tuple(name for name in shelf.stories if name in items))
            for shelf in first.shelves
        ),
        items=tuple(items[item.story_id] for item in first.items if item.story_id in items),
    )


def _on_pages(newsroom: Newsroom, item: Item, unfit: frozenset[str]) -> Item | None:
    """What was chosen for mails, as pages may show it: a source may allow less here, or nothing."""
    source = newsroom.sources.get(item.source)
    allowed = strictest(item.rights, source.allows(Channel.FEEDS) if source else "link")
    if allowed == "none":
        return None
    also = tuple(other for other in item.also if other.story_id not in unfit)
    return replace(item, lede="" if allowed == "link" else item.lede, body="", rights=allowed, also=also)


def _later(first: Edition, present: Mapping[str, Story], unfit: frozenset[str]) -> dict[str, Later]:
    """What was corrected after the edition had been frozen, and may be shown."""
    found: dict[str, Later] = {}
    for item in first.items:
        story = present.get(item.story_id)
        if story is None or item.story_id in unfit or story.corrected_at is None:
            continue
        if story.corrected_at > first.frozen_at:
            note = story.received.correction_note or ""
            found[item.story_id] = Later(story.corrected_at, note, item.link)
    return found


def alone(newsroom: Newsroom, made: Edition, item: Item) -> Edition:
    """An edition that holds nothing but this item and speaks its language, where the house does; else the site's."""
    site = newsroom.settings.site.language
    language = item.withdrawn.language if item.withdrawn else item.language
    words = newsroom.disclaimer_in(language)
    if base(words.language) != base(language):
        words = newsroom.disclaimer_in(site)
    return replace(
        made,
        languages=(words.language,),
        titles=((words.language, made.title(site)),),
        disclaimers=(words,),
        shelves=(replace(made.shelves[0], stories=(item.story_id,)),),
        items=(item,),
        left_out=(),
    )
