"""An item's text as feeds carry it: the correction first, the body, the source line, the disclaimer; direction that survives.

Readers that strip `dir` go by the first strong character, and some strip only the div: so direction stands on the div and on each
paragraph, and a right-to-left item's text is led by a mark where it begins with Latin.
"""

from __future__ import annotations

import re
from html import escape

from publisher.edition import Edition, Item
from publisher.render.direction import direction, first_strong, is_rtl, lead_in
from publisher.render.excerpt import excerpt

__all__ = ["SUMMARY_MAX", "content", "summary", "xml_safe"]

SUMMARY_MAX = 500
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 (2.2) has no place for; one such character takes a whole feed down."""
PARAGRAPH = re.compile(r"<p(?=[\s>])")


def xml_safe(text: str) -> str:
    """The text without characters that XML 1.0 forbids."""
    return ILLEGAL.sub("", text)


def summary(item: Item, source_word: str) -> str:
    """Plain text for lists: the lede, and the source by name."""
    lede = excerpt(item.lede, SUMMARY_MAX)
    line = f"{source_word} {item.source_name}"
    return xml_safe(lead_in(f"{lede} {line}" if lede else line, item.language))


def content(edition: Edition, item: Item, source_word: str) -> str:
    """The item's HTML with everything that the gate asks for."""
    way = direction(item.language)
    body = item.body or (f"<p>{escape(item.lede)}</p>" if item.lede else "")
    if is_rtl(item.language):
        body = _led(PARAGRAPH.sub(f'<p dir="{way}"', body))
    note = (
        f'<p dir="{way}"><strong>{escape(item.correction_note)}</strong></p>' if item.correction_note else ""
    )
    disclaimer = edition.disclaimer_for(item)
    own = direction(disclaimer.language)
    line = f'{escape(source_word)} <a href="{escape(item.source_url)}">{escape(item.source_name)}</a>'
    rights = f'<p dir="{own}">{escape(item.rights_line)}</p>' if item.rights_line else ""
    return xml_safe(
        f'<div lang="{escape(item.language)}" dir="{way}">{note}{body}'
        f'<p dir="{way}">{line}</p>'
        f'<p lang="{escape(disclaimer.language)}" dir="{own}">{escape(disclaimer.full)}</p>{rights}</div>'
    )


def _led(body: str) -> str:
    """A right-to-left body whose first paragraph begins with a strong Latin letter gets a mark in front of its text."""
    text = re.sub(r"<[^>]+>", "", body)
    if first_strong(text) != "ltr":
        return body
    opened = re.match(r"(\s*<[^>]+>)*", body)
    place = opened.end() if opened else 0
    return f"{body[:place]}\u200f{body[place:]}"
