"""What is exported and read back is what it was; no text at all breaks the reader."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from unittest.mock import patch

from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers.cells import FORMULA_STARTS, export, guard, unguard
from subscribers.csvfile import RefusedLine, read
from subscribers.csvrows import _plain_rows, csv_rows
from subscribers.errors import ListUnreadable
from tests.readers import Line, lines_of

cells = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    "'=+-@ \t\r\n\"a,", max_size=6
)


@given(cells)
def test_taking_the_mark_off_gives_the_cell_back_exactly(cell: str):
    assert unguard(guard(cell)) == cell
    assert guard(cell).lstrip(" ")[:1] not in FORMULA_STARTS


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=6))
def test_a_file_written_and_read_holds_the_same_cells(rows: list[list[str]]):
    file = io.StringIO(newline="")
    export(rows, ["a", "b"], file)
    back = list(csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True))
    assert [[unguard(cell) for cell in row] for row in back[1:]] == rows


noise = st.text('"\n\r,;a@b.example\ud800\x00', max_size=80)


@given(noise)
def test_no_list_breaks_the_reader_and_good_lines_around_the_noise_come_in(text: str):
    file = io.StringIO(f"email\nfirst@news.example\n{text}\n", newline="")
    found = lines_of(read(file, address_key=b"k" * 32, digest="d", languages=("en",), sections=()))
    assert all(isinstance(line, Line | RefusedLine) for line in found)
    assert isinstance(found[0], Line)
    assert found[0].address == "first@news.example"
    assert [line.line if isinstance(line, RefusedLine) else line[1] for line in found] == sorted(
        line.line for line in found
    )


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(["a", "a,b", ",", "", '"a,b",c', '"a""b"', 'a"b', '"a"b', '"a', "\ra", "\0"]),
        max_size=5,
    )
)
@example(["", '"'])
def test_a_block_that_is_split_by_commas_has_the_rows_that_csv_finds(lines: list[str]):
    block = "".join(f"{line}\n" for line in lines)
    rows = _plain_rows(block) if block else []
    if rows is not None:
        assert rows == list(csv.reader(io.StringIO(block, newline=""), strict=True))
        assert _plain_rows(block.replace("\n", "\r\n") or "\n") == (rows or [[]])


@given(st.text('"\n\r,a', max_size=60))
@example('\n"\n')
def test_where_a_block_ends_changes_no_row_and_no_number(text: str):
    def rows(block: int) -> list[tuple[int, object]]:
        found: list[tuple[int, object]] = []
        with patch("subscribers.csvrows.BLOCK", block):
            for run in csv_rows("", io.StringIO(text, newline="")):
                if isinstance(run, RefusedLine):
                    found.append((run.line, run))
                else:
                    found += enumerate(run[1], run[0])
        return found

    assert rows(1) == rows(7) == rows(1000)


@given(noise)
def test_any_heading_is_read_or_refused_by_name(text: str):
    with suppress(ListUnreadable):
        list(
            read(
                io.StringIO(text, newline=""),
                address_key=b"k" * 32,
                digest="d",
                languages=("en",),
                sections=(),
            )
        )
