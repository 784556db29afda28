"""The pages of the site: front page, one per section, one per digest edition. Finished bytes from frozen editions.

PURE. A page is made like a mail: from an edition alone, with the same provenance at each item, and read back by the gate
before it is written. Each item's headline carries `id="s-<story id>"` and the page's footer `id="end"`: that is how the
gate knows where an item begins and ends. Nothing personal is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Item, Variant
from publisher.render.direction import direction, lead_in
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = ["EditionLink", "Feed", "SectionLink", "Site", "edition_page", "front_page", "section_page"]


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of a page: its format's name, media type, title and address."""

    name: str
    type: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class SectionLink:
    """A section in the navigation."""

    title: str
    url: str


@dataclass(frozen=True, slots=True)
class EditionLink:
    """A digest edition in the archive's list."""

    title: str
    url: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page knows of the house."""

    name: str
    url: str
    language: str
    timezone: str
    postal_address: str
    sections: tuple[SectionLink, ...]
    disclaimer: str


def front_page(
    site: Site, *, feeds: Sequence[Feed], editions: Sequence[EditionLink], templates: Templates
) -> bytes:
    """The front page: sections, and the newest editions of each digest."""
    words = templates.words(site.language)
    return _render(
        templates,
        "web/index.html.j2",
        page=_page(
            site, title=site.name, heading=site.name, about=site.disclaimer, url=f"{site.url}/", feeds=feeds
        ),
        words=_words(words),
        editions=[
            {
                "title": link.title,
                "url": link.url,
                "language": link.language,
                "direction": direction(link.language),
            }
            for link in editions
        ],
    )


def section_page(
    edition: Edition, site: Site, *, url: str, feeds: Sequence[Feed], templates: Templates
) -> bytes:
    """The page that a person sees who follows a feed: the same items as the section's feed edition."""
    words = templates.words(site.language)
    items = [_item(edition, item, site.language, site.timezone, words) for item in edition.items]
    title = edition.shelves[0].title if edition.shelves else site.name
    return _render(
        templates,
        "web/section.html.j2",
        page=_page(
            site,
            title=title,
            heading=title.removeprefix(f"{site.name}: "),
            about=words.ngettext("%(n)s story", "%(n)s stories", len(items)),
            url=url,
            feeds=feeds,
            rights=_rights(edition.items),
        ),
        words=_words(words),
        items=items,
    )


def edition_page(edition: Edition, variant: Variant, site: Site, *, url: str, templates: Templates) -> bytes:
    """A digest edition in the archive, in one language, without anything personal."""
    words = templates.words(variant.language)
    shelves = [
        {
            "title": shelf.title,
            "entries": [_item(edition, item, variant.language, edition.timezone, words) for item in items],
        }
        for shelf, items in edition.variant(variant.language, variant.sections)
    ]
    when = words.date(edition.slot.astimezone(ZoneInfo(edition.timezone)))
    title = edition.title(variant.language)
    page = _page(
        site,
        title=f"{title}, {when}",
        heading=title,
        about=when,
        url=url,
        feeds=(),
        rights=_rights(edition.items),
        language=variant.language,
    )
    page["disclaimer"] = edition.disclaimer(variant.language).full
    return _render(templates, "web/edition.html.j2", page=page, words=_words(words), shelves=shelves)


def _render(templates: Templates, name: str, **context: object) -> bytes:
    return templates.render(name, context).encode()


def _page(
    site: Site,
    *,
    title: str,
    heading: str,
    about: str,
    url: str,
    feeds: Sequence[Feed],
    rights: Sequence[str] = (),
    language: str | None = None,
) -> dict[str, object]:
    spoken = language or site.language
    return {
        "title": title,
        "heading": heading,
        "about": about,
        "url": url,
        "root": f"{site.url}/",
        "site_name": site.name,
        "language": spoken,
        "direction": direction(spoken),
        "sections": [{"title": section.title, "url": section.url} for section in site.sections],
        "feeds": [{"name": f.name, "type": f.type, "title": f.title, "url": f.url} for f in feeds],
        "disclaimer": site.disclaimer,
        "rights": list(rights),
        "postal_address": site.postal_address,
    }


def _item(edition: Edition, item: Item, language: str, timezone: str, words: Words) -> dict[str, object]:
    local: datetime = item.time.astimezone(ZoneInfo(timezone))
    return {
        "story_id": item.story_id,
        "headline": lead_in(item.headline, item.language),
        "house_headline": item.house_headline,
        "link": item.link,
        "source_name": item.source_name,
        "source_url": item.source_url,
        "dateline": item.dateline,
        "lede": lead_in(item.lede, item.language) if item.lede else "",
        "language": item.language,
        "direction": direction(item.language),
        "time": words.date_time(local),
        "time_iso": local.isoformat(timespec="minutes"),
        "corrected": item.corrected_at is not None,
        "correction_note": item.correction_note or "",
        "disclaimer": edition.disclaimer(language).short,
    }


def _rights(items: Sequence[Item]) -> list[str]:
    return list(dict.fromkeys(item.rights_line for item in items if item.rights_line))


def _words(words: Words) -> dict[str, object]:
    _ = words.gettext
    return {
        "language": words.language,
        "direction": direction(words.language),
        "skip": _("Skip to the stories"),
        "sections": _("Sections"),
        "editions": _("Editions"),
        "latest": _("Latest"),
        "nothing": _("Nothing yet."),
        "corrected": _("Corrected"),
        "our_headline": _("our headline"),
        "original_at": _("Read the original at %(source)s"),
    }
