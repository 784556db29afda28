r"""As much of CSS as decides whether a text can be seen: what takes it away, its size, its colour, the ground under it. PURE.

Comments and escapes are resolved first, so that `d\69splay:/**/none` is what a browser takes it for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from publisher.gate.colour import Colour, colour

__all__ = ["SMALLEST_PX", "Look", "Rule", "look", "rules"]

SMALLEST_PX = 9.0
"""Text below this size counts as hidden."""
FAR_AWAY_PX = 100.0
SLIVER_PX = 4.0

COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.DOTALL)
ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})\s?|(.))", re.DOTALL)
DECLARATION = re.compile(r"""(?:"[^"]*"|'[^']*'|\([^)]*\)|[^;])+""")
TOKEN = re.compile(r""""[^"]*"|'[^']*'|[{};]|[^"'{};]+|["']""")
LENGTH = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))([a-z%]*)")
FONT_SIZE = re.compile(r"(?:^|\s)((?:\d+\.?\d*|\.\d+)(?:px|pt|pc|in|cm|mm|em|rem|ex|ch|%)|0+)(?=[\s/]|$)")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,([^()]*))?\)")
PX = {"px": 1.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 37.8, "mm": 3.78, "": 1.0}
FONT_PX = {"em": 16.0, "rem": 16.0, "ex": 8.0, "ch": 8.0}
WINDOW_PX = {"vw": 4.0, "vh": 8.0, "vmin": 4.0, "vmax": 8.0, "%": 4.0}


@dataclass(frozen=True, slots=True)
class Look:
    """What declarations do to text.

    Attributes:
        hides: the declaration that takes it away ("display:none"), else "".
        size: the font size's number and unit, None when none is set or it cannot be read.
        colour, ground: of the text and under it, None when not set; `important`: one of them is marked so.
    """

    hides: str = ""
    size: tuple[float, str] | None = None
    colour: Colour | None = None
    ground: Colour | None = None
    important: bool = False

    @property
    def inks(self) -> bool:
        """Whether it sets a colour or a ground."""
        return self.colour is not None or self.ground is not None

    @property
    def tiny(self) -> bool:
        """Whether the size alone is below the smallest, taking 16 px for what is around it."""
        if self.size is None:
            return False
        number, unit = self.size
        return number * (PX | FONT_PX | {"%": 0.16}).get(unit, 1.0) < SMALLEST_PX

    def px(self, around: float) -> float:
        """The font size in px inside text of `around` px."""
        if self.size is None:
            return around
        number, unit = self.size
        if unit in PX:
            return number * PX[unit]
        return number * {"%": around / 100, "rem": 16.0, "em": around}.get(unit, around / 2)


@dataclass(frozen=True, slots=True)
class Rule:
    """A style rule.

    Attributes:
        scope: the conditions around it ("@media (prefers-color-scheme: dark)"), "" for none.
        declared: its declarations; `does` is what they do where no custom property is in force, `varies` whether one would matter.
    """

    scope: str
    selector: str
    declared: Mapping[str, str]
    does: Look
    varies: bool

    def does_with(self, variables: Mapping[str, str]) -> Look:
        """What it does with these custom properties in force."""
        return look_of(self.declared, variables) if self.varies else self.does


@lru_cache(maxsize=4096)
def look(css: str) -> Look:
    """What a style attribute does."""
    return look_of(_declarations(css), {})


def look_of(declared: Mapping[str, str], variables: Mapping[str, str]) -> Look:
    """What declarations do, with the custom properties in force."""
    values = {name: _resolved(value, variables) for name, value in declared.items()}
    text = values.get("-webkit-text-fill-color") or values.get("color", "")
    ground = values.get("background-color") or values.get("background", "")
    return Look(
        hides=_hides(values),
        size=_size(values),
        colour=colour(text),
        ground=colour(ground),
        important="!important" in text or "!important" in ground,
    )


def _declarations(css: str) -> dict[str, str]:
    """Property -> value in lower case; the last counts, unless an earlier one is !important and it is not."""
    read = ESCAPE.sub(_unescape, COMMENT.sub("", css)).lower()
    found: dict[str, str] = {}
    for part in DECLARATION.findall(read):
        name, _, value = part.partition(":")
        name, value = name.strip(), re.sub(r"\s*!\s*important", "!important", " ".join(value.split()))
        if name and (value.endswith("!important") or not found.get(name, "").endswith("!important")):
            found[name] = value
    return found


def _unescape(found: re.Match[str]) -> str:
    if not found[1]:
        return str(found[2])
    code = int(found[1], 16)
    return chr(code) if 0 < code < 0xD800 else ""


@lru_cache(maxsize=64)
def rules(css: str) -> tuple[Rule, ...]:
    """The rules of a style sheet in order, those in nested blocks too; a statement without a block is a rule without declarations."""
    return tuple(_rules(COMMENT.sub("", css)))


def _rules(css: str) -> Iterator[Rule]:
    preludes: list[str] = []
    declared: list[str] = []
    text = ""
    for part in [*TOKEN.findall(css), *"}" * css.count("{")]:  # a browser closes what a sheet left open
        if part == "{":
            preludes.append(text.strip())
            declared.append("")
            text = ""
        elif part == ";" and preludes:
            declared[-1] += f"{text};"
            text = ""
        elif part == ";":
            yield Rule("", text.strip(), {}, Look(), varies=False)
            text = ""
        elif part == "}":
            if preludes:
                yield _rule(preludes, declared.pop() + text)
                preludes.pop()
            text = ""
        else:
            text += part


def _rule(preludes: list[str], declared: str) -> Rule:
    scope = " ".join(" ".join(part.split()).lower() for part in preludes if part.startswith("@"))
    selector = " ".join(part for part in preludes if not part.startswith("@")).replace("&", " ").strip()
    found = _declarations(declared)
    varies = any("var(" in value for value in found.values())
    return Rule(scope, selector, found, look_of(found, {}), varies)


def _resolved(value: str, variables: Mapping[str, str]) -> str:
    for _ in range(4):  # one property may be made of another
        if "var(" not in value:
            break
        value = VARIABLE.sub(lambda found: variables.get(found[1], found[2] or "").strip(), value)
    return value


def _size(values: Mapping[str, str]) -> tuple[float, str] | None:
    value = values.get("font-size", "").removesuffix("!important")
    if not value and "font" in values:
        found = FONT_SIZE.search(values["font"])
        value = found[1] if found else ""
    length = LENGTH.fullmatch(value)
    return (float(length[1]), length[2]) if length else None


def _px(value: str) -> float | None:
    """A length in px, near enough for units that depend on the window; None when it is no length."""
    found = LENGTH.fullmatch(value)
    scale = (PX | FONT_PX | WINDOW_PX).get(found[2]) if found else None
    return float(found[1]) * scale if found and scale is not None else None


def _hides(values: Mapping[str, str]) -> str:
    for name, value in values.items():
        test = HIDES.get(name)
        plain = value.removesuffix("!important")
        if test is not None and test(plain, values):
            return f"{name}:{plain}"
    return ""


def _one_of(*words: str) -> Callable[[str, Mapping[str, str]], bool]:
    return lambda value, _: value in words


def _far(value: str, _: Mapping[str, str]) -> bool:
    return any((_px(part) or 0.0) <= -FAR_AWAY_PX for part in value.split())


def _faint(value: str, _: Mapping[str, str]) -> bool:
    found = LENGTH.fullmatch(value)
    return found is not None and float(found[1]) / (100 if found[2] == "%" else 1) < 0.1


def _flat(value: str, values: Mapping[str, str]) -> bool:
    """No height at all, or a sliver of which the rest is cut off."""
    px = _px(value)
    return px is not None and (px <= 0 or (px < SLIVER_PX and "hidden" in values.get("overflow", "")))


def _narrow(value: str, values: Mapping[str, str]) -> bool:
    px = _px(value)
    return px is not None and px < SLIVER_PX and "hidden" in values.get("overflow", "")


HIDES: dict[str, Callable[[str, Mapping[str, str]], bool]] = {
    "display": _one_of("none"),
    "visibility": _one_of("hidden", "collapse"),
    "content-visibility": _one_of("hidden"),
    "mso-hide": _one_of("all"),
    "opacity": _faint,
    "filter": lambda value, _: bool(re.search(r"opacity\(\s*0*\.?0*%?\s*\)", value)),
    "transform": lambda value, _: bool(re.search(r"scale[xy]?\(\s*0*\.?0*[,)\s]", value)),
    "scale": _one_of("0", "0 0", "0%"),
    "clip": lambda value, _: value.startswith("rect"),
    "clip-path": lambda value, _: value != "none",
    "height": _flat,
    "max-height": _flat,
    "width": _narrow,
    "max-width": _narrow,
    **dict.fromkeys(
        (
            "text-indent",
            "left",
            "right",
            "top",
            "bottom",
            "inset",
            "inset-inline-start",
            "inset-inline-end",
            "margin",
            "margin-left",
            "margin-right",
            "margin-top",
            "margin-bottom",
        ),
        _far,
    ),
}
"""Property -> whether a value of it, among its neighbours, takes text away."""
