"""What the templates of a digest mail are told: an edition as one reader's language and sections see it, in plain strings. PURE.

News first: a visible first line instead of a hidden preheader; source, place and time above each headline; one provenance line per item
that joins the link to the original with the short disclaimer. Nothing here knows of markup; whatever depends on a text's direction
(side, font, marks) is said in words that templates can put into any attribute.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Item, Shelf, Variant, Why
from publisher.render.direction import RLM, direction, is_rtl, isolated, lead_in
from publisher.render.excerpt import excerpt, shorten
from publisher.render.places import markers
from publisher.render.words import Words, zoned
from publisher.theme import STANDARD, Colours, Theme

__all__ = ["Lengths", "Look", "imprint", "sides", "view"]

SUBJECT_MAX = 60
FIRST_LINE_MAX = 110
WORDS_A_MINUTE = 200
BULLET = re.compile(r"^\* ")
"""In the text part this opens a story's headline."""
UNPARTED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\u0e00-\u0e7f]")
"""Letters of Chinese, Japanese and Thai."""
COLOURS = tuple(colour.name for colour in fields(Colours))
CUT = frozenset({Why.MAXIMUM, Why.QUOTA, Why.SIZE})
"""Reasons for which a story stays out of the mail and can be read on the section's page."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """How many characters of a story a mail shows: of the first one, and of the others; 0: none."""

    lead: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a mail knows of the house."""

    site_name: str
    site_url: str
    postal_address: str
    contact: str
    archive_url: str
    theme: Theme = STANDARD
    test: bool = False
    """A test mail says so in subject, first line and footer."""
    label: str = ""
    """What a follow-up's subject begins with."""


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all items of a mail have in common. `own`: what follows from the mail's own language."""

    language: str
    words: Words
    zone: ZoneInfo
    local_date: date
    disclaimer: str
    lengths: Lengths
    own: dict[str, Any]
    theme: Theme
    sources: dict[str, dict[str, str]] = field(default_factory=dict)
    """What is said of a source, put together once for all of its stories."""


def view(edition: Edition, variant: Variant, *, look: Look, words: Words, lengths: Lengths) -> dict[str, Any]:
    """The context of `templates/mail/digest/`; the names in it are what a newsroom's own templates build on."""
    shelves = list(edition.variant(variant.language, variant.sections))
    items = [item for _, members in shelves for item in members]
    printed = {item.story_id for item in items}
    language, theme = variant.language, look.theme
    disclaimer = edition.disclaimer(language)
    subject = _subject(items, language, words)
    if look.label:
        subject = lead_in(f"{look.label}{words.signs.colon}{subject}", language)
    frame = _Frame(
        language=language,
        words=words,
        zone=ZoneInfo(edition.timezone),
        local_date=edition.local_date,
        disclaimer=disclaimer.short,
        lengths=lengths,
        own=sides(theme, language),
        theme=theme,
    )
    return {
        "language": language,
        **frame.own,
        "theme": {
            "width": theme.width,
            "logo": theme.logo,
            "logo_width": theme.logo_width,
            "logo_height": theme.logo_height,
        },
        "light": _colours(theme.light),
        "dark": _colours(theme.dark),
        "title": edition.title(language),
        "date": words.date(edition.slot.astimezone(frame.zone)),
        "counts": _counts(items, words, lengths),
        "subject": f"[{words.gettext('Test')}] {subject}" if look.test else subject,
        "test": words.gettext("This is a test: only you get it.") if look.test else "",
        "first_line": _first_line(items, language, words),
        "note": [lead_in(BULLET.sub("• ", part), language) for part in edition.note(language)],
        "contents": [{"title": shelf.title, "n": words.number(len(members))} for shelf, members in shelves],
        "corrections": [
            {
                "headline": lead_in(item.headline, item.language),
                "language": item.language,
                "direction": direction(item.language),
                "foreign": _foreign(item, language),
            }
            for item in items
            if item.corrected_at
        ],
        "shelves": [
            {
                "title": shelf.title,
                "entries": [
                    _item(frame, item, lead=item is items[0], zone=named)
                    for item, named in zip(
                        members, zoned(item.time.astimezone(frame.zone) for item in members), strict=True
                    )
                ],
                "more": _more(edition, shelf, printed, words),
                "more_url": f"{look.site_url}/s/{shelf.section}/",
            }
            for shelf, members in shelves
        ],
        "disclaimer": disclaimer.full,
        "rights": list(dict.fromkeys(item.rights_line for item in items if item.rights_line)),
        "site_name": look.site_name,
        "site_url": look.site_url,
        "postal_address": look.postal_address,
        "imprint": imprint(look.site_name, look.postal_address),
        "archive_url": look.archive_url,
        "place": {place.value: mark for place, mark in markers(edition.content_hash).items()},
        "words": _words(words),
    }


def _foreign(item: Item, language: str) -> bool:
    """Whether an item speaks another language than the mail."""
    return item.language.partition("-")[0] != language.partition("-")[0]


def sides(theme: Theme, language: str) -> dict[str, Any]:
    """What follows from a text's language: sides, marks, fonts.

    `flow` is a style that holds where `dir` is stripped; `airy` scripts (the Arabic one) want larger type and more room between lines.
    """
    rtl = is_rtl(language)
    way, left, right = ("rtl", "right", "left") if rtl else ("ltr", "left", "right")
    return {
        "direction": way,
        "left": left,
        "right": right,
        "mark": RLM if rtl else "",
        "airy": rtl and language.partition("-")[0] not in {"he", "yi"},
        "flow": f"direction:{way};text-align:{left};",
        "font": theme.rtl_font if rtl else theme.text_font,
        "headline_font": theme.rtl_font if rtl else theme.headline_font,
    }


def _colours(colours: Colours) -> dict[str, str]:
    return dict(zip(COLOURS, attrgetter(*COLOURS)(colours), strict=True))


def imprint(name: str, address: str) -> str:
    """Name and postal address in one line; an address that begins with the name does not say it twice."""
    if not address or address.casefold().startswith(name.casefold()):
        return address or name
    return f"{name}, {address}"


def _words(words: Words) -> dict[str, Any]:
    _ = words.gettext
    before, _mark, after = _("You get this because %(address)s asked for it.").partition("%(address)s")
    return {
        "why_before": before,
        "why_after": after,
        "preferences": _("Change what you get"),
        "leave": _("Unsubscribe"),
        "online": _("View online"),
        "corrected": _("Corrected"),
        "correction": _("Correction"),
        "note": _("Editor's note"),
        "dot": words.dot,
        "comma": words.signs.comma,
        "also": _("Also reported by"),
        "colon": words.signs.colon,
        "semicolon": words.signs.semicolon,
    }


def _counts(items: Sequence[Item], words: Words, lengths: Lengths) -> str:
    agencies = len({item.source_name for item in items})
    read = sum(_words_in(f"{item.headline} {excerpt(item.lede, lengths.other)}") for item in items)
    stories = words.ngettext("%(n)s story", "%(n)s stories", len(items))
    sources = words.ngettext("%(n)s agency", "%(n)s agencies", agencies)
    minutes = words.ngettext(
        "%(n)s minute to read", "%(n)s minutes to read", max(1, round(read / WORDS_A_MINUTE))
    )
    parts = words.gettext("%(stories)s from %(agencies)s") % {"stories": stories, "agencies": sources}
    return f"{parts}{words.dot}{minutes}"


def _words_in(text: str) -> float:
    """How many words a text has; where they are not parted by blanks, two signs count as one."""
    if text.isascii():
        return len(text.split())
    signs = len(UNPARTED.findall(text))
    return len(UNPARTED.sub(" ", text).split()) + signs / 2


def _subject(items: Sequence[Item], language: str, words: Words) -> str:
    head = shorten(items[0].headline, SUBJECT_MAX)
    if len(items) == 1:
        return lead_in(head, language)
    head = head[:-1] if head.endswith((".", "。", "۔")) and not head.endswith("..") else head  # no ".;"
    head = lead_in(isolated(head, language, items[0].language), language)
    return f"{head}{words.signs.semicolon}{words.ngettext('%(n)s more', '%(n)s more', len(items) - 1)}"


def _first_line(items: Sequence[Item], language: str, words: Words) -> str:
    """What follows the lead, in whole headlines as far as they fit: one that is cut may leave a quotation open."""
    if len(items) == 1:
        return lead_in(excerpt(items[0].lede or items[0].headline, FIRST_LINE_MAX), language)
    left = FIRST_LINE_MAX
    others: list[str] = []
    for item in items[1:4]:
        if len(item.headline) <= left or not others:
            others.append(isolated(shorten(item.headline, FIRST_LINE_MAX), language, item.language))
            left -= len(item.headline)
    also = words.gettext("Also: %(headlines)s") % {"headlines": words.signs.semicolon.join(others)}
    return lead_in(also, language)


def _more(edition: Edition, shelf: Shelf, printed: Collection[str], words: Words) -> str:
    """How many stories the shelf had no room for; a reader who finds one of them in this very mail is not promised it."""
    cut = {
        entry.story_id
        for entry in edition.left_out
        if entry.why in CUT
        and (entry.section, entry.language) in {(shelf.section, shelf.language), (shelf.section, "")}
    }
    unseen = len(cut.difference(printed))
    if not unseen:
        return ""
    return words.ngettext(
        "%(n)s more in %(section)s", "%(n)s more in %(section)s", unseen, section=shelf.title
    )


def _item(frame: _Frame, item: Item, *, lead: bool, zone: bool) -> dict[str, Any]:
    """A story as templates are told it; `zone`: whether its time names its zone, which the first of a section does for all."""
    words, language = frame.words, frame.language
    foreign = _foreign(item, language)
    side = sides(frame.theme, item.language) if foreign else frame.own
    turned = side["direction"] != frame.own["direction"]
    local = item.time.astimezone(frame.zone)
    text = excerpt(item.lede, frame.lengths.lead if lead else frame.lengths.other)
    ours = words.gettext("our headline") if item.house_headline else ""
    return {
        "story_id": item.story_id,
        "lead": lead,
        "language": item.language,
        **side,
        "flow": side["flow"] if turned else "",
        "face": f"font-family:{side['font']};" if turned else "",
        "foreign": foreign,
        "headline": lead_in(item.headline, item.language),
        "link": item.link,
        "excerpt": lead_in(text, item.language) if text else "",
        **(frame.sources.get(item.source_name) or _source(frame, item.source_name)),
        "source_url": item.source_url,
        "dateline": isolated(item.dateline, language),
        "day": _day(frame, local),
        "time": words.time(local, zone=zone),
        "time_iso": f"{item.time.astimezone(UTC):%Y-%m-%dT%H:%MZ}",
        "corrected": item.corrected_at is not None,
        "correction_note": item.correction_note or "",
        "provenance": f"{ours} · {frame.disclaimer}" if ours else frame.disclaimer,
        "disclaimer": frame.disclaimer,
        "our_headline": ours,
        "also": [
            {"name": isolated(other.source_name, language), "url": other.source_url} for other in item.also
        ],
    }


def _day(frame: _Frame, local: datetime) -> str:
    """The day before an item's time, where it is not the edition's; of another year with that year."""
    if local.date() == frame.local_date:
        return ""
    words = frame.words
    year = not words.same_year(local.date(), frame.local_date)
    return f"{words.day(local, year=year)}{words.signs.comma}"


def _source(frame: _Frame, name: str) -> dict[str, str]:
    said = frame.sources[name] = {
        "source_name": isolated(name, frame.language),
        "source_line": frame.words.fill("Source: %(source)s", source=name),
        "read_original": frame.words.fill("Read the original at %(source)s", source=name),
    }
    return said
