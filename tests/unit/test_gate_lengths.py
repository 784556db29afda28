"""Lengths as CSS Values 4 defines them, as far as they can be read for certain."""

from __future__ import annotations

import pytest

from publisher.gate.lengths import NOTHING, Length, length, lengths, parts


@pytest.mark.parametrize("inch", ["1in", "2.54cm", "25.4mm", "101.6q", "72pt", "6pc", "96px"])
def test_absolute_units_are_parts_of_an_inch(inch):
    assert length(inch) == pytest.approx((96, 0, 0, 0), rel=1e-3)


def test_relative_units_are_kept_apart():
    assert length("+2em") == (0, 2, 0, 0)
    assert length("2ch") == length("2.0ex") == (0, 1, 0, 0), (
        "half a letter's size, where it is not known better"
    )
    assert length("-.5rem") == (0, 0, -0.5, 0)
    assert length("7%") == (0, 0, 0, 7)
    for nothing in ("0", "-0", "+0.0", ".00", "00.0"):
        assert length(nothing) == NOTHING == (0, 0, 0, 0)


def test_a_length_is_so_much_in_its_place():
    assert Length(1, 2, 3, 4).at(10, 200, 20) == 1 + 2 * 10 + 3 * 20 + 4 * 2
    assert Length(1, 2, 3, 4).plus(Length(5, 6, 7, 8)) == (6, 8, 10, 12)
    assert [length(one).usual for one in ("1px", "1em", "1rem", "1%")] == [1, 16, 16, 6]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "1",
        "px",
        "1 px",
        "1.px",
        "1e3px",
        "--1px",
        "1vw",
        "1dvh",
        "calc(1px)",
        "1px2",
        "1pxx",
        "1/2px",
    ],
)
def test_what_cannot_be_read_to_its_end_is_no_length(value):
    assert length(value) is None
    assert lengths(f"1px {value}".strip()) == ([(1, 0, 0, 0)] if not value else None)


def test_a_list_has_a_length_in_every_place():
    assert lengths("1px auto  2em", frozenset({"auto"})) == [(1, 0, 0, 0), NOTHING, (0, 2, 0, 0)]
    assert lengths("1px auto") is None
    assert lengths("", frozenset({"auto"})) is None
    assert parts("rgb(0 0 0) 1px  calc(1px + 2px)") == [
        "rgb(0 0 0)",
        "1px",
        "calc(1px + 2px)",
    ]
