"""Elements and attributes as the HTML standard renders them: how large, how far in, in which colours; and what does something by itself."""

from __future__ import annotations

import pytest

from publisher.gate.judging import look
from publisher.gate.markup import SCALES, faults, painted
from publisher.gate.sight import see
from tests.sightbox import SAID, looked_at, reasons, shown

SIZES = {"h1": 2, "h2": 1.5, "h3": 1.17, "h4": 1, "h5": 0.83, "h6": 0.67, "p": 1, "big": 1.2} | {
    **dict.fromkeys(("small", "sub", "sup"), 0.83),
    **dict.fromkeys(("code", "kbd", "samp", "tt"), 13 / 16),
}
"""Of the text around: the headings, one step of the keyword `smaller` or `larger`, and fixed type, of which browsers take 13 px for 16."""


@pytest.mark.parametrize("tag", SIZES)
def test_an_element_has_the_size_that_browsers_give_it(tag):
    for more, seen in ((0.02, True), (-0.02, False)):
        least = 9 / SIZES[tag] + more
        assert shown(looked_at(f"<div style='font-size:{least}px'><{tag}>{SAID}</{tag}></div>")) is seen, more
        most = 100 / SIZES[tag] - more
        assert shown(looked_at(f"<div style='font-size:{most}px'><{tag}>{SAID}</{tag}></div>")) is seen, more


def test_sizes_by_number_and_by_word_are_the_browsers_own():
    """Of a page in 16 px; what `small` and `big` do is defined by the keywords."""
    words = ("x-small", "small", "medium", "large", "x-large", "xx-large")
    by_word = [look(f"font-size:{word}").sizes[0] for word in words]
    assert [size.px for size in by_word] == [10, 13, 16, 18, 24, 32]
    assert [painted("font", {"size": number}).sizes[0] for number in "123456"] == by_word
    assert painted("font", {"size": "7"}).sizes[0].px == 3 * 16
    assert painted("font", {"size": "8"}).hides
    assert look("font-size:xx-small").sizes[0] == look("font-size:9px").sizes[0]
    assert (SCALES["small"], SCALES["big"]) == tuple(
        look(f"font-size:{word}").sizes[0].em for word in ("smaller", "larger")
    )


@pytest.mark.parametrize("tag", ["ul", "ol", "dl><dd", "blockquote", "figure"])
def test_what_is_indented_comes_40_px_further_in(tag):
    """Of 320 px 120 are left to the fifth; less is no column."""
    for inner, seen in (("", True), ("<p style='padding-left:.5px'>", False)):
        assert shown(looked_at(f"<{tag}>" * 5 + f"{inner}{SAID}")) is seen


@pytest.mark.parametrize(
    ("passes", "hides"),
    [
        ("<table border=40><tr><td>{}</table>", "<table border=41><tr><td>{}</table>"),
        ("<table cellpadding='' hspace=0><tr><td>{}</table>", "<table cellpadding=-1><tr><td>{}</table>"),
        ("<table width=120><tr><td>{}</table>", "<table width=119.5><tr><td>{}</table>"),
        ("<table><tr><td width=37.5%>{}</table>", "<table><tr><td width=37%>{}</table>"),
        ("<table><tr><th width=120px>{}</table>", "<table><tr><th width=auto>{}</table>"),
        ("<table align=center><tr><td>{}</table>", "<table align=left><tr><td>{}</table>"),
        ("<table><tr><td align=right>{}</table>", "<table align=right><tr><td>{}</table>"),
        ("<table bgcolor=white><tr><td>{}</table>", "<table bgcolor=black><tr><td>{}</table>"),
        ("<table bgcolor=#fff><tr><td>{}</table>", "<table bgcolor=chucknorris><tr><td>{}</table>"),
        ("<table><tr><td height=9>{}</table>", "<table><tr><td width=''>{}</table>"),
        ("<font color=black>{}</font>", "<font color=white>{}</font>"),
        ("<font size=1>{}</font>", "<font size=0>{}</font>"),
        ("<font face='Arial, serif'>{}</font>", "<font face='serif, \"Webdings\"'>{}</font>"),
        ("<p color=white bgcolor=black face=Webdings size=0>{}</p>", "<p link=white>{}</p>"),
        ("<p aria-hidden=false>{}</p>", "<p aria-hidden=true>{}</p>"),
        ("<p align=right>{}</p>", "<p inert>{}</p>"),
        ("<div dir=ltr><p style='min-width:900px'>{}</p></div>", "<div dir=rtl><p style='min-width:900px'>{}</p></div>"),
        ("<div dir=RTL><p>{}</p></div>", "<div dir=auto><p style='min-width:900px'>{}</p></div>"),
    ],
)  # fmt: skip
def test_an_old_attribute_counts_where_browsers_read_it(passes, hides):
    sight = looked_at(passes.format(SAID))
    assert shown(sight), reasons(sight)
    assert not shown(looked_at(hides.format(SAID)))


def test_the_root_may_run_from_the_right():
    """The window begins where the text does."""
    for body in ("<html dir=rtl>", "<html><body dir=rtl>", "<html dir=rtl><body dir=ltr>"):
        assert shown(see(f"<!doctype html>{body}<p style='min-width:900px'>{SAID}</p>")), body
    for colours in ("text=white", "bgcolor=black", "text=blank", "bgcolor=blank"):
        assert not shown(see(f"<!doctype html><body {colours}><p>{SAID}</p>")), colours
    assert shown(see(f"<!doctype html><body text=white bgcolor=black><p>{SAID}</p>"))


@pytest.mark.parametrize(
    ("passes", "refused"),
    [
        ("<a href=/>x</a>", "<base href=https://elsewhere.example/>"),
        ("<dialog>x</dialog>", "<dialog open>x</dialog>"),
        ("<link rel='alternate icon' href=x>", "<link rel='alternate StyleSheet' href=x>"),
        ("<b>x</b>", "<math></math>"),
        ("<img src=x alt=x>", "<svg></svg>"),
        ("<template>x</template>", "<template shadowrootmode=closed>x</template>"),
        ("<img src=x alt=x noload=x>", "<img src=x alt=x onload=x>"),
        ("<input>", "<input AutoFocus>"),
        ("<script type='application/ld+json'>{}</script>", "<script type=module>x</script>"),
        ("<script type='application/json'>{}</script>", "<script>x</script>"),
        ("<table width=1000><tr><td>x</table>", "<table width=1000.5><tr><td>x</table>"),
        ("<table><tr><td width='90%'>x</table>", "<table><tr><td width=1001>x</table>"),
        ("<table><tr><td>x</table>", "<table width=wide><tr><td>x</table>"),
        ("<meta charset=utf-8>", "<meta http-equiv=refresh content='9;url=/'>"),
        ("<meta http-equiv=Content-Type content='text/html; charset=utf-8'>", "<meta http-equiv=default-style content=x>"),
        ("<meta name=viewport content='width=device-width, initial-scale=1.0'>", "<meta name=viewport content='width=300'>"),
        ("<meta name=viewport content='initial-scale=1;maximum-scale=5;user-scalable=no'>", "<meta name=viewport content='initial-scale=2'>"),
        ("<meta name=viewport content='minimum-scale=.5, viewport-fit=cover'>", "<meta name=viewport content='maximum-scale=.5'>"),
        ("<meta name=description content='width=300'>", "<meta name=viewport content='minimum-scale=2'>"),
    ],
)  # fmt: skip
def test_what_does_something_by_itself_is_refused_beside_a_promise(passes, refused):
    sight = looked_at(f"{passes}<p>{SAID}</p>")
    assert shown(sight), reasons(sight)
    assert not shown(looked_at(f"{refused}<p>{SAID}</p>"))


def test_frames_take_the_place_of_a_page():
    assert faults("frameset", {})
    assert not faults("div", {})
