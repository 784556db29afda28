"""A digest's mail for one variant: HTML by way of MJML, and a text part, from one model. Deterministic.

PURE. The model holds plain strings only. News first: a visible first line instead of a hidden preheader; source, place and time
above each headline; one provenance line per item that joins the link to the original with the short disclaimer. Each item's
headline carries `id="s-<story id>"` and the footer `id="end"`: that is how the gate tells items apart.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from publisher.edition import Edition, Item, Shelf, Variant, Why
from publisher.render.direction import RLM, direction, is_rtl, isolated, lead_in
from publisher.render.excerpt import excerpt, shorten
from publisher.render.mjml import to_html
from publisher.render.places import markers
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = ["Look", "Rendered", "render"]

SUBJECT_MAX = 60
EXCERPT_MAX, LEAD_MAX = 280, 450
WORDS_A_MINUTE = 200
FIRST_LINE_MAX = 110
BODY = "mail/digest/body.mjml.j2"
BLANKS = re.compile(r"[ \t\r\n]+")
"""Those of a template's layout; the narrow blank before a French semicolon stays."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a mail knows of the house."""

    site_name: str
    site_url: str
    postal_address: str
    contact: str
    archive_url: str


@dataclass(frozen=True, slots=True)
class Rendered:
    """A variant's mail with its personal places still open (`places.markers` of the edition's content hash)."""

    subject: str
    html: str
    text: str


def render(edition: Edition, variant: Variant, *, look: Look, templates: Templates) -> Rendered:
    """Render one variant.

    Raises:
        TemplateInvalid: a template is wrong; with file and line.
    """
    model = _model(edition, variant, look, templates.words(variant.language))
    html = to_html(templates.render(BODY, model), template=BODY)
    text = templates.render("mail/digest/body.txt.j2", model)
    subject = BLANKS.sub(" ", templates.render("mail/digest/subject.txt.j2", model)).strip()
    return Rendered(subject=subject, html=html, text=_squeezed(text))


def _squeezed(text: str) -> str:
    """At most one empty line in a row, no blanks at line ends."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip("\n").split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"


def _model(edition: Edition, variant: Variant, look: Look, words: Words) -> dict[str, Any]:
    shelves = list(edition.variant(variant.language, variant.sections))
    items = [item for _, members in shelves for item in members]
    printed = {item.story_id for item in items}
    local = edition.slot.astimezone(ZoneInfo(edition.timezone))
    rtl = is_rtl(variant.language)
    lead = items[0]
    return {
        "language": variant.language,
        "direction": direction(variant.language),
        "left": "right" if rtl else "left",
        "right": "left" if rtl else "right",
        "mark": RLM if rtl else "",
        "title": edition.title(variant.language),
        "date": words.date(local),
        "counts": _counts(items, words),
        "subject": _subject(items, variant.language, words),
        "first_line": _first_line(items, variant.language, words),
        "contents": [{"title": shelf.title, "n": words.number(len(members))} for shelf, members in shelves],
        "shelves": [
            {
                "title": shelf.title,
                "entries": [
                    _item(edition, item, variant.language, words, lead=item is lead) for item in members
                ],
                "more": _more(edition, shelf, printed, words),
                "more_url": f"{look.site_url}/s/{shelf.section}/",
            }
            for shelf, members in shelves
        ],
        "disclaimer": edition.disclaimer(variant.language).full,
        "rights": list(dict.fromkeys(item.rights_line for item in items if item.rights_line)),
        "site_name": look.site_name,
        "site_url": look.site_url,
        "postal_address": look.postal_address,
        "imprint": _imprint(look),
        "archive_url": look.archive_url,
        "place": {place.value: mark for place, mark in markers(edition.content_hash).items()},
        "words": _words(words),
    }


def _imprint(look: Look) -> str:
    """Name and postal address in one line; an address that begins with the name does not say it twice."""
    name, address = look.site_name, look.postal_address
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
        "comma": words.signs.comma,
        "colon": words.signs.colon,
        "in_this_issue": _("In this edition"),
    }


def _counts(items: list[Item], words: Words) -> str:
    agencies = len({item.source_name for item in items})
    read = sum(len(f"{item.headline} {excerpt(item.lede, EXCERPT_MAX)}".split()) for item in items)
    stories = words.ngettext("%(n)s story", "%(n)s stories", len(items))
    sources = words.ngettext("%(n)s agency", "%(n)s agencies", agencies)
    minutes = words.ngettext("%(n)s minute", "%(n)s minutes", max(1, round(read / WORDS_A_MINUTE)))
    parts = words.gettext("%(stories)s from %(agencies)s") % {"stories": stories, "agencies": sources}
    return f"{parts} · {minutes}"


def _subject(items: list[Item], language: str, words: Words) -> str:
    head = shorten(items[0].headline, SUBJECT_MAX)
    if len(items) == 1:
        return lead_in(head, language)
    head = lead_in(isolated(head, language, items[0].language), language)
    return f"{head}{words.signs.semicolon}{words.ngettext('%(n)s more', '%(n)s more', len(items) - 1)}"


def _first_line(items: list[Item], language: str, words: Words) -> str:
    others = [
        isolated(shorten(item.headline, FIRST_LINE_MAX // 2), language, item.language) for item in items[1:3]
    ]
    if not others:
        return lead_in(excerpt(items[0].lede or items[0].headline, FIRST_LINE_MAX), language)
    also = words.gettext("Also: %(headlines)s") % {"headlines": words.signs.semicolon.join(others)}
    return lead_in(also, language)


def _more(edition: Edition, shelf: Shelf, printed: Collection[str], words: Words) -> str:
    """How many stories maximum and quota kept from the shelf; a reader who finds one of them in this very mail is not promised it."""
    cut = {
        entry.story_id
        for entry in edition.left_out
        if entry.why in {Why.MAXIMUM, Why.QUOTA}
        and (entry.section, entry.language) in {(shelf.section, shelf.language), (shelf.section, "")}
    }
    unseen = len(cut.difference(printed))
    if not unseen:
        return ""
    return words.ngettext(
        "%(n)s more in %(section)s", "%(n)s more in %(section)s", unseen, section=shelf.title
    )


def _item(edition: Edition, item: Item, language: str, words: Words, *, lead: bool) -> dict[str, Any]:
    local: datetime = item.time.astimezone(ZoneInfo(edition.timezone))
    rtl = is_rtl(item.language)
    text = excerpt(item.lede, LEAD_MAX if lead else EXCERPT_MAX)
    provenance = [edition.disclaimer(language).short]
    if item.house_headline:
        provenance.append(words.gettext("our headline"))
    return {
        "story_id": item.story_id,
        "lead": lead,
        "language": item.language,
        "direction": direction(item.language),
        "left": "right" if rtl else "left",
        "mark": RLM if rtl else "",
        "foreign": item.language.partition("-")[0] != language.partition("-")[0],
        "headline": lead_in(item.headline, item.language),
        "link": item.link,
        "excerpt": lead_in(text, item.language) if text else "",
        "source_name": isolated(item.source_name, language),
        "source_url": item.source_url,
        "source_line": words.fill("Source: %(source)s", source=item.source_name),
        "read_original": words.fill("Read the original at %(source)s", source=item.source_name),
        "dateline": isolated(item.dateline, language),
        "day": "" if local.date() == edition.local_date else f"{words.day(local)}{words.signs.comma}",
        "time": words.time(local),
        "corrected": item.corrected_at is not None,
        "correction_note": item.correction_note or "",
        "provenance": " · ".join(provenance),
        "disclaimer": edition.disclaimer(language).short,
        "our_headline": words.gettext("our headline") if item.house_headline else "",
    }
