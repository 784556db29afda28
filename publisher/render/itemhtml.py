"""An item's text as feeds carry it: the correction first, the body, rights, who else reports it, then the source line and last the full disclaimer. PURE.

The order is what the gate reads: the last block is the disclaimer, the block before it links to the source by name. Readers that
strip `dir` go by the first strong character, and some strip only the div: so direction stands on the div and on each
paragraph, and a right-to-left text that begins with Latin is led by a mark. A withdrawn story has the house's notice and nothing else.
"""

from __future__ import annotations

import re
from html import escape, unescape

from publisher.edition import Edition, Item
from publisher.render.channel import Channel, also_word, rights_of, source_word
from publisher.render.direction import RLM, direction, first_strong, is_rtl, isolated, lead_in
from publisher.render.excerpt import excerpt

__all__ = ["content", "headline", "summary"]

SUMMARY_MAX = 500
TAG = re.compile(r"""<(?:[^>"']|"[^"]*"|'[^']*')*>""")
OPENING = re.compile(rf"(?:\s|&nbsp;|{TAG.pattern})*")
"""What stands before the first character that a reader sees."""
ENDED = re.compile(r"""[.!?…:;؟۔؛。！？：；]["'”’»)」』]*\s*$""")
"""A text that ends by itself, so that what is said after it is no part of it."""
BREAK = re.compile(
    r"</?(?:p|h[1-6]|li|ul|ol|dl|dt|dd|blockquote|pre|figure|figcaption|table|caption|thead|tbody|tr|th|td|hr|br|div)(?=[\s/>])",
    re.IGNORECASE,
)
"""Where a paragraph ends."""
BARE_PARAGRAPH = re.compile(r"""<p(?!(?:[^>"']|"[^"]*"|'[^']*')*\sdir=)(?=[\s>])""")
ANGLES = str.maketrans("<>", "‹›")
ESCAPED_ANGLES = re.compile(r"&(?:(lt|#0*60|#x0*3c)|gt|#0*62|#x0*3e)(?:;|(?![\w;]))", re.IGNORECASE)


def headline(item: Item) -> str:
    """The headline as a feed's title: plain text in which nothing can be taken for markup, led by a mark where it must be.

    Readers unescape titles once or twice, so an angle bracket would become a tag, escaped or not; it is written as a guillemet.
    """
    text = item.withdrawn.title if item.withdrawn else item.headline
    plain = ESCAPED_ANGLES.sub(lambda found: "‹" if found[1] else "›", text.translate(ANGLES))
    return lead_in(plain, item.withdrawn.language if item.withdrawn else item.language)


def summary(item: Item, channel: Channel) -> str:
    """Plain text for lists: the correction, the lede as far as the rights allow, the source by name."""
    if item.withdrawn:
        return lead_in(item.withdrawn.told, item.withdrawn.language)
    word, _ = source_word(channel, item)
    lede = excerpt(item.lede, SUMMARY_MAX) if rights_of(item, channel) != "link" else ""
    parts = (item.correction_note, lede, f"{_lead(word)}{isolated(item.source_name, item.language)}")
    said = [part for part in parts if part]
    kept = [
        part if ENDED.search(part) else f"{part} —" for part in said[:-1]
    ]  # a headline's text has no full stop
    return lead_in(" ".join([*kept, *said[-1:]]), item.language)


def content(edition: Edition, item: Item, channel: Channel) -> str:
    """The item's HTML with everything that readers are owed, in the order that the gate wants."""
    if item.withdrawn:
        notice = item.withdrawn
        text = _paragraph(escape(lead_in(notice.told, notice.language)), notice.language)
        return f'<div lang="{escape(notice.language)}" dir="{direction(notice.language)}">{text}</div>'
    word, spoken = source_word(channel, item)
    disclaimer = edition.disclaimer_for(item)
    name = escape(isolated(item.source_name, spoken))
    link = f'<a href="{escape(item.source_url)}">{name}</a>' if channel.source == "link" else name
    rights = dict.fromkeys(line for line in (item.copyright_notice, item.rights_line) if line)
    parts = (
        _correction(item),
        _body(item, rights_of(item, channel)),
        *(_paragraph(escape(lead_in(line, item.language)), item.language) for line in rights),
        _also(item, channel),
        _paragraph(f"{escape(_lead(word))}{link}", spoken),
        _paragraph(escape(lead_in(disclaimer.full, disclaimer.language)), disclaimer.language),
    )
    return f'<div lang="{escape(item.language)}" dir="{direction(item.language)}">{"".join(parts)}</div>'


def _also(item: Item, channel: Channel) -> str:
    """Who else reports the event, each linked to its own report."""
    if not item.also:
        return ""
    word, spoken = also_word(channel, item)
    named = [escape(isolated(other.source_name, spoken)) for other in item.also]
    if channel.source == "link":
        links = zip(item.also, named, strict=True)
        named = [f'<a href="{escape(other.source_url)}">{name}</a>' for other, name in links]
    return _paragraph(f"{escape(_lead(word))}{' · '.join(named)}", spoken)


def _lead(word: str) -> str:
    """What stands before a source's name, with the blank after it; a full-width colon brings its own."""
    return word if word.endswith("：") else f"{word} "


def _paragraph(markup: str, language: str) -> str:
    return f'<p lang="{escape(language)}" dir="{direction(language)}">{markup}</p>'


def _correction(item: Item) -> str:
    """The correction note with its date."""
    if not item.correction_note:
        return ""
    note = f"<strong>{escape(lead_in(item.correction_note, item.language))}</strong>"
    if item.corrected_at is None:
        return _paragraph(note, item.language)
    day = item.corrected_at.date().isoformat()
    return _paragraph(f'{note} (<time datetime="{day}" dir="ltr">{day}</time>)', item.language)


def _body(item: Item, rights: str) -> str:
    """As much of the text as the rights allow: all of it, the lede, or nothing."""
    body = item.body if rights == "full" else ""
    if not body:
        lede = item.lede if rights != "link" else ""
        return _paragraph(escape(lead_in(lede, item.language)), item.language) if lede else ""
    if not is_rtl(item.language):
        return body
    body = BARE_PARAGRAPH.sub('<p dir="rtl"', body)
    begins = OPENING.match(body)
    at = begins.end() if begins else 0
    ends = BREAK.search(body, at)
    first = unescape(TAG.sub("", body[at : ends.start() if ends else len(body)]))
    return body if first_strong(first) == "rtl" else f"{body[:at]}{RLM}{body[at:]}"
