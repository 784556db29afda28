"""Where what is seen ends and what is hidden begins: for each bound of the gate a style that just passes, and one that just does not."""

from __future__ import annotations

import pytest

from publisher.gate.colour import NAMES, colour, legible, over
from tests.sightbox import SAID, looked_at, shown

BOUNDS = [
    ("p{font-size:9px}", "p{font-size:8.9px}"),
    ("p{font-size:6.75pt}", "p{font-size:6.7pt}"),
    ("p{font-size:.5625em}", "p{font-size:.56em}"),
    ("p{font-size:1.125ch}", "p{font-size:1.1ch}"),
    ("p{font-size:56.25%}", "p{font-size:56%}"),
    ("p{font-size:.5625pc}", "p{font-size:.55pc}"),
    ("p{font-size:.09375in}", "p{font-size:.093in}"),
    ("p{font-size:2.4mm}", "p{font-size:2.3mm}"),
    ("p{font-size:.24cm}", "p{font-size:.23cm}"),
    ("p{font-size:xx-small}", "p{font-size:0}"),
    ("html{font-size:.5625rem}", "html{font-size:.56rem}"),
    ("html{font-size:32px}p{font-size:.5625rem}", "html{font-size:32px}p{font-size:.562rem}"),
    ("p{color:#949494}", "p{color:#959595}"),
    ("p{color:rgb(148 148 148)}", "p{color:rgb(149,149,149)}"),
    ("p{color:rgb(58%,58%,58%)}", "p{color:rgb(59%,59%,59%)}"),
    ("p{color:rgba(0,0,0,.42)}", "p{color:rgba(0,0,0,.41)}"),
    ("p{color:rgb(0 0 0 / 42%)}", "p{color:rgb(0 0 0 / 41%)}"),
    ("p{color:hsl(0,0%,58%)}", "p{color:hsl(0,0%,59%)}"),
    ("p{color:hsl(240deg 100% 70%)}", "p{color:hsl(60deg 100% 50%)}"),
    ("p{color:#000000ff}", "p{color:#00000066}"),
    ("p{color:#000c}", "p{color:#0006}"),
    ("p{width:120px}", "p{width:119px}"),
    ("p{width:37.5%}", "p{width:37%}"),
    ("p{margin-left:200px}", "p{margin-left:201px}"),
    ("p{padding:200px}", "p{padding:201px}"),
    ("p{margin-top:0}", "p{margin-top:-1px}"),
    ("div{padding-left:150px}p{padding-left:50px}", "div{padding-left:150px}p{padding-left:51px}"),
    ("p{border:40px solid #333}", "p{border:41px solid #333}"),
    ("p{border-radius:24px}", "p{border-radius:25px}"),
    ("p{box-shadow:0 4px 20px rgba(0,0,0,.15)}", "p{box-shadow:0 4px 21px rgba(0,0,0,.15)}"),
    ("p{box-shadow:0 4px 20px rgba(0,0,0,.15)}", "p{box-shadow:0 4px 20px rgba(0,0,0,.16)}"),
    ("p{box-shadow:0 1px 3px #000}", "p{box-shadow:0 1px 4px #000}"),
    ("p{box-shadow:0 1px 3px #000,0 1px 3px #000}", "p{box-shadow:0 1px #000,0 1px #000,0 1px #000}"),
    ("p{text-decoration:underline 2px}", "p{text-decoration:underline 2.1px}"),
    ("p{text-decoration:underline}", "p{text-decoration:line-through}"),
    ("p{transition:color 1s}", "p{transition:color 1.1s}"),
    ("p{transition:color 900ms 100ms}", "p{transition:color 900ms 101ms}"),
    ("p{transition-duration:.5s}", "p{transition-duration:.51s}"),
    ("p{min-height:100vh}", "p{min-height:101vh}"),
    ("p{font:italic bold 9px/1.2 serif}", "p{font:italic bold 8px/1.2 serif}"),
    ("p{font:16px serif}", "p{font:bold bold 16px serif}"),
    ("p{font-family:Georgia,serif}", "p{font-family:Webdings}"),
    ("p{background:#fff none no-repeat}", "p{background:url(x.png)}"),
    ("p{overflow:hidden}", "p{overflow:scroll}"),
    ("p{direction:rtl}", "p{direction:up}"),
    ("p{letter-spacing:8px}", "p{letter-spacing:8.1px}"),
    ("p{letter-spacing:-.6px}", "p{letter-spacing:-.61px}"),
    ("p{word-spacing:16px}", "p{word-spacing:16.1px}"),
    ("p{word-spacing:-1px}", "p{word-spacing:-1.1px}"),
    ("p{text-indent:100px}", "p{text-indent:101px}"),
    ("p{text-indent:0}", "p{text-indent:-.1px}"),
    ("p{text-decoration-thickness:2px}", "p{text-decoration-thickness:2.1px}"),
    ("p{text-underline-offset:4px}", "p{text-underline-offset:4.1px}"),
    ("p{text-underline-offset:0}", "p{text-underline-offset:-.1px}"),
    ("p{vertical-align:8px}", "p{vertical-align:8.1px}"),
    ("p{vertical-align:-8px}", "p{vertical-align:-8.1px}"),
    ("p{border-spacing:40px}", "p{border-spacing:41px}"),
    (".other{text-indent:-64px}", ".other{text-indent:-65px}"),
    (".other{letter-spacing:-1.6px}", ".other{letter-spacing:-1.7px}"),
    (".other{word-spacing:-4px}", ".other{word-spacing:-4.1px}"),
]


@pytest.mark.parametrize(("passes", "hides"), BOUNDS, ids=[hides for _, hides in BOUNDS])
def test_each_bound_is_where_it_is_said_to_be(passes: str, hides: str):
    body = f"<div><p>{SAID}</p></div>"
    assert shown(looked_at(body, passes))
    assert not shown(looked_at(body, hides))


def test_colours_are_those_of_the_standard():
    assert len(NAMES) == 149
    assert colour("rebeccapurple") == colour("#663399") == colour("rgb(102,51,153)") == (102, 51, 153, 1)
    assert colour("transparent") == (0, 0, 0, 0)
    assert colour("hsl(120,100%,25%)") == pytest.approx((0, 127.5, 0, 1))
    assert colour("rgb(300,-5,0)") == (255, 0, 0, 1)
    assert colour("#8888") == (136, 136, 136, pytest.approx(136 / 255))
    for nothing in (
        "#12345",
        "#ggg",
        "rgb(1,2 3)",
        "rgb(1%,2,3)",
        "rgb(1,2,3 / 4)",
        "rgb(1 2 3, 4)",
        "hsl(1,2,3)",
        "hsl(1%,2%,3%)",
        "ink",
    ):
        assert colour(nothing) is None, nothing
    assert over((0, 0, 0, 0.25), (100, 200, 40, 1)) == (75, 150, 30, 1)
    assert legible((118, 118, 118, 1), (255, 255, 255, 1))
    assert not legible((0, 0, 255, 1), (64, 0, 64, 1))


def test_fonts_without_letters_are_known():
    for name in ("Webdings", "Wingdings", "'Wingdings 2'", '"Wingdings 3"', "Symbol", "Marlett", "ZapfDingbats", '"Zapf Dingbats"',
                 "'Adobe Blank'", "'Adobe NotDef'", "'Bookshelf Symbol 7'", "'MS Outlook'"):  # fmt: skip
        assert not shown(looked_at(f"<p>{SAID}</p>", f"p{{font-family:{name},serif}}")), name
