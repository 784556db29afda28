"""What all pages for readers share: their frame, their policy, how an address is shown, and two of the simplest of them. PURE."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256

from publisher.feed import own_name
from publisher.render.digestview import imprint
from publisher.render.direction import direction
from publisher.render.templates import Templates
from publisher.render.words import Words
from publisher.theme import STANDARD, Theme

__all__ = [
    "Act",
    "House",
    "Offer",
    "Part",
    "dead_page",
    "frame",
    "masked",
    "note",
    "policy",
    "rendered",
    "trouble_page",
    "unknown_page",
]

STYLE = re.compile(rb"<style>(.*?)</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Offer:
    """Another digest, or the same page in another language: its name and address."""

    title: str
    url: str
    language: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """What every such page knows of the house; `tongues`: the page itself in each language that it can be seen in."""

    name: str
    url: str
    contact: str
    postal_address: str
    theme: Theme = STANDARD
    tongues: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A button that POSTs to `action`, with what it says to us beside. `manner`: "", "quiet" or "grave"; `field`: label of a mail address to be typed."""

    action: str
    label: str
    manner: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    field: str = ""

    def data(self) -> dict[str, object]:
        """As templates know it."""
        return {**asdict(self), "hidden": [list(pair) for pair in self.hidden]}


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a page with its own heading."""

    heading: str
    lines: tuple[str, ...]
    acts: tuple[Act, ...]

    def data(self) -> dict[str, object]:
        """As templates know it."""
        return {"heading": self.heading, "lines": list(self.lines), "acts": [act.data() for act in self.acts]}


def policy(page: bytes) -> str:
    """The Content-Security-Policy of a page: its own style sheet, forms that lead back here, and nothing else."""
    styles = (base64.b64encode(sha256(style).digest()).decode() for style in STYLE.findall(page))
    allowed = " ".join(f"'sha256-{style}'" for style in styles)
    return (
        f"default-src 'none'; style-src {allowed or chr(39) + 'none' + chr(39)}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def masked(address: str) -> str:
    """An address as its owner knows it, and nobody else: "r•••@example.org"."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}•••{at}{domain}"


def dead_page(house: House, words: Words, *, subscribe: str, templates: Templates) -> bytes:
    """The same for every link that is none: made up, of another purpose, too old, or used before; `subscribe`: where to ask anew, or ""."""
    _ = words.gettext
    return note(
        house,
        words,
        heading=_("This link does not work"),
        lines=[
            _(
                "It was copied incompletely, is too old, or was used before. The newest mail of ours has one that works."
            )
        ],
        links=[Offer(_("Subscribe"), subscribe)] if subscribe else (),
        templates=templates,
    )


def unknown_page(house: House, words: Words, *, others: Sequence[Offer], templates: Templates) -> bytes:
    """Somebody asked for a digest that is not offered; `others` are."""
    _ = words.gettext
    return note(
        house,
        words,
        heading=_("There is no such newsletter here"),
        lines=[_("Perhaps it was renamed or has ended. These you can subscribe to:")],
        links=others,
        templates=templates,
    )


def trouble_page(house: House, words: Words, *, busy: bool, templates: Templates) -> bytes:
    """Nothing was done: this network has asked too often (`busy`), or we cannot at present."""
    _ = words.gettext
    line = (
        _("Too many requests have come from your network. Please try again in an hour.")
        if busy
        else _(
            "This cannot be done at the moment, and nothing was changed. Please try again in a few minutes."
        )
    )
    return note(house, words, heading=_("Not now"), lines=[line], templates=templates)


def note(
    house: House,
    words: Words,
    *,
    heading: str,
    lines: Sequence[str],
    said: str = "",
    primary: Sequence[Act] = (),
    fine: str = "",
    links: Sequence[Offer] = (),
    parts: Sequence[Part] = (),
    templates: Templates,
) -> bytes:
    """A page that says something, perhaps with buttons."""
    return rendered(
        templates,
        "note",
        words,
        page=frame(house, words, heading=heading, said=said, wrong=bool(said)),
        lines=list(lines),
        primary=[act.data() for act in primary],
        fine=fine,
        links=[{"title": link.title, "url": link.url} for link in links],
        parts=[part.data() for part in parts],
    )


def frame(
    house: House,
    words: Words,
    *,
    heading: str,
    about: str = "",
    said: str = "",
    wrong: bool = False,
    tongues: Sequence[Offer] = (),
    others: Sequence[Offer] = (),
) -> dict[str, object]:
    """What the frame of every page is told."""
    return {
        "language": words.language,
        "direction": direction(words.language),
        "title": f"{house.name}{words.signs.colon}{heading}" if heading != house.name else heading,
        "heading": heading,
        "about": about,
        "said": said,
        "wrong": wrong,
        "personal": not tongues,
        "root": f"{house.url}/",
        "site_name": house.name,
        "imprint": imprint(house.name, house.postal_address),
        "contact": house.contact,
        "tongues": [
            {
                "title": own_name(tongue.language),
                "url": tongue.url,
                "language": tongue.language,
                "direction": direction(tongue.language),
            }
            for tongue in (tongues or house.tongues)
        ]
        if len(tongues or house.tongues) > 1
        else [],
        "others": [{"title": other.title, "url": other.url} for other in others],
        "theme": asdict(house.theme),
    }


def rendered(templates: Templates, name: str, words: Words, **context: object) -> bytes:
    """A template of these pages, filled."""
    _ = words.gettext
    said = {
        "address": _("Your mail address"),
        "sections": _("Sections"),
        "language": _("Language"),
        "rhythm": _("How often"),
        "timezone": _("Time zone in which hours are shown"),
        "save": _("Save"),
        "subscribe": _("Subscribe"),
        "others": _("Also by mail"),
        "trap": _("Leave this field empty"),
    }
    return templates.render(f"web/reader/{name}.html.j2", {**context, "words": said}).encode()
