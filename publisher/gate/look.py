"""What declarations do to text, as data. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from publisher.gate.colour import Colour
from publisher.gate.lengths import NOTHING, Length

__all__ = ["PLAIN", "Harm", "Ink", "Look"]


class Harm(Enum):
    """To which text a declaration may do harm."""

    NONE = "none"
    INSIDE = "inside"
    """To what is inside its element."""
    SPILLS = "spills"
    """To that, and the box may run over what follows it."""
    AROUND = "around"
    """Only to what is around it."""
    ANYWHERE = "anywhere"
    """To that, and to what stands elsewhere: it may be covered or moved."""


@dataclass(frozen=True, slots=True)
class Ink:
    """A declared colour; `value` is None for the one around ("inherit")."""

    value: Colour | None
    important: bool


@dataclass(slots=True)
class Look:
    """What the declarations of a style attribute or of one rule do.

    Attributes:
        hides: the first declaration that may do harm to the text inside, "" for none. spills, reaches: the first that may do more.
        away: the declaration that takes text away outright, whatever else holds.
        aside: the element is put off the page, where it does no harm as long as it is short.
        light: nothing is said of size, place and ground, so that what is put aside stays there.
        unclipped: `overflow: visible`, which lets a picture paint beyond its edge. shuts: the page could not be scrolled.
        sizes, lines: of the font and of a line (a factor, or 0 and a length). space: how far in text begins.
        rise: how far above and below itself it paints. widths, least, limits: how wide it is, at least and at most. clips: what does not fit is cut off.
        leftward: text runs from right to left. text, ground: what is coloured. inline: whether `display` makes it an inline element; None when it does not say.
        scheme: the value of `color-scheme`.
    """

    hides: str = ""
    spills: str = ""
    reaches: str = ""
    away: str = ""
    aside: bool = False
    light: bool = True
    unclipped: bool = False
    shuts: bool = False
    sizes: tuple[Length, ...] = ()
    lines: tuple[tuple[float, Length], ...] = ()
    space: Length = NOTHING
    rise: Length = NOTHING
    widths: tuple[Length, ...] = ()
    least: tuple[Length, ...] = ()
    limits: tuple[Length, ...] = ()
    clips: bool = False
    leftward: bool = False
    text: Ink | None = None
    ground: Ink | None = None
    inline: bool | None = None
    scheme: str = ""


PLAIN = Look()
"""What no declaration does."""
