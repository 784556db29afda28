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
