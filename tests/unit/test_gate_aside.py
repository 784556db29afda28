"""What is put off the page for those who listen to it: a short link or a point, and nothing that could reach back."""

from __future__ import annotations

import pytest

from tests.sightbox import SAID, looked_at, reasons, shown

POINT = ".a{position:absolute;width:1px;height:1px;overflow:hidden}"
FAR = ".a{position:absolute;left:-1000px}"


@pytest.mark.parametrize(
    "sheet",
    [
        ".a{position:absolute;width:1px;height:1px;overflow:hidden;padding:900px;background:#fff;left:0;top:0}",
        ".a{position:absolute;width:1px;height:1px;overflow:hidden;padding:900px}",
        ".a{position:absolute;width:1px;height:1px;overflow:hidden;border:900px solid #fff}",
        ".a{position:absolute;width:1px;height:1px;overflow:hidden;padding:900px!important;padding:0}",
        ".a{position:absolute;width:1px;height:1px;overflow:hidden;margin:-900px}",
        ".a{position:absolute;left:-1000px;margin:0 0 0 1000px;top:0;min-height:900px;background:#fff}",
        f"{FAR} .a{{min-height:900px}}",
        f"{FAR} a{{background:#fff}}",
        f"{FAR} .b{{margin-left:1000px}}",
        f"{FAR} .b{{white-space:pre}}",
        f"{FAR} .b{{position:relative}}",
        f"{FAR} .b{{left:0}}",
        f"{FAR} .b{{font-size:90px}}",
        f"{FAR} .b::before{{content:'x';padding-left:900px}}",
        f"{FAR} body{{font-size:90px}} p{{font-size:16px}}",
        f"{POINT} .b{{width:1000px;min-height:900px;background:#fff}}",
        f"{POINT} .b{{overflow:visible}}",
        f"{POINT} .b:hover{{padding:90px}}",
    ],
)
def test_what_could_reach_back_is_refused(sheet):
    assert not shown(looked_at(f"<a href=#end class='a b'>To the end</a><p>{SAID}</p>", sheet))


@pytest.mark.parametrize(
    ("passes", "refused"),
    [
        ("position:absolute;left:-999px", "position:absolute;left:-998px"),
        ("position:fixed;top:-1000px", "position:relative;top:-1000px"),
        ("position:absolute;inset-inline-start:-100vw", "position:absolute;inset-inline-start:-99vw"),
        ("position:absolute;left:-9999px;color:red", "position:absolute;right:-9999px"),
        ("position:absolute;left:-9999px;top:auto", "position:absolute;left:-9999px;left:auto"),
        ("position:absolute;left:auto;top:-9999px;text-align:left", "position:absolute;left:auto;top:auto;width:1px"),
        ("position:absolute;width:1px;height:1px;overflow:clip", "position:absolute;width:1.5px;height:1px;overflow:clip"),
        ("position:fixed;width:0;height:0;overflow:hidden", "position:fixed;width:0;height:1.5px;overflow:hidden"),
        ("position:absolute;width:1px;height:1px;overflow:hidden;margin:-1px 1px", "position:absolute;width:1px;height:1px;overflow:hidden;margin:-1.5px"),
        ("position:absolute;width:1px;height:1px;overflow:hidden;margin:0", "position:absolute;width:1px;height:1px;overflow:hidden;margin:1.5px"),
        ("position:absolute;width:1px;height:1px;overflow:hidden;padding:0px", "position:absolute;width:1px;height:1px;overflow:hidden;padding:1px"),
        ("position:absolute;width:1px;height:1px;overflow:hidden;border:none", "position:absolute;width:1px;height:1px;overflow:hidden;border:1px solid"),
        ("position:absolute;width:1px;height:1px;overflow:hidden", "position:absolute;width:1px;height:1px;overflow:auto"),
        ("position:absolute;width:1px;height:1px;overflow:hidden", "position:absolute;width:1px;height:1px"),
        ("position:absolute;width:1px;height:1px;overflow:hidden", "position:absolute;height:1px;overflow:hidden"),
        ("position:absolute;width:1px;height:1px;overflow:hidden", "position:absolute;width:-1px;height:1px;overflow:hidden"),
        ("position:absolute;width:1px;height:1px;overflow:hidden", "position:absolute;width:1px;height:1px;overflow:hidden;margin:auto"),
        ("position:absolute;width:1px;height:1px;overflow:hidden", "position:absolute;width:1px;height:1px;overflow:hidden;font-size:20px"),
    ],
)  # fmt: skip
def test_it_is_off_the_screen_or_one_point(passes, refused):
    for style, seen in ((passes, True), (refused, False)):
        for body, sheet in (
            (f"<a href=#end style='{style}'>{'x' * 40}</a>", ""),
            ("<a href=#end class=a>x</a>", f".a{{{style}}}"),
        ):
            assert shown(looked_at(f"{body}<p>{SAID}</p>", sheet)) is seen, body


def test_it_holds_a_short_text_only():
    for inner in ("x" + "\u00a0" * 800 + "x", "x" * 41, "<b>x</b>", "<img src=x.png>"):
        for sheet in (FAR, POINT):
            assert not shown(looked_at(f"<a href=#end class=a>{inner}</a><p>{SAID}</p>", sheet)), inner


@pytest.mark.parametrize(
    "sheet",
    [
        f"{POINT} *,*::before{{box-sizing:border-box}} a{{color:#06c}} a:focus-visible{{outline:2px solid #06c}}",
        f"{FAR} .a:focus{{left:1rem;top:1rem;background:#fff;padding:.5rem 1rem}} a:hover{{text-decoration:none}}",
        ".a{position:absolute;width:1px;height:1px;margin:-1px;padding:0;border:0;overflow:hidden;clip:rect(0,0,0,0);white-space:nowrap}",
    ],
)
def test_what_pages_do_passes(sheet):
    sight = looked_at(f"<a href=#end class=a>To the end</a><p>{SAID}</p>", sheet)
    assert shown(sight), reasons(sight)
