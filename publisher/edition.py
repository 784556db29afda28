"""An edition: a frozen, numbered, hashed selection. What is rendered, mailed or archived is always one of these.

PURE. An edition is data and nothing else: every output is made from it alone, so that mail, text part, feeds and
archive agree in items, order, links and disclaimers, and the same edition renders to the same bytes on any machine,
at any time (invariants 5 and 11). `content_hash` is SHA-256 over canonical JSON of what readers are shown; the edition's
number, the time of its making and the reasons of what was left out do not enter it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from publisher.canonical import canonical_json, plain
from publisher.story import Media, Subject

__all__ = [
    "Also",
    "Disclaimer",
    "Edition",
    "Item",
    "Kind",
    "LeftOut",
    "Notice",
    "Shelf",
    "Variant",
    "Why",
]

NEWER = ("headline_at", "also", "event", "told")
"""What items did not have at first: where it says nothing it is not hashed, so that older editions keep their hash."""
PARAGRAPHS = re.compile(r"\n[ \t]*\n")


@dataclass(frozen=True, slots=True)
class Variant:
    """One rendering of a digest edition: a language and the reader's sections (None: all of them)."""

    language: str
    sections: frozenset[str] | None = None

    @property
    def key(self) -> str:
        """Stable name of at most 64 characters: in the ledger, in output names and in caches."""
        if self.sections is None:
            return self.language
        chosen = hashlib.sha256(",".join(sorted(self.sections)).encode()).hexdigest()[:16]
        return f"{self.language}-{chosen}"


class Kind(StrEnum):
    """What an edition is for (decision 6)."""

    DIGEST = "digest"
    FEED = "feed"


class Why(StrEnum):
    """Why a story was left out of an edition; every candidate that is not an item has one."""

    MAXIMUM = "maximum"
    QUOTA = "quota"
    WINDOW = "window"
    CARRIED = "carried"
    """An earlier edition of the digest had it, and it was not corrected since."""
    EMBARGO = "embargo"
    HELD = "held"
    KILLED = "killed"
    EXPIRED = "expired"
    DROPPED = "dropped"
    """By the desk."""
    LANGUAGE = "language"
    RIGHTS = "rights"
    NOT_ELIGIBLE = "not-eligible"
    """It became a candidate only after the edition's slot."""
    SIZE = "size"
    """There was no room for it in the mail: webmail cuts large mails off. The section's page has it."""
    DUPLICATE = "duplicate"
    """Another story reports the same event, and leads here or was carried before; it names this one's source."""
    UNFIT = "unfit"  # it could not be rendered, or the gate refused what was made of it


@dataclass(frozen=True, slots=True)
class Disclaimer:
    """The house text that each item carries, in one language; `short` stands at the item, `full` in the footer."""

    id: str
    version: int
    language: str
    short: str
    full: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What stands in place of a story that was killed after it had been published: plain text of ours, no word of the old claim.

    `reason`: what the desk says of this kill to readers, or nothing; the rest is the house's words.
    """

    at: datetime
    language: str
    title: str
    text: str
    reason: str = ""

    @property
    def told(self) -> str:
        """All that stands below the title."""
        return f"{self.text} {self.reason}".rstrip()


@dataclass(frozen=True, slots=True)
class Also:
    """Another agency's report of an item's event: the story that was left out for it, its source's name, and where it stands there."""

    story_id: str
    source_name: str
    source_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A story's place in an edition, with everything that any output shows of it.

    Attributes:
        link: what the headline links to: our page of the story, else the source URL.
        time: when the source published it (its version's time, clamped to our receipt), aware.
        first_published, modified_at: the dates of feeds (never the present time).
        body: sanitised HTML; empty when the rights policy gives the lede or the link only.
        rights: "full", "lede" or "link": how much of the text may be shown.
        rights_line: the agency's own line, printed in the footer and with the item in feeds.
        source_feed: address of the agency's own feed, where we know one.
        also: who else reports the event. event: one name for all items that report it, "" where no other story does.
        told: sections whose readers had another report of the event in an earlier edition: they are not given this one.
        headline_at: when the desk wrote the headline, where it is ours and that is known.
        withdrawn: set once the story was killed: outputs then show this notice and nothing of the story.
    """

    story_id: str
    version: int
    headline: str
    original_headline: str
    source: str
    source_name: str
    source_url: str
    source_homepage: str
    link: str
    language: str
    lede: str
    body: str
    time: datetime
    first_published: datetime
    modified_at: datetime
    urgency: int
    byline: str = ""
    dateline: str = ""
    correction_note: str | None = None
    corrected_at: datetime | None = None
    copyright_notice: str = ""
    rights: str = "full"
    rights_line: str = ""
    usage_terms: str = ""
    categories: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    media: tuple[Media, ...] = ()
    source_feed: str = ""
    headline_at: datetime | None = None
    withdrawn: Notice | None = None
    also: tuple[Also, ...] = ()
    event: str = ""
    told: tuple[str, ...] = ()

    @property
    def house_headline(self) -> bool:
        """Whether the headline is ours and not the source's."""
        return self.headline != self.original_headline


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A section's place in an edition, in one language: ordered story ids.

    `language` is the edition language whose readers see this shelf (the items may be in others when the section's rule
    says so); None in a feed edition, whose readers choose no language. `more` counts what the maximum cut.
    """

    section: str
    title: str
    language: str | None
    stories: tuple[str, ...]
    more: int = 0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A candidate that is not on a shelf, and why.

    `section` is empty when the reason holds for the whole edition, `language` when it holds for the section in every language.
    What one shelf had no room for may stand on another.
    """

    story_id: str
    section: str
    why: Why
    detail: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """A frozen selection. Shelves keep the digest's order; every story id on a shelf is in `items`.

    Attributes:
        edition_id: `<digest>-<local date>[-<HHMM>]`, for feeds `feed-<section>-<number>`.
        series: the digest's slug, for feeds the section's slug or "all".
        slot: the instant the edition is for (aware). local_date: the same in the digest's zone.
        titles: language -> the digest's or feed's title.
        revision: 1, more after a kill took an item out.
        notes: language -> the editor's note on top, plain text; an empty line parts paragraphs.
    """

    edition_id: str
    kind: Kind
    series: str
    number: int
    revision: int
    slot: datetime
    local_date: date
    timezone: str
    frozen_at: datetime
    languages: tuple[str, ...]
    titles: tuple[tuple[str, str], ...]
    shelves: tuple[Shelf, ...]
    items: tuple[Item, ...]
    disclaimers: tuple[Disclaimer, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        known = {item.story_id for item in self.items}
        if len(known) != len(self.items):
            raise ValueError("a story is twice among the items")
        if any(story_id not in known for shelf in self.shelves for story_id in shelf.stories):
            raise ValueError("a shelf names a story that is not an item")
        have = {disclaimer.language for disclaimer in self.disclaimers}
        if missing := [language for language in self.languages if language not in have]:
            raise ValueError(f"no disclaimer in {', '.join(missing)}")

    def item(self, story_id: str) -> Item:
        """The item of this story; KeyError if the edition has none."""
        for item in self.items:
            if item.story_id == story_id:
                return item
        raise KeyError(story_id)

    def title(self, language: str) -> str:
        """The title in this language, else in the edition's first."""
        titles = dict(self.titles)
        return titles.get(language) or titles[self.languages[0]]

    def note(self, language: str) -> tuple[str, ...]:
        """The editor's note in this language, by paragraphs; none if there is none."""
        text = dict(self.notes).get(language, "")
        return tuple(" ".join(part.split()) for part in PARAGRAPHS.split(text) if part.strip())

    def disclaimer(self, language: str) -> Disclaimer:
        """The house text in this language; KeyError when there is none (such an edition cannot be made)."""
        for disclaimer in self.disclaimers:
            if disclaimer.language == language:
                return disclaimer
        raise KeyError(language)

    def disclaimer_for(self, item: Item) -> Disclaimer:
        """The house text in an item's own language, else in the edition's first: what feeds put at the item."""
        base = item.language.partition("-")[0]
        for disclaimer in self.disclaimers:
            if disclaimer.language.partition("-")[0] == base:
                return disclaimer
        return self.disclaimer(self.languages[0])

    def variant(
        self, language: str, sections: frozenset[str] | None = None
    ) -> Iterator[tuple[Shelf, tuple[Item, ...]]]:
        """What a reader of this language and these sections sees: each shelf with its items, each story and event once.

        A story stands in the first of the reader's sections by the digest's order; nothing moves up to fill, and a
        shelf left empty is omitted (decision 9). `sections` None means all.
        """
        seen: set[str] = set()
        by_id = {item.story_id: item for item in self.items}
        for shelf in self.shelves:
            if shelf.language not in {language, None} or (
                sections is not None and shelf.section not in sections
            ):
                continue
            shown = (by_id[story_id] for story_id in shelf.stories)
            items = tuple(
                item
                for item in shown
                if (item.event or item.story_id) not in seen
                and not (item.told if sections is None else sections.intersection(item.told))
            )
            seen.update(item.event or item.story_id for item in items)
            if items:
                yield shelf, items

    def without(
        self, stories: Collection[str], *, now: datetime, why: Mapping[str, Why] | None = None
    ) -> Edition:
        """The next revision: these stories taken out, also where they are only named, nothing else touched (decision 8).

        `why`: where it is no kill.
        """
        reasons = why or {}
        return dataclasses.replace(
            self,
            revision=self.revision + 1,
            frozen_at=now,
            shelves=tuple(
                dataclasses.replace(shelf, stories=tuple(s for s in shelf.stories if s not in stories))
                for shelf in self.shelves
            ),
            items=tuple(
                dataclasses.replace(item, also=tuple(a for a in item.also if a.story_id not in stories))
                for item in self.items
                if item.story_id not in stories
            ),
            left_out=(
                *self.left_out,
                *(LeftOut(story_id, "", reasons.get(story_id, Why.KILLED)) for story_id in sorted(stories)),
            ),
        )

    @property
    def content_hash(self) -> str:
        """SHA-256 hex of what readers are shown: what an approval is bound to (invariant 13)."""
        return _content_hash(self)

    def shows_the_same(self, other: Edition) -> bool:
        """Whether two drafts of one digest show the same, whenever they were made: what was never out yet bears the moment of its draft.

        So does an edition that has no slot of its own; the day that stands above it is shown, and counts.
        """
        return _timeless(self).content_hash == _timeless(other).content_hash


@lru_cache(maxsize=16)
def _content_hash(edition: Edition) -> str:
    """Asked many times of one edition: at the freeze by each variant."""
    data: dict[str, Any] = plain(edition)
    unseen = ["edition_id", "number", "revision", "frozen_at", "left_out"]
    if edition.kind is Kind.FEED:  # it is remade when its items change, not when time passes beyond its end
        unseen += ["slot", "local_date", "timezone"]
        for shelf in data["shelves"]:
            del shelf["more"]
    cut = sorted((e.section, e.language, e.story_id) for e in edition.left_out if e.language)
    if not edition.notes:  # so that editions from before there were notes keep their hash
        unseen.append("notes")
    for key in unseen:
        del data[key]
    data["items"] = [{k: v for k, v in item.items() if v or k not in NEWER} for item in data["items"]]
    if cut:  # a mail says how many more there are
        data["cut"] = cut
    return hashlib.sha256(canonical_json(data)).hexdigest()


NO_SLOT = datetime.min.replace(tzinfo=UTC)


def _timeless(draft: Edition) -> Edition:
    """The draft without the moment of its making."""
    items = (
        dataclasses.replace(item, first_published=item.time, modified_at=item.time)
        if item.first_published == draft.frozen_at
        else item
        for item in draft.items
    )
    return dataclasses.replace(draft, items=tuple(items), slot=NO_SLOT)
