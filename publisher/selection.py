"""Which stories an edition holds, in which order, and why each other candidate is not among them.

PURE. Equal input gives equal output: the order is total (every tie ends at the story id), and time is an argument.
Candidates are judged by when they became *eligible* here, not by the date they claim, so that a late, embargoed or undated
story is neither lost nor doubled (decisions 4, 5 and 11). A pin beats order, quota and window; nothing beats a kill, a
hold, an embargo, missing rights or the desk's drop.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from publisher.edition import Digest, Item, LeftOut, Shelf, Why
from publisher.story import PubStatus, Received, Section, Source, Story, Term

__all__ = ["Act", "Candidate", "Mark", "Selection", "belongs", "select_digest", "select_feed"]


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


def belongs(received: Received, source: str, section: Section) -> bool:
    """Whether a story belongs to a section: one `any` term matches (or there is none) and no `none` term does."""

    def matches(term: Term) -> bool:
        wanted = term.value.casefold()
        match term.kind:
            case "source":
                return source.casefold() == wanted
            case "category":
                return any(name.casefold() == wanted for name in received.categories)
            case "subject":
                return any(
                    wanted
                    in {
                        subject.code.casefold(),
                        f"{subject.scheme}:{subject.code}".casefold(),
                        subject.name.casefold(),
                    }
                    for subject in received.subjects
                )
            case "word":
                words = _words(f"{received.original_headline} {received.slugline}")
                phrase = _words(wanted)
                return any(words[start : start + len(phrase)] == phrase for start in range(len(words)))
            case "language":
                return received.language.casefold().split("-")[0] == wanted.split("-")[0]
            case "genre":
                return received.genre.casefold() == wanted
            case _:
                return False

    return (not section.any or any(matches(term) for term in section.any)) and not any(
        matches(term) for term in section.none
    )


def select_digest(
    digest: Digest,
    sections: Sequence[Section],
    candidates: Iterable[Candidate],
    *,
    marks: Sequence[Mark] = (),
    sources: Mapping[str, Source],
    slot: datetime,
    now: datetime,
) -> Selection:
    """The items of one edition of a digest.

    `sections` are the digest's, in its order; `slot` is the instant that windows are measured back from, `now` the freeze:
    what became eligible after the slot but before the freeze is fresh news and is taken.
    """
    pool = list(candidates)
    left_out, fit = _sift(pool, sources=sources, now=now)
    left_out += [
        LeftOut(entry.story.story_id, "", Why.CARRIED, f"carried on {entry.carried_at:%Y-%m-%d %H:%M} UTC")
        for entry in fit
        if entry.spent
    ]
    stories = [entry.story for entry in fit if not entry.spent]
    shelves: list[Shelf] = []
    for section in sections:
        for language in digest.languages:
            shelf, reasons = _shelf(section, digest, language, stories, marks=marks, slot=slot)
            shelves.append(shelf)
            left_out += reasons
    return _selection(shelves, stories, sources=sources, left_out=left_out, now=now)


def select_feed(
    section: Section | None,
    stories: Iterable[Story],
    *,
    title: str,
    sources: Mapping[str, Source],
    now: datetime,
    maximum: int = 50,
    window: timedelta = timedelta(days=14),
    marks: Sequence[Mark] = (),
) -> Selection:
    """The newest items of a section (None: of all), for its feed. Drops count, pins do not: a feed is a timeline."""
    slug = section.slug if section else "all"
    maximum, window = (section.feed_max, section.feed_window) if section else (maximum, window)
    pool = [Candidate(story) for story in stories if section is None or section.slug in story.sections]
    left_out, fit = _sift(pool, sources=sources, now=now)
    dropped = {mark.story_id for mark in marks if mark.act is Act.DROP and mark.section == slug}
    left_out += [LeftOut(e.story.story_id, slug, Why.DROPPED) for e in fit if e.story.story_id in dropped]
    fresh = [e.story for e in fit if _eligible(e.story) >= now - window and e.story.story_id not in dropped]
    fresh.sort(
        key=lambda story: (story.first_published or now, _eligible(story), story.story_id), reverse=True
    )
    left_out += [LeftOut(story.story_id, slug, Why.MAXIMUM) for story in fresh[maximum:]]
    chosen = fresh[:maximum]
    shelf = Shelf(
        section=slug,
        title=title,
        language=None,
        stories=tuple(story.story_id for story in chosen),
        more=len(fresh) - len(chosen),
    )
    return _selection([shelf], chosen, sources=sources, left_out=left_out, now=now)


def _sift(
    pool: Sequence[Candidate], *, sources: Mapping[str, Source], now: datetime
) -> tuple[list[LeftOut], list[Candidate]]:
    """What no edition may hold at `now`, with the reason, and the rest."""
    out: list[LeftOut] = []
    fit: list[Candidate] = []
    for entry in pool:
        why = _barred(entry.story, sources, now)
        if why is None:
            fit.append(entry)
        else:
            out.append(LeftOut(entry.story.story_id, "", *why))
    return out, fit


def _barred(story: Story, sources: Mapping[str, Source], now: datetime) -> tuple[Why, str] | None:
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
    if source.rights == "none":
        return Why.RIGHTS, f"source {story.source} grants no rights"
    if story.eligible_at is None or story.eligible_at > now:
        return Why.NOT_ELIGIBLE, "not yet released"
    return None


@dataclass(frozen=True, slots=True)
class _Desk:
    """The desk's marks in one section: dropped ids, and pinned ids with their places."""

    dropped: frozenset[str]
    pins: Mapping[str, int]

    @classmethod
    def of(cls, marks: Sequence[Mark], section: str) -> _Desk:
        here = [mark for mark in marks if mark.section == section]
        dropped = frozenset(mark.story_id for mark in here if mark.act is Act.DROP)
        pins = {mark.story_id: mark.place or 1 for mark in here if mark.act is Act.PIN}
        return cls(dropped, {story_id: place for story_id, place in pins.items() if story_id not in dropped})


def _shelf(
    section: Section,
    digest: Digest,
    language: str,
    stories: Sequence[Story],
    *,
    marks: Sequence[Mark],
    slot: datetime,
) -> tuple[Shelf, list[LeftOut]]:
    """One section in one language: pins at their places, the rest ranked under quota and maximum."""
    desk = _Desk.of(marks, section.slug)
    pinned, ranked, out = _sort_in(section, digest, language, stories, desk=desk, slot=slot)
    ranked.sort(key=_order(section.order))
    chosen: list[Story] = []
    room = max(0, section.max - len(pinned))
    of_source = Counter(story.source for story in pinned)
    more = 0
    for story in ranked:
        if section.per_source is not None and of_source[story.source] >= section.per_source:
            detail = f"{section.per_source} of {story.source}"
            out.append(LeftOut(story.story_id, section.slug, Why.QUOTA, detail, language))
            more += 1
        elif len(chosen) >= room:
            out.append(LeftOut(story.story_id, section.slug, Why.MAXIMUM, f"{section.max} at most", language))
            more += 1
        else:
            chosen.append(story)
            of_source[story.source] += 1
    for story in sorted(pinned, key=lambda story: (desk.pins[story.story_id], story.story_id)):
        chosen.insert(min(desk.pins[story.story_id] - 1, len(chosen)), story)
    stories_on = tuple(story.story_id for story in chosen)
    return Shelf(
        section=section.slug, title=section.title(language), language=language, stories=stories_on, more=more
    ), out


def _sort_in(
    section: Section, digest: Digest, language: str, stories: Sequence[Story], *, desk: _Desk, slot: datetime
) -> tuple[list[Story], list[Story], list[LeftOut]]:
    """The section's pinned stories, its other candidates, and the reasons of the rest."""
    pinned: list[Story] = []
    ranked: list[Story] = []
    out: list[LeftOut] = []
    for story in stories:
        if section.slug not in story.sections and story.story_id not in desk.pins:
            continue
        if story.story_id in desk.dropped:
            out.append(LeftOut(story.story_id, section.slug, Why.DROPPED))
        elif not _speaks(story, section, language):
            if not any(_speaks(story, section, other) for other in digest.languages):
                out.append(
                    LeftOut(story.story_id, section.slug, Why.LANGUAGE, f"it is in {story.received.language}")
                )
        elif story.story_id in desk.pins:
            pinned.append(story)
        elif _eligible(story) < slot - section.window:
            out.append(LeftOut(story.story_id, section.slug, Why.WINDOW))
        else:
            ranked.append(story)
    return pinned, ranked, out


def _speaks(story: Story, section: Section, language: str) -> bool:
    """Whether the section's language rule lets readers of `language` see this story."""
    own = story.received.language.casefold().split("-")[0]
    match section.languages:
        case "all":
            return True
        case "edition":
            return own == language.casefold().split("-")[0]
        case listed:
            return own in {entry.casefold().split("-")[0] for entry in listed}


def _order(order: str) -> Callable[[Story], tuple[float, float, str]]:
    def newest(story: Story) -> tuple[float, float, str]:
        return (0, -_eligible(story).timestamp(), story.story_id)

    def urgency(story: Story) -> tuple[float, float, str]:
        return (story.received.urgency, -_eligible(story).timestamp(), story.story_id)

    return newest if order == "newest" else urgency


def _eligible(story: Story) -> datetime:
    if story.eligible_at is None:
        raise ValueError(f"story {story.story_id} is not eligible and must have been sifted out")
    return story.eligible_at


def _selection(
    shelves: Sequence[Shelf],
    stories: Sequence[Story],
    *,
    sources: Mapping[str, Source],
    left_out: Sequence[LeftOut],
    now: datetime,
) -> Selection:
    by_id = {story.story_id: story for story in stories}
    order = dict.fromkeys(story_id for shelf in shelves for story_id in shelf.stories)
    items = tuple(_item(by_id[story_id], sources[by_id[story_id].source], now) for story_id in order)
    return Selection(tuple(shelves), items, tuple(dict.fromkeys(left_out)))


def _item(story: Story, source: Source, now: datetime) -> Item:
    received = story.received
    published = received.first_created or received.version_created or story.received_at
    return Item(
        story_id=story.story_id,
        version=story.version,
        headline=story.headline,
        original_headline=received.original_headline,
        source=story.source,
        source_name=received.source_name,
        source_url=received.source_url,
        source_homepage=source.homepage,
        link=story.link or received.page_url or received.source_url,
        language=received.language,
        lede="" if source.rights == "link" else received.lede,
        body=received.body if source.rights == "full" else "",
        time=min(published, story.received_at),
        first_published=story.first_published or now,
        modified_at=now if story.first_published is None else max(story.modified_at, story.first_published),
        urgency=received.urgency,
        byline=received.byline,
        dateline=received.dateline,
        correction_note=received.correction_note,
        corrected_at=story.corrected_at,
        copyright_notice=received.copyright_notice,
        rights=source.rights,
        rights_line=source.rights_line,
        usage_terms=received.usage_terms,
        categories=received.categories,
        subjects=received.subjects,
        media=received.media if source.rights == "full" else (),
    )


def _words(text: str) -> list[str]:
    """Casefolded words; punctuation parts them."""
    parted = "".join(c if c.isalnum() or c in "\u200c'’" else " " for c in text.casefold())
    return [word.strip("'’") for word in parted.split()]
