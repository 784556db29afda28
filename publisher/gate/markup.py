"""The elements and attributes of HTML by what they do to text: lists, one reason each. PURE."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from publisher.gate.colour import Colour, colour
from publisher.gate.lengths import Length
from publisher.gate.look import PLAIN, Ink, Look
from publisher.gate.properties import FAR_PX, LETTERLESS, words

__all__ = [
    "GROWING",
    "HEADINGS",
    "INDENTED",
    "INDENT_PX",
    "INLINE",
    "LINKS",
    "PICTURES",
    "RAW",
    "SCALES",
    "TEXT",
    "faults",
    "painted",
]


INLINE = words(
    "a abbr acronym b bdi bdo big br cite code data del dfn em font i ins kbd mark q s samp small span strike strong sub sup time tt u "
    "var wbr"
)
BLOCKS = words(
    "html body div p h1 h2 h3 h4 h5 h6 ul ol li dl dt dd blockquote center address section article main header footer aside nav hgroup "
    "figure figcaption hr table thead tbody tfoot tr td th"
)
HEADINGS = words("h1 h2 h3")
TEXT = (INLINE | BLOCKS) - {"bdo", "mark", "s", "strike", "del"}
"""Where text is text: it runs as written, in the colours of what is around it. A `bdo` turns it round, a `mark` has colours of its own, an
`s` strikes it out, a caption or a legend lacks the ground of its table or frame; what is not known may show its text or not."""
INDENTED = words("ul ol dd blockquote figure")
INDENT_PX = 40.0
"""How far in every browser moves these."""

GROWING = words(
    "table thead tbody tfoot tr td th col colgroup hr img svg picture video canvas iframe object embed input br"
)
"""Elements that grow with their content whatever their height says, and those that have none."""
PICTURES = ("img", "svg", "video", "canvas", "iframe", "object", "embed")
RAW = words("script style title")
"""Their text is no part of the page."""

SCALES = {
    "h1": 2.0,
    "h2": 1.5,
    "h3": 1.17,
    "h5": 0.83,
    "h6": 0.67,
    "big": 1.2,
    **dict.fromkeys(("small", "sub", "sup"), 0.83),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), 0.8125),
}
"""Element -> its size in that of the text around it, where no style says otherwise."""
LINKS: dict[bool, tuple[Colour, ...]] = {
    False: ((0.0, 0.0, 238.0, 1.0), (85.0, 26.0, 139.0, 1.0)),
    True: ((158.0, 158.0, 255.0, 1.0), (208.0, 173.0, 240.0, 1.0)),
}
"""Links without a colour of their own, not yet and already visited: in a light scheme, in a dark one."""

SWITCHES = words("hidden popover inert nowrap background link vlink alink")
"""Attributes that hide what is inside, keep a link from working, run words off the page or lay a picture or unknown colours under them."""
GAPS = words(
    "border cellpadding cellspacing hspace vspace marginwidth marginheight leftmargin topmargin rightmargin bottommargin"
)
MOST_GAP_PX = 40
GROUNDED = words("body table thead tbody tfoot tr td th")
SIZED = words("table td th")
JUDGED = (
    SWITCHES | GAPS | {"aria-hidden", "dir", "align", "bgcolor", "color", "text", "width", "size", "face"}
)
OLD_COLOUR = re.compile(r"#[0-9a-f]{3}|#[0-9a-f]{6}|[a-z]+")
OLD_WIDTH = re.compile(r"(\d+(?:\.\d+)?)(%?)(?:px)?")
OLD_SIZES = dict(zip("1234567", (10.0, 13.0, 16.0, 18.0, 24.0, 32.0, 48.0), strict=True))

HARMLESS_SCRIPTS = words("application/json application/ld+json")
HEADERS = words("content-type content-language x-ua-compatible x-dns-prefetch-control")
SCALE = re.compile(
    r"width=device-width|initial-scale=1(\.0+)?|maximum-scale=[1-9][\d.]*|minimum-scale=(0?\.\d+|1(\.0+)?)|"
    r"(user-scalable|viewport-fit|shrink-to-fit)=.*|"
)


def painted(tag: str, attributes: Mapping[str, str | None]) -> Look:
    """What an element's attributes do to the text inside it."""
    if JUDGED.isdisjoint(attributes):
        return PLAIN
    return _painted(tag, tuple((name, value or "") for name, value in attributes.items() if name in JUDGED))


@lru_cache(maxsize=1024)
def _painted(tag: str, attributes: tuple[tuple[str, str], ...]) -> Look:
    found = Look()
    for name, value in attributes:
        if not value.isascii() or not _harmless(tag, name, value.strip(" \t\n\f\r").lower(), found):
            found.hides = found.hides or f"the attribute {name}={value}"
    return found


def _harmless(tag: str, name: str, value: str, found: Look) -> bool:
    """Whether an attribute does no harm; what it does to size, place and colour is noted."""
    if name in SWITCHES:
        return False
    if name in GAPS:
        return not value or (value.isdecimal() and int(value) <= MOST_GAP_PX)
    if name == "aria-hidden":
        return value == "false"
    if name == "dir":
        found.leftward = value != "ltr"
        return True
    if tag in SIZED and name == "width":
        return _old_width(value, found)
    if tag == "table" and name == "align":  # it floats, and what is around it has no height
        return value not in {"left", "right"}
    return (
        _old_colours(tag, name, value, found)
        if tag in GROUNDED
        else tag != "font" or _old_font(name, value, found)
    )


def _old_width(value: str, found: Look) -> bool:
    wide = OLD_WIDTH.fullmatch(value)
    if wide:
        found.widths += (Length(percent=float(wide[1])) if wide[2] else Length(px=float(wide[1])),)
    return wide is not None


def _old_colours(tag: str, name: str, value: str, found: Look) -> bool:
    if name == "bgcolor":
        found.ground = _old_ink(value)
        return found.ground is not None
    if (name, tag) == ("text", "body"):
        found.text = _old_ink(value)
        return found.text is not None
    return True


def _old_font(name: str, value: str, found: Look) -> bool:
    if name == "color":
        found.text = _old_ink(value)
        return found.text is not None
    if name == "size":
        found.sizes += (Length(px=OLD_SIZES[value]),) if value in OLD_SIZES else ()
        return value in OLD_SIZES
    return name != "face" or (
        "\\" not in value and LETTERLESS.isdisjoint(part.strip("\"' ") for part in value.split(","))
    )


def _old_ink(value: str) -> Ink | None:
    ink = colour(value) if OLD_COLOUR.fullmatch(value) else None
    return Ink(ink, important=False) if ink else None


def faults(tag: str, attributes: Mapping[str, str | None], script: str = "") -> list[str]:
    """What an element can do to a whole document that nobody foresees who reads its bytes.

    `script`: the address of the one script that is the house's own, "" for none. It copies a feed's address, and touches nothing but its
    own buttons; what stands between its tags is not run.
    """
    if tag not in FAULTY and not _acts(tuple(attributes)):
        return []
    found = [f"<{tag}> does something by itself: {name}" for name in attributes if _acts((name,))]
    if tag in FAULTY and not (tag == "script" and script and attributes.get("src") == script):
        said = FAULTY[tag]({name: (value or "").strip().lower() for name, value in attributes.items()})
        found += [said] if said else []
    return found


@lru_cache(maxsize=1024)
def _acts(names: tuple[str, ...]) -> bool:
    return any(name.startswith("on") or name == "autofocus" for name in names)


def _script(attributes: Mapping[str, str]) -> str:
    return "" if attributes.get("type") in HARMLESS_SCRIPTS else "a script could change what is seen"


def _link(attributes: Mapping[str, str]) -> str:
    return "an outside style sheet is linked" if "stylesheet" in attributes.get("rel", "").split() else ""


def _meta(attributes: Mapping[str, str]) -> str:
    header = attributes.get("http-equiv", "content-type")
    if header not in HEADERS:
        return f"a header is set by <meta http-equiv={header}>"
    said = attributes.get("content", "")
    if attributes.get("name") == "viewport" and not all(
        SCALE.fullmatch(part.replace(" ", "")) for part in re.split("[,;]", said)
    ):
        return f"the page is scaled by <meta name=viewport content={said!r}>"
    return ""


def _wide(attributes: Mapping[str, str]) -> str:
    wide = OLD_WIDTH.fullmatch(attributes.get("width", "0"))
    return "" if wide and float(wide[1]) <= FAR_PX else "what is too wide moves the text beside it"


FAULTY: dict[str, Callable[[Mapping[str, str]], str]] = {
    "base": lambda _: "a base sends addresses elsewhere",
    "dialog": lambda attributes: "a dialog lies over the page" if "open" in attributes else "",
    "frameset": lambda _: "frames take the place of the page",
    "link": _link,
    "math": lambda _: "a formula may paint beyond its edge: <math>",
    "meta": _meta,
    "script": _script,
    "svg": lambda _: "a drawing may paint beyond its edge: <svg>",
    "table": _wide,
    "td": _wide,
    "template": lambda attributes: (
        "a shadow root takes the place of text" if "shadowrootmode" in attributes else ""
    ),
}
