"""The front page, section pages, what a feed is, and what stands where nothing is. PURE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from publisher.edition import Edition
from publisher.feed import own_name
from publisher.render.direction import direction
from publisher.render.pages.base import (
    EditionLink,
    Feed,
    SectionFeed,
    Site,
    TongueLink,
    frame,
    help_url,
    rendered,
    rights_of,
    told_items,
    told_words,
)
from publisher.render.templates import Templates

__all__ = ["front_page", "help_page", "missing_page", "section_page"]


def front_page(
    newest: Edition | None,
    site: Site,
    *,
    feeds: Sequence[Feed],
    editions: Sequence[EditionLink],
    tongues: Sequence[TongueLink] = (),
    templates: Templates,
) -> bytes:
    """The front page in the site's language: the newest stories, the first of them large (None: none yet), and the newest editions."""
    words = templates.words(site.language).apart
    items = () if newest is None else newest.items
    return rendered(
        templates,
        "web/index.html.j2",
        page=frame(
            site,
            title=site.name,
            heading=site.name,
            about=site.disclaimer,
            url=site.home or f"{site.url}/",
            feeds=feeds,
            tongues=tongues,
            rights=rights_of(items),
        ),
        words=told_words(words),
        items=told_items(newest, items, site.language, site.timezone, words) if newest else [],
        editions=[
            {
                "title": link.title,
                "date": link.date,
                "url": link.url,
                "language": link.language,
                "direction": direction(link.language),
            }
            for link in editions
        ],
    )


def help_page(
    site: Site,
    *,
    feeds: Sequence[Feed],
    sections: Sequence[SectionFeed] = (),
    of_language: bool = False,
    tongues: Sequence[TongueLink] = (),
    templates: Templates,
) -> bytes:
    """What a feed is, and how to follow one, in the site's language; `feeds` are those of everything, or (`of_language`) of all in that language."""
    words = templates.words(site.language).apart
    title = words.gettext("What is a feed?")
    return rendered(
        templates,
        "web/help.html.j2",
        page=frame(
            site,
            title=f"{site.name}{words.signs.colon}{title}",
            heading=title,
            about="",
            url=help_url(site),
            feeds=feeds,
            tongues=tongues,
        ),
        sections=[asdict(section) for section in sections],
        heading=words.fill("All stories in %(language)s", language=own_name(site.language))
        if of_language
        else words.gettext("All stories"),
        words=told_words(words),
    )


def missing_page(site: Site, *, gone: bool, templates: Templates) -> bytes:
    """What a person sees at an address of ours where nothing is; `gone`: something was."""
    words = templates.words(site.language).apart
    _ = words.gettext
    heading = _("No longer here") if gone else _("Nothing here")
    said = (
        _("What stood at this address was taken back or has ended.")
        if gone
        else _("There is no page at this address. It may have been typed or copied incompletely.")
    )
    page = frame(
        site,
        title=f"{site.name}{words.signs.colon}{heading}",
        heading=heading,
        about=said,
        url="",
        indexed=False,
    )
    return rendered(templates, "web/missing.html.j2", page=page, words=told_words(words))


def section_page(
    edition: Edition,
    site: Site,
    *,
    heading: str,
    url: str,
    feeds: Sequence[Feed],
    more_feeds: Sequence[Feed] = (),
    tongues: Sequence[TongueLink] = (),
    templates: Templates,
) -> bytes:
    """The page that a person sees who follows a feed: the same items as the section's feed edition, under the section's title.

    `feeds` are the section's; `more_feeds`, the house's, are offered to reader programs after them (autodiscovery).
    """
    words = templates.words(site.language).apart
    items = told_items(edition, edition.items, site.language, site.timezone, words)
    stories = sum(
        item.withdrawn is None for item in edition.items
    )  # what stands in a killed one's place is none
    return rendered(
        templates,
        "web/section.html.j2",
        page=frame(
            site,
            title=f"{site.name}: {heading}",
            heading=heading,
            about=words.ngettext("%(n)s story", "%(n)s stories", stories),
            url=url,
            feeds=feeds,
            more_feeds=more_feeds,
            tongues=tongues,
            rights=rights_of(edition.items),
        ),
        words=told_words(words),
        items=items,
    )
