"""The pages that show stories, rendered for the gate to read: sections, stories, digest editions, and the front in each language."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from publisher.desk.consent import offered
from publisher.desk.feeds import documents
from publisher.desk.letters import edition_path
from publisher.desk.site.held import SITE, Held, Shown, alone
from publisher.edition import Edition, Item, Variant
from publisher.feed import Feed, base
from publisher.newsroom import Newsroom
from publisher.render import pages
from publisher.render.feeds import FORMATS
from publisher.series import Digest

__all__ = [
    "Page",
    "address_of",
    "archive_url",
    "archived_digests",
    "feeds_in",
    "feeds_of_all",
    "front_languages",
    "front_url",
    "fronts",
    "help_url",
    "house",
    "indexed_stories",
    "listed",
    "pages_of",
    "section_feeds",
    "section_tongues",
    "withdrawn",
]

NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
LISTED = 12
"""How many pages of digest editions the front page lists."""
NEWEST = 10
"""How many stories stand on the front page."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page to be made public: its path below the site, its bytes, and what the gate reads it against."""

    path: str
    body: bytes
    edition: Edition
    variant: Variant


def address_of(newsroom: Newsroom, path: str) -> str:
    """The address under which readers find this page."""
    return f"{newsroom.settings.site.url}/{path.removesuffix('index.html')}"


def pages_of(newsroom: Newsroom, found: Held) -> Iterator[Page]:
    """Sections in each of their languages, stories, the archive's editions."""
    for feed in newsroom.feeds:
        made = found.feeds.get(feed.series)
        if made is not None and feed.section is not None:
            yield _section(newsroom, feed, made)
    for item in found.stories:
        yield _story(newsroom, alone(newsroom, found.feeds["all"], item), item)
    for entry in found.digests:
        yield from _archived(newsroom, entry)


def house(newsroom: Newsroom, language: str) -> pages.Site:
    """What pages in this language know of the house; sections lead to their pages in it."""
    site = newsroom.settings.site
    fronted = language if language in front_languages(newsroom) else site.language
    digests = archived_digests(newsroom)
    return pages.Site(
        name=site.name,
        url=site.url,
        language=language,
        timezone=site.timezone,
        postal_address=site.postal_address,
        sections=tuple(
            pages.SectionLink(section.title, section.url) for section in section_feeds(newsroom, language)
        ),
        disclaimer=newsroom.disclaimer_in(language).full,
        theme=newsroom.settings.theme,
        home=front_url(newsroom, fronted),
        help=help_url(newsroom, fronted),
        archives=tuple(
            pages.SectionLink(digest.title(language), archive_url(newsroom, digest, tongue))
            for digest in digests
            for tongue in [language if language in digest.languages else digest.languages[0]]
        ),
        subscribe=f"{site.url}/subscribe?lang={language}" if offered(newsroom) else "",
        contact=site.corrections or site.contact,
    )


# ------------------------------------------------------------------------------------------------------------- the front


def front_languages(newsroom: Newsroom) -> list[str]:
    """The languages that have a front page, the site's own first: those with a disclaimer in which a section has a title, a source writes, or a digest is sent.

    A disclaimer alone publishes nothing: `init` writes some that a house may never need.
    """
    own = newsroom.settings.site.language
    spoken = documents.spoken(newsroom)
    return [own, *(tag for tag in newsroom.disclaimers if base(tag) != base(own) and base(tag) in spoken)]


def front_url(newsroom: Newsroom, language: str) -> str:
    """The front page in a language."""
    site = newsroom.settings.site
    return f"{site.url}/" if language == site.language else f"{site.url}/{language}/"


def help_url(newsroom: Newsroom, language: str) -> str:
    """The page that says what a feed is, in a language that has a front page."""
    site = newsroom.settings.site
    return f"{site.url}/feeds-help/{'' if language == site.language else f'{language}/'}"


def fronts(
    newsroom: Newsroom, found: Held, shown: Sequence[Page]
) -> Iterator[tuple[str, bytes, Page | None]]:
    """The front page in each language: path, bytes, and the page as the gate reads it (None where it shows no story).

    `shown`: the pages of digest editions that may be listed, newest first.
    """
    languages = front_languages(newsroom)
    tongues = [pages.TongueLink(tag, front_url(newsroom, tag)) for tag in languages]
    for language in languages:
        site = house(newsroom, language)
        feed = _spoken(newsroom, language)
        made = found.feeds.get(feed.series if feed else "all")
        if made is None and language == newsroom.settings.site.language:
            made = found.feeds.get("all")
        newest = _led(made) if made is not None else None
        own = [page for page in shown if base(page.variant.language) == base(language)] or shown
        body = pages.front_page(
            newest,
            site,
            feeds=feeds_in(newsroom, language),
            editions=[_link(newsroom, page) for page in own[:LISTED]],
            tongues=tongues,
            templates=newsroom.templates,
        )
        path = f"{site.home.removeprefix(f'{site.url}/')}index.html"
        yield path, body, Page(path, body, newest, Variant(language)) if newest is not None else None


def _led(made: Edition) -> Edition:
    """The edition's newest items, the most urgent of them first: the day's lead."""
    newest = list(made.shelves[0].stories[:NEWEST])
    usable = [item for name in newest if (item := made.item(name)).withdrawn is None]
    if usable:
        lead = min(usable, key=lambda item: item.urgency).story_id
        newest.remove(lead)
        newest.insert(0, lead)
    shelf = replace(made.shelves[0], stories=tuple(newest))
    return replace(made, shelves=(shelf,), items=tuple(map(made.item, newest)), left_out=())


def _link(newsroom: Newsroom, page: Page) -> pages.EditionLink:
    made, language = page.edition, page.variant.language
    when = newsroom.templates.words(language).date(made.slot.astimezone(ZoneInfo(made.timezone)))
    return pages.EditionLink(made.title(language), when, address_of(newsroom, page.path), language)


# ------------------------------------------------------------------------------------------------------------- sections


def feeds_of_all(newsroom: Newsroom) -> list[pages.Feed]:
    """The documents of the feed of everything."""
    return _feeds(newsroom, next(feed for feed in newsroom.feeds if feed.series == "all"))


def feeds_in(newsroom: Newsroom, language: str) -> list[pages.Feed]:
    """The documents of the feed of all in this language; where it is the only one, or has no feed, those of everything."""
    feed = _spoken(newsroom, language)
    if feed is None or len(front_languages(newsroom)) == 1:
        return feeds_of_all(newsroom)
    return _feeds(newsroom, feed)


def _spoken(newsroom: Newsroom, language: str) -> Feed | None:
    return next((one for one in newsroom.feeds if one.series == f"lang/{language}"), None)


def _feeds(newsroom: Newsroom, feed: Feed) -> list[pages.Feed]:
    name = documents.title(newsroom, feed)
    return [
        pages.Feed(
            NAMES[fmt], FORMATS[fmt][1].partition(";")[0], name, documents.feed_url(newsroom, feed, fmt)
        )
        for fmt in FORMATS
    ]


def section_feeds(newsroom: Newsroom, language: str) -> list[pages.SectionFeed]:
    """Each section with page and feed in this language, else those of all its stories."""
    spoken = {feed.section: feed for feed in newsroom.feeds if feed.section and not feed.only}
    spoken |= {feed.section: feed for feed in newsroom.feeds if feed.section and feed.language == language}
    return [
        pages.SectionFeed(
            section.title(language),
            documents.home_url(newsroom, spoken[section.slug]),
            documents.feed_url(newsroom, spoken[section.slug], "rss"),
        )
        for section in newsroom.settings.sections
    ]


def section_tongues(newsroom: Newsroom, section: str) -> tuple[pages.TongueLink, ...]:
    """A section's page in each of its languages; none where it has one only."""
    return tuple(
        pages.TongueLink(feed.language, documents.home_url(newsroom, feed))
        for feed in newsroom.feeds
        if feed.section == section and feed.only
    )


def _section(newsroom: Newsroom, feed: Feed, made: Edition) -> Page:
    url = documents.home_url(newsroom, feed)
    sections = {section.slug: section for section in newsroom.settings.sections}
    body = pages.section_page(
        made,
        house(newsroom, feed.language),
        heading=sections[feed.section or ""].title(feed.language),
        url=url,
        feeds=_feeds(newsroom, feed),
        more_feeds=feeds_of_all(newsroom),
        tongues=section_tongues(newsroom, feed.section or ""),
        templates=newsroom.templates,
    )
    path = url.removeprefix(f"{newsroom.settings.site.url}/")
    return Page(f"{path}index.html", body, made, Variant(feed.language))


# -------------------------------------------------------------------------------------------------------------- stories


def indexed_stories(newsroom: Newsroom, found: Held) -> Iterator[Item]:
    """The stories whose page is for search engines: the whole text, under its own address."""
    if newsroom.settings.site.canonical == "own":
        yield from (item for item in found.stories if item.rights == "full")


def _story(newsroom: Newsroom, made: Edition, item: Item) -> Page:
    (language,) = made.languages
    site = house(newsroom, language)
    body = pages.story_page(
        made,
        site,
        url=f"{site.url}/story/{item.story_id}",
        canonical=item.source_url if newsroom.settings.site.canonical == "source" else "",
        templates=newsroom.templates,
    )
    return Page(f"story/{item.story_id}/index.html", body, made, Variant(language))


def withdrawn(newsroom: Newsroom, found: Held) -> Iterator[Page]:
    """What stands at the addresses of stories that were killed: it is answered with 410."""
    for path, made in found.withdrawn.items():
        (language,) = made.languages
        body = pages.withdrawn_page(made, house(newsroom, language), templates=newsroom.templates)
        yield Page(path.removeprefix(SITE), body, made, Variant(language))


# ------------------------------------------------------------------------------------------------------------- editions


def archived_digests(newsroom: Newsroom) -> list[Digest]:
    """The digests whose editions anybody may find: the public ones."""
    return [digest for digest in newsroom.digests.values() if digest.public]


def listed(newsroom: Newsroom, made: Edition) -> bool:
    """Whether an edition may be listed and searched for; of another digest only who was mailed it knows the address."""
    return made.series in {digest.slug for digest in archived_digests(newsroom)}


def archive_url(newsroom: Newsroom, digest: Digest, language: str) -> str:
    """The list of all editions of a digest in one of its languages."""
    tail = "" if language == digest.languages[0] else f"{language}/"
    return f"{newsroom.settings.site.url}/archive/{digest.slug}/{tail}"


def _archived(newsroom: Newsroom, entry: Shown) -> Iterator[Page]:
    made = entry.edition
    spoken = [language for language in made.languages if any(made.variant(language))]
    paths = {language: edition_path(made, language) for language in spoken}
    tongues = [pages.TongueLink(language, address_of(newsroom, path)) for language, path in paths.items()]
    for language, path in paths.items():
        site = house(newsroom, language)
        body = pages.edition_page(
            made,
            Variant(language),
            site,
            url=address_of(newsroom, path),
            later=entry.later,
            tongues=tongues,
            listed=listed(newsroom, made),
            templates=newsroom.templates,
        )
        yield Page(f"{path}index.html", body, made, Variant(language))
