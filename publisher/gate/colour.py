"""Colours as style sheets write them, and whether text in one can be read on another. PURE.

Only what can be read completely is a colour: names, hexadecimal, rgb() and hsl() with plain numbers. Everything else (`currentcolor`,
system colours, color-mix(), oklch()) depends on what we do not know, or is left out by older mail programs.
"""

from __future__ import annotations

import colorsys
import re
from functools import lru_cache

__all__ = ["BLACK", "CLEAR", "LEAST_CONTRAST", "WHITE", "Colour", "colour", "legible", "over", "written"]

LEAST_CONTRAST = 3.0
"""Text whose contrast with its ground (formula of WCAG 2: 1 to 21) is below this counts as hidden. WCAG asks for 4.5 of small text; this
is a rule against hiding."""

Colour = tuple[float, float, float, float]
"""Red, green, blue (0 to 255) and alpha (0 to 1)."""

BLACK: Colour = (0.0, 0.0, 0.0, 1.0)
WHITE: Colour = (255.0, 255.0, 255.0, 1.0)
CLEAR: Colour = (0.0, 0.0, 0.0, 0.0)

NAMES = dict(
    re.findall(
        r"(\w+)=(\w+)",
        """
    aliceblue=f0f8ff antiquewhite=faebd7 aqua=00ffff aquamarine=7fffd4 azure=f0ffff beige=f5f5dc bisque=ffe4c4 black=000000
    blanchedalmond=ffebcd blue=0000ff blueviolet=8a2be2 brown=a52a2a burlywood=deb887 cadetblue=5f9ea0 chartreuse=7fff00
    chocolate=d2691e coral=ff7f50 cornflowerblue=6495ed cornsilk=fff8dc crimson=dc143c cyan=00ffff darkblue=00008b darkcyan=008b8b
    darkgoldenrod=b8860b darkgray=a9a9a9 darkgreen=006400 darkgrey=a9a9a9 darkkhaki=bdb76b darkmagenta=8b008b
    darkolivegreen=556b2f darkorange=ff8c00 darkorchid=9932cc darkred=8b0000 darksalmon=e9967a darkseagreen=8fbc8f
    darkslateblue=483d8b darkslategray=2f4f4f darkslategrey=2f4f4f darkturquoise=00ced1 darkviolet=9400d3 deeppink=ff1493
    deepskyblue=00bfff dimgray=696969 dimgrey=696969 dodgerblue=1e90ff firebrick=b22222 floralwhite=fffaf0 forestgreen=228b22
    fuchsia=ff00ff gainsboro=dcdcdc ghostwhite=f8f8ff gold=ffd700 goldenrod=daa520 gray=808080 green=008000 greenyellow=adff2f
    grey=808080 honeydew=f0fff0 hotpink=ff69b4 indianred=cd5c5c indigo=4b0082 ivory=fffff0 khaki=f0e68c lavender=e6e6fa
    lavenderblush=fff0f5 lawngreen=7cfc00 lemonchiffon=fffacd lightblue=add8e6 lightcoral=f08080 lightcyan=e0ffff
    lightgoldenrodyellow=fafad2 lightgray=d3d3d3 lightgreen=90ee90 lightgrey=d3d3d3 lightpink=ffb6c1 lightsalmon=ffa07a
    lightseagreen=20b2aa lightskyblue=87cefa lightslategray=778899 lightslategrey=778899 lightsteelblue=b0c4de lightyellow=ffffe0
    lime=00ff00 limegreen=32cd32 linen=faf0e6 magenta=ff00ff maroon=800000 mediumaquamarine=66cdaa mediumblue=0000cd
    mediumorchid=ba55d3 mediumpurple=9370db mediumseagreen=3cb371 mediumslateblue=7b68ee mediumspringgreen=00fa9a
    mediumturquoise=48d1cc mediumvioletred=c71585 midnightblue=191970 mintcream=f5fffa mistyrose=ffe4e1 moccasin=ffe4b5
    navajowhite=ffdead navy=000080 oldlace=fdf5e6 olive=808000 olivedrab=6b8e23 orange=ffa500 orangered=ff4500 orchid=da70d6
    palegoldenrod=eee8aa palegreen=98fb98 paleturquoise=afeeee palevioletred=db7093 papayawhip=ffefd5 peachpuff=ffdab9 peru=cd853f
    pink=ffc0cb plum=dda0dd powderblue=b0e0e6 purple=800080 rebeccapurple=663399 red=ff0000 rosybrown=bc8f8f royalblue=4169e1
    saddlebrown=8b4513 salmon=fa8072 sandybrown=f4a460 seagreen=2e8b57 seashell=fff5ee sienna=a0522d silver=c0c0c0 skyblue=87ceeb
    slateblue=6a5acd slategray=708090 slategrey=708090 snow=fffafa springgreen=00ff7f steelblue=4682b4 tan=d2b48c teal=008080
    thistle=d8bfd8 tomato=ff6347 transparent=00000000 turquoise=40e0d0 violet=ee82ee wheat=f5deb3 white=ffffff whitesmoke=f5f5f5
    yellow=ffff00 yellowgreen=9acd32
    """,
    )
)
"""The names of CSS Color 4 (6.1)."""
HEX = re.compile(r"[0-9a-f]+")
NUMBER = r"[+-]?(?:\d+(?:\.\d+)?|\.\d+)"
FUNCTION = re.compile(
    rf"(rgb|hsl)a?\(\s*({NUMBER})(%|deg)?(\s*,\s*|\s+)({NUMBER})(%?)\4({NUMBER})(%?)(?:(\s*,\s*|\s*/\s*)({NUMBER})(%?))?\s*\)"
)
"""Both ways of writing: commas throughout, or blanks and a stroke before the alpha."""


@lru_cache(maxsize=4096)
def colour(value: str) -> Colour | None:
    """The colour that a value in lower case names; None when it is not certain that it names one."""
    value = f"#{NAMES[value]}" if value in NAMES else value
    return _hexadecimal(value[1:]) if value.startswith("#") else _function(value)


def _hexadecimal(digits: str) -> Colour | None:
    if len(digits) in {3, 4}:
        digits = "".join(digit * 2 for digit in digits)
    if len(digits) not in {6, 8} or not HEX.fullmatch(digits):
        return None
    red, green, blue, alpha = (int((digits + "ff")[at : at + 2], 16) for at in (0, 2, 4, 6))
    return float(red), float(green), float(blue), alpha / 255


def _function(value: str) -> Colour | None:
    found = FUNCTION.fullmatch(value)
    if not found:
        return None
    kind, comma, stroke = found[1], "," in found[4], found[9]
    signs = (found[3] or "", found[6], found[8])
    if stroke and comma != ("," in stroke):
        return None  # no browser reads the two ways mixed
    if signs not in (
        {("", "", ""), ("%", "%", "%")} if kind == "rgb" else {("", "%", "%"), ("deg", "%", "%")}
    ):
        return None
    first, second, third = (float(found[at]) for at in (2, 5, 7))
    alpha = min(max(float(found[10] or 1) / (100 if found[11] else 1), 0.0), 1.0)
    if kind == "hsl":
        light, saturation = (min(max(part / 100, 0.0), 1.0) for part in (third, second))
        red, green, blue = (part * 255 for part in colorsys.hls_to_rgb(first % 360 / 360, light, saturation))
    else:
        scale = 2.55 if signs[0] else 1.0
        red, green, blue = (min(max(part * scale, 0.0), 255.0) for part in (first, second, third))
    return red, green, blue, alpha


def over(top: Colour, ground: Colour) -> Colour:
    """What is seen of a colour that lies over an opaque ground."""
    alpha = top[3]
    red, green, blue = (t * alpha + g * (1 - alpha) for t, g in zip(top[:3], ground[:3], strict=True))
    return red, green, blue, 1.0


@lru_cache(maxsize=4096)
def legible(text: Colour, ground: Colour) -> bool:
    """Whether text of this colour stands out from its ground."""
    light, dark = sorted((_luminance(over(text, ground)), _luminance(ground)), reverse=True)
    return (light + 0.05) / (dark + 0.05) >= LEAST_CONTRAST


def _luminance(value: Colour) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (part / 255 for part in value[:3])
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def written(value: Colour) -> str:
    """The colour as a person reads it: "#595959", without its alpha."""
    return "#" + "".join(f"{round(part):02x}" for part in value[:3])
