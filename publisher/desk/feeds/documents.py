"""Which documents a feed comes in, what each says of itself, and where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.metadata import version

from publisher.edition import Edition, Kind
from publisher.feed import Consumer, Feed, base
from publisher.newsroom import Newsroom
from publisher.render import opml
from publisher.render.feeds import FORMATS, Archive, Channel
from publisher.store import editions

__all__ = [
    "Document",
    "documents",
    "feed_url",
    "home_url",
    "look",
    "month_documents",
    "outlines",
    "overview",
    "spoken",
    "title",
]


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a feed: its path below `/feeds/`, its format, and what it says of itself."""

    path: str
    fmt: str
    channel: Channel


def documents(newsroom: Newsroom, feed: Feed, *, archived: str = "") -> list[Document]:
    """The feed in its three formats, and once more for each consumer that takes it.

    `archived`: the newest month of its archive ("2026-02"), "" when it has none.
    """
    plain = Consumer(slug="", formats=tuple(FORMATS))
    wanted = [plain, *(consumer for consumer in newsroom.settings.consumers if consumer.takes(feed))]
    made: list[Document] = []
    for consumer in wanted:
        for fmt in consumer.formats:
            below = f"for/{consumer.slug}/" if consumer.slug else ""
            prev = month_url(newsroom, feed, archived, fmt) if archived and not consumer.slug else ""
            channel = _channel(newsroom, feed, consumer, f"{below}{feed.series}{FORMATS[fmt][0]}")
            made.append(
                Document(
                    f"{below}{feed.series}{FORMATS[fmt][0]}",
                    fmt,
                    replace(channel, archive=Archive(prev=prev)),
                )
            )
    return made


def month_documents(newsroom: Newsroom, feed: Feed, month: str, *, before: str) -> list[Document]:
    """A month of a feed's archive in the three formats; `before`: the archived month before it, "" for the first."""
    made: list[Document] = []
    for fmt in FORMATS:
        path = f"archive/{feed.series}/{month}{FORMATS[fmt][0]}"
        prev = month_url(newsroom, feed, before, fmt) if before else ""
        place = Archive(prev=prev, current=feed_url(newsroom, feed, fmt))
        channel = _channel(newsroom, feed, Consumer(slug=""), path)
        made.append(Document(path, fmt, replace(channel, archive=place, hubs=())))
    return made


def month_url(newsroom: Newsroom, feed: Feed, month: str, fmt: str) -> str:
    """The address of a month of a feed's archive."""
    return f"{newsroom.settings.site.url}/feeds/archive/{feed.series}/{month}{FORMATS[fmt][0]}"


def _channel(newsroom: Newsroom, feed: Feed, consumer: Consumer, path: str) -> Channel:
    site = newsroom.settings.site
    below = f"for/{consumer.slug}/" if consumer.slug else ""
    tag = f"tag:{site.tag_authority},{site.tag_date}"
    return Channel(
        site_name=site.name,
        title=title(newsroom, feed),
        description=newsroom.disclaimer_in(feed.language).full,
        language=feed.language,
        home_url=home_url(newsroom, feed),
        self_url=f"{site.url}/feeds/{path}",
        feed_id=f"{tag}:feed/{below}{feed.series}",
        story_id_prefix=f"{tag}:story/",
        source_words=source_words(newsroom),
        also_words=_also_words(newsroom),
        icon=newsroom.settings.feeds.icon,
        hubs=newsroom.settings.feeds.hubs,
        text=consumer.text,
        source=consumer.source,
        redate_withdrawn=consumer.redate_withdrawn,
    )


def source_words(newsroom: Newsroom) -> Mapping[str, str]:
    """For each language we publish in, what stands before a source's name."""
    return {
        language: newsroom.templates.words(language).gettext("Source: %(source)s").partition("%(")[0].strip()
        for language in newsroom.disclaimers
    }


def _also_words(newsroom: Newsroom) -> Mapping[str, str]:
    """The same for those who also report an item's event."""
    every = {language: newsroom.templates.words(language) for language in newsroom.disclaimers}
    return {
        tag: f"{words.gettext('Also reported by')}{words.signs.colon}".strip() for tag, words in every.items()
    }


def look(documents: Sequence[Document], made: Edition) -> str:
    """A hash of everything but the edition that the documents' bytes depend on: what they say of themselves, and this program.

    Of the house's words ("Source:") those count in which the edition speaks: a house that learns another language says nothing new.
    """
    heard_in = {base(tag) for tag in made.languages}
    told: list[object] = [_release()]
    for document in documents:
        heard = [
            {tag: word for tag, word in sorted(words.items()) if base(tag) in heard_in}
            for words in (document.channel.source_words, document.channel.also_words)
        ]
        told += (document.path, replace(document.channel, source_words=heard[0], also_words=heard[1]))
    return sha256(repr(told).encode()).hexdigest()


@cache
def _release() -> str:
    return version("wire-publisher")


def title(newsroom: Newsroom, feed: Feed) -> str:
    """The site's name and the feed's ("Site: Section"); the site's alone for what holds everything."""
    name = newsroom.settings.site.name
    return f"{name}: {feed.title}" if feed.title else name


def home_url(newsroom: Newsroom, feed: Feed) -> str:
    """The page that a person sees who follows the feed: its section's, in its language, else the front page."""
    root = newsroom.settings.site.url
    if not feed.section:
        return f"{root}/"
    tongue = feed.series.partition(".")[2]
    return f"{root}/s/{feed.section}/{f'{tongue}/' if tongue else ''}"


def feed_url(newsroom: Newsroom, feed: Feed, fmt: str) -> str:
    """The feed's public address in this format."""
    return f"{newsroom.settings.site.url}/feeds/{feed.series}{FORMATS[fmt][0]}"


def outlines(newsroom: Newsroom) -> Iterator[opml.Outline]:
    """Every feed for the OPML list, but that of a language in which nothing is published: `init` writes disclaimers that a house may never need."""
    for feed in newsroom.feeds:
        if feed.series.startswith("lang/") and _is_bare(newsroom, feed):
            continue
        yield opml.Outline(
            title=title(newsroom, feed),
            xml_url=feed_url(newsroom, feed, "rss"),
            html_url=home_url(newsroom, feed),
            language=feed.language,
        )


def spoken(newsroom: Newsroom) -> frozenset[str]:
    """The base languages in which the configuration publishes something: a section has a title, a source writes, or a digest is sent."""
    settings = newsroom.settings
    tags = (
        [settings.site.language],
        (tag for section in settings.sections for tag, _ in section.titles),
        (source.language for source in settings.sources),
        (tag for digest in settings.digests for tag in digest.languages),
    )
    return frozenset(base(tag) for several in tags for tag in several)


def _is_bare(newsroom: Newsroom, feed: Feed) -> bool:
    """Whether the house has no more than a disclaimer in a feed's language; its address stands, for a story may come in that is in it."""
    if base(feed.language) in spoken(newsroom):
        return False
    with newsroom.database.read() as connection:
        return not any(
            row.stories for row in editions.listing(connection, kind=Kind.FEED, series=feed.series, limit=1)
        )


def overview(newsroom: Newsroom) -> list[dict[str, object]]:
    """The feeds with their addresses and newest edition."""
    rows: list[dict[str, object]] = []
    with newsroom.database.read() as connection:
        for feed in newsroom.feeds:
            last = editions.latest(connection, Kind.FEED, feed.series)
            rows.append(
                {
                    "feed": feed.series,
                    "title": title(newsroom, feed),
                    **{fmt: feed_url(newsroom, feed, fmt) for fmt in FORMATS},
                    "edition": last.id if last else None,
                    "changed_at": last.slot if last else None,
                }
            )
    return rows
