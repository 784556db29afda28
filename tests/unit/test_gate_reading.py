"""CSS is read as browsers read it: by ASCII, and what they drop counts as nothing that is given."""

from __future__ import annotations

import pytest

from tests.sightbox import SAID, looked_at, reasons, shown

NBSP, KELVIN, ZERO = "\u00a0", "\u212a", "\u0660"

WHITE = "p{color:#fff;background:#fff} "
DROPPED = (
    f"p{{color:#000{NBSP}}}",
    f"p{{{NBSP}color:#000}}",
    f"body{NBSP}p{{color:#000}}",
    f"p{{bac{KELVIN}ground:#000}}",
    "p{bac\\212aground:#000}",
    f"p{{background:rgb({ZERO},{ZERO},{ZERO})}}",
    "p{color:#000\x0b}",
    "p{background-color:#000 no-repeat}",
    "p{background:#000 left left}",
    "p{background:#000 none none}",
    "p{background:0 #000 0}",
    "p,#1{color:#000}",
    "#1,p{color:#000}",
    "p,.1x{color:#000}",
    "p,b >{color:#000}",
    "p,> b{color:#000}",
    "p,#1:hover{color:#000}",
)


@pytest.mark.parametrize("rule", DROPPED)
def test_what_a_browser_drops_gives_no_colour(rule):
    sight = looked_at(f"<p>{SAID}</p>", WHITE + rule)
    assert not shown(sight)
    assert reasons(sight)


@pytest.mark.parametrize("ground", ["none", "", "transparent none", "left", "#000 left left"])
def test_what_a_browser_drops_takes_no_ground_away(ground):
    assert not shown(looked_at(f"<p>{SAID}</p>", f"p{{background:#000}} p{{background-color:{ground}}}"))


def test_a_font_that_a_browser_drops_gives_no_size():
    for font in ("bold bold 16px serif", "italic oblique 16px serif", "16px 12", "16px serif serif/2"):
        assert not shown(looked_at(f"<div style='font-size:5px'><p style='font:{font}'>{SAID}</p></div>")), (
            font
        )


def test_a_size_below_nothing_is_dropped_and_turned_round_by_none_within_it():
    lost = f"<div style='font-size:-20px'><p style='font-size:-1em'>{SAID}</p></div>"
    assert not shown(looked_at(f"<div style='font-size:5px'>{lost}</div>"))
    assert not shown(looked_at(f"<div style='font-size:-20px'><p style='font-size:16px'>{SAID}</p></div>"))


def test_blanks_within_strings_count():
    sheet = "[title='a  b']{color:#fff}"
    assert not shown(looked_at(f"<p title='a  b'>{SAID}</p>", sheet))


def test_attributes_are_read_by_ascii():
    for said in (
        f"bgcolor='blac{KELVIN}'",
        f"bgcolor='white{NBSP}'",
        f"width='{ZERO}900'",
        "><font face='w\\65 bdings'",
    ):
        assert not shown(looked_at(f"<table><tr><td {said}>{SAID}</table>")), said


@pytest.mark.parametrize(
    "sheet",
    [
        ".quote::before{content:'\u201c\u00a0'} /* \u00e9crit\u00a0ici */ p{color:#333}",
        "p{font-family:'Noto Nastaliq Urdu','\u660e\u671d',serif}",
        "p{background:#fff none no-repeat left top;background-color:#fafafa}",
        "p , .x > a{color:#333}",
    ],
)
def test_what_browsers_read_passes(sheet):
    sight = looked_at(f"<p class=x>{SAID}</p>", sheet)
    assert shown(sight), reasons(sight)


@pytest.mark.parametrize(
    "sheet",
    [
        "@font-face{font-family:x;src:url(https://front.example/x.woff)}",
        "@font-face{font-family:x;src:url(data:font/woff2;base64,AAAA)} p{font-family:x}",
        "@media screen{@font-face{font-family:x;src:local('Georgia')}}",
        "p{font-family:'w\\65 bdings'}",
        "p{font-family:w\\65 bdings}",
        "p{font:16px w\\65 bdings}",
    ],
)
def test_a_font_that_is_brought_along_or_spelled_in_escapes_is_refused(sheet):
    sight = looked_at(f"<p>{SAID}</p>", sheet)
    assert not shown(sight)
    assert "font" in reasons(sight)
