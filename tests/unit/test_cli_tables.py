"""Lists on a terminal: whatever is there to be copied stays whole, and a row keeps to the terminal's width."""

from __future__ import annotations

import pytest

from publisher.cli.context import cell
from publisher.cli.tables import drawn, folded, paragraph

ID = "01KJP4TQ0M2ZJ8QJ8QJ8QJ8QJ8"
HEADINGS = ("Story", "State", "Urg", "Received", "Source", "Sections", "Headline")
ROW = (ID, "usable", "4", "2026-03-02 02:30Z", "harbour-news", "world, business")
LONG = "The seaway between the two ports reopens on Friday after a year of repairs to its eastern lock"


def lines(*rows, headings=HEADINGS, width=80):
    return [line for block in drawn(headings, rows, width=width) for line in block]


@pytest.mark.parametrize("width", [60, 80, 100, 132, 200])
def test_no_line_is_wider_than_the_terminal_and_no_id_is_broken(width):
    shown = lines((*ROW, LONG), (*ROW, "Short"), width=width)
    assert max(map(len, shown)) <= width
    for whole in (ID, "harbour-news", "2026-03-02 02:30Z"):
        assert sum(line.count(whole) for line in shown) == 2


def test_only_free_text_folds_and_no_word_of_it_is_lost():
    shown = lines((ID, "usable", LONG), headings=("Story", "State", "Headline"))
    assert len(shown) > 2
    assert " ".join(" ".join(shown).split()[3:]).replace(f"{ID} usable ", "") == LONG


def test_a_row_that_fits_stands_on_one_line():
    assert lines((ID, "usable", "Short"), headings=("Story", "State", "Headline")) == [
        "Story                       State   Headline",
        f"{ID}  usable  Short",
    ]


def test_what_finds_no_room_goes_under_its_row():
    shown = lines(("morning-2026-03-02", "1", ID), headings=("Edition", "No", "Dispatch"), width=40)
    assert shown == ["Edition             No", "  Dispatch", "morning-2026-03-02   1", f"  {ID}"]


def test_no_line_is_spent_on_nothing():
    headings = ("Edition", "No", "Dispatch")
    rows = [("morning-2026-03-02", "1", "–"), ("morning-2026-03-03", "2", ID)]
    assert lines(*rows, headings=headings, width=40)[2:] == [
        "morning-2026-03-02   1",
        "morning-2026-03-03   2",
        f"  {ID}",
    ]
    assert lines(rows[0], headings=("Edition", "No", "Why nothing was sent"), width=30) == [
        "Edition             No",
        "morning-2026-03-02   1",
    ]


def test_a_word_longer_than_the_terminal_stays_whole():
    address = "https://news.example/" + "x" * 80
    assert address in lines((address,), headings=("RSS",), width=40)
    assert folded(f"see {address} there", 40) == ["see", address, "there"]


def test_without_a_terminal_a_row_is_one_line_for_other_programs():
    assert len(lines((*ROW, LONG * 5), width=None)) == 2


def test_width_is_counted_in_cells_not_in_characters():
    shown = lines(
        (ID, "新闻" * 10, "x"), (ID, "می\u200cشود", "y"), headings=("Story", "Headline", "End"), width=80
    )
    assert shown[1].endswith("新闻  x")
    assert shown[2].endswith("می\u200cشود" + " " * 35 + "  y")


def test_joiners_survive_in_a_cell_and_controls_do_not():
    assert cell("می\u200cشود و نشان\u200dها") == "می\u200cشود و نشان\u200dها"
    assert cell("a\x1b[31mb\u202ec\u2066d\ne") == "a [31mb c d e"


def test_an_empty_cell_says_that_it_is_empty():
    assert [cell(value) for value in (None, "", (), [])] == ["–"] * 4


def test_a_last_column_of_numbers_stands_right_like_any_other():
    assert lines(("a", "1"), ("b", "22"), headings=("Name", "Many")) == [
        "Name  Many",
        "a        1",
        "b       22",
    ]


COMMAND = "`publisher edition preview morning --next`"


@pytest.mark.parametrize("width", [50, 60, 80, 120])
def test_running_text_is_broken_between_words_and_never_within_a_command(width):
    text = f"This is what is frozen: stories that came in since are not in it. What comes next is shown by {COMMAND} alone."
    shown = paragraph(text, width)
    assert max(map(len, shown)) <= width
    assert " ".join(line.strip() for line in shown) == text
    assert sum(COMMAND in line for line in shown) == 1
    assert all(line.startswith("  ") for line in shown[1:])


def test_what_is_broken_goes_on_under_its_own_value():
    (first, *others) = paragraph(f"original headline     {LONG}", 60)
    assert first.startswith("original headline     The seaway")
    assert all(line.startswith(" " * 22) and line[22] != " " for line in others)
    assert paragraph(f"  world: {LONG}", 60)[1].startswith("    ")
    assert paragraph("short", 60) == ["short"]
    assert paragraph("", 60) == [""]
    assert paragraph("x" * 90, 60) == ["x" * 90]
