"""The site: front page, section pages, the archive of editions, and our own pages of stories where the house wants them.

Each page is made from a frozen edition and read by the gate before it becomes public. What was killed, held or put under embargo since
is left out of an edition's page and named nowhere; a story's own page then says 410. A page that the gate refuses keeps its last good
bytes, and is reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from publisher import gate
from publisher.desk.feeds import documents
from publisher.edition import Edition, Item, Kind, Variant
from publisher.errors import GateRefused
from publisher.feed import Feed
from publisher.newsroom import Newsroom
from publisher.render import pages
from publisher.render.feeds import FORMATS
from publisher.store import editions, house, public, stories
from publisher.store.public import Finished

__all__ = ["SiteReport", "build"]

NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
ARCHIVED = 30
"""How many digest editions the front page lists and keeps up."""
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class SiteReport:
    """The pages whose bytes changed, and what the gate refused."""

    changed: list[str] = field(default_factory=list)
    refused: list[GateRefused] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Page:
    """A page to be made public: its path, its bytes, and what the gate reads it against."""

    path: str
    body: bytes
    edition: Edition
    variant: Variant


def build(newsroom: Newsroom, *, now: datetime) -> SiteReport:
    """Make every page anew; those whose bytes changed become public."""
    report = SiteReport()
    site = _site(newsroom)
    with newsroom.database.read() as connection:
        latest = {
            feed.series: editions.get(connection, row.id)
            for feed in newsroom.feeds
            if (row := editions.latest(connection, Kind.FEED, feed.series)) is not None
        }
        rows = editions.listing(connection, kind=Kind.DIGEST, limit=ARCHIVED)
        frozen = [found for row in rows if (found := editions.get(connection, row.id)) is not None]
        barred = stories.unusable(
            connection, {item.story_id for made in frozen for item in made.items}, now=now
        )
    digests = [_without(made, barred) for made in frozen]
    files: dict[str, Finished] = {}
    gone: set[str] = set()
    front, links = [], []
    for feed in newsroom.feeds:
        made = latest.get(feed.series)
        if made is not None and feed.section is not None and feed.only is None:
            front.append(_section(newsroom, site, feed, made))
        if made is not None and feed.series == "all" and newsroom.settings.site.pages:
            front += _stories(newsroom, site, made)
            gone |= {f"site/story/{item.story_id}/index.html" for item in made.items if item.withdrawn}
    for made in digests:
        archived = list(_archived(newsroom, site, made))
        front += archived
        links += [_link(newsroom, site, page) for page in archived]
    for page in front:
        violations = gate.check_html(
            page.body, page.edition, page.variant, output=page.path, now=now, barred=barred
        )
        try:
            gate.clear(page.edition.edition_id, violations)
        except GateRefused as refusal:
            report.refused.append(refusal)
        else:
            files[f"site/{page.path}"] = Finished(page.body, HTML)
    whole = next(feed for feed in newsroom.feeds if feed.series == "all")
    listed = pages.front_page(
        site, feeds=_feeds(newsroom, whole), editions=links, templates=newsroom.templates
    )
    files["site/index.html"] = Finished(listed, HTML)
    help_page = pages.help_page(site, feeds=_feeds(newsroom, whole), templates=newsroom.templates)
    files["site/feeds-help/index.html"] = Finished(help_page, HTML)
    for status, is_gone in (("404", False), ("410", True)):
        missing = pages.missing_page(site, gone=is_gone, templates=newsroom.templates)
        files[f"site/{status}.html"] = Finished(missing, HTML)
    script = newsroom.templates.source("web/copy.js")
    files["site/assets/copy.js"] = Finished(script.encode(), "text/javascript; charset=utf-8")
    with newsroom.database.write() as connection:
        report.changed = public.put(connection, files, now=now)
        report.changed += public.withdraw(connection, gone, now=now)
        for entry in report.refused:
            data = dict(entry.facts)
            house.tell(connection, "gate.refused", entry.edition_id, actor="rule:gate", now=now, data=data)
    return report


def _site(newsroom: Newsroom) -> pages.Site:
    site = newsroom.settings.site
    return pages.Site(
        name=site.name,
        url=site.url,
        language=site.language,
        timezone=site.timezone,
        postal_address=site.postal_address,
        sections=tuple(
            pages.SectionLink(section.title(site.language), f"{site.url}/s/{section.slug}/")
            for section in newsroom.settings.sections
        ),
        disclaimer=newsroom.disclaimers[site.language].full,
    )


def _feeds(newsroom: Newsroom, feed: Feed) -> list[pages.Feed]:
    name = documents.title(newsroom, feed)
    return [
        pages.Feed(
            NAMES[fmt], FORMATS[fmt][1].partition(";")[0], name, documents.feed_url(newsroom, feed, fmt)
        )
        for fmt in FORMATS
    ]


def _section(newsroom: Newsroom, site: pages.Site, feed: Feed, made: Edition) -> _Page:
    url = documents.home_url(newsroom, feed)
    whole = next(other for other in newsroom.feeds if other.series == "all")
    body = pages.section_page(
        made,
        site,
        url=url,
        feeds=_feeds(newsroom, feed),
        more_feeds=_feeds(newsroom, whole),
        templates=newsroom.templates,
    )
    return _Page(f"s/{feed.section}/index.html", body, made, Variant(site.language))


def _stories(newsroom: Newsroom, site: pages.Site, made: Edition) -> Iterator[_Page]:
    """A page for each story that has no other on our site."""
    for item in made.items:
        url = f"{site.url}/story/{item.story_id}"
        if item.withdrawn is None and item.link == url:
            alone = _alone(made, item)
            body = pages.story_page(alone, site, url=url, templates=newsroom.templates)
            yield _Page(f"story/{item.story_id}/index.html", body, alone, Variant(site.language))


def _alone(made: Edition, item: Item) -> Edition:
    shelf = replace(made.shelves[0], stories=(item.story_id,))
    return replace(made, shelves=(shelf,), items=(item,), left_out=())


def _without(made: Edition, barred: frozenset[str]) -> Edition:
    """The edition as it may still be shown."""
    unfit = barred & {item.story_id for item in made.items}
    return made.without(unfit, now=made.frozen_at) if unfit else made


def _archived(newsroom: Newsroom, site: pages.Site, made: Edition) -> Iterator[_Page]:
    for language in made.languages:
        if any(made.variant(language)):
            path = f"e/{made.edition_id}/" + ("" if language == made.languages[0] else f"{language}/")
            variant = Variant(language)
            body = pages.edition_page(
                made, variant, site, url=f"{site.url}/{path}", templates=newsroom.templates
            )
            yield _Page(f"{path}index.html", body, made, variant)


def _link(newsroom: Newsroom, site: pages.Site, page: _Page) -> pages.EditionLink:
    made, language = page.edition, page.variant.language
    when = newsroom.templates.words(language).date(made.slot.astimezone(ZoneInfo(made.timezone)))
    return pages.EditionLink(
        made.title(language), when, f"{site.url}/{page.path.removesuffix('index.html')}", language
    )
