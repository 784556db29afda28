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
