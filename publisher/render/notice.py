"""Notices: mails that a reader asked a page of ours for. One link each, and no story. Deterministic.

PURE. What they say comes from the catalogues and the configuration; nothing that somebody typed into a form is in them but the address,
which dispatch fills in. They have a template of their own, and belong to no list.
"""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from hashlib import sha256

from publisher.render.digest import BLANKS, Look, Rendered, squeezed
from publisher.render.digestview import imprint, sides
from publisher.render.mjml import to_html
from publisher.render.places import markers
from publisher.render.templates import Templates
from publisher.render.words import Words

__all__ = ["Kind", "render", "seed_of"]

BODY = "mail/notice/body.mjml.j2"


class Kind(StrEnum):
    """What a notice is for."""

    CONFIRM = "confirm"
    """Somebody asked for a digest at this address: was it you?"""
    KNOWN = "known"
    """Somebody asked for what this address gets already."""
    ACCOUNT = "account"
    """The link to one's own data."""
    ADDRESS = "address"
    """The link that proves a new address."""


def seed_of(kind: Kind, language: str, digest: str) -> str:
    """What the markers of this notice are made of."""
    return sha256(f"notice {kind} {language} {digest}".encode()).hexdigest()


def render(kind: Kind, language: str, *, digest: str, look: Look, templates: Templates) -> Rendered:
    """The notice with its places open (`places.markers` of its `seed_of`); `digest` is the title of the one it is about.

    Raises:
        TemplateInvalid: a template is wrong; with file and line.
    """
    words = templates.words(language).apart
    subject, heading, lines, button, fine = _said(kind, words, digest=digest, site=look.site_name)
    before, _mark, after = words.gettext("This mail went to %(address)s.").partition("%(address)s")
    theme = look.theme
    context = {
        "language": language,
        **sides(theme, language),
        "theme": {"width": theme.width},
        "light": asdict(theme.light),
        "dark": asdict(theme.dark),
        "site_name": look.site_name,
        "subject": subject,
        "heading": heading,
        "lines": lines,
        "button": button,
        "fine": fine,
        "imprint": imprint(look.site_name, look.postal_address),
        "place": {place.value: mark for place, mark in markers(seed_of(kind, language, digest)).items()},
        "words": {"colon": words.signs.colon.rstrip(), "sent_to_before": before, "sent_to_after": after},
    }
    html = to_html(templates.render(BODY, context), template=BODY)
    text = templates.render("mail/notice/body.txt.j2", context)
    shown = BLANKS.sub(" ", templates.render("mail/notice/subject.txt.j2", context)).strip()
    return Rendered(subject=shown, html=html, text=squeezed(text))


def _said(kind: Kind, words: Words, *, digest: str, site: str) -> tuple[str, str, list[str], str, str]:
    """Subject, heading, paragraphs, button, and what stands below it."""
    _ = words.gettext
    match kind:
        case Kind.CONFIRM:
            return (
                words.fill("Please confirm: %(digest)s", digest=digest),
                _("Was it you?"),
                [
                    words.fill(
                        "Somebody, most likely you, has asked %(site)s to mail %(digest)s to this address. Nothing comes until you say yes.",
                        site=site,
                        digest=digest,
                    )
                ],
                _("Yes, send it to me"),
                _("The link works for seven days. If it was not you, do nothing: nothing will come."),
            )
        case Kind.KNOWN:
            return (
                words.fill("You get %(digest)s already", digest=digest),
                words.fill("You get %(digest)s already", digest=digest),
                [
                    words.fill(
                        "Somebody, most likely you, has asked for %(digest)s at this address, which gets it already. Nothing was changed.",
                        digest=digest,
                    )
                ],
                _("Change what you get"),
                _("If it was not you, do nothing."),
            )
        case Kind.ACCOUNT:
            return (
                words.fill("Your data at %(site)s", site=site),
                _("Your data"),
                [
                    _(
                        "Here you can download all that we know about you, erase it, or move to another address."
                    )
                ],
                _("See to my data"),
                _("The link works once, for one hour. If it was not you, do nothing."),
            )
        case Kind.ADDRESS:
            return (
                _("Please confirm your new address"),
                _("Your new address"),
                [
                    words.fill(
                        "A reader of %(site)s, most likely you, wants our mails to come to this address from now on.",
                        site=site,
                    )
                ],
                _("Yes, this is my address"),
                _("The link works once, for one hour. If it was not you, do nothing."),
            )
