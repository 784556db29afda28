"""The site: front page, section pages, the archive of editions, and our own pages of stories where the house wants them.

Each page is made from a frozen edition and read by the gate before it becomes public. What was killed, held or put under embargo since
is left out of an edition's page and named nowhere; a story's own page then says 410. A page that the gate refuses keeps its last good
bytes, and is reported; where those still show such a story it is taken down.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from publisher import gate
from publisher.desk.consent import offered
from publisher.desk.feeds import documents
from publisher.edition import Edition, Item, Kind, Variant
from publisher.errors import GateRefused
from publisher.feed import Feed, base
from publisher.newsroom import Newsroom
from publisher.render import pages
from publisher.render.feeds import FORMATS
from publisher.store import approvals, editions, house, public, stories
from publisher.store.public import Finished

__all__ = ["SiteReport", "build"]

NAMES = {"rss": "RSS", "atom": "Atom", "json": "JSON Feed"}
SITE = "site/"
ARCHIVED = 30
"""How many digest editions are made anew; older ones only when a story of theirs may no longer be shown."""
LISTED = 12
"""How many pages of digest editions the front page lists."""
NEWEST = 10
"""How many stories stand on the front page."""
HTML = "text/html; charset=utf-8"


@dataclass(slots=True)
class SiteReport:
    """The pages whose bytes changed, what the gate refused, and which refused pages could not even stay as they were."""

    changed: list[str] = field(default_factory=list)
    refused: list[GateRefused] = field(default_factory=list)
    down: list[str] = field(default_factory=list)


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
    with newsroom.database.read() as connection:
        held = _held(newsroom, connection, now=now)
    files: dict[str, Finished] = {}
    archived: list[_Page] = []
    kept: list[_Page] = []
    for page in _pages(newsroom, held):
        if _cleared(newsroom, page, held, report, now=now):
            files[f"{SITE}{page.path}"] = Finished(page.body, HTML)
            archived += [page] if page.edition.kind is Kind.DIGEST else []
        else:
            kept.append(page)
    front = _front(newsroom, held, archived, files)
    if front is not None:
        if _cleared(newsroom, front, held, report, now=now):
            files[f"{SITE}{front.path}"] = Finished(front.body, HTML)
        else:
            kept.append(front)
    with newsroom.database.write() as connection:
        report.changed = public.put(connection, files, now=now)
        report.down = [page.path for page in kept if _shows_unfit(connection, page, now=now)]
        closed = held.closed - set(files) | {f"{SITE}{path}" for path in report.down}
        shown = set(files) | {f"{SITE}{page.path}" for page in kept}
        closed |= (
            set(public.paths(connection, below=f"{SITE}s/")) - shown
        )  # of sections that there are no more
        report.changed += public.withdraw(connection, closed, now=now)
        for entry in report.refused:
            data = dict(entry.facts)
            house.tell(connection, "gate.refused", entry.edition_id, actor="rule:gate", now=now, data=data)
    return report


@dataclass(frozen=True, slots=True)
class _Held:
    """What pages are made from, read in one transaction.

    Attributes:
        feeds: series -> its newest edition. digests: editions of digests, newest first, as they may still be shown.
        barred: stories in them that may be in no output. closed: paths of pages whose story may not be shown.
    """

    feeds: Mapping[str, Edition]
    digests: Sequence[Edition]
    barred: frozenset[str]
    closed: frozenset[str]


def _cleared(newsroom: Newsroom, page: _Page, held: _Held, report: SiteReport, *, now: datetime) -> bool:
    """Whether the gate lets a page pass; what stands there as a notice is not the story that was taken back."""
    noticed = {item.story_id for item in page.edition.items if item.withdrawn}
    found = gate.check_html(
        page.body,
        page.edition,
        page.variant,
        output=page.path,
        now=now,
        barred=held.barred - noticed,
        script=pages.script_url(newsroom.settings.site.url),
    )
    try:
        gate.clear(page.edition.edition_id, found)
    except GateRefused as refusal:
        report.refused.append(refusal)
        return False
    return True


def _shows_unfit(connection: Connection, page: _Page, *, now: datetime) -> bool:
    """Whether the last good bytes of a refused page show a story that may be in no output."""
    last = public.get(connection, f"{SITE}{page.path}")
    if last is None or last.status != public.OK:
        return False
    faults = gate.check_html(last.body, page.edition, page.variant, output=page.path, now=now)
    shown = {fault.story_id for fault in faults if fault.story_id and fault.rule != "missing-item"}
    return bool(stories.unusable(connection, shown, now=now))


def _held(newsroom: Newsroom, connection: Connection, *, now: datetime) -> _Held:
    feeds: dict[str, Edition] = {}
    for feed in newsroom.feeds:
        row = editions.latest(connection, Kind.FEED, feed.series)
        made = editions.get(connection, row.id) if row is not None else None
        if made is not None:
            feeds[feed.series] = made
    newest = [row.id for row in editions.listing(connection, kind=Kind.DIGEST, limit=ARCHIVED)]
    older = [name for name in editions.with_unfit_items(connection) if name not in newest]
    found = [made for name in [*newest, *older] if (made := editions.get(connection, name)) is not None]
    frozen = [made for made in found if not _waits(newsroom, connection, made)]
    own = {path.split("/")[2]: path for path in public.paths(connection, below=f"{SITE}story/")}
    ids = {item.story_id for made in frozen for item in made.items} | set(own)
    barred = stories.unusable(connection, ids, now=now)
    closed = frozenset(path for story_id, path in own.items() if story_id in barred)
    return _Held(feeds, [_without(made, barred) for made in frozen], barred, closed)


def _waits(newsroom: Newsroom, connection: Connection, made: Edition) -> bool:
    """Whether nobody has approved an edition that wants it: it is not for readers yet, on no page."""
    digest = newsroom.digests.get(made.series)
    wants = digest is not None and digest.approval == "required"
    return wants and not approvals.approved(connection, made.edition_id, made.content_hash)


def _pages(newsroom: Newsroom, held: _Held) -> Iterator[_Page]:
    """Sections in each of their languages, stories, the archive."""
    for feed in newsroom.feeds:
        made = held.feeds.get(feed.series)
        if made is not None and feed.section is not None:
            yield _section(newsroom, feed, made)
        if made is not None and feed.series == "all" and newsroom.settings.site.pages:
            yield from _stories(newsroom, made)
    for made in held.digests:
        yield from _archived(newsroom, made)


def _front(
    newsroom: Newsroom, held: _Held, archived: Sequence[_Page], files: dict[str, Finished]
) -> _Page | None:
    """The front page with the newest stories of the site's language, for the gate to read.

    It and the pages around it that show none are `files` at once.
    """
    site = _site(newsroom, newsroom.settings.site.language)
    whole = next(feed for feed in newsroom.feeds if feed.series == "all")
    feeds = _feeds(newsroom, whole)
    script = newsroom.templates.source("web/copy.js")
    files[f"{SITE}assets/copy.js"] = Finished(script.encode(), "text/javascript; charset=utf-8")
    help_page = pages.help_page(site, feeds=feeds, templates=newsroom.templates)
    files[f"{SITE}feeds-help/index.html"] = Finished(help_page, HTML)
    for status, is_gone in (("404", False), ("410", True)):
        missing = pages.missing_page(site, gone=is_gone, templates=newsroom.templates)
        files[f"{SITE}{status}.html"] = Finished(missing, HTML)
    links = [_link(newsroom, site, page) for page in archived][:LISTED]
    made = held.feeds.get(f"lang/{base(site.language)}") or held.feeds.get("all")
    newest = None if made is None else _cut(made, NEWEST)
    body = pages.front_page(newest, site, feeds=feeds, editions=links, templates=newsroom.templates)
    if newest is not None:
        return _Page("index.html", body, newest, Variant(site.language))
    files[f"{SITE}index.html"] = Finished(body, HTML)
    return None


def _site(newsroom: Newsroom, language: str) -> pages.Site:
    """What pages in this language know of the house; sections lead to their pages in it."""
    site = newsroom.settings.site
    by_section = {feed.section: feed for feed in newsroom.feeds if feed.section and not feed.only}
    by_section |= {
        feed.section: feed for feed in newsroom.feeds if feed.section and feed.language == language
    }
    if language == site.language:
        by_section = {feed.section: feed for feed in newsroom.feeds if feed.section and not feed.only}
    return pages.Site(
        name=site.name,
        url=site.url,
        language=language,
        timezone=site.timezone,
        postal_address=site.postal_address,
        sections=tuple(
            pages.SectionLink(section.title(language), documents.home_url(newsroom, by_section[section.slug]))
            for section in newsroom.settings.sections
        ),
        disclaimer=newsroom.disclaimer_in(language).full,
        theme=newsroom.settings.theme,
        subscribe=f"{site.url}/subscribe?lang={language}" if offered(newsroom) else "",
        contact=site.contact,
    )


def _feeds(newsroom: Newsroom, feed: Feed) -> list[pages.Feed]:
    name = documents.title(newsroom, feed)
    return [
        pages.Feed(
            NAMES[fmt], FORMATS[fmt][1].partition(";")[0], name, documents.feed_url(newsroom, feed, fmt)
        )
        for fmt in FORMATS
    ]


def _section(newsroom: Newsroom, feed: Feed, made: Edition) -> _Page:
    whole = next(other for other in newsroom.feeds if other.series == "all")
    url = documents.home_url(newsroom, feed)
    site = _site(newsroom, feed.language)
    others = [
        pages.TongueLink(other.language, documents.home_url(newsroom, other))
        for other in newsroom.feeds
        if other.section == feed.section and other.only and other.series != feed.series
    ]
    body = pages.section_page(
        made,
        site,
        url=url,
        feeds=_feeds(newsroom, feed),
        more_feeds=_feeds(newsroom, whole),
        tongues=others,
        templates=newsroom.templates,
    )
    path = url.removeprefix(f"{newsroom.settings.site.url}/")
    return _Page(f"{path}index.html", body, made, Variant(feed.language))


def _stories(newsroom: Newsroom, made: Edition) -> Iterator[_Page]:
    """A page for each story that has no other. Its address was chosen once, and may lead to where the site was before it moved."""
    site = _site(newsroom, newsroom.settings.site.language)
    for item in made.items:
        url = f"{site.url}/story/{item.story_id}"
        if item.withdrawn is None and item.link.endswith(f"/story/{item.story_id}"):
            alone = _alone(made, item)
            body = pages.story_page(alone, site, url=url, templates=newsroom.templates)
            yield _Page(f"story/{item.story_id}/index.html", body, alone, Variant(site.language))


def _cut(made: Edition, most: int) -> Edition:
    """The edition's first items."""
    chosen = made.shelves[0].stories[:most]
    shelf = replace(made.shelves[0], stories=chosen)
    return replace(made, shelves=(shelf,), items=tuple(made.item(name) for name in chosen), left_out=())


def _alone(made: Edition, item: Item) -> Edition:
    shelf = replace(made.shelves[0], stories=(item.story_id,))
    return replace(made, shelves=(shelf,), items=(item,), left_out=())


def _without(made: Edition, barred: frozenset[str]) -> Edition:
    """The edition as it may still be shown."""
    unfit = barred & {item.story_id for item in made.items}
    return made.without(unfit, now=made.frozen_at) if unfit else made


def _archived(newsroom: Newsroom, made: Edition) -> Iterator[_Page]:
    for language in made.languages:
        if any(made.variant(language)):
            path = f"e/{made.edition_id}/" + ("" if language == made.languages[0] else f"{language}/")
            variant = Variant(language)
            site = _site(newsroom, language)
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
