"""What the eye hands on of a document, run by run, and how it says what keeps a text from being seen."""

from __future__ import annotations

import pytest

from publisher.gate.sight import Seen, see
from tests.sightbox import SAID, looked_at, reasons, shown

NIGHT = (
    '<script type="application/json">{"x": "no text"}</script><style>p{color:#000}</style><title>none</title>'
)


def test_a_document_is_handed_on_in_its_order():
    html = f"{NIGHT}<h1 id=s-1>A</h1><p id=x>b <a href=u>c<b>d</b></a><a name=y>e</a><br>f</p><!-- no --><h3>g<i hidden>h</i></h3><div id=end>i</div>j"
    assert see(html).runs == (
        Seen("", 5, opens="h1", id="s-1"),
        Seen("A", 5, heading=True),
        Seen("b ", 7),
        Seen("c", 7, "u", 1),
        Seen("d", 7, "u", 1),
        Seen("e", 7, None, 2),
        Seen(" ", 7),
        Seen("f", 7),
        Seen("", 9, opens="h3"),
        Seen("g", 9, heading=True),
        Seen("", 9, heading=True, hidden="the attribute hidden=", unseen="h"),
        Seen("", 11, opens="end", id="end"),
        Seen("i", 11),
        Seen("j", 12),
    )
    assert see(html).faults == ()
    assert see("").runs == see(NIGHT).runs == ()


def test_a_link_around_blocks_is_one():
    runs = see("<a href=u><p>a</p><p>b</p></a><p>c</p>").runs
    assert [(run.text, run.link, run.anchor) for run in runs] == [
        ("a", "u", 1),
        ("b", "u", 1),
        ("c", None, 0),
    ]
    assert len({run.block for run in runs}) == 3


def test_each_fault_is_said_once_and_its_text_is_quoted_up_to_40_characters():
    for length, quoted in ((40, "x" * 40), (41, "x" * 39 + "…")):
        said = f"<p>\u202e{'x' * length}</p>"
        assert see(said * 2).faults == (f"a mark turns text round: {quoted!r}",)
    assert see("<p>\u202d</p>").faults
    assert see("<p>\u202b\u2066\u200f</p>").faults == (), "what gives a direction to letters that have one"


@pytest.mark.parametrize(
    ("passes", "refused"),
    [
        ("<div style='height:1px'> \u200a\n</div>", "<div style='height:1px'>x</div>"),
        ("<div style='height:1px'><b></b></div>", "<div style='height:1px'><b><img src=x alt=x></b></div>"),
        (
            "<table><tr><td style='height:1px'>x</table>",
            "<table><tr><td style='height:1px;display:inline-block'>x</table>",
        ),
        ("<img style='height:1px' src=x alt=x>", "<video style='height:1px;display:block'></video>"),
        ("<p style='overflow:visible'>x</p>", "<img style='overflow:visible' src=x alt=x>"),
        ("<p style='height:1px;overflow:hidden'>x</p>", "<iframe style='overflow:visible'></iframe>"),
        ("<p style='height:auto'>x</p>", "<p style='height:1px;overflow:visible'>x</p>"),
        ("<table><tr><td>x</table>", "<p style='line-height:.5'>x</p>"),
        ("<p style='line-height:.9'>x</p>", "<p style='line-height:0;font-size:20px'>x</p>"),
        (
            "<p style='line-height:.5'> <br></p>",
            "<p style='line-height:.5'><b style='font-size:20px'> </b></p>",
        ),
    ],
)
def test_what_runs_over_its_box_is_refused_where_anything_is_in_it(passes, refused):
    sight = looked_at(f"{passes}<p>{SAID}</p>")
    assert shown(sight), reasons(sight)
    assert not shown(looked_at(f"{refused}<p>{SAID}</p>"))


def test_only_a_table_with_spans_is_not_seen():
    table, spanned = "<table><tr><td>{}</table>", "<table><tr><td RowSpan=2>{}</table>"
    assert shown(looked_at(spanned.format("x") + table.format(SAID)))
    assert not shown(looked_at(table.format("x") + spanned.format(SAID)))
    assert not shown(looked_at(spanned.format(table.format(SAID))))
    assert shown(looked_at(f"{spanned.format('x')}<p>{SAID}</p>"))


@pytest.mark.parametrize(
    ("style", "why"),
    [
        ("font-size:8.5px", "a font of 8.5 px"),
        ("font-size:120px", "a font of 120 px"),
        ("line-height:.9", "a line of 0.9 times its letters"),
        ("line-height:5", "a line of 5 times its letters"),
        ("width:100px", "a width of 100 px"),
        ("width:700px;margin-left:200px;padding-left:150px", "a space of 350 px before it"),
        ("color:#ccc", "#cccccc on #ffffff"),
        ("color:#777;background:#888", "#777777 on #888888"),
        ("color-scheme:dark", "color-scheme:dark"),
        ("opacity:.5", "opacity:.5"),
        ("--x:1", "--x"),
    ],
)
def test_why_a_text_may_not_be_seen_is_said_in_figures(style, why):
    assert reasons(looked_at(f"<p style='{style}'>{SAID}</p>")) == why


def test_what_hides_stands_before_what_is_faint():
    for html, why in (
        (f"<div style='color:#ccc'><p style='opacity:.5'>{SAID}</p></div>", "opacity:.5"),
        (f"<div hidden><p style='opacity:.5'>{SAID}</p></div>", "the attribute hidden="),
        (f"<button>{SAID}</button>", "<button>"),
        (
            f"<div style='overflow:hidden'><p style='min-width:330px'>{SAID}</p></div>",
            "a width of 330 px in a box of 320",
        ),
        (
            f"<style>body{{overflow:hidden}}</style><p>{SAID}</p>",
            "overflow of <body>, which then cannot be scrolled,",
        ),
        (f"<!--[if !mso]><!--><p>{SAID}</p><!--<![endif]-->", "a condition for Outlook"),
    ):
        assert reasons(looked_at(html)) == why
