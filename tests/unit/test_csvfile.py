"""Lists as CSV: each line by itself, with the reason for each refusal; nothing that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from subscribers.address import key, parse
from subscribers.cells import export, guard, unguard
from subscribers.csvfile import RefusedLine, read
from subscribers.csvrows import ROW_LINES
from subscribers.errors import ListUnreadable
from subscribers.presets import GoneLine
from tests.readers import Line
from tests.readers import lines_of as lines_read

KEY = b"k" * 32


def lines_of(text: str | bytes, **others) -> list[Line | RefusedLine | GoneLine]:
    raw = text if isinstance(text, bytes) else text.encode()
    file = io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig", errors="surrogateescape", newline="")
    wanted = {"digest": "morning", "languages": ("en", "fa"), "sections": {"world", "economy"}} | others
    return lines_read(read(file, address_key=KEY, **wanted))


def addresses(text: str | bytes, **others) -> list[str]:
    return [line.address for line in lines_of(text, **others) if isinstance(line, Line)]


def refusals(text: str | bytes, **others) -> list[tuple[int, str]]:
    return [(line.line, line.why) for line in lines_of(text, **others) if not isinstance(line, Line)]


def test_a_line_says_who_in_which_language_and_which_sections():
    (line,) = lines_of("email,language,sections\nReader@News.Example,fa,world economy world\n")
    expected = parse("Reader@news.example")
    assert line == Line(key(expected, KEY), 2, "Reader@news.example", "fa", "economy world")


def test_columns_stand_in_any_order_and_unknown_ones_are_passed_over():
    text = "\ufeffName;x,Sections , E-Mail\nA. Reader,world,a@news.example\n,,b@news.example\n"
    assert [(line.address, line.sections, line.language) for line in lines_of(text)] == [
        ("a@news.example", "world", "en"),
        ("b@news.example", "", "en"),
    ]


def test_each_bad_line_is_refused_by_number_and_costs_no_neighbour():
    text = (
        "email,language,sections\n"
        "a@news.example,en,\n"
        "not an address,en,\n"
        "b@news.example,xx,\n"
        "c@news.example,en,sport\n"
        "\n"
        ",en,world\n"
        "d@news.example\n"
    )
    assert addresses(text) == ["a@news.example", "d@news.example"]
    assert [number for number, _ in refusals(text)] == [3, 4, 5, 7]
    whys = [why for _, why in refusals(text)]
    assert "'xx'" in whys[1]
    assert "'sport'" in whys[2]


def test_a_quote_that_is_never_closed_costs_its_own_line_only():
    good = "".join(f"r{number}@news.example\n" for number in range(3 * ROW_LINES))
    text = f'email\n"a@news.example\n{good}"b@news.example\nc@news.example\n'
    assert addresses(text) == [
        *(f"r{number}@news.example" for number in range(3 * ROW_LINES)),
        "c@news.example",
    ]
    assert [number for number, _ in refusals(text)] == [2, 3 * ROW_LINES + 3]


def test_a_row_over_several_lines_is_one_row_and_numbers_go_on_rightly():
    text = 'email,note\na@news.example,"two\nlines"\nbad,\nb@news.example,"x"y\nc@news.example,\n'
    assert addresses(text) == ["a@news.example", "c@news.example"]
    assert [number for number, _ in refusals(text)] == [4, 5]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_line_ending_will_do(end: str):
    assert addresses(end.join(["email", "a@news.example", "b@news.example", ""])) == [
        "a@news.example",
        "b@news.example",
    ]


def test_bytes_that_are_not_utf8_cost_their_own_line_only():
    text = b"email,note\na@news.example,caf\xe9\n\xe9@news.example,\nb@news.example,\n"
    assert addresses(text) == ["a@news.example", "b@news.example"]
    (refused,) = (line for line in lines_of(text) if isinstance(line, RefusedLine))
    assert refused.line == 3
    refused.text.encode()


def test_a_cell_larger_than_any_is_refused():
    text = "email\na@news.example\n" + "x" * 200_000 + "\nb@news.example\n"
    assert addresses(text) == ["a@news.example", "b@news.example"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "name,language\nx,en\n",
        "a@news.example\nb@news.example\n",
        "email,address\na@news.example,b@news.example\n",
        '"email\na@news.example\n',
        "email\na@news.example\n".encode("utf-16"),
    ],
)
def test_without_a_heading_that_names_the_addresses_nothing_is_read(text: str | bytes):
    with pytest.raises(ListUnreadable):
        lines_of(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("email;language\na@news.example;en\n", "separated by semicolons"),
        ('"name";"E-Mail"\n"A";"a@news.example"\n', "separated by semicolons"),
        ("language\temail\nen\ta@news.example\n", "separated by tabs"),
        ("email,language\n".encode("utf-16"), "UTF-16"),
        ("email,language\n".encode("utf-16-be"), "UTF-16"),
        (b"PK\x03\x04\x14\x00\x06\x00[Content_Types].xml", "no text"),
        (b"PK\x03\x04 sheet\n", "spreadsheet"),
        (b"\x1f\x8b\x08 packed\n", "packed"),
        ("name,language\nx,en\n", "must name the columns"),
        ("email,E-Mail\na@news.example,\n", r"several columns are the address \(email, E-Mail\)"),
        ("email\n" + "a" * 10_000_001, "no list"),
    ],
)
def test_a_list_in_another_form_is_told_which_and_how_to_save_it(text: str | bytes, words: str):
    with pytest.raises(ListUnreadable, match=words):
        lines_of(text)


def test_a_byte_of_another_encoding_in_an_address_is_called_so():
    ((number, why),) = refusals("email\nm\xfcller@news.example\n".encode("latin-1"))
    assert (number, "not UTF-8" in why) == (2, True)


def test_a_file_opened_strictly_that_is_not_utf8_is_refused_whole():
    file = io.TextIOWrapper(
        io.BytesIO(b"email\n" + b"a@news.example\n" * 9000 + b"\xff\n"), encoding="utf-8", newline=""
    )
    with pytest.raises(ListUnreadable):
        list(read(file, address_key=KEY, digest="morning", languages=("en",), sections=()))


def test_what_is_shown_of_a_refused_line_is_short_and_safe_to_print():
    (refused,) = lines_of("email\n\x1b[2J" + "x" * 500 + "\n")
    assert refused.text.isprintable()
    assert len(refused.text) <= 80


def test_our_own_export_brings_in_neither_leavers_nor_readers_of_other_digests():
    text = (
        "email,status,digest,language,sections,active\n"
        "a@news.example,confirmed,morning,en,,yes\n"
        "b@news.example,confirmed,morning,en,,no\n"
        "c@news.example,left,morning,en,,yes\n"
        "d@news.example,suppressed,morning,en,,yes\n"
        "e@news.example,confirmed,evening,en,,yes\n"
    )
    assert addresses(text) == ["a@news.example"]
    assert [number for number, _ in refusals(text)] == [3, 4, 5, 6]


def test_every_hostile_cell_is_text_in_a_spreadsheet_and_comes_back_exactly(samples: Path):
    cells = json.loads((samples / "hostile-samples" / "csv-cells.json").read_text("utf-8"))
    assert len(cells) > 10
    file = io.StringIO(newline="")
    assert export([[cell, "x"] for cell in cells], ["cell", "other"], file) == len(cells)
    written = list(csv.reader(io.StringIO(file.getvalue(), newline="")))[1:]
    for cell, (shown, _) in zip(cells, written, strict=True):
        dangerous = cell.lstrip(" ")[:1] in "=+-@\t\r\uff1d\uff0b\uff0d\uff20"
        assert shown == (f"'{cell}" if dangerous else cell)
        assert unguard(shown) == cell


@pytest.mark.parametrize("cell", ["=1", "  =1", "\u00a0=1", "\n=1", "\t@x", "\uff20x", "'=1", "'", "''"])
def test_what_would_run_or_would_be_unmarked_is_marked(cell: str):
    assert guard(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "reader@news.example", "o'brien", "1=1", "a-b", "\u06f5"])
def test_harmless_cells_are_left_alone(cell: str):
    assert guard(cell) == cell
    assert unguard(cell) == cell


def test_a_quote_that_is_not_our_mark_stays():
    assert unguard("'tis") == "'tis"


def test_all_cells_are_quoted():
    file = io.StringIO(newline="")
    export([["a", "1"]], ["h", "i"], file)
    assert file.getvalue() == '"h","i"\n"a","1"\n'


def test_addresses_that_look_like_formulas_or_marks_survive_export_and_import():
    typed = ["-o@news.example", "+x@news.example", "'q@news.example", "=1@news.example", "''z@news.example"]
    file = io.StringIO(newline="")
    export([[text] for text in typed], ["email"], file)
    assert addresses(file.getvalue()) == typed


def test_json_value_that_is_no_cell_is_refused():
    text = "\n".join(
        json.dumps(entry)
        for entry in (
            {"email": "a@news.example", "sections": ["world"]},
            {"email": ["b@news.example"]},
            {"email": "c@news.example", "language": {"en": 1}},
            {"email": "d@news.example", "sections": [["world"]]},
        )
    )
    assert addresses(text, json_lines=True) == ["a@news.example"]
    assert [number for number, _ in refusals(text, json_lines=True)] == [2, 3, 4]


def test_what_a_hand_made_list_says_of_a_reader_in_its_own_words_is_heard():
    text = "email,status\na@news.example,ACTIVE\nb@news.example,subscribed\nc@news.example,pending\nd@news.example,on hold\n"
    assert addresses(text) == ["a@news.example", "b@news.example"]
    assert refusals(text) == [(4, "the file says: not confirmed"), (5, "the file says: not subscribed")]


def test_a_json_object_that_names_an_address_twice_is_refused():
    text = '{"email": "c@news.example"}\n{"email": "a@news.example", "email": "b@news.example"}\n'
    assert addresses(text, json_lines=True) == ["c@news.example"]
    assert refusals(text, json_lines=True) == [(2, "it is no JSON object of names that stand there once")]
