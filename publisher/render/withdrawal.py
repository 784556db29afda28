"""Kill notices: the mail to those who have a story that was withdrawn since. It names its source, its day and its place in the mail, and nothing that the story said. Deterministic.

PURE. It looks as the digest does in which the story came, and is left as that is: it is mail of the same list. The desk's public
reason, where there is one in the reader's language, is the only text in it that is neither the house's nor the source's name.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256
from zoneinfo import ZoneInfo

from publisher.render.digest import BLANKS, Look, Rendered, squeezed
from publisher.render.digestview import imprint, sides
from publisher.render.direction import lead_in
from publisher.render.mjml import to_html
from publisher.render.places import markers
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = ["Withdrawal", "correction_note", "render", "seed_of"]

BODY = "mail/withdrawal/body.mjml.j2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """What a kill notice says.

    Attributes:
        title: of the digest in which the story came. slot: of that edition, aware. at: when the story was withdrawn.
        by_source: whether its source has withdrawn it, or the desk. reason: what the desk says of it in this language, or nothing.
        page_url: where its notice stands on the site, or nothing.
        section, number: where it stood in the mail, and as which story there; 0 where readers had it in different places.
        time: the one that stood with it.
    """

    title: str
    slot: datetime
    at: datetime
    timezone: str
    source_name: str
    by_source: bool
    reason: str
    page_url: str
    section: str
    number: int
    time: datetime


def seed_of(said: Withdrawal, language: str) -> str:
    """What the markers of this notice are made of."""
    told = (
        f"withdrawal {language} {said.title} {said.slot.isoformat()} {said.at.isoformat()} {said.source_name}"
    )
    return sha256(told.encode("utf-8", "replace")).hexdigest()


def correction_note(title: str, slot: datetime, timezone: str, words: Words) -> str:
    """What stands on top of a corrected story that is mailed once more to those who have the former one."""
    return words.fill(
        "You received a former version of this story in %(digest)s of %(date)s. It was corrected since; this is how it reads now.",
        digest=title,
        date=words.date(slot.astimezone(ZoneInfo(timezone))),
    )


def render(said: Withdrawal, language: str, *, look: Look, templates: Templates) -> Rendered:
    """The notice with its places open (`places.markers` of its `seed_of`).

    Raises:
        TemplateInvalid: a template is wrong; with file and line.
    """
    words = templates.words(language).apart
    zone, theme = ZoneInfo(said.timezone), look.theme
    day = words.date(said.slot.astimezone(zone))
    heading = words.fill("Withdrawn: a story from %(source)s", source=said.source_name)
    if said.by_source:
        first = words.fill(
            "A story from %(source)s in %(digest)s of %(date)s, which you received, was withdrawn by its source.",
            source=said.source_name,
            digest=said.title,
            date=day,
        )
    else:
        first = words.fill(
            "A story from %(source)s in %(digest)s of %(date)s, which you received, was withdrawn by our desk.",
            source=said.source_name,
            digest=said.title,
            date=day,
        )
    place = {"section": said.section, "time": words.date_time(said.time.astimezone(zone))}
    if said.number:
        stood = words.fill(
            "It stood under %(section)s as number %(number)s, with the time %(time)s.",
            number=words.number(said.number),
            **place,
        )
    else:
        stood = words.fill("It stood under %(section)s, with the time %(time)s.", **place)
    please = words.gettext("Please disregard it, and do not pass it on.")
    before, _mark, after = words.gettext("You get this because %(address)s asked for it.").partition(
        "%(address)s"
    )
    context = {
        "language": language,
        **sides(theme, language),
        "theme": {"width": theme.width},
        "light": asdict(theme.light),
        "dark": asdict(theme.dark),
        "title": said.title,
        "date": words.date(said.at.astimezone(zone)),
        "subject": heading,
        "heading": lead_in(heading, language),
        "said": lead_in(first, language),
        "stood": lead_in(stood, language),
        "please": lead_in(please, language),
        "reason": lead_in(said.reason, language) if said.reason else "",
        "page_url": said.page_url,
        "site_name": look.site_name,
        "imprint": imprint(look.site_name, look.postal_address),
        "place": {place.value: mark for place, mark in markers(seed_of(said, language)).items()},
        "words": {
            "why_before": before,
            "why_after": after,
            "preferences": words.gettext("Change what you get"),
            "leave": words.gettext("Unsubscribe"),
            "reason": words.gettext("What our desk says of it"),
            "page": words.gettext("What stands in its place"),
            "colon": words.signs.colon,
            "comma": words.signs.comma,
        },
    }
    html = to_html(templates.render(BODY, context), template=BODY)
    text = templates.render("mail/withdrawal/body.txt.j2", context)
    shown = BLANKS.sub(" ", templates.render("mail/withdrawal/subject.txt.j2", context)).strip()
    return Rendered(subject=shown, html=html, text=squeezed(text))
