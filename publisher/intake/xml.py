"""XML from outside: parsed strictly, repaired once when it is broken, refused by name when it attacks.

PURE. lxml with no network, no DTD, no entities and no huge trees. A document whose content refers to an entity that it declares is
refused instead of being read with holes; a DOCTYPE alone is an old, harmless habit, and an external one is never loaded. What is
declared and referred to is asked of the parsed tree, so that no encoding and no place in the document hides it; only text that we
decoded ourselves is searched. Encodings are allow-listed: UTF-7 turns text into markup.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from publisher.intake.document import MAX_BYTES, Unreadable

__all__ = ["Tree", "bare", "parse", "strip_ns", "text_of"]

ENCODINGS = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|shift[_-]jis|sjis|euc-(jp|kr)"
    r"|gb2312|gbk|gb18030|koi8-[ru]|big5(-hkscs)?",
    re.IGNORECASE,
)
DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]+)["']""")
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
ENTITY_OPENING = re.compile("<!ENTITY", re.IGNORECASE)
ENTITY = re.compile(r"<!ENTITY\s+([^\s%]+)")
DOCTYPE = re.compile(r"<!DOCTYPE\b", re.IGNORECASE)
DOCTYPE_PART = re.compile(r"""["'\[\]>]|<!--""")
LITERAL = re.compile(r"<!\[CDATA\[|<!--")
REFERENCE = re.compile(r"&([^\s&;#<>\"']+);")
ENDS = {'"': '"', "'": "'", "<!--": "-->", "<![CDATA[": "]]>"}
NAMED = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
BARE_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#x[0-9A-Fa-f]{1,6};|[A-Za-z][A-Za-z0-9]{1,31};)")
ILLEGAL_REFERENCE = re.compile(r"&#(x[0-9A-Fa-f]{1,8}|\d{1,10});")
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
PARSERS_OWN = re.compile(r" \(<string>, line \d+\)$")
"""What the parser adds to its message about itself; line and column stand before it."""
XML_NAMES = frozenset({"amp", "lt", "gt", "quot", "apos"})
MAX_DEPTH = 256
HTML_PAGE = "the answer is an HTML page, not a feed"


@dataclass(frozen=True, slots=True)
class Tree:
    """A parsed document, and what had to be repaired to get it."""

    root: etree._Element
    remark: str = ""


def parse(raw: bytes) -> Tree | Unreadable:
    """The document's tree, strictly or after one repair; Unreadable with a stable word otherwise."""
    if len(raw) > MAX_BYTES:
        return Unreadable("too-large", f"the document has more than {MAX_BYTES // 1_000_000} MB")
    if not raw.strip(b"\0\t\r\n "):
        return Unreadable("empty", "the document is empty")
    declared = DECLARED.match(raw)
    if declared and not ENCODINGS.fullmatch(declared[1].decode("ascii")):
        return Unreadable("encoding", f"the encoding {declared[1].decode('ascii')!r} is not accepted")
    try:
        root = etree.fromstring(raw, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        strict = PARSERS_OWN.sub("", " ".join(str(error).split()))
    else:
        refused = _misread(root)
        if refused is not None:
            return refused
        if root.getroottree().docinfo.internalDTD is None or not _unresolved(raw):
            return Tree(root)
        strict = "a reference to an entity that it does not declare"
    if _looks_like_html(raw):
        return Unreadable("html-page", HTML_PAGE)
    if "depth" in strict:
        return Unreadable("too-deep", f"elements are nested deeper than {MAX_DEPTH}")
    return _repaired(raw, strict)


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _misread(root: etree._Element) -> Unreadable | None:
    """Why a tree that was parsed is not what the document says, or None."""
    if strip_ns(root.tag) == "html":
        return Unreadable("html-page", HTML_PAGE)
    about = root.getroottree().docinfo
    if about.encoding and not ENCODINGS.fullmatch(about.encoding):
        return Unreadable("encoding", f"the encoding {about.encoding[:40]!r} is not accepted")
    dtd: Any = about.internalDTD  # the stubs know neither that there may be none nor what one declares
    if dtd is not None and (declared := [entity.name for entity in dtd.iterentities()]):
        # Written out, a tree keeps its references, in attributes too, and escapes whatever only looks like one.
        used = set(REFERENCE.findall(etree.tostring(root, encoding="unicode"))) - XML_NAMES
        return next((_entity(name) for name in declared if name in used), None)
    return None


def _entity(name: str) -> Unreadable:
    return Unreadable("entity", f"the document declares the entity {name[:40]!r} and uses it")


def _unresolved(raw: bytes) -> bool:
    """Whether a document with a DOCTYPE, whose parser passes over what it does not know, refers to names beyond XML's own."""
    return not _referred(_decoded(raw)[0]) <= XML_NAMES


def _referred(text: str) -> set[str]:
    """The entities that the content of a document refers to: not those in its DOCTYPE, in comments and in CDATA sections."""
    content = _content(text)
    names: set[str] = set()
    at = 0
    while (found := LITERAL.search(content, at)) is not None:
        end = content.find(ENDS[found[0]], found.end())
        if end < 0:
            break
        names.update(REFERENCE.findall(content, at, found.start()))
        at = end
    names.update(REFERENCE.findall(content, at))
    return names


def _content(text: str) -> str:
    """The text behind the DOCTYPE with its internal subset; all of it when there is none, or one that never ends."""
    opening = DOCTYPE.search(text)
    at, depth = opening.end() if opening else len(text), 0
    while (found := DOCTYPE_PART.search(text, at)) is not None:
        at = found.end()
        if found[0] in ENDS:
            at = text.find(ENDS[found[0]], at) + 1
            if not at:
                break
        elif found[0] == ">" and depth <= 0:
            return text[at:]
        else:
            depth += {"[": 1, "]": -1}.get(found[0], 0)
    return text


def bare(raw: bytes) -> bytes:
    """The document in UTF-8 without XML declaration, entity declarations and what XML forbids: for a reader with views of its own."""
    text = ILLEGAL.sub("", DECLARATION.sub("", _decoded(raw)[0].lstrip("\ufeff \t\r\n\0")))
    return ENTITY_OPENING.sub(" ", text).encode("utf-8")


def _repaired(raw: bytes, strict: str) -> Tree | Unreadable:
    text, encoding = _decoded(raw)
    text = DECLARATION.sub("", text.lstrip("\ufeff \t\r\n\0"))
    start = text.find("<")
    text = ILLEGAL.sub("", text[start:] if start > 0 else text)
    if used := set(ENTITY.findall(text)) & _referred(text) - XML_NAMES:
        return _entity(min(used))
    text = ILLEGAL_REFERENCE.sub(_legal, text)
    text = BARE_AMPERSAND.sub("&amp;", text)
    text = NAMED.sub(_known, text)
    try:
        return Tree(
            etree.fromstring(text.encode("utf-8"), _parser()),
            f"repaired: {strict[:120]} (read as {encoding})",
        )
    except (etree.XMLSyntaxError, ValueError):  # of the repaired text, where nobody would find the place
        return Unreadable("not-xml", f"not well-formed: {strict[:160]}")


def _decoded(raw: bytes) -> tuple[str, str]:
    """The text, by byte order mark, declaration, UTF-8, else the old Western one; never a failure."""
    for mark, name in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if raw.startswith(mark):
            return raw.decode(name, "replace"), name
    declared = DECLARED.match(raw)
    names = ([declared[1].decode("ascii")] if declared else []) + ["utf-8", _guessed(raw)]
    for name in names:
        try:
            return raw.decode(name), name
        except (UnicodeDecodeError, LookupError):
            continue
    return raw.decode("windows-1252", "replace"), "windows-1252"


def _guessed(raw: bytes) -> str:
    """The likeliest old encoding of undeclared bytes, by the language that the document names."""
    named = re.search(rb"<(?:dc:)?language>\s*([A-Za-z-]{2,8})", raw)
    language = named[1].decode("ascii").casefold() if named else ""
    by_language = {
        "he": "windows-1255",
        "ar": "windows-1256",
        "fa": "windows-1256",
        "ru": "windows-1251",
        "zh-tw": "big5",
    }
    if language in by_language:
        return by_language[language]
    high = [byte for byte in raw if byte > 0x7F]
    hebrew = sum(0xE0 <= byte <= 0xFA for byte in high)
    if high and hebrew > 0.9 * len(high):
        return "windows-1255"
    try:
        raw.decode("big5")
    except UnicodeDecodeError:
        return "windows-1252"
    return "big5" if len(high) > 3 else "windows-1252"


def _legal(found: re.Match[str]) -> str:
    digits = found[1]
    number = int(digits[1:], 16) if digits[0] == "x" else int(digits)
    legal = (
        number in {9, 10, 13}
        or 0x20 <= number <= 0xD7FF
        or 0xE000 <= number <= 0xFFFD
        or 0x10000 <= number <= 0x10FFFF
    )
    return found[0] if legal else ""


def _known(found: re.Match[str]) -> str:
    if found[1] in XML_NAMES:
        return found[0]
    text = html.unescape(found[0])
    return text if text != found[0] else f"&amp;{found[1]};"


def _looks_like_html(raw: bytes) -> bool:
    head = raw[:2000].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return head.startswith((b"<!doctype html", b"<html"))


def strip_ns(tag: object) -> str:
    """An element's local name; empty for what is no element."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def text_of(element: etree._Element | None) -> str:
    """All text inside an element, as it stands."""
    if element is None:
        return ""
    return "".join(str(part) for part in element.itertext()) if len(element) else element.text or ""
