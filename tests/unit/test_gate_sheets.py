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


def test_of_many_conditions_every_colour_is_tried_on_every_ground():
    states = ("hover", "active", "visited", "target")
    sheet = " ".join(
        f"p:{state} {{ color: #33{at}; background: #ee{at} }}" for at, state in enumerate(states)
    )
    assert shown(looked_at(f"<p>{SAID}</p>", sheet))
    more = f"{sheet} @media print {{ p {{ color: #000; background: #fff }} }}"
    assert shown(looked_at(f"<p>{SAID}</p>", more))
    assert not shown(
        looked_at(f"<p>{SAID}</p>", f"{more} @media screen {{ p {{ background: #222; color: #fff }} }}")
    )


def test_conditions_that_exclude_each_other_are_not_tried_together():
    for one, other in (
        ("(prefers-color-scheme: light)", "(prefers-color-scheme:dark)"),
        ("(max-width: 480px)", "screen and (min-width: 600px)"),
    ):
        sheet = f"@media {one} {{ p {{ background: #fff }} }} @media {other} {{ body {{ background: #000 }} p {{ color: #fff; background: #000 }} }}"
        assert shown(looked_at(f"<p style='color:#777'>{SAID}</p>", sheet.replace("color: #fff; ", "")))
