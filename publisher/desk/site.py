"""The site as files: front page, section pages, the archive of editions; each read by the gate before it is written."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from publisher import gate
from publisher.desk.files import write_file
from publisher.edition import Edition, Kind, Variant
from publisher.newsroom import Newsroom
from publisher.render import pages
from publisher.render.feeds import FORMATS
from publisher.store import editions
from publisher.story import Section

__all__ = ["build"]

NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
ARCHIVED = 30
"""How many digest editions the front page lists."""


def build(newsroom: Newsroom, out: Path, *, now: datetime) -> list[Path]:
    """Write the pages below `out`; returns those whose bytes changed.

    Raises:
        GateRefused: a page lacks provenance at an item; that page keeps its last good file.
    """
    site = _site(newsroom)
    wanted: dict[str, bytes] = {}
    with newsroom.database.read() as connection:
        feeds = {
            section.slug: editions.get(connection, row.id)
            for section in newsroom.settings.sections
            if (row := editions.latest(connection, Kind.FEED, section.slug)) is not None
        }
        rows = editions.listing(connection, kind=Kind.DIGEST, limit=ARCHIVED)
        digests = [found for row in rows if (found := editions.get(connection, row.id)) is not None]
    for section in newsroom.settings.sections:
        made = feeds.get(section.slug)
        if made is not None:
            wanted[f"s/{section.slug}/index.html"] = _section(newsroom, site, section, made, now=now)
    links: list[pages.EditionLink] = []
    for made in digests:
        for language in made.languages:
            if not any(made.variant(language)):
                continue
            path = f"e/{made.edition_id}/" + ("" if language == made.languages[0] else f"{language}/")
            wanted[f"{path}index.html"] = _edition(newsroom, site, made, language, path, now=now)
            when = newsroom.templates.words(language).date(made.slot.astimezone(ZoneInfo(made.timezone)))
            links.append(pages.EditionLink(f"{made.title(language)}, {when}", f"{site.url}/{path}", language))
    front = pages.front_page(site, feeds=_feeds(newsroom, None), editions=links, templates=newsroom.templates)
    wanted["index.html"] = front
    return [out / name for name, body in sorted(wanted.items()) if write_file(out / name, body)]


def _site(newsroom: Newsroom) -> pages.Site:
    site = newsroom.settings.site
    root = site.url.rstrip("/")
    return pages.Site(
        name=site.name,
        url=root,
        language=site.language,
        timezone=site.timezone,
        postal_address=site.postal_address,
        sections=tuple(
            pages.SectionLink(section.title(site.language), f"{root}/s/{section.slug}/")
            for section in newsroom.settings.sections
        ),
        disclaimer=newsroom.disclaimers[site.language].full,
    )


def _feeds(newsroom: Newsroom, section: Section | None) -> list[pages.Feed]:
    site = newsroom.settings.site
    slug = section.slug if section else "all"
    title = f"{site.name}: {section.title(site.language)}" if section else site.name
    return [
        pages.Feed(
            NAMES[fmt],
            FORMATS[fmt][1].partition(";")[0],
            title,
            f"{site.url.rstrip('/')}/feeds/{slug}{FORMATS[fmt][0]}",
        )
        for fmt in NAMES
    ]


def _section(
    newsroom: Newsroom, site: pages.Site, section: Section, made: Edition, *, now: datetime
) -> bytes:
    url = f"{site.url}/s/{section.slug}/"
    body = pages.section_page(
        made, site, url=url, feeds=_feeds(newsroom, section), templates=newsroom.templates
    )
    _cleared(body, made, Variant(site.language), output=f"s/{section.slug}/index.html", now=now)
    return body


def _edition(
    newsroom: Newsroom, site: pages.Site, made: Edition, language: str, path: str, *, now: datetime
) -> bytes:
    variant = Variant(language)
    body = pages.edition_page(made, variant, site, url=f"{site.url}/{path}", templates=newsroom.templates)
    _cleared(body, made, variant, output=f"{path}index.html", now=now)
    return body


def _cleared(body: bytes, made: Edition, variant: Variant, *, output: str, now: datetime) -> None:
    gate.clear(made.edition_id, gate.check_html(body, made, variant, output=output, now=now))
