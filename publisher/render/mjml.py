r"""MJML to HTML, and the mends without which mrml 6.0.1 (inside mjml-python 1.4.2) corrupts right-to-left mail.

What stands inside `<mj-text>` is HTML, and by MJML's own rule no business of its engine. This one reads it and prints it anew, which
takes most of its time, so it is held back and put into the result as it stands; its elements are counted here.
The engine prints attribute values in Rust's debug form: joiners, marks and harakat in them come out as `\u{200c}`. So in tags, and
in the title that becomes an attribute, every character beyond ASCII goes in as a numeric reference and is turned back afterwards;
a backslash goes in as one too. The engine warns of nothing: what it cannot have rendered is looked for in the result. Elements too
deep in one another end the process that it runs in, so they are counted before. Operator templates may not include files.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from mjml import mjml2html

from publisher.errors import TemplateInvalid

__all__ = ["to_html"]

REFERENCE = re.compile(r"&#(\d+);")
STYLE = re.compile(r"<mj-style\b[^>]*>(.*?)</mj-style>", re.DOTALL)
BECOMES_ATTRIBUTE = ("mj-title", "mj-preview")
"""Elements whose text the engine writes into an attribute."""
FIRST_TURNED_BACK = 160
TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9-]*)([^<>]*)>")
VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}
)
"""HTML elements that are never closed."""
DEEPEST = 300
UNCLOSED = re.compile(r"<!\[endif\](?!-->|>)[^>]{0,20}")
"""What makes the engine panic."""
ENGINE_PANIC = "pyo3_runtime"
"""Where the engine's panics come from: they are no Exceptions, and no name can be imported for them."""
UNKNOWN = re.compile(r"<mj-[a-z0-9-]+")
TEXT_END = "</mj-text>"
LEFTOVERS = ("\\", "<mj-", "</mj-")


def to_html(source: str, *, template: str) -> str:
    """The HTML of an MJML document; deterministic.

    Raises:
        TemplateInvalid: it is not MJML, includes files, or the engine left something of it unrendered.
    """
    raw = source.encode("utf-8", "replace")  # bytes are searched in a tenth of the time
    mark = f"Held{hashlib.sha256(raw).hexdigest()[:24]}At"  # which no story in it can contain
    skeleton, contents = _held_back(source, mark)
    if (wrong := _unfit(raw, skeleton, contents)) is not None:
        raise TemplateInvalid(template, None, wrong)
    html = REFERENCE.sub(_turned_back, _rendered(_referenced(skeleton), template))
    for leftover in LEFTOVERS:
        if leftover in html:
            if unknown := UNKNOWN.search(html):
                raise TemplateInvalid(
                    template, None, f"{unknown[0]}> is no element of MJML, or not in this place"
                )
            raise TemplateInvalid(template, None, f"the result still holds {leftover!r}")
    return _put_back(html, contents, mark, template)


def _unfit(raw: bytes, skeleton: str, contents: Sequence[str]) -> str | None:
    """Why the engine does not get this source."""
    if b"<mj-include" in raw:
        return "mj-include is not allowed: use a Jinja include"
    if b"\\" in raw and any("\\" in style for style in STYLE.findall(skeleton)):
        return "a backslash inside mj-style is not allowed"
    if b"<![endif]" in raw and (broken := UNCLOSED.search(raw.decode("utf-8", "replace"))):
        return f"{broken[0]!r} does not end a conditional comment: <![endif]--> does"
    for number, part in enumerate((skeleton, *contents)):
        if (wrong := _malformed(part, content=number > 0)) is not None:
            return wrong
    return None


def _held_back(source: str, mark: str) -> tuple[str, list[str]]:
    """The source with mark and number in place of each text's content, and the contents."""
    *texts, rest = source.split(TEXT_END)
    kept: list[str] = []
    contents: list[str] = []
    for part in texts:
        before, tag, inside = part.rpartition("<mj-text")
        attributes, end, content = inside.partition(">")
        kept += [before, tag, attributes, end, f"{mark}{len(contents)}E", TEXT_END]
        contents.append(content)
    return "".join([*kept, rest]), contents


def _put_back(html: str, contents: Sequence[str], mark: str, template: str) -> str:
    """Each content where its mark stands, which has to be once and in order."""
    parts = []
    for number, content in enumerate(contents):
        before, found, html = html.partition(f"{mark}{number}E")
        if not found:
            raise TemplateInvalid(template, None, "an mj-text stands where none is rendered")
        parts += [before, content]
    return "".join([*parts, html])


def _malformed(part: str, *, content: bool) -> str | None:
    """What is wrong with the elements of a part; those of an HTML content have to begin and end in it."""
    raw = part.encode("utf-8", "replace")
    ends = raw.count(b"</")
    begins = raw.count(b"<") - ends
    if begins > DEEPEST and _depth(part) > DEEPEST:
        return f"elements lie more than {DEEPEST} deep in one another"
    if not content:
        return None
    if b"<mj-" in raw:
        return "not MJML: an element of MJML inside mj-text"
    if begins - raw.count(b"<!") - raw.count(b"/>") == ends:
        return None  # what is still crossed reads as a browser reads it, and the gate judges that
    open_: list[str] = []
    for closing, name, rest in TAG.findall(part):
        if not closing:
            if not rest.endswith("/") and name.lower() not in VOID:
                open_.append(name)
        elif not open_ or open_.pop() != name:
            return f"not MJML: </{name}> ends nothing that is open"
    return f"not MJML: <{open_[-1]}> is not closed" if open_ else None


def _rendered(source: str, template: str) -> str:
    """What the engine makes of it."""
    try:
        return str(mjml2html(source, fonts={}))
    except ValueError as error:
        raise TemplateInvalid(template, None, f"not MJML: {error}") from error
    except BaseException as error:
        if type(error).__module__ != ENGINE_PANIC:
            raise
        raise TemplateInvalid(
            template, None, "the MJML engine gives up on it: look at its comments"
        ) from error


def _depth(source: str) -> int:
    """How many elements lie open in one another at most."""
    now = most = 0
    for closing, name, rest in TAG.findall(source):
        if closing:
            now -= 1
        elif not rest.endswith("/") and name.lower() not in VOID:
            now += 1
            most = max(most, now)
    return most


def _referenced(source: str) -> str:
    """Numeric references wherever characters beyond ASCII, or a backslash, would become part of an attribute."""
    parts = source.split("<")
    for place, part in enumerate(parts):
        if part.isascii() and "\\" not in part:
            continue
        tag = part.partition(">")[0]
        if not tag.isascii() or "\\" in tag or tag.startswith(BECOMES_ATTRIBUTE):
            escaped = part.replace("\\", "&#92;")
            parts[place] = escaped.encode("ascii", "xmlcharrefreplace").decode("ascii")
    return "<".join(parts)


def _turned_back(found: re.Match[str]) -> str:
    number = int(found[1])
    return chr(number) if number >= FIRST_TURNED_BACK else found[0]
