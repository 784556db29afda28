"""Lists of readers, checked line by line with a reason for each refusal; `csvrows` reads their rows, `cells` writes them.

Nothing here knows the database. What most lines have in common is looked up: a plain address, and cells that another line had before
it. All else is looked at closely, by itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from operator import itemgetter
from typing import NamedTuple, TextIO, cast

from subscribers.address import keyer, parse, plain_each
from subscribers.attributes import Attribute
from subscribers.audience import stored_sections
from subscribers.cells import unguard
from subscribers.csvrows import RefusedLine, Run, as_text, csv_rows, first_line, json_rows, refused
from subscribers.errors import AddressRefused, AttributeRefused, ListUnreadable, RhythmUnknown
from subscribers.presets import (
    PRESETS,
    Barred,
    GoneLine,
    Mapped,
    attribute_name,
    barred,
    plain_heading,
    recognised,
)
from subscribers.rhythm import EACH
from subscribers.rhythm import parse as parse_rhythm

__all__ = ["Block", "Mapped", "RefusedLine", "Wish", "read"]

HEAD_MAX = 10_000
"""Bytes of a file by which it is known for a list."""
FULL = 4000
"""About so many lines make a block."""
REMEMBERED = 10_000
"""So many ways to fill the cells beside the address are remembered."""
HEADINGS = {
    "email": "email",
    "e-mail": "email",
    "address": "email",
    "language": "language",
    "sections": "sections",
    "digest": "digest",
    "status": "status",
    "active": "active",
    "rhythm": "rhythm",
}
NOT_UTF8 = "it holds a byte that is not UTF-8: save the list as UTF-8"
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars"}

Known = tuple[tuple[str, str, float | None], ...]
"""What a line says of a reader: an attribute's name, its value, and the number that it is."""


class Wish(NamedTuple):
    """What a line asks for; `sections` as columns keep them, empty means all, and so the rhythm with its hour and day."""

    language: str
    sections: str
    rhythm: str = EACH.kind.value
    hour: str | None = None
    weekday: int | None = None


@dataclass(slots=True)
class Block:
    """Some lines of a list: those that were understood, by column, and the others.

    Attributes:
        asked: what lines of the list ask for, so far; `wishes` has each line's place in it.
        known: by a line's number, what it says of its reader beside that.
    """

    asked: Sequence[Wish] = ()

    keys: list[bytes] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    wishes: list[int] = field(default_factory=list)
    known: dict[int, Known] = field(default_factory=dict)
    others: list[RefusedLine | GoneLine] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines) + len(self.others)

    def take(self, addr_key: bytes, line: int, address: str, wish: int) -> None:
        """One more that was understood."""
        self.keys.append(addr_key)
        self.lines.append(line)
        self.addresses.append(address)
        self.wishes.append(wish)


def is_list(head: bytes) -> bool:
    """Whether a file begins like a list of readers, ours or another program's: a heading with a column of addresses and one in it, or JSON."""
    first, _, rest = head[:HEAD_MAX].decode("utf-8-sig", "replace").partition("\n")
    if first.lstrip().startswith("{"):
        try:
            entry = json.loads(first)
        except (ValueError, RecursionError):
            return False
        return isinstance(entry, dict) and "@" in str(entry.get("email", "")) and "headline" not in entry
    names = [HEADINGS, *(program.columns for program in PRESETS.values())]
    addresses = {heading for columns in names for heading, name in columns.items() if name == "email"}
    headings = {plain_heading(cell) for separator in (",", *SEPARATORS) for cell in first.split(separator)}
    return not addresses.isdisjoint(headings) and "@" in rest.partition("\n")[0]


def _unheard(mapped: Mapped) -> None:
    """Nobody asked how the columns are taken."""


def read(
    text: TextIO,
    *,
    address_key: bytes,
    digest: str,
    languages: Sequence[str],
    sections: Collection[str],
    attributes: Sequence[Attribute] = (),
    preset: str | None = None,
    json_lines: bool = False,
    told: Callable[[Mapped], None] = _unheard,
) -> Iterator[Block]:
    """The lines of a CSV file with a heading: `email`, optionally `language`, `sections` (parted by blanks) and `rhythm`, in any order.

    Open the file with `encoding="utf-8-sig", errors="surrogateescape", newline=""`: then a byte that is not UTF-8 costs its
    own line only, and a row may go over several lines. A line without a language gets the first of `languages`. In our own
    exports (columns `digest`, `status`, `active`) lines of another digest or of readers who are not subscribed are refused.
    A line that says of its reader that they have left, or must not be mailed, is a `GoneLine`, whatever else it says.
    A column that is named like one of the `attributes` gives their values; an empty cell says nothing. Other columns are passed over. That an address stands twice is for the merge to see.

    `json_lines`: each line is a JSON object instead, with the same names; `sections` may be a list there.

    `preset`: the program whose export it is (`presets`); None: ours, or one whose headings say so. `told` hears how columns are taken.

    Raises:
        ListUnreadable: no heading names the addresses, a line has no end, or the text is not UTF-8.
    """
    known = {attribute.name: attribute for attribute in attributes}
    first = ""
    if json_lines:
        rows = json_rows(text, [*dict.fromkeys(HEADINGS.values()), *known])
    else:
        first = first_line(text)
        rows = csv_rows(first, text)
    heading = next(rows, (0, [[]]))
    chosen = _mapped(heading if isinstance(heading, RefusedLine) else heading[1][0], first, known, preset)
    told(chosen)
    columns = _Columns(
        chosen, digest=digest, known=known, languages=languages, sections=sections, address_key=address_key
    )
    block = Block(columns.asked)
    for run in rows:
        if isinstance(run, RefusedLine):
            block.others.append(run)
        else:
            columns.take(run, block)
        if len(block) >= FULL:
            yield block
            block = Block(columns.asked)
    yield block


class _Columns:
    """How a list's rows are read."""

    def __init__(
        self,
        mapped: Mapped,
        *,
        digest: str,
        known: Mapping[str, Attribute],
        languages: Sequence[str],
        sections: Collection[str],
        address_key: bytes,
    ) -> None:
        self._places = places = mapped.places
        self._email, self._packed, self._checks = places["email"], mapped.packed(), mapped.checks(digest)
        self._known, self._keyed = known, keyer(address_key)
        self._valued = [(known[name], place) for name, place in places.items() if name in known]
        self._tells = bool(self._valued) or self._packed >= 0
        self._languages, self._sections = languages, sections
        read = {places[name] for name in ("language", "sections", "rhythm") if name in places}
        read |= {place for place, _ in self._checks}
        self._width = 1 + max(read | {self._email})
        self._beside: Callable[[list[str]], Hashable] = itemgetter(*sorted(read)) if read else lambda _: ""
        self._wishes: dict[Hashable, int] = {}
        self._numbers: dict[Wish, int] = {}
        self.asked: list[Wish] = []

    def take(self, run: Run, block: Block) -> None:
        """Sort rows into the block."""
        first, rows = run
        if min(map(len, rows)) < self._width:
            rows = [row + [""] * (self._width - len(row)) for row in rows]
        addresses = plain_each([row[self._email] for row in rows])
        wishes = list(map(self._wishes.get, map(self._beside, rows)))
        numbers = range(first, first + len(rows))
        if None in addresses or None in wishes or self._tells:
            keys = iter(self._keyed([address for address in addresses if address]))
            for number, row, address, wish in zip(numbers, rows, addresses, wishes, strict=True):
                addr_key = next(keys) if address else b""
                if address is None or wish is None:
                    self._closely(number, row, block)
                else:
                    self._take(number, row, (addr_key, address), wish, block)
        else:
            good = cast("list[str]", addresses)
            block.keys += self._keyed(good)
            block.lines += numbers
            block.addresses += good
            block.wishes += cast("list[int]", wishes)

    def _closely(self, number: int, row: list[str], block: Block) -> None:
        """One row, whatever stands in it."""
        if not any(row):
            return
        typed = _cell(row, self._email)
        try:
            address = parse(typed)
        except AddressRefused as refusal:
            block.others.append(refused(number, typed, NOT_UTF8 if _bytes(typed) else refusal.why))
            return
        against = barred(self._checks, partial(_cell, row))
        if against and against.cause:
            spoken = self._spoken(row)
            language = spoken if spoken in self._languages else self._languages[0]
            text = refused(number, typed, "").text
            block.others.append(GoneLine(self._keyed([address.address])[0], number, text, *against, language))
            return
        try:
            wish = self._wish(row, against)
        except (_Unfit, RhythmUnknown) as unfit:
            block.others.append(refused(number, typed, str(unfit)))
            return
        place = self._numbers.setdefault(wish, len(self.asked))
        if place == len(self.asked):
            self.asked.append(wish)
        if len(self._wishes) >= REMEMBERED:
            self._wishes.clear()
        self._wishes[self._beside(row)] = place
        (addr_key,) = self._keyed([address.address])
        self._take(number, row, (addr_key, address.address), place, block)

    def _take(self, number: int, row: list[str], who: tuple[bytes, str], wish: int, block: Block) -> None:
        """One that asks for what we know; what it says of its reader beside that may yet be nothing that we know."""
        try:
            values = (*_values(row, self._valued), *_unpacked(_cell(row, self._packed), self._known))
        except AttributeRefused as unfit:
            block.others.append(refused(number, _cell(row, self._email), str(unfit)))
            return
        addr_key, address = who
        block.take(addr_key, number, address, wish)
        if values:
            block.known[number] = values

    def _spoken(self, row: list[str]) -> str:
        return _cell(row, self._places.get("language", -1)) or self._languages[0]

    def _wish(self, row: list[str], against: Barred | None) -> Wish:
        """What the row asks for.

        Raises:
            _Unfit, RhythmUnknown: nothing that we know.
        """
        spoken = self._spoken(row)
        wanted = _cell(row, self._places.get("sections", -1)).split()
        if spoken not in self._languages:
            raise _Unfit(f"the digest has no language {spoken[:35]!r} ({', '.join(self._languages)})")
        if unknown := [name for name in wanted if name not in self._sections]:
            raise _Unfit(f"the digest has no section {', '.join(unknown)[:80]!r}")
        if against:
            raise _Unfit(against.why)
        rhythm = _often(_cell(row, self._places.get("rhythm", -1)))
        return Wish(spoken, stored_sections(wanted), *rhythm)


class _Unfit(Exception):
    """Why a row cannot be used."""


@lru_cache(maxsize=1024)
def _often(cell: str) -> tuple[str, str | None, int | None]:
    """The rhythm that a cell names, as a line has it; RhythmUnknown for what is none."""
    rhythm = parse_rhythm(cell) if cell else EACH
    return rhythm.kind.value, rhythm.hour, rhythm.weekday


def _values(
    row: Sequence[str], told: Iterable[tuple[Attribute, int]]
) -> Iterator[tuple[str, str, float | None]]:
    for attribute, place in told:
        if cell := _cell(row, place):
            value = attribute.read(cell)
            yield attribute.name, value.text, value.number


def _unpacked(cell: str, known: Mapping[str, Attribute]) -> Iterator[tuple[str, str, float | None]]:
    """The attributes that we have, out of a JSON object of another program's; what has a form of its own there says nothing."""
    try:
        told = json.loads(cell) if cell else {}
    except (ValueError, RecursionError):
        told = {}
    for name, said in told.items() if isinstance(told, dict) else ():
        attribute = known.get(attribute_name(plain_heading(name)))
        if attribute is not None and isinstance(said, str | int | float) and (typed := as_text(said).strip()):
            value = attribute.read(typed)
            yield attribute.name, value.text, value.number


def _mapped(
    heading: list[str] | RefusedLine, first: str, known: Collection[str], preset: str | None
) -> Mapped:
    """How the columns are taken; `first` is the heading's line as it stands."""
    if why := _foreign(first):
        raise ListUnreadable(why)
    cells = heading if isinstance(heading, list) else []
    plain = [plain_heading(cell) for cell in cells]
    program = PRESETS[preset] if preset else recognised(plain)
    columns = program.columns if program else HEADINGS
    names = [columns.get(name) or _attribute(name, known) for name in plain]
    if names.count("email") == 1:
        places = {name: place for place, name in enumerate(names) if name is not None}
        used = (
            {check.heading for check in program.only} | {*program.gone, program.packed} if program else set()
        )
        shown = tuple(
            name or (heading if heading in used else None) for name, heading in zip(names, plain, strict=True)
        )
        return Mapped(tuple(cells), shown, places, program)
    for separator, called in SEPARATORS.items():
        parts = [plain_heading(cell) for cell in first.split(separator)]
        if separator in first and "email" in {columns.get(name) for name in parts}:
            raise ListUnreadable(f"its columns are separated by {called}; save it with commas")
    if isinstance(heading, RefusedLine):
        raise ListUnreadable(f"its first line: {heading.why}")
    if names.count("email") > 1:
        twice = ", ".join(cell for cell, name in zip(cells, names, strict=True) if name == "email")
        raise ListUnreadable(f"several columns are the address ({twice[:200]}): leave one of them")
    raise ListUnreadable("the first line must name the columns, one of them `email`", sorted(columns))


def _attribute(heading: str, known: Collection[str]) -> str | None:
    name = attribute_name(heading)
    return name if name in known else None


def _foreign(first: str) -> str:
    """What a file is whose first line is no text in UTF-8; nothing when it may be. Bytes stand there as `surrogateescape` brings them."""
    if first.startswith(("\udcff\udcfe", "\udcfe\udcff")) or "\0" in first:
        return "it is in UTF-16 or no text at all; save it as CSV in UTF-8"
    if first.startswith("PK\x03\x04"):
        return "it is a spreadsheet's own file; save it as CSV in UTF-8"
    if first.startswith("\x1f\udc8b"):
        return "it is packed (gzip); unpack it first"
    return ""


def _bytes(text: str) -> bool:
    """Whether bytes that are not UTF-8 stand in it, as `surrogateescape` brings them."""
    return any("\udc80" <= letter <= "\udcff" for letter in text)


def _cell(row: Sequence[str], place: int) -> str:
    if not 0 <= place < len(row):
        return ""
    cell = row[place].strip()
    return unguard(cell).strip() if cell[:1] == "'" else cell
