"""What changes slowly, prints small or paints beyond its edge."""

from __future__ import annotations

import pytest

from tests.sightbox import SAID, looked_at, reasons, shown


@pytest.mark.parametrize(
    "sheet",
    [
        "p{transition:color 99999s}",
        "p{transition:color .6s ease .6s}",
        "p{transition:color 1e5s}",
        "p{transition:color calc(9 * 9s)}",
        "p{transition-duration:900ms}",
        "p{transition-delay:-9s}",
        "p{-webkit-transition:color 9s}",
        "@page{size:40px 40px;margin:15px}",
        "@page :first{size:1px}",
        "div{min-height:90000px}",
        "div{min-height:500vh}",
    ],
)
def test_what_takes_long_or_is_far_is_refused(sheet):
    assert not shown(looked_at(f"<div></div><p>{SAID}</p>", sheet))


@pytest.mark.parametrize(
    "sheet",
    [
        "p{transition:color .2s ease,background-color 300ms cubic-bezier(.4,0,.2,1) 0.1s;-webkit-transition:none}",
        "p{transition-duration:.3s;transition-delay:0s} div{min-height:100vh}",
    ],
)
def test_what_is_soon_over_passes(sheet):
    assert shown(looked_at(f"<p>{SAID}</p>", sheet)), reasons(looked_at(f"<p>{SAID}</p>", sheet))


@pytest.mark.parametrize(
    "drawn",
    [
        "<svg><set attributeName=overflow to=visible /><rect x=-2000 width=9000 height=9000 fill='#fff'/></svg>",
        "<svg style='overflow:initial'><rect x=-2000 width=9000 height=9000 fill='#fff'/></svg>",
        "<math><mpadded voffset=60px lspace=-300px><mtext mathbackground='#fff'>x</mtext></mpadded></math>",
    ],
)
def test_drawings_and_formulas_are_refused(drawn):
    assert not shown(looked_at(f"{drawn}<p>{SAID}</p>"))


def test_a_window_may_be_as_narrow_as_320_px():
    for body in ("", "padding:0 16px;"):
        wide = f"body{{{body}overflow-x:hidden}} p{{width:{320 if body else 330}px;text-align:right}}"
        assert not shown(looked_at(f"<p>{SAID}</p>", wide))
        assert shown(looked_at(f"<p>{SAID}</p>", wide.replace("width", "max-width")))
