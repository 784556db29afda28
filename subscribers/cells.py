"""Lists of readers on their way out, and the cells that both ways share: text that no spreadsheet takes for a formula.

PURE. A cell that a spreadsheet would take for a formula is written with a quote before it (OWASP's "CSV injection"). `guard` and `unguard` are each other's inverse, so that a list comes back exactly as it went out.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from typing import TextIO

__all__ = ["FORMULA_STARTS", "export", "export_json", "guard", "unguard"]

FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")


def guard(cell: str) -> str:
    """The cell as a spreadsheet takes it for text: a quote before what it would take for a formula."""
    start = cell.lstrip()[:1]
    inside = cell.lstrip(" ")[:1]
    return f"'{cell}" if start in FORMULA_STARTS or inside in FORMULA_STARTS or start == "'" else cell


def unguard(cell: str) -> str:
    """`guard` taken back, exactly."""
    return cell[1:] if cell[:1] == "'" and guard(cell[1:]) == cell else cell


def export_json(rows: Iterable[Sequence[str]], heading: Sequence[str], text: TextIO) -> int:
    """Write rows as JSON objects, one a line, without what is empty; returns how many."""
    written = 0
    for row in rows:
        entry = {name: cell for name, cell in zip(heading, row, strict=True) if cell}
        text.write(json.dumps(entry, ensure_ascii=False) + "\n")
        written += 1
    return written


def export(rows: Iterable[Sequence[str]], heading: Sequence[str], text: TextIO) -> int:
    """Write rows, all cells quoted and guarded; returns how many. Open the file with `newline=""`."""
    writer = csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(heading)
    written = 0
    for row in rows:
        writer.writerow([guard(cell) for cell in row])
        written += 1
    return written
