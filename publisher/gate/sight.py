"""What a reader sees of HTML: the visible texts and links in document order, read by lexbor.

Text is seen unless it, or an element around it, is taken away by `hidden`, display, visibility, opacity or clipping, is set
below 9 px, or has the colour of its background. Comments, attributes, scripts and styles are never text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from selectolax.lexbor import LexborHTMLParser, LexborNode

__all__ = ["Seen", "hiding_rules", "plain", "see"]

SMALLEST_PX = 9.0
NOT_TEXT = frozenset(
    {"script", "style", "template", "head", "title", "noscript", "-comment", "!doctype", "-doctype"}
)
HIDDEN = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*(hidden|collapse)|opacity\s*:\s*0*\.?0*\s*(;|!|$|\})|max-height\s*:\s*0(px)?\s*(;|!|$|\})"
    r"|clip\s*:\s*rect|clip-path|text-indent\s*:\s*-\d{3,}",
    re.IGNORECASE,
)
FONT_SIZE = re.compile(r"(?:^|;)\s*font-size\s*:\s*([\d.]+)\s*(px|pt|em|rem|%)", re.IGNORECASE)
COLOUR = re.compile(r"(?:^|;)\s*color\s*:\s*([^;!]+)", re.IGNORECASE)
BACKGROUND = re.compile(r"(?:^|;)\s*background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
TINY_RULE = re.compile(r"font-size\s*:\s*([0-8](?:\.\d+)?)\s*px", re.IGNORECASE)
MARKS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Seen:
    """A visible run of text: the nearest element's tag and id, the link it stands in, and whether a heading opens here."""

    text: str
    href: str | None
    opens: str | None
    """"h1", "h2", "h3" or "end" when an element of that kind (or with id "end") begins here; text is empty then."""
    id: str | None


@dataclass(frozen=True, slots=True)
class _Style:
    size: float = 16.0
    colour: str = "#000"
    ground: str = "#fff"
    href: str | None = None


def see(raw: str) -> Iterator[Seen]:
    """The visible runs of an HTML document or fragment, in document order."""
    root = LexborHTMLParser(raw).body
    if root is None:
        return
    stack: list[tuple[LexborNode, _Style]] = [(root, _Style())]
    while stack:
        node, style = stack.pop()
        tag = node.tag or ""
        if tag == "-text":
            text = node.text_content or ""
            if text.strip() and style.size >= SMALLEST_PX and style.colour != style.ground:
                yield Seen(text, style.href, None, None)
            continue
        if tag in NOT_TEXT:
            continue
        attributes = node.attributes
        css = attributes.get("style") or ""
        if "hidden" in attributes or HIDDEN.search(css):
            continue
        name = attributes.get("id")
        if tag in {"h1", "h2", "h3"} or name == "end":
            yield Seen("", None, "end" if name == "end" else tag, name)
        inner = _styled(style, tag, attributes, css)
        stack.extend((child, inner) for child in reversed(list(node.iter(include_text=True))))


def _styled(style: _Style, tag: str, attributes: dict[str, str | None], css: str) -> _Style:
    if size := FONT_SIZE.search(css):
        number = float(size[1])
        scale = {"px": number, "pt": number * 4 / 3, "%": style.size * number / 100}
        style = replace(style, size=scale.get(size[2].lower(), style.size * number))
    if colour := COLOUR.search(css):
        style = replace(style, colour=_colour(colour[1]))
    ground = BACKGROUND.search(css)
    if ground or attributes.get("bgcolor"):
        style = replace(style, ground=_colour(ground[1] if ground else attributes.get("bgcolor") or ""))
    if tag == "a":
        style = replace(style, href=attributes.get("href"))
    return style


def _colour(text: str) -> str:
    """One form for equal colours of the notations that mails use."""
    value = text.strip().casefold().split(" ")[0]
    value = {"white": "#fff", "black": "#000"}.get(value, value)
    if re.fullmatch(r"#[0-9a-f]{6}", value) and value[1::2] == value[2::2]:
        return "#" + value[1::2]
    return value


def hiding_rules(raw: str) -> list[str]:
    """Style rules of a document that could take text away from readers."""
    found: list[str] = []
    for node in LexborHTMLParser(raw).css("style"):
        css = node.text(deep=True)
        found += [hit[0].strip() for hit in HIDDEN.finditer(css)]
        found += [hit[0].strip() for hit in TINY_RULE.finditer(css) if float(hit[1]) > 0]
    return found


def plain(text: str) -> str:
    """Text as it is compared: blanks folded, direction marks gone."""
    return " ".join(MARKS.sub("", text).split())
