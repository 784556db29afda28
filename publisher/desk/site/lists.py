"""The files of the site that show no story's text: lists of editions, what crawlers read, the script, and what stands where nothing is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Row

from publisher.desk.feeds import documents
from publisher.desk.site.held import EDITIONS, SITE, Held
from publisher.desk.site.making import (
    address_of,
    archive_url,
    archived_digests,
    feeds_in,
    feeds_of_all,
    front_languages,
    front_url,
    help_url,
    house,
    indexed_stories,
    section_feeds,
    section_tongues,
)
from publisher.edition import Kind
from publisher.feed import base
from publisher.newsroom import Newsroom
from publisher.render import pages
from publisher.series import Digest
from publisher.store import editions
from publisher.store.public import Finished

__all__ = ["HTML", "Rows", "around", "rows_of"]

HTML = "text/html; charset=utf-8"
XML = "application/xml; charset=utf-8"
EARLIER = 2000
"""How many editions of a digest its list and the sitemap name: five years of a daily one."""
NEWS_FOR = timedelta(days=2)
"""How long Google takes a story for news."""
Rows = Mapping[str, Sequence[Row[Any]]]
"""The editions of each digest that has a list, newest first."""


def rows_of(newsroom: Newsroom, connection: Connection) -> Rows:
    """The editions that lists may name."""
    return {
        digest.slug: editions.listing(connection, kind=Kind.DIGEST, series=digest.slug, limit=EARLIER)
        for digest in archived_digests(newsroom)
    }


def around(
    newsroom: Newsroom, found: Held, rows: Rows, *, there: frozenset[str], now: datetime
) -> dict[str, Finished]:
    """The files; `there`: the pages that are public, or about to be."""
    site = house(newsroom, newsroom.settings.site.language)
    templates = newsroom.templates
    files = {
        "assets/copy.js": Finished(
            templates.source("web/copy.js").encode(), "text/javascript; charset=utf-8"
        ),
        "robots.txt": Finished(pages.robots(site.url), "text/plain; charset=utf-8"),
        "sitemap.xml": Finished(pages.sitemap([*_places(newsroom, found, rows, there, now)]), XML),
    }
    tongues = [pages.TongueLink(tag, help_url(newsroom, tag)) for tag in front_languages(newsroom)]
    for tongue in tongues:
        helped = house(newsroom, tongue.language)
        front = front_url(newsroom, tongue.language).removeprefix(f"{site.url}/")
        for name, gone in (("404.html", False), ("410.html", True)):
            missing = pages.missing_page(helped, gone=gone, templates=templates)
            files[f"{front}{name}"] = Finished(missing, HTML)
        feeds = feeds_in(newsroom, tongue.language)
        told = pages.help_page(
            helped,
            feeds=feeds,
            sections=section_feeds(newsroom, tongue.language),
            of_language=feeds != feeds_of_all(newsroom),
            tongues=tongues,
            templates=templates,
        )
        files[f"{tongue.url.removeprefix(f'{site.url}/')}index.html"] = Finished(told, HTML)
    for digest in archived_digests(newsroom):
        for language in digest.languages:
            url = archive_url(newsroom, digest, language)
            path = url.removeprefix(f"{site.url}/")
            files[f"{path}index.html"] = Finished(
                _archive(newsroom, digest, language, rows[digest.slug], url=url, there=there), HTML
            )
    return {f"{SITE}{path}": file for path, file in files.items()}


def _archive(
    newsroom: Newsroom,
    digest: Digest,
    language: str,
    rows: Sequence[Row[Any]],
    *,
    url: str,
    there: frozenset[str],
) -> bytes:
    zone = ZoneInfo(digest.timezone)
    tail = "" if language == digest.languages[0] else f"{language}/"
    entries = [
        pages.Numbered(row.number, row.slot.astimezone(zone), address_of(newsroom, f"e/{row.id}/{tail}"))
        for row in sorted(rows, key=lambda row: row.number, reverse=True)
        if f"{EDITIONS}{row.id}/{tail}index.html" in there
    ]
    return pages.archive_page(
        digest.title(language),
        entries,
        house(newsroom, language),
        url=url,
        tongues=_archive_tongues(newsroom, digest),
        templates=newsroom.templates,
    )


def _archive_tongues(newsroom: Newsroom, digest: Digest) -> tuple[pages.TongueLink, ...]:
    return tuple(pages.TongueLink(tag, archive_url(newsroom, digest, tag)) for tag in digest.languages)


def _places(
    newsroom: Newsroom, found: Held, rows: Rows, there: frozenset[str], now: datetime
) -> Iterator[pages.Place]:
    """The pages that search engines are to know: fronts, sections, lists, editions, and stories whose page is their own."""
    changed = {series: made.slot for series, made in found.feeds.items()}
    tongues = tuple(pages.TongueLink(tag, front_url(newsroom, tag)) for tag in front_languages(newsroom))
    for tongue in tongues:
        yield pages.Place(tongue.url, changed.get("all"), tongues)
    for feed in newsroom.feeds:
        if feed.section and feed.series in found.feeds:
            twins = section_tongues(newsroom, feed.section)
            yield pages.Place(documents.home_url(newsroom, feed), changed[feed.series], twins)
    for item in indexed_stories(newsroom, found):
        news = None
        if item.first_published > now - NEWS_FOR:
            name = newsroom.settings.site.name
            news = pages.News(name, item.headline, base(item.language), item.first_published)
        yield pages.Place(address_of(newsroom, f"story/{item.story_id}"), item.modified_at, news=news)
    for digest in archived_digests(newsroom):
        twins = _archive_tongues(newsroom, digest)
        for tongue in twins:
            yield pages.Place(tongue.url, tongues=twins)
        for row in rows[digest.slug]:
            if f"{EDITIONS}{row.id}/index.html" in there:
                yield pages.Place(address_of(newsroom, f"e/{row.id}/"), row.frozen_at)
