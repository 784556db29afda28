"""The rows of a list, each with the number of its first line: CSV by the block where a block is plain, and line by line where it is not.

A block whose rows are a line each, which is nearly every one, is left to `csv` as a whole. Where it is
not, or is no CSV, its rows are read one by one: a line that cannot be read costs no neighbour, and a quote that is never closed ends
its own line only. JSON objects, one a line, come out as such rows, too.
"""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple, TextIO

from subscribers.cells import guard
from subscribers.errors import ListUnreadable

__all__ = ["LINE_MAX", "RefusedLine", "Run", "as_text", "csv_rows", "first_line", "json_rows", "refused"]

LINE_MAX = 10_000_000
"""Characters of a line: what goes on longer is no list, and would be read into memory to its end."""
BLOCK = 32_000
"""Characters read at a time: few enough that rows are gone before the collector of garbage looks at them."""
FIELD_MAX = 100_000
"""`csv` takes no longer fields than some more characters."""
ROW_LINES = 20
"""A row that goes on over more lines than this was never closed."""


class RefusedLine(NamedTuple):
    """A line that was not taken in, its text (cut, and safe to print), and why."""

    line: int
    text: str
    why: str


Run = tuple[int, Sequence[list[str]]]
"""Rows of a line each, one after the other, and the number of the first one's line."""


def refused(number: int, text: str, why: str) -> RefusedLine:
    """A line's refusal, with as much of its text as is shown."""
    return RefusedLine(number, "".join(c if c.isprintable() else "?" for c in text.strip()[:80]), why)


class _RowTooLong(Exception):
    """A row went on for more than `ROW_LINES`."""


class _Lines:
    """Lines for `csv.reader`: those of the row being read can be given back."""

    def __init__(self, lines: Iterable[str], number: int) -> None:
        self._lines = iter(lines)
        self._again: deque[str] = deque()
        self.row: list[str] = []
        self.number = number

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.row.append(line)
        if len(self.row) > ROW_LINES:
            raise _RowTooLong
        return line

    def give_back(self) -> None:
        """All but the first line of the row will be read again."""
        self._again.extendleft(reversed(self.row[1:]))
        self.number -= len(self.row) - 1

    def rest(self) -> str:
        """What was given back and not read again."""
        return "".join(self._again)


def first_line(text: TextIO) -> str:
    """The line with which a file begins; "" for an empty one."""
    try:
        return _whole(text.readline(LINE_MAX))
    except UnicodeDecodeError as error:
        raise ListUnreadable(f"it is not UTF-8: {error.reason}") from error


def csv_rows(first: str, text: TextIO) -> Iterator[Run | RefusedLine]:
    """The rows of a file whose first line was read already; what is no CSV as a refusal."""
    block, number = first, 0
    try:
        while block := block or _block(text):
            if (rows := _plain_rows(block)) is not None:
                yield number + 1, rows
                number, block = number + len(rows), ""
            else:
                lines = io.StringIO(block, newline="").readlines()
                several = _Lines(chain(lines, _singly(text)), number)
                yield from _one_by_one(several, number + len(lines))
                number, block = several.number, several.rest()
    except UnicodeDecodeError as error:
        raise ListUnreadable(f"it is not UTF-8: {error.reason}") from error


def _plain_rows(block: str) -> list[list[str]] | None:
    """The rows of a block, where each is a line; None where it is not so, or is no CSV: then `csv` has to look at them one by one.

    Most lines have no quotes; to split those is twice as quick as `csv`, and the same.
    """
    lines = block.replace("\r\n", "\n").removesuffix("\n")
    if "\r" in lines or len(block) > FIELD_MAX:
        return None
    try:
        return [
            line.split(",") if line and '"' not in line else next(csv.reader((line,), strict=True))
            for line in lines.split("\n")
        ]
    except csv.Error:
        return None


def _one_by_one(lines: _Lines, end: int) -> Iterator[Run | RefusedLine]:
    """Each row by itself, until the line of this number has been read."""
    reader = csv.reader(lines, strict=True)
    while lines.number < end:
        lines.row.clear()
        try:
            row = next(reader)
        except StopIteration:
            return
        except (csv.Error, _RowTooLong) as error:
            lines.give_back()
            why = str(error) or "a quote is opened and not closed"
            yield refused(lines.number, lines.row[0], f"it is not CSV: {why}")
        else:
            yield lines.number - len(lines.row) + 1, [row]


def _block(text: TextIO) -> str:
    """Some more lines, the last one whole; "" at the end."""
    return text.read(BLOCK) + _whole(text.readline(LINE_MAX - BLOCK), LINE_MAX - BLOCK)


def _singly(text: TextIO) -> Iterator[str]:
    while line := text.readline(LINE_MAX):
        yield _whole(line)


def _whole(line: str, most: int = LINE_MAX) -> str:
    if len(line) == most:
        raise ListUnreadable(f"a line has {LINE_MAX // 1_000_000} million characters and more: it is no list")
    return line


def json_rows(text: TextIO, names: Sequence[str]) -> Iterator[Run | RefusedLine]:
    """The lines of JSON objects as rows, a heading of these names first. Cells are guarded, because rows are read so: what comes out is what stood there."""
    yield 0, [list(names)]
    for number, line in enumerate(_singly(text), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line, object_pairs_hook=_once)
        except (ValueError, RecursionError):
            entry = None
        if not isinstance(entry, dict):
            yield refused(number, line, "it is no JSON object of names that stand there once")
        elif odd := [name for name in names if not _plain(name, entry.get(name))]:
            yield refused(number, line, f"its {odd[0]!r} is no plain value")
        else:
            yield number, [[guard(as_text(entry.get(name))) for name in names]]


def _once(pairs: list[tuple[str, object]]) -> dict[str, object] | None:
    """An object of these names; None where one stands twice, for nobody knows which is meant."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else None


def _plain(name: str, value: object) -> bool:
    """Whether a JSON value is one of a cell; sections may be a list."""
    if name == "sections" and isinstance(value, list):
        return all(isinstance(one, str) for one in value)
    return value is None or isinstance(value, str | bool | int | float)


def as_text(value: object) -> str:
    """A JSON value as a cell has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(str, value))
    return "" if value is None else str(value)
