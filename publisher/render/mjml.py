r"""MJML to HTML, and the mends without which mrml 6.0.1 (inside mjml-python 1.4.2) corrupts right-to-left mail.

That engine prints attribute values in Rust's debug form: joiners, marks and harakat in them come out as `\u{200c}`. So in tags, and
in the title that becomes an attribute, every character beyond ASCII goes in as a numeric reference and is turned back afterwards;
a backslash goes in as one too. Text needs none of it, and is most of a mail. The engine warns of nothing: what it cannot have
rendered is looked for in the result. Elements too deep in one another end the process that it runs in, so they are counted before.
Operator templates may not include files.
"""

from __future__ import annotations

import re

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
LEFTOVERS = (r"\u{", r"\"", "<mj-", "</mj-")


def to_html(source: str, *, template: str) -> str:
    """The HTML of an MJML document; deterministic.

    Raises:
        TemplateInvalid: it is not MJML, includes files, or the engine left something of it unrendered.
    """
    if "<mj-include" in source:
        raise TemplateInvalid(template, None, "mj-include is not allowed: use a Jinja include")
    if any("\\" in style for style in STYLE.findall(source)):
        raise TemplateInvalid(template, None, "a backslash inside mj-style is not allowed")
    if broken := UNCLOSED.search(source):
        raise TemplateInvalid(
            template, None, f"{broken[0]!r} does not end a conditional comment: <![endif]--> does"
        )
    if source.count("<") - source.count("</") > DEEPEST and _depth(source) > DEEPEST:
        raise TemplateInvalid(template, None, f"elements lie more than {DEEPEST} deep in one another")
    html = _rendered(_referenced(source), template)
    html = REFERENCE.sub(_turned_back, html)
    for leftover in LEFTOVERS:
        if leftover in html:
            if unknown := UNKNOWN.search(html):
                raise TemplateInvalid(
                    template, None, f"{unknown[0]}> is no element of MJML, or not in this place"
                )
            raise TemplateInvalid(template, None, f"the result still holds {leftover!r}")
    return html


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
