"""Colours as style sheets write them, and whether text in one can be read on another. PURE."""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache

__all__ = ["BLACK", "WHITE", "Colour", "colour", "legible", "over"]

LEAST_CONTRAST = 1.5
"""Text whose contrast with its ground (formula of WCAG 2: 1 to 21) is below this counts as hidden. A rule against hiding, not one of
good taste: WCAG asks for 4.5."""

Colour = tuple[float, float, float, float] | str
"""Red, green, blue (0 to 255) and alpha (0 to 1); or the word as written, when it is none that we know."""

BLACK: Colour = (0.0, 0.0, 0.0, 1.0)
WHITE: Colour = (255.0, 255.0, 255.0, 1.0)

NAMES = {
    "aqua": "#0ff",
    "black": "#000",
    "blue": "#00f",
    "cyan": "#0ff",
    "floralwhite": "#fffaf0",
    "fuchsia": "#f0f",
    "ghostwhite": "#f8f8ff",
    "gray": "#808080",
    "green": "#008000",
    "grey": "#808080",
    "ivory": "#fffff0",
    "lime": "#0f0",
    "magenta": "#f0f",
    "maroon": "#800000",
    "navy": "#000080",
    "olive": "#808000",
    "purple": "#800080",
    "red": "#f00",
    "silver": "#c0c0c0",
    "snow": "#fffafa",
    "teal": "#008080",
    "transparent": "#0000",
    "white": "#fff",
    "whitesmoke": "#f5f5f5",
    "yellow": "#ff0",
}
PART = re.compile(r"#[0-9a-f]+|(?:rgb|hsl)a?\([^)]*\)|(?<![\w(-])[a-z]+(?![\w(-])")
NUMBER = re.compile(r"(-?(?:\d+\.?\d*|\.\d+))(%?)")
URL = re.compile(r"url\([^)]*\)")
NO_COLOURS = frozenset({"inherit", "initial", "none", "revert", "unset"})


@lru_cache(maxsize=4096)
def colour(value: str) -> Colour | None:
    """The colour of a `color` or `background` value in lower case; None when it names none (inherit, a picture alone, nothing)."""
    text = URL.sub("", value.replace("!important", "")).strip()
    for part in PART.findall(text):
        if (found := _known(part)) is not None:
            return found
    return text if text.isalpha() and text not in NO_COLOURS else None


def _known(part: str) -> Colour | None:
    part = NAMES.get(part, part)
    if part.startswith("#"):
        digits = part[1:]
        if len(digits) in {3, 4}:
            digits = "".join(digit * 2 for digit in digits)
        if len(digits) not in {6, 8}:
            return None
        octets = [int((digits + "ff")[at : at + 2], 16) for at in (0, 2, 4, 6)]
        return float(octets[0]), float(octets[1]), float(octets[2]), octets[3] / 255
    numbers = [(float(number), percent) for number, percent in NUMBER.findall(part)]
    if len(numbers) not in {3, 4} or part.isalpha():
        return None
    alpha_, percent = numbers[3] if len(numbers) == 4 else (1.0, "")
    alpha = alpha_ / 100 if percent else alpha_
    if part.startswith("hsl"):
        hue, saturation, light = (number for number, _ in numbers[:3])
        rgb = colorsys.hls_to_rgb(hue % 360 / 360, light / 100, saturation / 100)
        return rgb[0] * 255, rgb[1] * 255, rgb[2] * 255, alpha
    red_, green_, blue_ = (number * 2.55 if sign else number for number, sign in numbers[:3])
    return red_, green_, blue_, alpha


def over(top: Colour, ground: Colour) -> Colour:
    """What is seen of a colour that lies over a ground."""
    if isinstance(top, str) or isinstance(ground, str) or top[3] >= 1:
        return top
    alpha = max(0.0, top[3])
    red, green, blue = (t * alpha + g * (1 - alpha) for t, g in zip(top[:3], ground[:3], strict=True))
    return red, green, blue, 1.0


@lru_cache(maxsize=4096)
def legible(text: Colour, ground: Colour) -> bool:
    """Whether text of this colour stands out from its ground; unknown words do when they differ."""
    seen = over(text, ground)
    if isinstance(seen, str) or isinstance(ground, str):
        return seen != ground
    light, dark = sorted((_luminance(seen), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05) >= LEAST_CONTRAST


def _luminance(value: tuple[float, float, float, float]) -> float:
    parts = [min(max(part / 255, 0.0), 1.0) for part in value[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
