"""Lists for people: columns side by side, as wide as the terminal and no wider.

An id, a slug or an address is never broken, because it is there to be copied. What finds no room beside the others goes to a line
of its own under its row, set in by two blanks; the last column takes the room that is left and folds at blanks. Where nobody has
told a width (output into a file or a pipe) each row is one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.cells import cell_len

__all__ = ["drawn", "folded", "paragraph"]

GAP = "  "
INDENT = "  "
NOTHING = "–"
"""An empty cell; a line of its own is not spent on it."""
ROOM = 24
"""Free text that would get fewer cells than this beside the others goes to a line of its own."""
WORD = re.compile(r"[^\s`]*`[^`]*`\S*|\S+")
"""What a line is not broken in: a word, or a command between backquotes, which is there to be copied."""
LABEL = re.compile(r"\s*(?:\S+ )*\S+ {2,}|\s*")
"""What stands before a text and the texts under it are set in by: a name and blanks, as before a value, or blanks alone."""


def drawn(
    headings: Sequence[str], rows: Sequence[Sequence[str]], *, width: int | None
) -> Iterator[list[str]]:
    """The lines of each row, those of the headings first.

    `rows` hold a text for each heading; `width` is in cells of the terminal (None: no limit).
    """
    columns = list(zip(headings, *rows, strict=True))
    natural = [max(map(cell_len, column)) for column in columns]
    numeric = [all(text.isdecimal() for text in column[1:]) for column in columns]
    parted = _parted(natural, _least(columns[-1]), width)
    said = {at for at, column in enumerate(columns) if set(column[1:]) - {NOTHING}}
    for texts in (headings, *rows):
        lines: list[str] = []
        for number, members in enumerate(parted):
            telling = said if texts is headings else {at for at in said if texts[at] != NOTHING}
            if number and not telling.intersection(members):
                continue
            line = INDENT if number else ""
            for at in members:
                if at == len(headings) - 1:
                    if numeric[at]:
                        line += " " * (natural[at] - cell_len(texts[at]))
                    room = None if width is None else width - cell_len(line)
                    first, *others = folded(texts[at], room)
                    lines.append((line + first).rstrip())
                    lines += [" " * cell_len(line) + other for other in others]
                    break
                blanks = " " * (natural[at] - cell_len(texts[at]))
                line += (blanks + texts[at] if numeric[at] else texts[at] + blanks) + GAP
            else:
                lines.append(line.rstrip())
        yield lines


def folded(text: str, width: int | None) -> list[str]:
    """A text in lines of at most so many cells, parted at blanks; a word that is longer stays whole."""
    if width is None or cell_len(text) <= width:
        return [text]
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".lstrip()
        if lines[-1] and cell_len(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def paragraph(text: str, width: int) -> list[str]:
    """One line of running text as lines of at most so many cells; under a value that its name stands before, else set in by two."""
    if cell_len(text) <= width:
        return [text]
    before = LABEL.match(text)
    label = before[0] if before else ""
    hang = " " * (cell_len(label) if label.strip() else len(label) + len(INDENT))
    if len(hang) > width // 2:
        label, hang = label[: len(label) - len(label.lstrip())], INDENT * 2
    lines = [label]
    empty = True
    for word in WORD.findall(text[len(label) :]):
        if not empty and cell_len(lines[-1]) + 1 + cell_len(word) > width:
            lines.append(hang)
            empty = True
        lines[-1] += word if empty else f" {word}"
        empty = False
    return lines


def _least(column: Sequence[str]) -> int:
    """The cells that the last column cannot do without: its longest word is not broken, and no column of words is a thread."""
    longest = max((cell_len(word) for text in column for word in text.split()), default=0)
    return max(longest, min(max(map(cell_len, column)), ROOM))


def _parted(natural: Sequence[int], least: int, width: int | None) -> list[list[int]]:
    """The numbers of the columns, by the line of a row that they stand on."""
    lines: list[list[int]] = [[]]
    used = 0
    for at, cells in enumerate(natural):
        needed = least if at == len(natural) - 1 else cells
        if width is not None and lines[-1] and used + needed > width:
            lines.append([])
            used = len(INDENT)
        lines[-1].append(at)
        used += cells + len(GAP)
    return lines
