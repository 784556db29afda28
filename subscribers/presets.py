"""Lists as other programs export them: which column holds the address, who of them may be mailed, and by what such a file is known. PURE.

A file is taken for a program's own only when it has headings that no other has; everything else needs our names, or the person's word.
What such a program says of a reader who has left or bounced keeps them out, line by line, and of every later list: a line that says so
is a `GoneLine`, which the import remembers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

__all__ = [
    "PRESETS",
    "WORDS",
    "Barred",
    "GoneLine",
    "Preset",
    "attribute_name",
    "plain_heading",
    "recognised",
]


class Barred(NamedTuple):
    """Why a line is refused, and under which cause its address is from then on; "": this line only. `here`: for the line's digest only."""

    why: str
    cause: str = ""
    here: bool = False


class GoneLine(NamedTuple):
    """A line about somebody who has left or must not be mailed: whose, why, and the cause under which that is kept.

    `here`: they left this digest, in which they read this language; of others nothing is said.
    """

    addr_key: bytes
    line: int
    text: str
    why: str
    cause: str
    here: bool = False
    language: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """A column that keeps lines out: the values that let one in, what the others mean, and what a value means that nobody listed."""

    heading: str
    good: frozenset[str]
    otherwise: Barred
    known: Mapping[str, Barred] = field(default_factory=dict)

    def bars(self, value: str) -> Barred | None:
        """What a cell of the column, in small letters, says against its line."""
        return None if value in self.good else self.known.get(value, self.otherwise)


WORDS = {
    word: Barred(f"the file says: {word}", cause)
    for cause, words in {
        "left": ("left", "unsubscribed"),
        "bounced": ("bounced", "cleaned"),
        "complained": ("complained",),
        "manual": ("suppressed", "blocklisted"),
    }.items()
    for word in words
} | {word: Barred("the file says: not confirmed") for word in ("pending", "unconfirmed")}
"""What a column `status` says in lists with our own headings."""


@dataclass(frozen=True, slots=True)
class Preset:
    """How a program writes its lists; all headings in small letters.

    Attributes:
        sure: headings that make it certain. columns: its heading -> what we call it.
        only: what keeps a line out. gone: headings of a list that holds none but those who have left, and what it says of them.
        packed: the column that holds a JSON object of attributes.
    """

    name: str
    sure: frozenset[str]
    columns: Mapping[str, str]
    only: tuple[Check, ...] = ()
    gone: Mapping[str, Barred] = field(default_factory=dict)
    packed: str = ""


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "listmonk",
            frozenset({"uuid", "email", "attributes", "status"}),
            {"email": "email"},
            (
                Check(
                    "status",
                    frozenset({"enabled"}),
                    Barred("listmonk says: not enabled"),
                    {
                        "blocklisted": Barred("listmonk says: blocklisted", "manual"),
                        "disabled": Barred("listmonk says: disabled", "left"),
                    },
                ),
            ),
            packed="attributes",
        ),
        Preset(
            "mailchimp",
            frozenset({"email address", "leid", "euid"}),
            {"email address": "email"},
            gone={
                "unsub_time": Barred("Mailchimp says: unsubscribed", "left"),
                "clean_time": Barred("Mailchimp says: cleaned", "bounced"),
            },
        ),
        Preset(
            "ghost",
            frozenset({"email", "subscribed_to_emails", "complimentary_plan"}),
            {"email": "email"},
            (
                Check(
                    "subscribed_to_emails", frozenset({"true"}), Barred("Ghost says: gets no mails", "left")
                ),
                Check("deleted_at", frozenset({""}), Barred("Ghost says: deleted", "left")),
            ),
        ),
        Preset(
            "substack",
            frozenset({"email", "active_subscription", "email_disabled"}),
            {"email": "email"},
            (
                Check(
                    "email_disabled",
                    frozenset({"false", ""}),
                    Barred("Substack says: mails are disabled", "left"),
                ),
            ),
        ),
    )
}


@dataclass(frozen=True, slots=True)
class Mapped:
    """How a list's columns are taken: its headings as they stand, what each means to us (None: it is passed over), and whose export it is."""

    headings: tuple[str, ...]
    names: tuple[str | None, ...]
    places: Mapping[str, int]
    program: Preset | None

    def checks(self, digest: str) -> list[tuple[int, Check]]:
        """What keeps a line out, and the place of its column."""
        if self.program is None:
            other = Barred("the file says: for another digest")
            no = Barred("the file says: not subscribed")
            ours = (
                Check("digest", frozenset({"", digest}), other),
                Check("status", frozenset({"", "confirmed", "active", "subscribed"}), no, WORDS),
                Check(
                    "active",
                    frozenset({"", "yes"}),
                    no,
                    {"left": Barred("the file says: has left it", "left", here=True)},
                ),
            )
            return [(self.places[check.heading], check) for check in ours if check.heading in self.places]
        plain = [plain_heading(heading) for heading in self.headings]
        found = [(plain.index(check.heading), check) for check in self.program.only if check.heading in plain]
        for heading, said in self.program.gone.items():
            if heading in plain:
                found.append((plain.index(heading), Check(heading, frozenset(), said)))
        return found

    def packed(self) -> int:
        """The place of the column that holds attributes as a JSON object; -1 without one."""
        plain = [plain_heading(heading) for heading in self.headings]
        name = self.program.packed if self.program else ""
        return plain.index(name) if name in plain else -1


def barred(checks: Iterable[tuple[int, Check]], cell: Callable[[int], str]) -> Barred | None:
    """What a line says against itself; what keeps it out of every later list before what concerns this one."""
    said = [why for place, check in checks if (why := check.bars(cell(place).casefold()))]
    return next((why for why in said if why.cause and not why.here), said[0] if said else None)


def recognised(headings: Iterable[str]) -> Preset | None:
    """The program whose export a file with these headings certainly is."""
    there = frozenset(headings)
    return next((preset for preset in PRESETS.values() if preset.sure <= there), None)


def plain_heading(text: str) -> str:
    """A heading as it is compared."""
    return text.strip().strip('"').strip().casefold()


def attribute_name(heading: str) -> str:
    """The attribute that a heading may stand for: "First Name" for `first_name`."""
    return re.sub(r"\W+", "_", heading).strip("_")


def uses() -> dict[str, str]:
    """What the columns of other programs are read for, beside the address, in words."""
    every = tuple(PRESETS.values())
    return {
        **dict.fromkeys(
            (check.heading for program in every for check in program.only), "tells who may be mailed"
        ),
        **dict.fromkeys(
            (heading for program in every for heading in program.gone), "tells that all have left"
        ),
        **dict.fromkeys(
            (program.packed for program in every if program.packed), "your attributes, by their names"
        ),
    }
