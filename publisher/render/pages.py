"""The pages of the site: front, sections, digest editions, stories, and what a feed is. Finished bytes from frozen editions.

PURE. A page is made like a mail: from an edition alone, with the same provenance at each item, and read back by the gate
before it is written. Each item's headline carries `id="s-<story id>"` and the page's footer `id="end"`: that is how the
gate knows where an item begins and ends. Nothing personal is known here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from urllib.parse import quote
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Item, Variant
from publisher.render.direction import direction, lead_in
from publisher.render.templates import Templates
from publisher.render.words import Words, own_name
from publisher.theme import STANDARD, Theme

__all__ = [
    "EditionLink",
    "Feed",
    "SectionLink",
    "Site",
    "TongueLink",
    "edition_page",
    "front_page",
    "help_page",
    "missing_page",
    "script_url",
    "section_page",
    "story_page",
]


BODY = "\ufdd0body\ufdd1"
"""Where a story's sanitised HTML goes into its finished page: templates get text, which they escape. No text may hold these signs: the intake takes them out."""


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
class TongueLink:
    """A page's twin in another language (a BCP 47 tag)."""

    language: str
    url: str


@dataclass(frozen=True, slots=True)
class EditionLink:
    """A digest edition in the archive's list: the digest's title and the edition's date, both in its language."""

    title: str
    date: str
    url: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page knows of the house; `subscribe` is the address of the form for digests, "" where nobody may ask for one, `contact` where readers write to."""

    name: str
    url: str
    language: str
    timezone: str
    postal_address: str
    sections: tuple[SectionLink, ...]
    disclaimer: str
    theme: Theme = STANDARD
    subscribe: str = ""
    contact: str = ""


def front_page(
    newest: Edition | None,
    site: Site,
    *,
    feeds: Sequence[Feed],
    editions: Sequence[EditionLink],
    templates: Templates,
) -> bytes:
    """The front page: the newest stories (an edition of them; None: none yet), and the newest editions of each digest."""
    words = templates.words(site.language)
    items = () if newest is None else newest.items
    return _render(
        templates,
        "web/index.html.j2",
        page=_page(
            site, title=site.name, heading=site.name, about=site.disclaimer, url=f"{site.url}/", feeds=feeds
        ),
        words=_words(words),
        items=[_item(newest, item, site.language, site.timezone, words) for item in items if newest],
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


def help_page(site: Site, *, feeds: Sequence[Feed], templates: Templates) -> bytes:
    """What a feed is, and how to follow one; `feeds` are those of everything."""
    words = templates.words(site.language)
    title = words.gettext("What is a feed?")
    return _render(
        templates,
        "web/help.html.j2",
        page=_page(
            site,
            title=f"{site.name}{words.signs.colon}{title}",
            heading=title,
            about="",
            url=_help(site),
            feeds=feeds,
        ),
        words=_words(words),
    )


def missing_page(site: Site, *, gone: bool, templates: Templates) -> bytes:
    """What a person sees at an address of ours where nothing is; `gone`: something was."""
    words = templates.words(site.language)
    _ = words.gettext
    heading = _("No longer here") if gone else _("Nothing here")
    said = (
        _("What stood at this address was taken back or has ended.")
        if gone
        else _("There is no page at this address. It may have been typed or copied incompletely.")
    )
    page = _page(
        site, title=f"{site.name}{words.signs.colon}{heading}", heading=heading, about=said, url="", feeds=()
    )
    return _render(templates, "web/missing.html.j2", page=page, words=_words(words))


def story_page(edition: Edition, site: Site, *, url: str, templates: Templates) -> bytes:
    """Our own page of a story: an edition that holds nothing else. The whole text, as far as its source's rights allow."""
    words = templates.words(site.language)
    (item,) = edition.items
    page = _page(
        site,
        title=item.headline,
        heading=item.headline,
        about="",
        url=url,
        feeds=(),
        rights=[line for line in (item.copyright_notice, item.rights_line) if line],
        about_id=f"story {item.story_id}",
    )
    entry = _item(edition, item, site.language, site.timezone, words)
    text = item.body or (f"<p>{escape(item.lede)}</p>" if item.lede else "")
    entry["body"] = BODY
    made = _render(templates, "web/story.html.j2", page=page, words=_words(words), item=entry)
    return made.replace(BODY.encode(), text.encode(), 1)


def section_page(
    edition: Edition,
    site: Site,
    *,
    url: str,
    feeds: Sequence[Feed],
    more_feeds: Sequence[Feed] = (),
    tongues: Sequence[TongueLink] = (),
    templates: Templates,
) -> bytes:
    """The page that a person sees who follows a feed: the same items as the section's feed edition.

    `feeds` are the section's; `more_feeds`, the house's, are offered to reader programs after them (autodiscovery).
    `tongues`: the same section in other languages.
    """
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
            more_feeds=more_feeds,
            rights=_rights(edition.items),
        ),
        words=_words(words),
        items=items,
        tongues=[
            {
                "language": tongue.language,
                "direction": direction(tongue.language),
                "title": own_name(tongue.language),
                "url": tongue.url,
            }
            for tongue in tongues
        ],
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
        title=f"{title}{words.signs.comma}{when}",
        heading=title,
        about=when,
        url=url,
        feeds=(),
        rights=_rights(edition.items),
        language=variant.language,
        about_id=f"edition {edition.edition_id}",
    )
    page["disclaimer"] = edition.disclaimer(variant.language).full
    note = [lead_in(part, variant.language) for part in edition.note(variant.language)]
    return _render(
        templates, "web/edition.html.j2", page=page, words=_words(words), shelves=shelves, note=note
    )


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
    more_feeds: Sequence[Feed] = (),
    rights: Sequence[str] = (),
    language: str | None = None,
    about_id: str = "",
) -> dict[str, object]:
    """What every page is told; `about_id`: what a reader's report of a mistake is about."""

    def told(offered: Sequence[Feed]) -> list[dict[str, str]]:
        return [{"name": f.name, "type": f.type, "title": f.title, "url": f.url} for f in offered]

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
        "feeds": told(feeds),
        "offered": told([*feeds, *more_feeds]),
        "help_url": _help(site),
        "subscribe_url": site.subscribe,
        "report_url": f"mailto:{site.contact}?subject={quote(about_id)}" if site.contact and about_id else "",
        "script": script_url(site.url),
        "disclaimer": site.disclaimer,
        "rights": list(rights),
        "postal_address": site.postal_address,
        "theme": asdict(site.theme),
    }


def script_url(site_url: str) -> str:
    """The address of the one script of our pages, which copies a feed's address."""
    return f"{site_url}/assets/copy.js"


def _help(site: Site) -> str:
    return f"{site.url}/feeds-help/"


def _item(edition: Edition, item: Item, language: str, timezone: str, words: Words) -> dict[str, object]:
    if item.withdrawn:
        notice = item.withdrawn
        return {
            "story_id": item.story_id,
            "withdrawn": True,
            "headline": lead_in(notice.title, notice.language),
            "lede": lead_in(notice.text, notice.language),
            "language": notice.language,
            "direction": direction(notice.language),
        }
    local: datetime = item.time.astimezone(ZoneInfo(timezone))
    return {
        "story_id": item.story_id,
        "withdrawn": False,
        "headline": lead_in(item.headline, item.language),
        "house_headline": item.house_headline,
        "original_headline": lead_in(item.original_headline, item.language) if item.house_headline else "",
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
        "also": [{"name": other.source_name, "url": other.source_url} for other in item.also],
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
        "subscribe": _("Subscribe"),
        "report": _("Report a mistake"),
        "original_headline": _("The source’s own headline"),
        "editions": _("Editions"),
        "latest": _("Latest"),
        "nothing": _("Nothing yet."),
        "about_feeds": _("What is a feed?"),
        "feed_help": [
            _(
                "A feed is an address that a reader program looks at for you: new stories come to you, without an account, and nobody learns what you read."
            ),
            _(
                "Choose any reader program, copy the address of a section below or on its page, and add it there. The three formats hold the same stories; RSS is understood by every program."
            ),
            _(
                "Each story names its source and links to the original. Corrections and withdrawals reach you in the same place."
            ),
        ],
        "copy_address": _("Copy the address"),
        "copied": _("Copied"),
        "follow": _("Follow"),
        "feed_of": _("Address of the %(format)s feed"),
        "corrected": _("Corrected"),
        "correction": _("Correction"),
        "also": _("Also reported by"),
        "colon": words.signs.colon,
        "our_headline": _("our headline"),
        "note": _("Editor's note"),
        "original_at": words.fill("Read the original at %(source)s", source="%(source)s"),
    }
