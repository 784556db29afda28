"""Colours by the standards that say what they are: CSS Color 4, the contrast of WCAG 2, and what browsers give to links and dark pages."""

from __future__ import annotations

import pytest

from publisher.gate.colour import BLACK, CLEAR, WHITE, colour, legible, over
from publisher.gate.markup import LINKS
from publisher.gate.state import NIGHT

ALIKE = (
    ("black", "#000", "#000000ff", "rgb(0 0 0 / 1)", "rgb(-5, 0, -1)", "hsl(0 0% 0%)", "hsl(9 9% -5%)"),
    ("white", "#fff", "#ffffff", "rgb(100% 100% 100%)", "rgb(300 255 999)", "hsl(77, 5%, 150%)"),
    ("transparent", "#0000", "rgba(0,0,0,0)", "rgb(0 0 0 / 0%)", "rgb(0 0 0 / -5%)", "hsl(0 0% 0% / 0)"),
    ("green", "#008000", "rgb(0% 50.196% 0%)", "hsl(120 100% 25.098%)", "hsl(480deg, 300%, 25.098%)"),
    ("red", "#f00", "rgb(110%, -5%, 0%)", "hsl(360, 100%, 50%)", "hsl(-720deg 100% 50% / 150%)"),
    ("gray", "rgb(128,128,128)", "hsl(9, -5%, 50.196%)", "rgb(128 128 128/100%)", "rgb(+128 128.0 128)"),
    ("rgb(0 0 0 / 50%)", "rgba(0, 0, 0, .5)", "hsla(0deg,0%,0%,0.5)", "rgb(0% 0% 0%/50%)"),
)


@pytest.mark.parametrize("written", ALIKE, ids=[ways[0] for ways in ALIKE])
def test_a_colour_is_the_same_in_every_way_of_writing_it(written):
    first, *others = map(colour, written)
    assert first
    for at, other in enumerate(others, 1):
        assert other == pytest.approx(first, abs=0.01), written[at]


@pytest.mark.parametrize(
    "written",
    [
        *("#", "#1", "#12", "#1234567", "#123456789", "#+f+f+f", "#1_1_1_", "#ＦＦＦ", "fff"),
        *("rgb(1 2 3, .5)", "rgb(1, 2, 3 / .5)", "rgb(1%, 2%, 3)", "rgb(1deg 2 3)", "rgb(1deg, 2%, 3%)"),
        *("hsl(1%, 2%, 3%)", "hsl(1, 2%, 3)", "hsl(1deg, 2, 3%)", "hsl(1, 2, 3)", "rgb(1 2 3 4)"),
    ],
)
def test_what_no_browser_reads_is_no_colour(written):
    assert colour(written) is None


def test_what_the_eye_starts_from_are_the_browsers_own_colours():
    """The HTML standard's rendering of links; in a dark scheme Chromium's."""
    assert tuple(map(colour, ("black", "white", "transparent", "#121212"))) == (BLACK, WHITE, CLEAR, NIGHT)
    assert LINKS[False] == (colour("#0000ee"), colour("#551a8b"))
    assert LINKS[True] == (colour("#9e9eff"), colour("#d0adf0"))


def test_a_colour_lies_over_its_ground_by_its_alpha():
    assert over((200, 100, 0, 0.25), (100, 200, 40, 1)) == (125, 175, 30, 1)
    assert over((1, 2, 3, 1), WHITE) == (1, 2, 3, 1)
    assert over(CLEAR, NIGHT) == NIGHT


@pytest.mark.parametrize(
    ("hidden", "seen", "ground"),
    [
        ("rgb(58.5% 58.5% 58.5%)", "rgb(58.3% 58.3% 58.3%)", "white"),
        ("rgb(60.5% 60.5% 0%)", "rgb(60.3% 60.3% 0%)", "white"),
        ("rgb(34.85% 34.85% 34.85%)", "rgb(35% 35% 35%)", "black"),
        ("rgb(71.4% 0% 0%)", "rgb(71.7% 0% 0%)", "black"),
        ("rgb(0% 40.9% 0%)", "rgb(0% 41.1% 0%)", "black"),
        ("rgb(0 100 98)", "rgb(0 100 98.4)", "black"),
        ("rgb(36.36% 36.36% 36.36%)", "rgb(36.46% 36.46% 36.46%)", "#0a0a0a"),
        ("rgb(66.4% 66.4% 66.4%)", "rgb(66.6% 66.6% 66.6%)", "#595959"),
    ],
)
def test_a_text_is_seen_from_a_contrast_of_three_as_others_compute_it(hidden, seen, ground):
    under = colour(ground)
    assert not legible(colour(hidden), under)
    assert legible(colour(seen), under)
    if ground in {"white", "black"}:
        assert legible(under, colour(seen)), "whichever of both is the text"
