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
    ("p{width:120px}", "p{width:119.5px}"),
    ("p{width:37.5%}", "p{width:37%}"),
    ("p{margin-left:200px}", "p{margin-left:200.5px}"),
    ("p{margin-bottom:200px}", "p{margin-bottom:200.5px}"),
    ("p{padding:200px}", "p{padding:200.5px}"),
    ("p{padding-top:200px}", "p{padding-top:200.5px}"),
    ("p{margin-top:0}", "p{margin-top:-.5px}"),
    ("div{padding-left:150px}p{padding-left:50px}", "div{padding-left:150px}p{padding-left:50.5px}"),
    ("p{border:40px solid #333}", "p{border:40.5px solid #333}"),
    ("p{border-radius:24px}", "p{border-radius:24.5px}"),
    ("p{box-shadow:0 4px 20px rgba(0,0,0,.15)}", "p{box-shadow:0 4px 20.5px rgba(0,0,0,.15)}"),
    ("p{box-shadow:0 4px 20px rgba(0,0,0,.15)}", "p{box-shadow:0 4px 20px rgba(0,0,0,.16)}"),
    ("p{box-shadow:0 1px 3px #000}", "p{box-shadow:0 1px 3.5px #000}"),
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
    ("p{border-spacing:0}", "p{border-spacing:-.1px}"),
    ("p{text-decoration-thickness:0}", "p{text-decoration-thickness:-.1px}"),
    (".other{text-decoration-thickness:0}", ".other{text-decoration-thickness:-.1px}"),
    (".other{text-underline-offset:0}", ".other{text-underline-offset:-.1px}"),
    (".other{text-indent:-64px}", ".other{text-indent:-65px}"),
    (".other{text-indent:1000px}", ".other{text-indent:1000.5px}"),
    (".other{margin-left:1000px}", ".other{margin-left:1000.5px}"),
    (".other{width:1000px}", ".other{width:1000.5px}"),
    (".other{width:100%}", ".other{width:100.5%}"),
    (".other{min-height:1000px}", ".other{min-height:1000.5px}"),
    (".other{width:40px}", ".other{width:39.5px}"),
    (".other{letter-spacing:-1.6px}", ".other{letter-spacing:-1.7px}"),
    (".other{word-spacing:-4px}", ".other{word-spacing:-4.1px}"),
    (".other{font-size:56.25%}", ".other{font-size:56%}"),
    (".other{font-size:.5625rem}", ".other{font-size:.56rem}"),
    ("body{font-size:9px}p{font-size:inherit}", "p{font-size:initial}"),
    ("p{line-height:.95}", "p{line-height:.94}"),
    ("p{line-height:4}", "p{line-height:4.1}"),
    ("p{line-height:95%}", "p{line-height:94%}"),
    ("p{line-height:15.2px}", "p{line-height:15.1px}"),
    ("p{line-height:.95rem}", "p{line-height:.94rem}"),
    ("p{font-size:20px;line-height:.95em}", "p{font-size:20px;line-height:.95rem}"),
    ("p{line-height:64px}", "p{line-height:64.5px}"),
    ("body{line-height:9}p{line-height:normal}", "body{line-height:9}p{line-height:inherit}"),
    ("p{line-height:inherit}", "p{line-height:initial}"),
    (
        "p{font:normal normal normal normal 16px serif}",
        "p{font:normal normal normal normal normal 16px serif}",
    ),
    ("p{font:italic small-caps 1000 condensed 16px serif}", "p{font:small-caps small-caps 16px serif}"),
    ("p{font:oblique bolder ultra-condensed 16px serif}", "p{font:condensed expanded 16px serif}"),
    ("p{font:1 9px serif}", "p{font:italic oblique 9px serif}"),
    ("p{font:16px/4 serif}", "p{font:16px/4.1 serif}"),
    ("p{font:16px/95% serif}", "p{font:16px/calc(1) serif}"),
    ("p{font:16px Arial,serif}", "p{font:16px Webdings,serif}"),
    ("div{font:inherit}", "div{font:menu}"),
    ("p{max-width:120px}", "p{max-width:119.5px}"),
    ("p{width:900px;max-width:120px}", "p{width:900px;max-width:119.5px}"),
    (".other{max-width:1200px}", ".other{min-width:1000.5px}"),
    (".other{max-width:120%}", ".other{min-width:100.5%}"),
    (".other{min-width:39px}", ".other{max-width:39px}"),
    ("div{overflow:hidden}p{min-width:320px}", "div{overflow:hidden}p{min-width:320.5px}"),
    ("div{max-width:200px}p{min-width:200px}", "div{max-width:200px}p{min-width:200.5px}"),
    ("div{width:200px}p{width:100%}", "div{width:200px}p{width:200.5px}"),
    ("div{direction:ltr}p{min-width:900px}", "div{direction:rtl}p{min-width:900px}"),
    ("html{direction:rtl}p{min-width:900px}", "div{direction:inherit;overflow:clip}p{min-width:900px}"),
    (
        "div{width:900px}p{margin-left:200px;padding-left:120px}",
        "div{width:900px}p{margin-left:200px;padding-left:120.5px}",
    ),
    (".other{min-height:100dvh}", ".other{min-height:101dvh}"),
    (".other{min-height:0}", ".other{min-height:-1px}"),
    ("p{margin:0 auto}", "p{margin:0 -1px}"),
    ("p{margin:1px 2px 3px 4px}", "p{margin:1px 2px 3px 4px 5px}"),
    (".other{padding:calc(1px)}", "p{padding:calc(1px)}"),
    ("p{padding:200px 1px 2px;margin-left:199px}", "p{padding:1px 2px 3px 200px;margin-left:.5px}"),
    ("p{padding:200px 150px;margin-left:50px}", "p{padding:0 150px 0 0;margin-left:50.5px}"),
    ("p{padding-block:200px;padding-left:200px}", "p{padding-inline:150px;padding-left:50.5px}"),
    ("p{padding-bottom:200px;padding-left:200px}", "p{padding-right:150px;padding-left:50.5px}"),
    ("p{border-left:20px solid;padding-left:180px}", "p{border-left:20px solid;padding-left:180.5px}"),
    (".other{line-height:.8}", ".other{line-height:.79}"),
    (".in{line-height:.8}", ".in{line-height:.79}"),
    (".in{padding-top:4px}", ".in{padding-top:4.5px}"),
    (".in{padding:2px 90px 4px}", ".in{padding:2px 9px 4.5px}"),
    (".in{padding:4px 90px}", ".in{padding:3px 9px;border-bottom:1.5px solid}"),
    (".in{padding-left:90px;margin:90px}", ".in{padding-block-end:4.5px}"),
    (".in{padding-top:90px;display:block}", ".in{padding-top:90px;display:inline}"),
    (".other{border:1px solid url(x)}", "p{border:1px solid url(x)}"),
    ("p{border-radius:24px/12px}", "p{border-radius:24px/24.5px}"),
    ("p{border-radius:0}", "p{border-radius:-1px}"),
    ("p{outline:0}", "p{outline:1px solid}"),
    ("p{box-shadow:-2px -2px #000}", "p{box-shadow:-2px -2.5px #000}"),
    ("p{box-shadow:0 4px 9px rgba(0,0,0,.1)}", "p{box-shadow:0 4px 9px}"),
    ("p{box-shadow:0 1px 3px}", "p{box-shadow:inset 0 1px 3px #000}"),
    (".other{text-decoration:line-through}", ".other{text-decoration:blink}"),
    (".other{text-decoration:underline 2px red}", ".other{text-decoration:underline 2.1px red}"),
    ("p{color:#fff;color:#000}", "p{color:#000;color:#fff}"),
    ("p{color:#000!important;color:#fff}", "p{color:#fff!important;color:#000}"),
    ("p{color:#fff!important;color:#000!important}", "p{color:#000!important;color:#fff!important}"),
    ("p{background:#000;background:#fff}", "p{background:#fff;background:#000}"),
    ("p{background:#fff!important;background:#000}", "p{background:#000!important;background:#fff}"),
    (
        "p{background:#000!important;background:#fff!important}",
        "p{background:#fff!important;background:#000!important}",
    ),
    ("p{background:#000;background:initial}", "p{background:initial;background:#000}"),
    ("p{background:#000;background-color:unset}", "p{background:#fff #fff}"),
    ("body{overflow-x:hidden}", "body{overflow-y:hidden}"),
    ("p{overflow-y:clip}", "html{overflow:clip}"),
    (".other{list-style:square inside}", ".other{list-style:'x'}"),
    (
        "p{transition:color .5s cubic-bezier(.4,0,.2,1) .5s}",
        "p{transition:color .5s cubic-bezier(.4,0,.2,1) .6s}",
    ),
    ("p{transition:color 1s steps(4, end)}", "p{transition:color calc(1s)}"),
    ("p{transition:color .5s -.5s}", "p{transition:color .5s -.6s}"),
    ("p{transition:color 1s,opacity 1s}", "p{transition:color 1s,opacity 1.1s}"),
    ("p{transition-delay:500ms}", "p{transition-delay:501ms}"),
    ("p{color-scheme:only light}", "p{color-scheme:only dark}"),
    ("p{color:rgba(0,0,0,.99)}", "p{color:initial}"),
    ("p{line-height:24px}p:hover{font-size:25px}", "p{line-height:24px}p:hover{font-size:26px}"),
    ("p{line-height:40px}p:hover{font-size:10px}", "p{line-height:40px}p:hover{font-size:9.9px}"),
    ("html:hover{font-size:10px}p{font-size:.9rem}", "html:hover{font-size:10px}p{font-size:.89rem}"),
    ("html:hover{font-size:20px}p{font-size:5rem}", "html:hover{font-size:20px}p{font-size:5.1rem}"),
    ("div:hover{font-size:10px}p{font-size:.9em}", "div:hover{font-size:10px}p{font-size:.89em}"),
    ("div:hover{font-size:20px}p{font-size:500%}", "div:hover{font-size:20px}p{font-size:501%}"),
    ("p:hover{font-size:9px}", "p:hover{font-size:8.9px}"),
    ("div{font-size:9px}p{font-size:16px}", "div{font-size:16px}p:hover{font-size:110px}"),
    ("p{font-size:20px;padding-left:10em}", "p{font-size:20px;padding-left:10.1em}"),
    ("div{width:160px}p{padding-left:25%}", "div{width:160px}p{padding-left:25.5%}"),
    ("html{font-size:20px}p{padding-left:10rem}", "html{font-size:20px}p{padding-left:10.1rem}"),
    ("p{font-size:10px;width:12em}", "p{font-size:10px;width:11.9em}"),
    (
        "html{font-size:10px}p{font-size:16px;width:12rem}",
        "html{font-size:10px}p{font-size:16px;width:11.9rem}",
    ),
    ("p{font-size:10px;max-width:12em}", "p{font-size:10px;max-width:11.9em}"),
    ("div{width:240px}p{max-width:50%}", "div{width:240px}p{max-width:49.5%}"),
    (
        "div{overflow:hidden}p{font-size:10px;min-width:32em}",
        "div{overflow:hidden}p{font-size:10px;min-width:32.1em}",
    ),
    ("div{overflow:hidden}p{min-width:100%}", "div{overflow:hidden}p:hover{width:321px}"),
    (
        "html{color-scheme:light dark}p{color:#222;background:#fff}",
        "html{color-scheme:light dark}p{color:#222}",
    ),
    ("html{color-scheme:light dark}", "body{color-scheme:light dark}"),
    (".in{padding-top:9px;display:block}", ".in{padding-top:9px}.in:hover{display:block}"),
    (".other{padding-top:9px}", ".other{padding-top:9px;display:inline}"),
    (
        "div{background:#000}p{color:#fff;display:block}",
        "div{background:#000;display:inline}p{color:#fff;display:block}",
    ),
]


@pytest.mark.parametrize(("passes", "hides"), BOUNDS, ids=[hides for _, hides in BOUNDS])
def test_each_bound_is_where_it_is_said_to_be(passes: str, hides: str):
    body = f"<div><p>{SAID}</p></div><div class=other>Another <b class=in>text</b>.</div>"
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


def test_a_choice_of_colours_is_tried_up_to_64_of_text_and_ground():
    """Of 1,024 that may be declared together: a budget, beyond which nothing is certain."""

    def many(count, declared):
        return "".join(f"p:not(.x{at}){{{declared(at)}}}" for at in range(count))

    def seen(sheet):
        return shown(looked_at(f"<p>{SAID}</p>", sheet))

    for count, tried in ((63, True), (64, False)):
        assert seen(many(count, lambda at: f"color:#0000{at + 16:x}")) is tried
    texts = many(31, lambda _: "color:#000")
    for count, tried in ((31, True), (32, False)):
        assert seen(texts + many(count, lambda _: "background:#fff")) is tried
