"""What is chosen from, what no edition may hold at an instant, and how a story becomes an item. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from publisher.edition import Also, Item, LeftOut, Shelf, Why
from publisher.rights import Channel, strictest
from publisher.story import PubStatus, Received, Source, SourceKind, Story

__all__ = [
    "Act",
    "Candidate",
    "Mark",
    "Selection",
    "barred",
    "claimed",
    "claimed_by",
    "eligible",
    "item",
    "sift",
]


class Act(StrEnum):
    """What the desk did to a story in a section."""

    PIN = "pin"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class Mark:
    """A pin or drop in force; `place` counts from 1 (None: on top)."""

    story_id: str
    section: str
    act: Act
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A story and when an earlier edition of the same digest last carried it (None: never)."""

    story: Story
    carried_at: datetime | None = None

    @property
    def spent(self) -> bool:
        """Readers of this digest have had it, and it was not corrected since."""
        corrected = self.story.corrected_at
        return self.carried_at is not None and (corrected is None or corrected <= self.carried_at)


@dataclass(frozen=True, slots=True)
class Selection:
    """What was chosen: shelves in order, the items on them, and the reasons of those left out."""

    shelves: tuple[Shelf, ...]
    items: tuple[Item, ...]
    left_out: tuple[LeftOut, ...]


def sift(
    pool: Sequence[Candidate], *, sources: Mapping[str, Source], now: datetime, channel: Channel
) -> tuple[list[LeftOut], list[Candidate]]:
    """What no edition may hold at `now`, with the reason, and the rest."""
    out: list[LeftOut] = []
    fit: list[Candidate] = []
    for entry in pool:
        why = barred(entry.story, sources, now, channel)
        if why is None:
            fit.append(entry)
        else:
            out.append(LeftOut(entry.story.story_id, "", *why))
    return out, fit


def barred(
    story: Story, sources: Mapping[str, Source], now: datetime, channel: Channel
) -> tuple[Why, str] | None:
    """Why a story may be in no output of a channel at `now`, with the detail, or None; asked at selection and again before sending."""
    received = story.received
    if story.killed is not None or received.pubstatus is PubStatus.CANCELED:
        return Why.KILLED, story.killed or "by its source"
    if story.hold is not None or received.pubstatus is not PubStatus.USABLE:
        return Why.HELD, story.hold or "by its source"
    if story.embargoed(now):
        until = received.embargo.until
        return Why.EMBARGO, f"until {until:%Y-%m-%d %H:%M} UTC" if until else "without a stated end"
    if received.expires is not None and received.expires <= now:
        return Why.EXPIRED, f"at {received.expires:%Y-%m-%d %H:%M} UTC"
    source = sources.get(story.source)
    if source is None:
        return Why.RIGHTS, f"source {story.source} is no longer configured"
    if source.allows(channel) == "none":
        return Why.RIGHTS, f"source {story.source} grants no rights for {channel}"
    if story.eligible_at is None or story.eligible_at > now:
        return Why.NOT_ELIGIBLE, "not yet released"
    return None


def eligible(story: Story) -> datetime:
    """Since when a sifted story is a candidate; ValueError for one that is none."""
    if story.eligible_at is None:
        raise ValueError(f"story {story.story_id} is not eligible and must have been sifted out")
    return story.eligible_at


def claimed(story: Story) -> datetime:
    """When its source says that it published it; never later than we had it."""
    return claimed_by(story.received, story.received_at)


def claimed_by(received: Received, received_at: datetime) -> datetime:
    """The same of what was received then."""
    return min(received.first_created or received.version_created or received_at, received_at)


def item(
    story: Story,
    source: Source,
    now: datetime,
    page: str,
    channel: Channel,
    *,
    also: tuple[Also, ...] = (),
    event: str = "",
    told: tuple[str, ...] = (),
) -> Item:
    """The story's place in an edition frozen at `now`, with as much of its text as its source's rights and its own allow.

    `page`: what its id is appended to for the address of its page here; "" where the house has no such pages. What pages may not show has none.
    """
    received = story.received
    if source.allows(Channel.FEEDS) == "none":
        page = ""
    rights = strictest(source.allows(channel), received.rights)
    return Item(
        story_id=story.story_id,
        version=story.version,
        headline=story.headline,
        original_headline=received.original_headline,
        source=story.source,
        source_name=received.source_name,
        source_url=received.source_url,
        source_homepage=source.homepage,
        link=story.link or received.page_url or (page and f"{page}{story.story_id}") or received.source_url,
        language=received.language,
        lede="" if rights == "link" else received.lede,
        body=received.body if rights == "full" else "",
        time=claimed(story),
        first_published=story.first_published or now,
        modified_at=now if story.first_published is None else max(story.modified_at, story.first_published),
        urgency=received.urgency,
        byline=received.byline,
        dateline=received.dateline,
        correction_note=received.correction_note,
        corrected_at=story.corrected_at,
        copyright_notice=received.copyright_notice,
        rights=rights,
        rights_line=source.rights_line,
        usage_terms=received.usage_terms,
        categories=received.categories,
        subjects=received.subjects,
        media=tuple(medium for medium in received.media if source.stated(medium.rights) == "full")
        if source.media and rights == "full"
        else (),
        source_feed=source.url or "" if source.kind is SourceKind.AGENCY else "",
        also=also,
        event=event,
        told=told,
        headline_at=story.headline_changed_at if story.headline != received.original_headline else None,
    )
