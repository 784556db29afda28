"""The HTML page of one article: what it declares of itself (JSON-LD, Open Graph, canonical link, hreflang), and its text.

The page has to call itself an article, by JSON-LD, `og:type`, a marked body, or an address of its own that is no front page: anything else, such as an error page or a front page, is
refused and is no story. A house page that declares its source to programs (`isBasedOn` and `creditText`) is believed as far as any source line. The canonical link is the story's; the text is the marked body, else the element that holds most of the page's
paragraphs, less navigation, forms, asides and lists of other stories. Of a house source the source line inside the text decides, as everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from selectolax.lexbor import LexborHTMLParser, LexborNode

from publisher.intake.build import Parts, build
from publisher.intake.document import MAX_BYTES, Context, Document, Unreadable
from publisher.intake.jsondoc import load, text
from publisher.intake.jsonfeed import paragraphs
from publisher.intake.links import absolute
from publisher.intake.text import clean
from publisher.intake.times import parse as parse_time
from publisher.intake.wordpress import language_of
from publisher.legible import is_front_page
from publisher.story import Media, SourceKind

__all__ = ["feeds_in", "is_html", "read", "recognises"]

ARTICLES = re.compile(
    r"(news|blog|tech|report\w*|opinion|analysis|background|review)?(article|blogposting|posting)",
    re.IGNORECASE,
)
MARKED = (
    '[itemprop="articleBody"]',
    ".entry-content",
    ".article-body",
    ".article__body",
    ".story-body",
    ".post-content",
    "article",
    "main",
)
FURNITURE = (
    "script, style, noscript, template, iframe, form, nav, aside, footer, button, select, input, svg, video, audio, figure, "
    '[role="navigation"], [aria-hidden="true"], [hidden], .sharedaddy, .share, .social, .related, .related-posts, .advert, .ad, '
    ".comments, .author-box, .author-bio, .post-navigation, .tags, .breadcrumb, .breadcrumbs, .newsletter"
)
CHARSET = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?([A-Za-z0-9_-]{2,30})""", re.IGNORECASE)
FEED_TYPES = frozenset(
    {"application/rss+xml", "application/atom+xml", "application/feed+json", "application/rdf+xml"}
)
COMMENTS = re.compile(rb"^(?:\s|<!--.{0,1000}?-->)*", re.DOTALL)
ENOUGH = 200
"""Characters of text that a marked body needs to be taken for the story."""
MAX_BLOCKS = 20


def is_html(raw: bytes) -> bool:
    """Whether the bytes begin like an HTML page."""
    head = COMMENTS.sub(b"", raw[:2000].lstrip(b"\xef\xbb\xbf")).lower()
    return head.startswith((b"<!doctype html", b"<html"))


def feeds_in(raw: bytes, url: str) -> list[str]:
    """The feeds that a page names, in its order; `url` is its own address."""
    links = LexborHTMLParser(raw.decode("utf-8", "replace")).css('link[rel~="alternate"][href]')
    named = [
        absolute(link.attributes.get("href"), url)
        for link in links
        if (link.attributes.get("type") or "").casefold() in FEED_TYPES
    ]
    return [feed for feed in named if feed]


def recognises(raw: bytes, content_type: str | None) -> bool:  # noqa: ARG001 - all formats are asked alike
    """Whether the bytes begin like an HTML page."""
    return is_html(raw)


def read(raw: bytes, context: Context) -> Document | Unreadable:
    """The one story of the page."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    tree = LexborHTMLParser(_decoded(raw))
    about = _declared(tree)
    marked = tree.css_first(MARKED[0]) is not None
    canonical = _link(tree, about, context)
    said = _text(tree, about)
    if said is None:
        return Unreadable(
            "html-page",
            f"the HTML page has no text of an article: fewer than {ENOUGH} characters in paragraphs",
        )
    if not (about or _meta(tree, "og:type") == "article" or marked or _own_address(tree)):
        return Unreadable("html-page", "the HTML page does not call itself an article")
    parts = _parts(tree, about, canonical, said, context)
    parts.raw = raw
    return Document(items=(build(parts, context),))


def _decoded(raw: bytes) -> str:
    found = CHARSET.search(raw[:4000])
    for name in ("utf-8", found[1].decode("ascii") if found else "windows-1252"):
        try:
            return raw.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("utf-8", "replace")


def _parts(
    tree: LexborHTMLParser, about: dict[str, Any], canonical: str, body: str, context: Context
) -> Parts:
    zone = context.source.timezone
    published = text(about.get("datePublished")) or _meta(tree, "article:published_time")
    updated = text(about.get("dateModified")) or _meta(tree, "article:modified_time")
    section = about.get("articleSection")
    sections = [text(s) for s in section] if isinstance(section, list) else [text(section)]
    picture = _meta(tree, "og:image")
    house = context.source.kind is SourceKind.HOUSE
    rights = [text(about.get("copyrightNotice")), _meta(tree, "copyright")]
    return Parts(
        guid=canonical,
        link=canonical,
        headline=_headline(tree, about),
        body_html=body,
        source_name=text(about.get("creditText")) if house else "",
        source_url=text(about.get("isBasedOn")) if house else "",
        summary_html=paragraphs(_meta(tree, "og:description") or text(about.get("description"))),
        language=_language(tree, about, canonical, body, context),
        published=parse_time(published, zone=zone),
        updated=parse_time(updated, zone=zone),
        byline=_people(about.get("author")) or _meta(tree, "author"),
        categories=[name for name in sections if name]
        or list(filter(None, [_meta(tree, "article:section")])),
        copyright=next(filter(None, rights), ""),
        media=[Media(url=picture, type="image/*", alt=_meta(tree, "og:image:alt"))] if picture else [],
        base_url=canonical or context.base_url,
    )


def _declared(tree: LexborHTMLParser) -> dict[str, Any]:
    """The article that the page's JSON-LD describes; empty when it describes none."""
    for script in tree.css('script[type="application/ld+json"]')[:MAX_BLOCKS]:
        data = load((script.text(deep=True) or "").strip().encode("utf-8", "replace"))
        for entry in _graph(data, depth=0):
            kinds = entry.get("@type")
            names = kinds if isinstance(kinds, list) else [kinds]
            if any(ARTICLES.fullmatch(text(name)) for name in names):
                return entry
    return {}


def _graph(data: Any, *, depth: int) -> Iterator[dict[str, Any]]:
    if depth > 3:
        return
    if isinstance(data, list):
        for entry in data[:MAX_BLOCKS]:
            yield from _graph(entry, depth=depth + 1)
    elif isinstance(data, dict):
        yield data
        for name in ("@graph", "mainEntity", "mainEntityOfPage"):
            yield from _graph(data.get(name), depth=depth + 1)


def _meta(tree: LexborHTMLParser, name: str) -> str:
    for node in tree.css("meta"):
        attributes = node.attributes
        if name in {attributes.get("property"), attributes.get("name")} and attributes.get("content"):
            return clean(attributes.get("content") or "", 1000)
    return ""


def _link(tree: LexborHTMLParser, about: dict[str, Any], context: Context) -> str:
    """The canonical address, else what Open Graph or JSON-LD call the page's own, else where it was fetched."""
    node = tree.css_first('link[rel="canonical"]')
    main = about.get("mainEntityOfPage")
    told = (
        (node.attributes.get("href") or "") if node is not None else "",
        _meta(tree, "og:url"),
        text(about.get("url")),
        text(main.get("@id")) if isinstance(main, dict) else text(main),
    )
    return next((url for link in told if (url := absolute(link, context.base_url))), context.base_url or "")


def _own_address(tree: LexborHTMLParser) -> bool:
    """Whether the page names an address of its own that is no front page, as a page without any other mark may."""
    node = tree.css_first('link[rel="canonical"]')
    parts = urlsplit((node.attributes.get("href") or "") if node is not None else "")
    return bool(parts.hostname) and not is_front_page(parts.path, parts.query)


def _headline(tree: LexborHTMLParser, about: dict[str, Any]) -> str:
    """As declared; the name of the site behind a bar or a dash is no part of it."""
    site = _meta(tree, "og:site_name")
    heading, title = tree.css_first("h1"), tree.css_first("title")
    told = (
        text(about.get("headline")),
        _meta(tree, "og:title"),
        clean(heading.text(deep=True)) if heading is not None else "",
        clean(title.text(deep=True)) if title is not None else "",
    )
    name = next(filter(None, told), "")
    return re.sub(rf"\s+[|–—-]\s+{re.escape(site)}$", "", name, flags=re.IGNORECASE) if site else name


def _language(
    tree: LexborHTMLParser, about: dict[str, Any], canonical: str, body: str, context: Context
) -> str:
    """The language that an alternate link gives to this very page, else as declared; the script of the text overrules both."""
    alternate = next(
        (
            node.attributes.get("hreflang") or ""
            for node in tree.css("link[hreflang]")
            if absolute(node.attributes.get("href"), context.base_url) == canonical
            and node.attributes.get("hreflang") != "x-default"
        ),
        "",
    )
    root = tree.css_first("html")
    spoken = about.get("inLanguage")
    told = (
        alternate,
        text(spoken.get("name")) if isinstance(spoken, dict) else text(spoken),
        (root.attributes.get("lang") or "") if root is not None else "",
        _meta(tree, "og:locale"),
    )
    declared = next(filter(None, told), context.source.language)
    by_script = language_of(re.sub(r"<[^>]{0,500}>", " ", body)[:4000], declared)
    return declared if by_script.partition("-")[0] in declared.replace("_", "-") else by_script


def _people(author: Any) -> str:
    names = [
        text(entry.get("name")) if isinstance(entry, dict) else text(entry)
        for entry in (author if isinstance(author, list) else [author])
    ]
    return ", ".join(name for name in names if name and not name.startswith("http"))


def _text(tree: LexborHTMLParser, about: dict[str, Any]) -> str | None:
    """The HTML of the article's text, or None when the page has none."""
    body = tree.body
    if body is None:
        return None
    for node in body.css(FURNITURE):
        if node.tag != "body":
            node.decompose()
    for selector in MARKED:
        found = [node for node in body.css(selector) if len(_said(node)) >= ENOUGH]
        if len(found) == 1 or (found and selector not in {"article", "main"}):
            return _below_heading(found[0])
    declared = text(about.get("articleBody"))
    if len(declared) >= ENOUGH:
        return paragraphs(declared)
    best = max(_holders(body), key=lambda entry: entry[1], default=None)
    return _below_heading(best[0]) if best is not None and best[1] >= ENOUGH else None


def _said(node: LexborNode) -> str:
    return " ".join(" ".join(part.text(deep=True).split()) for part in node.css("p"))


def _holders(body: LexborNode) -> Iterator[tuple[LexborNode, int]]:
    """Elements with the length of the paragraphs that stand directly in them; of those that are links little counts."""
    lengths: dict[int, tuple[LexborNode, int]] = {}
    for paragraph in body.css("p"):
        holder = paragraph.parent
        if holder is None:
            continue
        length = len(clean(paragraph.text(deep=True), 100_000))
        linked = sum(len(link.text(deep=True)) for link in paragraph.css("a"))
        node, so_far = lengths.get(holder.mem_id, (holder, 0))
        lengths[holder.mem_id] = (node, so_far + max(0, length - 2 * linked))
    yield from lengths.values()


def _below_heading(node: LexborNode) -> str:
    """The content without the page's own heading, which is the headline."""
    for heading in node.css("h1, header"):
        heading.decompose()
    return node.inner_html or ""
