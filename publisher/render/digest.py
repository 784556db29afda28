"""A digest's mail for one variant: HTML by way of MJML, and a text part, from one view of the edition. Deterministic.

PURE. Each item's headline carries `id="s-<story id>"` and the footer `id="end"`: that is how the gate tells items apart. Webmail cuts a
mail off near 100 KB, and with its end goes the link to leave: an HTML part over `HTML_MAX` bytes is made again with shorter excerpts,
in fixed steps, so that the same edition always has the same bytes. Source line and disclaimer never shrink. What does not fit without
any excerpt is `TooLarge`: whoever makes the edition then leaves stories out (`desk.fitting`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from publisher.edition import Edition, Variant
from publisher.errors import MailTooLarge, TemplateInvalid
from publisher.render.digestview import Lengths, Look, view
from publisher.render.mjml import to_html
from publisher.render.templates import Templates

__all__ = ["BLANKS", "HTML_MAX", "Look", "Rendered", "render", "squeezed"]

BODY = "mail/digest/body.mjml.j2"
STEPS = (Lengths(450, 280), Lengths(300, 200), Lengths(200, 140), Lengths(120, 90), Lengths(0, 0))
"""How much of a story a mail shows: as the design wants it, then ever less."""
HTML_MAX = 75_000
"""Bytes of the decoded HTML part as it is mailed, its lines ended by CRLF. Gmail cuts off near 102 KB, and counts the transfer encoding in some of its clients."""
STYLE_MAX = 8_192
"""Characters of all style sheets. Gmail drops all of them beyond 16,384, and other webmail earlier."""
BLANKS = re.compile(r"[ \t\r\n]+")
"""Those of a template's layout; the narrow blank before a French semicolon stays."""
STYLES = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)


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
        MailTooLarge: the stories do not fit, not even without excerpts.
    """
    size = 0
    for lengths in STEPS:
        words = templates.words(variant.language).apart
        context = view(edition, variant, look=look, words=words, lengths=lengths)
        html = to_html(templates.render(BODY, context), template=BODY)
        raw = html.encode("utf-8", "replace")
        size = len(raw) + raw.count(b"\n")  # a mail's lines end in CRLF
        if size <= HTML_MAX:
            break
    else:
        raise MailTooLarge(edition.edition_id, variant.language, size, HTML_MAX)
    styles = sum(map(len, STYLES.findall(html, 0, html.find("</head>"))))
    if styles > STYLE_MAX:
        raise TemplateInvalid(
            BODY,
            None,
            f"its style sheets have {styles:,} characters; webmail drops them beyond {STYLE_MAX:,}",
        )
    text = templates.render("mail/digest/body.txt.j2", context)
    subject = BLANKS.sub(" ", templates.render("mail/digest/subject.txt.j2", context)).strip()
    return Rendered(subject=subject, html=html, text=squeezed(text))


def squeezed(text: str) -> str:
    """At most one empty line in a row, no blanks at line ends."""
    lines: list[str] = []
    for line in (line.rstrip() for line in text.strip("\n").split("\n")):
        if line or (lines and lines[-1]):
            lines.append(line)
    return "\n".join(lines) + "\n"
