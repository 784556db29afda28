"""How mails and pages look: colours for light and dark, fonts, width, logo; and whether a reader can read them.

PURE. A theme is a few tokens and nothing else: where they stand is the templates' business. Colours are `#rrggbb`, so that a mail
program, a browser and the gate read them alike; font stacks are names without quotes, which CSS allows (CSS Fonts 4, section 2.1),
because quotes inside an attribute would have to be escaped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = [
    "DARK",
    "LIGHT",
    "READABLE",
    "SEEN",
    "STANDARD",
    "Colours",
    "Theme",
    "contrast",
    "theme_from_data",
    "unreadable",
]

READABLE = 4.5
"""Of text; WCAG 2.2, success criterion 1.4.3."""
SEEN = 3.0
"""Of lines; criterion 1.4.11."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Colours:
    """One scheme. Text is set in `ink`, `muted`, `accent` or `alert`; it stands on `paper`, `tint` or `ground`.

    Attributes:
        accent: section titles and links. alert: corrections and updates.
        tint: set-apart panels inside the paper. ground: around the paper. line: above titles and sections; of middle brightness, so that a mail program that turns
            light into dark by itself leaves it visible. rule: hairlines.
    """

    ink: str
    muted: str
    accent: str
    alert: str
    paper: str
    tint: str
    ground: str
    line: str
    rule: str


LIGHT = Colours(
    ink="#1b1b1b",
    muted="#595959",
    accent="#0b3d6b",
    alert="#8a2a1c",
    paper="#ffffff",
    tint="#f9f8f4",
    ground="#f3f2ee",
    line="#5f92cb",
    rule="#d9d6cd",
)
DARK = Colours(
    ink="#f2f2f2",
    muted="#b5b5ba",
    accent="#8ab4f8",
    alert="#ff9d8a",
    paper="#1c1c1e",
    tint="#26262a",
    ground="#121214",
    line="#5b8fc9",
    rule="#3a3a3e",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """What a newsroom sets to make the mails and pages its own.

    Attributes:
        width: of a mail's paper, in px. headline_font, text_font: stacks for scripts that run left to right; rtl_font: for the rest.
        logo: https address of a picture shown above the title, "" for none; logo_width, logo_height: its size in px as shown.
    """

    light: Colours = LIGHT
    dark: Colours = DARK
    width: int = 600
    headline_font: str = "Georgia, Noto Serif, serif"
    text_font: str = "-apple-system, Segoe UI, Roboto, Noto Sans, Helvetica, Arial, sans-serif"
    rtl_font: str = "Vazirmatn, Noto Sans, Noto Sans Arabic, Noto Sans Hebrew, Tahoma, Arial, sans-serif"
    logo: str = ""
    logo_width: int = 160
    logo_height: int = 40


STANDARD = Theme()
"""What a newsroom has that sets nothing."""


def theme_from_data(data: Mapping[str, Any] | None) -> Theme:
    """The theme whose `dataclasses.asdict` this is; the standard one where none was kept."""
    if data is None:
        return STANDARD
    return Theme(**{**data, "light": Colours(**data["light"]), "dark": Colours(**data["dark"])})


def contrast(one: str, other: str) -> float:
    """The contrast of two `#rrggbb` colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    bright, dim = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def unreadable(colours: Colours) -> Iterator[tuple[str, str, float]]:
    """Each colour that cannot be read or seen on a ground it stands on: (colour, ground, their contrast)."""
    for text in ("ink", "muted", "accent", "alert"):
        for ground in ("paper", "tint", "ground"):
            found = contrast(getattr(colours, text), getattr(colours, ground))
            if found < READABLE and not (text == "alert" and ground == "ground"):
                yield text, ground, found
    if (found := contrast(colours.line, colours.paper)) < SEEN:
        yield "line", "paper", found


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(value: float) -> float:
    return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)
