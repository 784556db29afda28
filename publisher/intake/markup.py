"""HTML from outside: what is kept of it, and the text that it says.

PURE. nh3 keeps an allow-list; script, style and forms go with their content, comments and all styling go, links become absolute
or go. The promise "content is not changed" is about words: `text_digest` of the kept HTML equals that of the received.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

from publisher.intake.links import absolute
from publisher.intake.text import clean, clean_block, digest

__all__ = ["Markup", "lede_of", "sanitise", "text_digest", "to_text"]

TAGS = {
    *(
        "p",
        "a",
        "em",
        "strong",
        "b",
        "i",
        "ul",
        "ol",
        "li",
        "blockquote",
        "br",
        "h2",
        "h3",
        "h4",
        "figure",
        "figcaption",
    ),
    *(
        "img",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "caption",
        "sup",
        "sub",
        "dl",
        "dt",
        "dd",
        "hr",
        "pre",
        "code",
    ),
    *("bdi", "q", "cite", "abbr", "time", "s", "u", "small", "mark"),
}
GONE_WITH_CONTENT = {
    *(
        "mj-style",
        "mj-raw",
        "mj-head",
        "mj-attributes",
        "mj-include",
    ),  # a story never speaks to the mail's engine
    *(
        "script",
        "style",
        "iframe",
        "object",
        "embed",
        "form",
        "button",
        "input",
        "select",
        "textarea",
        "noscript",
    ),
    *("template", "svg", "math", "video", "audio", "canvas", "head", "title"),
}
ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href"},
    "img": {"src", "alt", "width", "height"},
    "th": {"colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
}
RENAMED = re.compile(
    r"<(/?)(?:(h1)|(h[56])|(?:div|section|article|header|footer|main|aside|nav|address|pre|center|dl|dt|dd|details|summary|fieldset"
    r"|legend|hgroup|search))(?=[\s>/])",
    re.IGNORECASE,
)
"""Blocks that are not kept: what stood in one of its own stays apart from its neighbours, as a paragraph or a lesser heading."""
EMPTY = re.compile(r"<p(?: [^>]*)?>(?:\s|&nbsp;)*</p>")
"""A blank stays in its place: what stood before it and behind it were apart."""
AS_NH3_READS_IT = "<!doctype html><body>"
"""Without it a table would stay inside an open paragraph, and what belongs to a head would be looked for there."""
NOSCRIPT = re.compile(r"<noscript(?=[\s>/]).*?</noscript\s*>", re.IGNORECASE | re.DOTALL)
NOSCRIPT_TAG = re.compile(r"</?noscript(?=[\s>/])[^>]*>?", re.IGNORECASE)
"""What two parsers take for two things: gone before either sees it."""
BESIDE = re.compile(r"<(?:h[2-4]|fig|table|li)")
"""What a summary does not begin with: headings, captions, tables; a list only when nothing else is there."""
BLOCKS = frozenset(
    [
        "p",
        "div",
        "br",
        "li",
        "ul",
        "ol",
        "blockquote",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "tr",
        "table",
        "section",
        "article",
        "header",
        "footer",
        "figure",
        "figcaption",
        "hr",
        "pre",
        "dt",
        "dd",
        "dl",
        "td",
        "th",
        "caption",
        "main",
        "aside",
        "nav",
        "address",
        "center",
        "details",
        "summary",
        "fieldset",
        "legend",
        "hgroup",
        "search",
    ]
)
SHORTCODE = re.compile(r"\[/?[a-z][a-z0-9_-]{2,30}(?:\s[^\]\n]{0,200})?\]")
LEDE_MAX = 600
TELLING = 40
"""Characters of a line that is text, whatever it ends in."""
SENTENCE = re.compile(r"[.!?…؟۔。！？।][\"'’”»)\]]*$")


@dataclass(frozen=True, slots=True)
class Markup:
    """Sanitised HTML, its text, and remarks for the desk."""

    html: str
    text: str
    flags: tuple[str, ...]


@lru_cache(maxsize=64)
def _cleaner(base_url: str | None) -> nh3.Cleaner:
    def one(tag: str, name: str, value: str) -> str | None:
        if name == "href" and tag == "a":
            return absolute(value, base_url)
        if name == "src":
            url = absolute(value, base_url)
            return url if url and url.startswith("https://") else None
        if name == "dir":
            return value if value in {"ltr", "rtl", "auto"} else None
        if name in {"width", "height", "colspan", "rowspan"}:
            return value if value.isdecimal() and len(value) < 5 else None
        return clean(value)

    return nh3.Cleaner(
        tags=TAGS,
        clean_content_tags=GONE_WITH_CONTENT,
        attributes=ATTRIBUTES,
        attribute_filter=one,
        url_schemes={"http", "https"},
        link_rel=None,
    )


def sanitise(html: str, *, base_url: str | None = None) -> Markup:
    """What is kept of a body."""
    # every story has a base of its own, and a cleaner is dear: one for all that hold no attribute, so nothing to resolve
    kept = _cleaner(base_url if "=" in html else None).clean(_fit(html))
    kept = EMPTY.sub("\n", re.sub(r"<img(?![^>]*\ssrc=)[^>]*>", "", kept))
    text = to_text(kept)
    flags = ("shortcode-left",) if SHORTCODE.search(text) else ()
    return Markup(kept.strip(), text, flags)


def _fit(html: str) -> str:
    """Fit for every place, and with the names of blocks that are kept, so that text and markup are parsed from the same."""
    fit = clean_block(html)
    if NOSCRIPT_TAG.search(fit) is not None:
        fit = NOSCRIPT_TAG.sub(" ", NOSCRIPT.sub(" ", fit))
    return RENAMED.sub(_kept_name, fit)


def _kept_name(found: re.Match[str]) -> str:
    return f"<{found[1]}{'h2' if found[2] else 'h4' if found[3] else 'p'}"


def to_text(html: str) -> str:
    """The words of HTML, a line per block; scripts, styles and comments say nothing."""
    root = LexborHTMLParser(f"{AS_NH3_READS_IT}{_fit(html)}").body
    if root is None:
        return ""
    out: list[str] = []
    stack: list[LexborNode | None] = [root]  # None: a block ends here
    while stack:
        node = stack.pop()
        tag = node.tag or "" if node else ""
        if node is None:
            out.append("\n")
        elif tag == "-text":
            out.append((node.text_content or "").replace("\n", " "))
        elif tag not in GONE_WITH_CONTENT and tag != "-comment":
            if tag in BLOCKS:
                out.append("\n")
                stack.append(None)
            stack.extend(reversed(list(node.iter(include_text=True))))
    lines = (" ".join(line.split()) for line in clean_block("".join(out)).split("\n"))
    return "\n".join(line for line in lines if line)


def text_digest(html: str, kept: Markup | None = None) -> str:
    """SHA-256 hex of the words of HTML; `kept` spares reading once more what was kept letter for letter."""
    return digest(kept.text if kept is not None and kept.html == html else to_text(html))


def lede_of(markup: Markup) -> str:
    """The beginning of a sanitised body that says something, as one line: a paragraph, and the one before it where that is a short sentence.

    A short line that is no sentence is a sign-off or a dateline, and is passed over; so are headings, captions and cells.
    """
    text = markup.text
    if BESIDE.search(markup.html):
        text = _prose(markup.html) or text
    said = ""
    for line in text.split("\n"):
        if len(line) > TELLING or SENTENCE.search(line):
            said = f"{said} {line}"
        if len(said) > TELLING:
            break
    return clean(said or text, LEDE_MAX)


def _prose(html: str) -> str:
    tree = LexborHTMLParser(html)
    for node in tree.css("h2, h3, h4, figure, figcaption, table, ul, ol"):
        node.decompose()
    return to_text(tree.body.inner_html or "") if tree.body is not None else ""
