"""What every page of the site shares: what it knows of the house, how a story is told to a template, and the words around it. PURE.

Each item's headline carries `id="s-<story id>"` and the page's footer `id="end"`: that is how the gate knows where an item begins
and ends. Nothing personal is known here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Item
from publisher.feed import own_name
from publisher.render.direction import direction, lead_in
from publisher.render.templates import Templates
from publisher.render.words import Words, zoned
from publisher.theme import STANDARD, Theme

__all__ = [
    "EditionLink",
    "Feed",
    "Later",
    "SectionFeed",
    "SectionLink",
    "Site",
    "TongueLink",
    "frame",
    "help_url",
    "rendered",
    "rights_of",
    "script_url",
    "told_item",
    "told_items",
    "told_tongues",
    "told_words",
]


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
class SectionFeed:
    """A section on the page that says what a feed is: its page, and the address of its feed."""

    title: str
    url: str
    feed: str


@dataclass(frozen=True, slots=True)
class TongueLink:
    """The page in a language (a BCP 47 tag): itself, or a twin of it."""

    language: str
    url: str


@dataclass(frozen=True, slots=True)
class EditionLink:
    """A digest edition in a list: the digest's title and the edition's date, both in its language."""

    title: str
    date: str
    url: str
    language: str


@dataclass(frozen=True, slots=True)
class Later:
    """What became of a story after an edition had carried it: it was corrected at `at`, and stands corrected at `url`."""

    at: datetime
    note: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What every page knows of the house.

    Attributes:
        home, help: the front page and the one that says what a feed is, in the page's language; "" for the site's own. archives: the lists of each digest's editions.
        subscribe: address of the form for digests, "" where nobody may ask for one. contact: where readers report mistakes.
    """

    name: str
    url: str
    language: str
    timezone: str
    postal_address: str
    sections: tuple[SectionLink, ...]
    disclaimer: str
    theme: Theme = STANDARD
    home: str = ""
    help: str = ""
    archives: tuple[SectionLink, ...] = ()
    subscribe: str = ""
    contact: str = ""


def rendered(templates: Templates, name: str, **context: object) -> bytes:
    """A page's bytes."""
    return templates.render(name, context).encode()


def frame(
    site: Site,
    *,
    title: str,
    heading: str,
    about: str,
    url: str,
    feeds: Sequence[Feed] = (),
    more_feeds: Sequence[Feed] = (),
    tongues: Sequence[TongueLink] = (),
    rights: Sequence[str] = (),
    language: str | None = None,
    about_id: str = "",
    indexed: bool = True,
    canonical: str = "",
) -> dict[str, object]:
    """What every page is told.

    `tongues`: the page in each of its languages, itself among them; none where it has one only. `about_id`: what a reader's report of a
    mistake is about. `indexed`: whether search engines may show the page; `canonical`: the address that they are to show instead of it, ""
    for its own.
    """

    def told(offered: Sequence[Feed]) -> list[dict[str, str]]:
        return [{"name": f.name, "type": f.type, "title": f.title, "url": f.url} for f in offered]

    spoken = language or site.language
    return {
        "title": title,
        "heading": heading,
        "about": about,
        "url": url,
        "canonical": (canonical or url) if indexed else "",
        "indexed": indexed,
        "root": site.home or f"{site.url}/",
        "site_name": site.name,
        "language": spoken,
        "direction": direction(spoken),
        "sections": [{"title": section.title, "url": section.url} for section in site.sections],
        "feeds": told(feeds),
        "offered": told([*feeds, *more_feeds]),
        "tongues": told_tongues(tongues, spoken),
        "help_url": help_url(site),
        "archives": [{"title": link.title, "url": link.url} for link in site.archives],
        "subscribe_url": site.subscribe,
        "report_url": report_url(site, about_id) if about_id else "",
        "script": script_url(site.url),
        "disclaimer": site.disclaimer,
        "rights": list(rights),
        "postal_address": site.postal_address,
        "theme": asdict(site.theme),
    }


def told_tongues(tongues: Sequence[TongueLink], spoken: str) -> list[dict[str, object]]:
    """A page's languages, each by its own name; none when it has no other."""
    return [
        {
            "language": tongue.language,
            "direction": direction(tongue.language),
            "title": own_name(tongue.language),
            "url": tongue.url,
            "here": tongue.language == spoken,
        }
        for tongue in (tongues if len(tongues) > 1 else ())
    ]


def help_url(site: Site) -> str:
    """The page that says what a feed is."""
    return site.help or f"{site.url}/feeds-help/"


def report_url(site: Site, about_id: str) -> str:
    """What opens a mail to the house about this; "" where it has no address for them."""
    return f"mailto:{site.contact}?subject={quote(about_id)}" if site.contact else ""


def script_url(site_url: str) -> str:
    """The address of the one script of our pages, which copies a feed's address."""
    return f"{site_url}/assets/copy.js"


def told_items(
    edition: Edition,
    items: Sequence[Item],
    language: str,
    timezone: str,
    words: Words,
    *,
    later: Mapping[str, Later] | None = None,
    report: Callable[[Item], str] = lambda _: "",
) -> list[dict[str, object]]:
    """The stories of a list as templates are told them: the first time names the zone for all. `later`: by story; `report`: of each story."""
    zone = ZoneInfo(timezone)
    shown = [item for item in items if item.withdrawn is None]
    named = zoned(item.time.astimezone(zone) for item in shown)
    zones = {item.story_id: said for item, said in zip(shown, named, strict=True)}
    return [
        told_item(
            edition,
            item,
            language,
            timezone,
            words,
            zone=zones.get(item.story_id, True),
            later=(later or {}).get(item.story_id),
            report=report(item),
        )
        for item in items
    ]


def told_item(
    edition: Edition,
    item: Item,
    language: str,
    timezone: str,
    words: Words,
    *,
    zone: bool = True,
    later: Later | None = None,
    report: str = "",
) -> dict[str, object]:
    """A story as templates are told it; `zone`: whether its time names its zone; `report`: what opens a mail about it, where the page has one for each story."""
    if item.withdrawn:
        notice = item.withdrawn
        return {
            "story_id": item.story_id,
            "withdrawn": True,
            "headline": lead_in(notice.title, notice.language),
            "lede": lead_in(notice.told, notice.language),
            "language": notice.language,
            "direction": direction(notice.language),
        }
    here = ZoneInfo(timezone)
    local = item.time.astimezone(here)
    return {
        "story_id": item.story_id,
        "withdrawn": False,
        "headline": lead_in(item.headline, item.language),
        "house_headline": item.house_headline,
        "original_headline": lead_in(item.original_headline, item.language) if item.house_headline else "",
        "link": item.link,
        "source_name": item.source_name,
        "source_url": item.source_url,
        "byline": item.byline,
        "dateline": item.dateline,
        "lede": lead_in(item.lede, item.language) if item.lede else "",
        "language": item.language,
        "direction": direction(item.language),
        "time": words.date_time(local, zone=zone),
        "time_iso": local.isoformat(timespec="minutes"),
        "corrected": item.corrected_at is not None,
        "correction_note": item.correction_note or "",
        "also": [{"name": other.source_name, "url": other.source_url} for other in item.also],
        "later": {
            "said": words.fill("Corrected on %(date)s", date=words.day(later.at.astimezone(here), year=True)),
            "note": later.note,
            "url": later.url,
        }
        if later
        else None,
        "report_url": report,
        "disclaimer": edition.disclaimer(language).short,
    }


def rights_of(items: Sequence[Item]) -> list[str]:
    """The agencies' own lines, each once."""
    return list(dict.fromkeys(item.rights_line for item in items if item.rights_line))


def told_words(words: Words) -> dict[str, object]:
    """The words that templates are told."""
    _ = words.gettext
    return {
        "language": words.language,
        "direction": direction(words.language),
        "skip": _("Skip to the content"),
        "sections": _("Sections"),
        "subscribe": _("Subscribe"),
        "report": _("Report a mistake"),
        "original_headline": _("The source’s own headline"),
        "editions": _("Editions"),
        "archive": _("Archive"),
        "all_editions": _("All editions"),
        "languages": _("In other languages"),
        "top_story": _("Top story"),
        "what_we_changed": _("What we changed"),
        "corrected_story": _("Read the corrected story"),
        "latest": _("Latest"),
        "nothing": _("Nothing yet."),
        "about_feeds": _("What is a feed?"),
        "feed_help": [
            _(
                "A feed is an address that a reader program looks at for you: new stories come to you, without an account, and we do not learn what you read there."
            ),
            _(
                "Choose any reader program, copy an address from below, and add it there. The addresses of sections lead to RSS, which every program understands; a section’s page has two more formats with the same stories."
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
        "dot": words.dot,
        "our_headline": _("our headline"),
        "note": _("Editor's note"),
        "original_at": words.fill("Read the original at %(source)s", source="%(source)s"),
    }
