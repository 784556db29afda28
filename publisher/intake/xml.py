"""XML from outside: parsed strictly, repaired once when it is broken, refused by name when it attacks.

PURE. lxml with no network, no DTD, no entities and no huge trees. A document whose content refers to an entity that it declares is
refused instead of being read with holes; a DOCTYPE alone is an old, harmless habit, and an external one is never loaded. Encodings are
allow-listed: UTF-7 turns text into markup.
"""

from __future__ import annotations

import codecs
import html
import re
from dataclasses import dataclass

from lxml import etree

from publisher.intake.document import MAX_BYTES, Unreadable

__all__ = ["Tree", "parse", "strip_ns", "text_of"]

ENCODINGS = re.compile(
    r"utf-?8|utf-?16(le|be)?|us-ascii|ascii|iso-8859-\d{1,2}|latin-?1|windows-125\d|cp125\d|shift[_-]jis|sjis|euc-(jp|kr)"
    r"|gb2312|gbk|gb18030|koi8-[ru]|big5(-hkscs)?",
    re.IGNORECASE,
)
DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_.:-]+)["']""")
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
ENTITY = re.compile(rb"<!ENTITY\s+(%\s+)?([^\s%]+)", re.IGNORECASE)
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
    if (attack := _declares_entities(raw)) is not None:
        return attack
    try:
        root = etree.fromstring(raw, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        strict = PARSERS_OWN.sub("", " ".join(str(error).split()))
    else:
        return Unreadable("html-page", HTML_PAGE) if strip_ns(root.tag) == "html" else Tree(root)
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


def _declares_entities(raw: bytes) -> Unreadable | None:
    """Refuse a document that declares an entity and uses it: it would be read with holes, or blow up."""
    for parameter, name in ENTITY.findall(raw[:200_000]):
        if not parameter and b"&" + name + b";" in raw:
            shown = name[:40].decode("ascii", "replace")
            return Unreadable("entity", f"the document declares the entity {shown!r} and uses it")
    return None


def _repaired(raw: bytes, strict: str) -> Tree | Unreadable:
    text, encoding = _decoded(raw)
    text = DECLARATION.sub("", text.lstrip("\ufeff \t\r\n\0"))
    start = text.find("<")
    text = ILLEGAL.sub("", text[start:] if start > 0 else text)
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
    return "".join(str(part) for part in element.itertext()) if element is not None else ""
