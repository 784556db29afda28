"""What style sheets may do to a promise: selectors with states, conditions that hold together, custom properties, broken syntax."""

from __future__ import annotations

import pytest

from tests.sightbox import SAID, looked_at, reasons, shown

SHEETS = """
p:not(:hover){color:#fff}
p:not(:hover){max-height:0;overflow:hidden}
p:hover{color:#fff}
p:not(.other):not(:target){color:#fff}
p:nth-child(1 of p){color:#fff}
p::first-line{color:#fff}
p::first-letter{font-size:1px}
p:unknown-state, p.x{color:#fff}
p{color:#fff!important} p.x:unknown{color:#333!important}
p{color:#fff!important} p.x, p:unknown{color:#333!important}
p{color:#fff!important} x|p.x{color:#333!important}
p{color:#fff!important} @supports (x:y){p.x{color:#333!important}}
p{color:#fff!important} .a{p.x,&.x{color:#333!important}}
p.x{color:#fff!important} .b{content:"/*"} p{color:#333} .c{content:"*/"}
.b{content:"/*"} p{color:#fff!important} .c{content:"*/"}
.b{background:url(/*)} p{color:#fff!important} .c{background:url(*/)}
@media screen{p{color:#999}} @media all{p{background:#999}}
p{color:#595959} @media screen{p{color:#999}} @media all{p{background:#999}}
@media (prefers-color-scheme:dark){p{color:#eee}}
@media (min-width:1px){p{color:#888}} @media (min-width:2px){p{background:#888}}
@layer a{p{color:#fff}}
@layer a,b;
@container (width>1px){p{color:#fff}}
@scope (body){p{color:#fff}}
@starting-style{p{opacity:0}}
@property --x{syntax:"<color>";inherits:false;initial-value:#fff}
@namespace url(http://www.w3.org/2000/svg);
@font-face{font-family:x;src:url(x.woff);size-adjust:1%}
@font-face{font-family:x;src:local("Webdings")}
@keyframes x{from,to{color:#fff}} p{animation:x 1s infinite}
@keyframes x{to{opacity:0}}
:root{color-scheme:dark} p{color:#222}
:root{--ink:#fff} p{color:var(--ink)}
:root{--ink:#333} p{--ink:#fff;color:var(--ink)}
:root{--ink:#333} body{--ink:#fff} p{color:var(--ink)}
:root{--Ink:#fff;--ink:#333} p{color:var(--Ink)}
:root{--ink:#333} @media print{:root{--ink:#eee}} p{color:var(--ink)}
:root{--size:1px} p{font-size:var(--size)}
html{font-size:10%} p{font-size:1rem}
html{font-size:5px} body{font-size:16px} p{font-size:1rem}
p::before{content:"";position:absolute;inset:0;background:#fff}
p::before{content:"\\2588\\2588";font-size:90px;line-height:0;color:#fff}
p::after{content:"x";margin-left:-200px;background:#fff}
p{content:url(x.png)}
p::before{content:"\\202e"}
p::before{content:"x";padding:90px 0;background:#fff}
body{overflow:hidden}
body::after{content:"";position:fixed;inset:0;background:#fff}
:focus-within{position:fixed}
body:hover .x{position:fixed}
.skip{position:absolute;left:-999px;width:3000px}
p:has(b){color:#fff}
:is(p,div){color:#fff}
:where(.x){color:#fff}
p:lang(en){color:#fff}
*{color:#fff}
* p{color:#fff}
P.X{color:#fff}
[class~="x"]{color:#fff}
.\\78 {color:#fff}
p{color:#fff;}}p.x{color:#333!important}
p{color:#fff} p.x[{color:#333}
p{color:#fff
""".strip().splitlines()


@pytest.mark.parametrize("sheet", SHEETS)
def test_a_sheet_that_may_hide_a_text_in_any_case_is_seen_through(sheet):
    sight = looked_at(f"<p class='x X'><b></b>{SAID}</p>", sheet)
    assert not shown(sight)
    assert reasons(sight)


def test_a_style_element_counts_wherever_it_stands():
    for around in ("{}", "<svg>{}</svg>", "<noscript>{}</noscript>", "<p>{}</p>"):
        style = around.format("<style media=print>p { color: #fff }</style>")
        assert not shown(looked_at(f"{style}<p>{SAID}</p>")), around


def test_of_many_conditions_every_colour_is_tried_on_every_ground_that_may_hold_with_it():
    states = ("hover", "active", "visited", "target")
    sheet = " ".join(
        f"p:{state} {{ color: #33{at}; background: #ee{at} }}" for at, state in enumerate(states)
    )
    assert shown(looked_at(f"<p>{SAID}</p>", sheet))
    more = f"{sheet} @media print {{ p {{ color: #000; background: #fff }} }}"
    assert shown(looked_at(f"<p>{SAID}</p>", more))
    for ground in ("background: #222", "color: #fff"):
        assert not shown(looked_at(f"<p>{SAID}</p>", f"{more} @media screen {{ p {{ {ground} }} }}"))
    many = " ".join(f"@media (min-width: {at}00px) {{ p {{ color: #33{at} }} }}" for at in range(8))
    assert shown(looked_at(f"<p>{SAID}</p>", f"{more} {many}"))
    both = "@media (min-width: 900px) { p { color: #fff; background: #222 } }"
    assert shown(looked_at(f"<p>{SAID}</p>", f"{more} {both}"))
    assert not shown(looked_at(f"<p>{SAID}</p>", f"{more} {many} {both.replace('color: #fff; ', '')}"))


RESTYLED = """
a { color: #06c } a:link { color: #06c } a:visited { color: #639 } a:active { color: #900 }
a:hover, a:focus { color: #900 } a:focus-visible { outline: 2px solid #06c }
h3 a:hover { text-decoration: none } p:hover { background: #f4f4f4 } p:target { background: #ffd }
@media (prefers-color-scheme: dark) {
  body { color: #ddd; background: #111 } p:hover { background: #222 } p:target { background: #330 }
  a { color: #8bf } a:link { color: #8bf } a:visited { color: #c9f } a:active { color: #f99 }
  a:hover, a:focus { color: #fff }
}
@media print {
  body { color: #000; background: #fff } p:hover { background: #fff } p:target { background: #fff } a { color: #000 } a:link { color: #000 }
  a:visited { color: #333 } a:active { color: #000 } a:hover, a:focus { color: #000 }
}
body { color: #222; background: #fff }
"""


def restyled(sheet=RESTYLED):
    body, _, rest = sheet.rpartition("body {")
    return looked_at(f"<p><a href='https://a.example/1'>{SAID}</a></p>", f"body {{{rest}{body}")


def test_a_dark_scheme_with_rules_for_print_and_for_every_state_of_a_link_passes():
    assert shown(restyled()), reasons(restyled())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a:visited { color: #639 }", "a:visited { color: #fff }"),
        ("a:visited { color: #c9f }", "a:visited { color: #111 }"),
        ("a:hover, a:focus { color: #900 }", "a:hover, a:focus { color: #fff }"),
        ("a:hover, a:focus { color: #900 }", "a:hover { color: #fff } a:focus { background: #06c }"),
        ("a:hover, a:focus { color: #fff }", "a:hover, a:focus { background: #8bf }"),
        ("a:hover, a:focus { color: #fff }", "a:hover, a:focus-visible { color: #fff }"),
        ("p:hover { background: #f4f4f4 }", "p:hover { background: #06c }"),
        ("p:hover { background: #222 }", "p:hover { background: #8bf }"),
        ("p:target { background: #330 }", "p:target { display: none }"),
        ("a:active { color: #900 }", "a:active { font-size: 1px }"),
        ("a:active { color: #f99 }", "a:active { color: #f99 } a:active:hover { color: #8bf !important }"),
        (
            "@media print {",
            "@media print { p:hover { color: #000; background: #fff } a:focus { color: #fff !important }",
        ),
    ],
)
def test_a_state_that_takes_a_text_away_in_any_scheme_is_refused(before, after):
    assert RESTYLED.count(before) == 1
    sight = restyled(RESTYLED.replace(before, after))
    assert not shown(sight)
    assert reasons(sight)


def test_the_state_of_an_element_says_nothing_of_those_within_it():
    """The pointer is above the outer box and not above the inner one, which keeps its ground and inherits the colour."""
    sheet = "div:hover { color: #fff; background: #000 } .in { background: #fff }"
    assert not shown(looked_at(f"<div><div class=in>{SAID}</div></div>", sheet))
    assert shown(
        looked_at(
            f"<div><div class=in>{SAID}</div></div>",
            f"{sheet} .in {{ color: #000 !important }} .in:hover {{ background: #eee }}",
        )
    )


def test_states_in_number_are_judged_at_a_bounded_cost():
    sheet = " ".join(
        f"p:hover:nth-child({at}) {{ color: #33{at % 10}; background: #fff }}" for at in range(400)
    )
    assert "too many colours" in reasons(looked_at(f"<p>{SAID}</p>", sheet))


def test_conditions_that_exclude_each_other_are_not_tried_together():
    for one, other in (
        ("(prefers-color-scheme: light)", "(prefers-color-scheme:dark)"),
        ("(max-width: 480px)", "screen and (min-width: 600px)"),
    ):
        sheet = f"@media {one} {{ p {{ background: #fff }} }} @media {other} {{ body {{ background: #000 }} p {{ color: #fff; background: #000 }} }}"
        assert shown(looked_at(f"<p style='color:#777'>{SAID}</p>", sheet.replace("color: #fff; ", "")))


@pytest.mark.parametrize(
    "style", ["style", "style type='Text/CSS'", "style type=''", "style media=''", "style title=''"]
)
def test_a_sheet_that_always_counts_may_mend_another(style):
    mended = f"<{style}>p{{color:#333}}</style><p>{SAID}</p>"
    assert shown(looked_at(mended, "p{color:#fff}"))
    assert not shown(looked_at(mended.replace("#333", "#eee"), "p{color:#000}"))


@pytest.mark.parametrize(
    "style",
    ["style type=text/less", "style media=all", "style title=x", "noscript><style", "noscript><b><style"],
)
def test_a_sheet_that_may_not_count_mends_nothing(style):
    for ink, first in (("#333", "#fff"), ("#fff", "#333")):
        sheet = f"<{style}>p{{color:{ink}}}</style></b></noscript><p>{SAID}</p>"
        assert not shown(looked_at(sheet, f"p{{color:{first}}}"))


def test_what_the_document_says_of_schemes_counts():
    dark = [
        f"<meta name={name} content='Light Dark'>"
        for name in ("color-scheme", "Color-Scheme", "supported-color-schemes")
    ]
    for said in dark:
        assert not shown(looked_at(f"{said}<p style='color:#222'>{SAID}</p>")), said
        assert shown(looked_at(f"{said}<p style='color:#222;background:#fff'>{SAID}</p>")), said
    for said in (
        "<meta name=scheme content=dark>",
        "<meta name=color-scheme>",
        "<meta name=color-scheme content='light only'>",
    ):
        assert shown(looked_at(f"{said}<p style='color:#222'>{SAID}</p>")), said
    assert not shown(looked_at(f"<meta name=color-scheme content=dim><p>{SAID}</p>"))


def test_a_style_attribute_has_the_custom_properties_of_each_case():
    sheet = ":root{--ink:#222;--far:-900px} @media print{:root{--ink:#eee;color:#000}} @media screen{:root{--ink:#333}}"
    for style, seen in (
        ("color:var(--ink)", False),
        ("color:var(--ink);background:#888", True),
        ("color:var(--ink);background:#aaa", False),
        ("color:var( --none , #333 )", True),
        ("color:var(--none,var(--nor,#333))", True),
        ("color:var(--none)", False),
        ("margin-top:var(--far)", False),
        ("color:var(--ink", False),
    ):
        assert shown(looked_at(f"<p style='{style}'>{SAID}</p>", sheet)) is seen, style
    assert shown(
        looked_at(f"<p style='color:var(--a)'>{SAID}</p>", ":root{--a:var(--b);--b:var(--c);--c:#333}")
    )
    assert not shown(looked_at(f"<p style='color:var(--a)'>{SAID}</p>", ":root{--a:var(--a)}"))
