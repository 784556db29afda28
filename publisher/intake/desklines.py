"""Lines that text wires put above a headline: KILL, HOLD, EMBARGOED, CORRECTED, REFILE, 1ST LEAD.

PURE. Decided on whole lines above the headline and never on a word within one: "killed", "correctionnel" and "on hold" are news. An
embargo line whose time cannot be read is an embargo all the same.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from publisher.intake import standing
from publisher.intake.text import clean
from publisher.story import NO_EMBARGO, Embargo, EmbargoKind, PubStatus, Source

__all__ = ["Above", "lines_above"]

EDGES = " \t*-–—=+:!.()[]<>#"
KILLS = frozenset(
    {
        "kill",
        "kill story",
        "mandatory kill",
        "bulletin kill",
        "advisory kill",
        "withdrawn",
        "story withdrawn",
        "withdrawal",
    }
    | {"annule", "annulé", "annulation", "anulado", "storno", "zurückgezogen", "ritirato"}
)
HOLDS = frozenset(
    {"hold", "hold for release", "withhold", "please hold", "mandatory hold", "bitte nicht verwenden"}
)
SIGNALS = {
    "corrected": "correction",
    "correction": "correction",
    "corrective": "correction",
    "corrigé": "correction",
    "korrektur": "correction",
    "berichtigung": "correction",
    "refile": "refile",
    "repeat": "repeat",
    "repetition": "repeat",
    "update": "update",
    "updated": "update",
    "writethru": "update",
    "release": "release",
    "released": "release",
    "urgent": "urgent",
    "flash": "flash",
    "bulletin": "bulletin",
    "advisory": "advisory",
}
LEAD = re.compile(
    r"(\d{1,2}(st|nd|rd|th)|first|second|third|new|urgent)\s+(lead|ld|writethru)(-writethru)?", re.IGNORECASE
)
EMBARGO = re.compile(
    r"(strictly\s+)?(embargo(ed)?|sperrfrist|embargado|sous embargo|not for (release|publication) (before|until))\b",
    re.IGNORECASE,
)
UNTIL = re.compile(r"^\W*(until|till|to|bis|jusqu'au|hasta|for release( at)?)?\W*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Above:
    """What stands above a headline, and how many lines of it."""

    count: int = 0
    status: PubStatus = PubStatus.USABLE
    embargo: Embargo = NO_EMBARGO
    signals: tuple[str, ...] = ()


def lines_above(lines: Sequence[str], source: Source) -> Above:
    """Read the marks at the beginning of these lines; the first line that is none of them is the headline's."""
    status, embargo, signals = PubStatus.USABLE, NO_EMBARGO, []
    count = 0
    for line in lines:
        said = " ".join(line.strip(EDGES).split()).casefold()
        if said in KILLS:
            status = PubStatus.CANCELED
        elif said in HOLDS:
            status = status if status is PubStatus.CANCELED else PubStatus.WITHHELD
        elif (found := EMBARGO.match(said)) and len(said) <= 120:
            embargo = _embargo(line.strip(EDGES)[found.end() :], source)
        elif LEAD.fullmatch(said):
            signals.append("update")
        elif said in SIGNALS:
            signals.append(SIGNALS[said])
        elif said:
            break
        count += 1
    return Above(count, status, embargo, tuple(signals))


def _embargo(rest: str, source: Source) -> Embargo:
    when = UNTIL.sub("", rest).strip(EDGES)
    if not when:
        return Embargo(EmbargoKind.OPEN)
    found = standing.embargo(when, source)
    return (
        found if found.kind is EmbargoKind.UNTIL else Embargo(EmbargoKind.UNREADABLE, text=clean(rest, 200))
    )
