"""Which feeds a house has, and which stories each is about.

PURE. A feed is named by its series: `world`, `world.fa` (a section in one of its languages), `source/meridian`, `lang/fa`, `all`.
The series is the path below `/feeds/` (decision 20) and half of the feed's id, and so it never changes: it depends on slugs and
languages of the configuration, never on what stories there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from babel import Locale, UnknownLocaleError

from publisher.rights import Channel
from publisher.section import Section
from publisher.story import Source, Story

__all__ = ["Consumer", "Feed", "base", "english_name", "feeds_of", "own_name"]

LONGEST = Section(slug="", titles=())
"""Where its maximum and window come from when a house has no section."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One feed: what it is called, which stories it takes, how many and for how long.

    Attributes:
        title: what follows the site's name; empty for the feed of all.
        language: BCP 47 tag of the feed itself.
        merge: whether of several agencies' reports of one event one leads and names the others.
        section, source, only: the one section, source or (base) language whose stories it takes; None: all.
    """

    series: str
    title: str
    language: str
    section: str | None = None
    source: str | None = None
    only: str | None = None
    maximum: int = LONGEST.feed_max
    window: timedelta = LONGEST.feed_window
    merge: bool = True

    @property
    def reach(self) -> timedelta:
        """The longest that any story, or the notice of a kill, stays in it: nothing older is fetched, none is taken."""
        return self.window

    @property
    def edition_slug(self) -> str:
        """The series as it stands in ids of editions and in tag: URIs' last part: `source.meridian`."""
        return self.series.replace("/", ".")

    def takes(self, story: Story) -> bool:
        """Whether a story is one of this feed's, as far as section, source and language say."""
        return (
            (self.section is None or self.section in story.sections)
            and (self.source is None or self.source == story.source)
            and (self.only is None or self.only in map(base, (story.received.language, *story.spoken)))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumer:
    """Somebody who takes our feeds under conditions of their own: another rendering of the same editions.

    Attributes:
        slug: permanent name; its feeds stand below `/feeds/for/<slug>/`.
        feeds: series that it takes; empty: every one. formats: of "rss", "atom" and "json".
        text: the most it gets of a story's text: "full", "lede" or "link"; a source's own policy may allow less.
        source: "link", or "text" for one that forbids links in the text: the name stands there, the address in the metadata.
        redate_withdrawn: whether a kill moves the item's publication date, for those who look at nothing else.
    """

    slug: str
    feeds: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("rss",)
    text: str = "full"
    source: str = "link"
    redate_withdrawn: bool = False

    def takes(self, feed: Feed) -> bool:
        """Whether it takes this feed."""
        return not self.feeds or feed.series in self.feeds


def base(language: str) -> str:
    """The primary subtag of a BCP 47 tag: "zh" of "zh-Hant"."""
    return language.casefold().partition("-")[0]


def feeds_of(
    sections: Sequence[Section],
    sources: Iterable[Source],
    *,
    language: str,
    languages: Sequence[str],
    merge: bool = True,
) -> tuple[Feed, ...]:
    """Every feed of a house: sections (each in its languages when it has several), sources, languages, and all.

    `language` is the site's, `languages` those it publishes in. A section has the languages that it has a title in. `merge` is
    said of the feeds that are no section's.
    """
    widest = Feed(
        series="all",
        title="",
        language=language,
        maximum=max((section.feed_max for section in sections), default=LONGEST.feed_max),
        window=max((section.feed_window for section in sections), default=LONGEST.feed_window),
        merge=merge,
    )
    return (
        *_of_sections(sections, language=language, languages=languages),
        *(
            replace(widest, series=f"source/{s.slug}", title=s.name, language=s.language, source=s.slug)
            for s in sources
            if s.allows(Channel.FEEDS) != "none"
        ),
        *(
            replace(widest, series=f"lang/{tag}", title=own_name(tag), language=tag, only=base(tag))
            for tag in (languages if len(languages) > 1 else ())
        ),
        widest,
    )


def own_name(language: str) -> str:
    """What speakers of a language call it; its tag where nobody told us."""
    try:
        return str(Locale.parse(language, sep="-").get_display_name() or language)
    except (UnknownLocaleError, ValueError):
        return language


def english_name(language: str) -> str:
    """What English calls a language, with its tag: "Persian (fa)"; the tag alone where nobody told us."""
    try:
        name = Locale.parse(language, sep="-").get_display_name("en")
    except (UnknownLocaleError, ValueError):
        name = None
    if not name:
        return language
    return f"{name[:-1]}, {language})" if name.endswith(")") else f"{name} ({language})"


def _of_sections(sections: Sequence[Section], *, language: str, languages: Sequence[str]) -> Iterator[Feed]:
    for section in sections:
        whole = Feed(
            series=section.slug,
            title=section.title(language),
            language=language,
            section=section.slug,
            maximum=section.feed_max,
            window=section.feed_window,
            merge=section.merge,
        )
        yield whole
        spoken = [tag for tag, _ in section.titles if tag in languages]
        for tag in spoken if len(spoken) > 1 else ():
            yield replace(
                whole,
                series=f"{section.slug}.{tag}",
                title=f"{section.title(tag)} – {own_name(tag)}",  # else two feeds of one title in a reader's list
                language=tag,
                only=base(tag),
            )
