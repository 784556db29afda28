"""Digest editions: each as it came out, with what became of its stories since, and the list of all of a digest. PURE."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Variant
from publisher.render.direction import lead_in
from publisher.render.pages.base import (
    Later,
    Site,
    TongueLink,
    frame,
    rendered,
    report_url,
    rights_of,
    told_items,
    told_words,
)
from publisher.render.templates import Templates

__all__ = ["Numbered", "archive_page", "edition_page"]

NOTHING_SINCE: Mapping[str, Later] = {}


@dataclass(frozen=True, slots=True)
class Numbered:
    """An edition in the list of all: its number, its slot in the digest's zone, and its page."""

    number: int
    local: datetime
    url: str


def edition_page(
    edition: Edition,
    variant: Variant,
    site: Site,
    *,
    url: str,
    later: Mapping[str, Later] = NOTHING_SINCE,
    tongues: Sequence[TongueLink] = (),
    listed: bool = True,
    templates: Templates,
) -> bytes:
    """A digest edition in the archive, in one language, without anything personal.

    `later`: the stories that were corrected since, by id; those that were withdrawn stand in the edition as notices. `listed`: whether
    search engines may show it.
    """
    words = templates.words(variant.language).apart
    shelves = tuple(edition.variant(variant.language, variant.sections))
    told = [
        (
            shelf.title,
            told_items(
                edition,
                items,
                variant.language,
                edition.timezone,
                words,
                later=later,
                report=lambda item: report_url(site, f"edition {edition.edition_id}, story {item.story_id}"),
            ),
        )
        for shelf, items in shelves
    ]
    entries = [entry for _, shelf in told for entry in shelf]
    withdrawn = sum(entry["withdrawn"] is True for entry in entries)
    corrected = sum(entry["story_id"] in later for entry in entries)
    since = [
        text
        for number, text in (
            (
                withdrawn,
                words.ngettext(
                    "%(n)s story of this edition was withdrawn later.",
                    "%(n)s stories of this edition were withdrawn later.",
                    withdrawn,
                ),
            ),
            (
                corrected,
                words.ngettext(
                    "%(n)s story of this edition was corrected later.",
                    "%(n)s stories of this edition were corrected later.",
                    corrected,
                ),
            ),
        )
        if number
    ]
    when = words.date(edition.slot.astimezone(ZoneInfo(edition.timezone)))
    title = edition.title(variant.language)
    page = frame(
        site,
        title=f"{title}{words.signs.comma}{when}",
        heading=title,
        about=when,
        url=url,
        tongues=tongues,
        rights=rights_of([item for _, items in shelves for item in items]),
        language=variant.language,
        about_id=f"edition {edition.edition_id}",
        indexed=listed,
    )
    page["disclaimer"] = edition.disclaimer(variant.language).full
    note = [lead_in(part, variant.language) for part in edition.note(variant.language)]
    return rendered(
        templates,
        "web/edition.html.j2",
        page=page,
        words=told_words(words),
        shelves=[{"title": name, "entries": shelf} for name, shelf in told],
        note=note,
        since=since,
    )


def archive_page(
    title: str,
    found: Sequence[Numbered],
    site: Site,
    *,
    url: str,
    tongues: Sequence[TongueLink] = (),
    templates: Templates,
) -> bytes:
    """All editions of a digest in the site's language, as given (newest first), by month. It names no story."""
    words = templates.words(site.language).apart
    months: dict[str, list[dict[str, str]]] = {}
    for entry in found:
        months.setdefault(words.month(entry.local), []).append(
            {
                "date": words.date(entry.local),
                "number": words.fill("No. %(n)s", n=words.number(entry.number)),
                "url": entry.url,
            }
        )
    return rendered(
        templates,
        "web/archive.html.j2",
        page=frame(
            site,
            title=f"{title}{words.signs.colon}{words.gettext('Archive')}",
            heading=title,
            about=words.gettext("All editions"),
            url=url,
            tongues=tongues,
        ),
        words=told_words(words),
        months=[{"title": month, "editions": entries} for month, entries in months.items()],
    )
