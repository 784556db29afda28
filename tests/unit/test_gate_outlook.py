"""Only what our MJML engine writes may stand in a conditional comment: nobody sees what Word makes of the rest."""

from __future__ import annotations

import pytest

from publisher.gate.sight import see
from publisher.render.mjml import to_html
from tests.sightbox import SAID, looked_at, reasons, shown

END = "<![endif]-->"
CELL = '<table border="0" cellpadding="0" cellspacing="0" role="presentation"><tr><td style="vertical-align:top;width:300px;">'
BACK = "</td></tr></table>"

READ = {
    "a style element": ("<style>", "</style>"),
    "a title": ("<title>", "</title>"),
    "a script": ("<script>", "</script>"),
    "data": ("<xml>", "</xml>"),
    "a choice": ("<select>", "</select>"),
    "a field": ("<textarea>", "</textarea>"),
    "a hidden box": ('<div hidden="hidden">', "</div>"),
    "a faint font": ('<font color="white">', "</font>"),
    "a small font": ('<div style="font-size:1px">', "</div>"),
    "a low line": ('<div style="line-height:0">', "</div>"),
    "a small table": ('<table height="1" width="1"><tr><td>', BACK),
    "a narrow cell": (CELL.replace("300", "3"), BACK),
    "a class": (CELL.replace("<td", '<td class="gone"'), BACK),
    "a ground": (CELL.replace("<td", '<td bgcolor="#000000"'), BACK),
    "a border": (CELL.replace('"0"', '"900"'), BACK),
    "a table without cells": ("<table><tr>", "</tr></table>"),
    "another end": (CELL, "</div>"),
    "no end": (CELL, ""),
    "no beginning": ("", BACK),
    "text": ("Read this instead", ""),
}


@pytest.mark.parametrize("case", READ)
def test_what_only_outlook_reads_is_refused(case):
    before, after = (f"<!--[if mso | IE]>{part}{END}" if part else "" for part in READ[case])
    sight = looked_at(f"{before}<p>{SAID}</p>{after}")
    assert not shown(sight)
    assert "Outlook" in reasons(sight)


@pytest.mark.parametrize(
    "around",
    [
        "<!--[if mso]><p>{}</p>",
        "<![if mso]><p>{}</p><![endif]>",
        "<!--[IF MSO]><style><![ENDIF]--><p>{}</p><!--[if mso]></style><![endif]-->",
        "<p>{}</p><textarea><!--[if mso]></textarea><style><![endif]--></textarea>",
        "<div><!--[if mso | IE]>" + CELL + END + "</div><p>{}</p><!--[if mso | IE]>" + BACK + END,
    ],
)
def test_comments_that_programs_end_differently_are_refused(around):
    assert not shown(looked_at(around.format(SAID)))


def test_what_the_engine_writes_passes():
    columns = f"<mj-column css-class='a'><mj-text>{SAID}</mj-text></mj-column><mj-column><mj-text>x</mj-text></mj-column>"
    section = f"<mj-section css-class='c d' background-color='#ffffff'>{columns}</mj-section>"
    html = to_html(f"<mjml><mj-body width='640px'>{section}</mj-body></mjml>", template="x")
    assert html.count("[if mso | IE]") > 2
    assert shown(see(html)), reasons(see(html))


def test_a_rule_for_what_only_outlook_reads_is_refused():
    assert not shown(looked_at(f"<p>{SAID}</p>", ".paper-outlook { color: #fff }"))
    assert shown(
        looked_at(f"<p>{SAID}</p>", "#outlook a { padding: 0 } .mj-outlook-group-fix { width: 100% }")
    )


def test_an_ordinary_comment_passes():
    assert shown(looked_at(f"<!-- the promise --><p>{SAID}</p>"))


def framed(table: str = "", td: str = "", div: str = "", before: str = "", after: str = "") -> bool:
    """Whether a promise is seen in a frame for Outlook alone with these attributes."""
    frame = f"{before}<!--[if mso | IE]><table{table}><tr><td{td}>{END}<div{div}><p>{SAID}</p></div><!--[if mso | IE]>{BACK}{END}{after}"
    return shown(looked_at(frame))


@pytest.mark.parametrize(
    ("written", "other"),
    [
        (' border="0"', ' border="1"'),
        (' cellpadding="0"', ' cellpadding="10"'),
        (' cellspacing="0"', ' cellspacing="00"'),
        (' role="presentation"', ' role="none"'),
        (' align="center"', ' align="left"'),
        (' width="600"', ' height="600"'),
        (' width="40px"', ' width="39.5px"'),
        (' width="1000"', ' width="1000.5"'),
        (' width="600.5px"', ' width="60%"'),
        (' style="width:600px;"', ' style="width:39px;"'),
        (' style="vertical-align:middle;width:600.25px;"', ' style="width:600px;vertical-align:middle;"'),
        (' style=""', ' style="display:none"'),
        (' style="line-height:0px;font-size:0px;mso-line-height-rule:exactly;"', ' style="line-height:0px;"'),
        (' border="0" width="600"', ' border="0" width="6"'),
    ],
)
def test_a_frame_has_the_attributes_that_the_engine_writes(written, other):
    for place in ("table", "td"):
        assert framed(**{place: written})
        assert not framed(**{place: other})


def test_a_frame_has_the_ground_and_the_class_of_what_it_is_put_around():
    white = ' style="color:#000;background-color:#ffffff;margin:0"'
    assert framed(td=' bgcolor="#ffffff"', div=white)
    assert not framed(td=' bgcolor="#fffff0"', div=white)
    assert not framed(td=' bgcolor="#ffffff"')
    assert not framed(td=' bgcolor="#ffffff"', div=white.replace("background-color", "border-color"))
    assert framed(td=' class="d-outlook"', div=' class="c d"')
    assert framed(td=' class="c d-outlook"', div=' class="c d"')
    assert not framed(td=' class="c-outlook"', div=' class="c d"')
    assert not framed(td=' class="d"', div=' class="c d"')
    assert not framed(td=' class="d-outlook"', div=' class="cd"')


@pytest.mark.parametrize(
    ("opened", "closed"),
    [
        ("<td>", "</td>"),
        ("<tr><td>", "</td></tr>"),
        ("<table><td>", "</td></table>"),
        ("<table><tr><tr><td>", "</td></tr></tr></table>"),
        ("<table><tr><td>", "</td></table>"),
        ("<table><tr><td>", "</tr></td></table>"),
        ("<table><tr><td>", "</td></tr>"),
        ("<table><tr>", "</tr></table>"),
        ("<table><tr><td>x", "</td></tr></table>"),
        ("<table><tr><td class=x>", "</td></tr></table>"),
        ("<table><tr><td><table><tr>", "</tr></table></td></tr></table>"),
    ],
)
def test_tables_that_are_not_whole_are_refused(opened, closed):
    assert not shown(
        looked_at(f"<!--[if mso | IE]>{opened}{END}<p>{SAID}</p><!--[if mso | IE]>{closed}{END}")
    )


def test_tables_within_tables_and_in_several_comments_pass():
    for opened, closed in (
        ("<table><tr><td><table><tr><td>", "</td></tr></table></td></tr></table>"),
        (f"<table><tr>{END}<!--[if mso | IE]><td>", f"</td>{END}<!--[if mso | IE]></tr></table>"),
    ):
        assert shown(
            looked_at(f"<!--[if mso | IE]>{opened}{END}<p>{SAID}</p><!--[if mso | IE]>{closed}{END}")
        )


def test_what_is_kept_from_outlook_is_not_owed_and_has_one_end():
    kept, ended = "<!--[if !mso]><!-->", "<!--<![endif]-->"
    for html, seen in (
        (f"{kept}<p>x</p>{ended}<p>{SAID}</p>", True),
        (f"<!--[if !mso | IE]><!--><p>x</p>{ended}<p>{SAID}</p>", True),
        (f"{kept}<p>{SAID}</p>{ended}", False),
        (f"{kept}{kept}{ended}<p>{SAID}</p>", False),
        (f"{kept}{ended}{ended}<p>{SAID}</p>", False),
        (f"{ended}<p>{SAID}</p>", False),
        (f"<p>{SAID}</p>{kept}", False),
        (f"<p>{SAID}</p><!-- [x] -->", False),
        (f"<p>{SAID}</p><b title='<![endif]'></b>", False),
        (f"<p>{SAID}</p><!-- x -->", True),
    ):
        assert shown(looked_at(html)) is seen, html
