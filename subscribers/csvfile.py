"""Lists of readers as CSV, read line by line with a reason for each refusal; `cells` writes them.

Nothing here knows the database. A line that cannot be read costs no neighbour: a quote that is never closed ends its own line
only.
"""

from __future__ import annotations

import csv
import json
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import chain
from typing import NamedTuple, TextIO

from subscribers.address import key, parse
from subscribers.attributes import Attribute
from subscribers.audience import stored_sections
from subscribers.cells import guard, unguard
from subscribers.errors import AddressRefused, AttributeRefused, ListUnreadable, RhythmUnknown
from subscribers.presets import (
    PRESETS,
    GoneLine,
    Mapped,
    attribute_name,
    barred,
    plain_heading,
    recognised,
)
from subscribers.rhythm import EACH
from subscribers.rhythm import parse as parse_rhythm

__all__ = ["Line", "Mapped", "RefusedLine", "read"]

LINE_MAX = 10_000_000
"""Characters of a line: what goes on longer is no list, and would be read into memory to its end."""
HEAD_MAX = 10_000
"""Bytes of a file by which it is known for a list."""
ROW_LINES = 20
"""A row that goes on over more lines than this was never closed."""
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
NOTHING: Known = ()
ALWAYS: tuple[str, str | None, int | None] = (EACH.kind.value, None, None)
"""The rhythm of a line that names none."""


class RefusedLine(NamedTuple):
    """A line that was not taken in, its text (cut, and safe to print), and why."""

    line: int
    text: str
    why: str


class Line(NamedTuple):
    """A line that was understood; `sections` as columns keep them, empty means all, and so the rhythm with its hour and day."""

    addr_key: bytes
    line: int
    address: str
    language: str
    sections: str
    rhythm: str = EACH.kind.value
    hour: str | None = None
    weekday: int | None = None
    attributes: Known = NOTHING


class _RowTooLong(Exception):
    """A row went on for more than `ROW_LINES`."""


class _Lines:
    """The lines of a text for `csv.reader`: those of the row being read can be given back."""

    def __init__(self, text: Iterable[str]) -> None:
        self._text = iter(text)
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.number = 0

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._text)
        self.number += 1
        self.row.append(line)
        if len(self.row) > ROW_LINES:
            raise _RowTooLong
        return line

    def give_back(self) -> None:
        """All but the first line of the row will be read again."""
        self._again.extendleft(reversed(self.row[1:]))
        self.number -= len(self.row) - 1


def _rows(text: Iterable[str]) -> Iterator[tuple[int, list[str] | RefusedLine]]:
    """Each row with the number of its first line; one that is no CSV as a refusal."""
    lines = _Lines(text)
    reader = csv.reader(lines, strict=True)
    while True:
        lines.row.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except UnicodeDecodeError as error:
            raise ListUnreadable(f"it is not UTF-8: {error.reason}") from error
        except (csv.Error, _RowTooLong) as error:
            lines.give_back()
            why = str(error) or "a quote is opened and not closed"
            yield lines.number, _refused(lines.number, lines.row[0], f"it is not CSV: {why}")
        else:
            yield lines.number - len(lines.row) + 1, row


def _refused(number: int, text: str, why: str) -> RefusedLine:
    return RefusedLine(number, "".join(c if c.isprintable() else "?" for c in text.strip()[:80]), why)


def _json_rows(
    text: Iterable[str], attributes: Iterable[Attribute]
) -> Iterator[tuple[int, list[str] | RefusedLine]]:
    """The lines of JSON objects as rows, a heading first. Cells are guarded, because rows are read so: what comes out is what stood there."""
    names = [*dict.fromkeys(HEADINGS.values()), *(attribute.name for attribute in attributes)]
    yield 0, names
    for number, line in enumerate(text, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            yield number, _refused(number, line, "it is no JSON object")
        elif odd := [name for name in names if not _plain(name, entry.get(name))]:
            yield number, _refused(number, line, f"its {odd[0]!r} is no plain value")
        else:
            yield number, [guard(_text(entry.get(name))) for name in names]


def _plain(name: str, value: object) -> bool:
    """Whether a JSON value is one of a cell; sections may be a list."""
    if name == "sections" and isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str | bool | int | float)


def _text(value: object) -> str:
    """A JSON value as a cell has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)


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


def _heading(lines: Iterator[str]) -> str:
    try:
        return next(lines, "")
    except UnicodeDecodeError as error:
        raise ListUnreadable(f"it is not UTF-8: {error.reason}") from error


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(LINE_MAX):
        if len(line) == LINE_MAX:
            raise ListUnreadable(
                f"a line has {LINE_MAX // 1_000_000} million characters and more: it is no list"
            )
        yield line


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
) -> Iterator[Line | RefusedLine | GoneLine]:
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
    lines = _lines(text)
    first = ""
    if not json_lines:
        first = _heading(lines)
    rows = _json_rows(lines, attributes) if json_lines else _rows(chain([first] if first else [], lines))
    known = {attribute.name: attribute for attribute in attributes}
    chosen = _mapped(next(rows, (0, []))[1], first, known, preset)
    told(chosen)
    places = chosen.places
    email, language, picked = places["email"], places.get("language", -1), places.get("sections", -1)
    often = places.get("rhythm", -1)
    valued = [(known[name], place) for name, place in places.items() if name in known]
    checks, packed = chosen.checks(digest), chosen.packed()
    for number, row in rows:
        if isinstance(row, RefusedLine):
            yield row
            continue
        if not any(row):
            continue
        typed = _cell(row, email)
        try:
            address = parse(typed)
        except AddressRefused as refusal:
            yield _refused(number, typed, NOT_UTF8 if _bytes(typed) else refusal.why)
            continue
        spoken = _cell(row, language) or languages[0]
        wanted, stored = _chosen(_cell(row, picked))
        against = barred(checks, partial(_cell, row))
        if against and against.cause:
            whose = key(address, address_key), number, _refused(number, typed, "").text
            yield GoneLine(*whose, *against, spoken if spoken in languages else languages[0])
            continue
        why = against.why if against else None
        if spoken not in languages:
            why = f"the digest has no language {spoken[:35]!r} ({', '.join(languages)})"
        elif unknown := [name for name in wanted if name not in sections]:
            why = f"the digest has no section {', '.join(unknown)[:80]!r}"
        rhythm, values, unfit = _of_reader(row, often, valued, packed, known)
        why = why or unfit
        if why is not None:
            yield _refused(number, typed, why)
            continue
        yield Line(
            key(address, address_key),
            number,
            address.address,
            spoken,
            stored,
            *rhythm,
            values,
        )


@lru_cache(maxsize=1024)
def _chosen(cell: str) -> tuple[tuple[str, ...], str]:
    """The sections that a cell names, and how they are stored: a list has few ways to say it, and many lines."""
    names = tuple(cell.split())
    return names, stored_sections(names)


def _of_reader(
    row: Sequence[str],
    often: int,
    valued: Iterable[tuple[Attribute, int]],
    packed: int,
    known: Mapping[str, Attribute],
) -> tuple[tuple[str, str | None, int | None], Known, str | None]:
    """How often, and what is known of them; or why either is nothing that we know."""
    try:
        rhythm = _often(_cell(row, often))
        return rhythm, (*_values(row, valued), *_unpacked(_cell(row, packed), known)), None
    except (RhythmUnknown, AttributeRefused) as unfit:
        return ALWAYS, NOTHING, str(unfit)


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
        if attribute is not None and isinstance(said, str | int | float) and (typed := _text(said).strip()):
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
