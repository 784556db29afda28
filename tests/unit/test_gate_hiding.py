"""Every way of hiding a promise that was tried on the gate: none of them counts as seen, and each is named."""

from __future__ import annotations

import pytest

from publisher.gate.sight import see
from tests.gatebox import check, digest, html_of
from tests.sightbox import SAID, looked_at, reasons, shown

MADE = digest()
STYLES = """
font-size:calc(1px)
font-size:calc(1px)!important
font-size:min(1px,2px)
font-size:clamp(0px,0px,0px)
font-size:max(1px,0px)
font-size:1e-3px
font-size:.5vw
font-size:0.1vmin
font-size:9Q
font-size:8.9px
font-size:var(--tiny)
font-size:-20px
font-size:9999px
font-size:16
font:calc(1px) serif
font:1e-3px serif
font:caption
font-family:Webdings
font-size-adjust:.01
font-stretch:50%;font-variant:all-petite-caps
zoom:0
zoom:0.01
scale:.001
transform:translateX(-9999px)
transform:scale(0.001)
transform:scale3d(0,0,0)
transform:matrix(0,0,0,0,0,0)
transform:rotateX(90deg)
translate:-9999px
rotate:x 90deg
perspective:1px
offset-path:none;offset-position:-9999px
backface-visibility:hidden;transform:rotateY(180deg)
position:absolute;left:9999px
position:absolute;left:calc(-9999px)
position:absolute;left:-9999px
position:fixed;top:200vh
position:absolute;z-index:-1
position:relative;z-index:-1
position:relative;left:-600px
position:sticky;top:0
left:calc(-9999px)
inset-inline-start:-100vw;position:absolute
float:left;margin-left:-100%
margin-left:-200vw
margin-left:-9999px
margin:calc(-999px)
margin-inline:-40px
margin-left:1000px
margin-top:-60px
padding-left:9999px;width:10px;overflow:hidden
padding-left:50em
border-left:500px solid #fff
text-indent:9999px;overflow:hidden
text-indent:-100vw
text-indent:-99px
text-indent:calc(100vw)
letter-spacing:-1em
word-spacing:-100px
white-space:nowrap
max-height:1px;overflow:clip
max-height:calc(0px);overflow:hidden
height:5px;overflow:hidden
height:5px
height:0.1px;columns:1;overflow:hidden
block-size:0;overflow:hidden
max-block-size:0;overflow:hidden
inline-size:0;overflow:hidden
width:1px
width:1px;overflow:hidden
width:calc(1px)
width:5%
width:5000px;text-align:right
overflow:auto
overflow:hidden;height:3em
touch-action:none
flex-basis:0;min-height:0
min-width:1200px;text-align:right
quotes:"\\202e" ""
overflow:hidden;padding-left:160px;width:240px
contain:strict
contain:size
content-visibility:hidden
container-type:size
line-height:0;overflow:hidden
line-height:0
line-height:.3
line-height:2px
line-height:calc(0)
line-height:99
line-height:600px
columns:40
writing-mode:vertical-rl;max-height:4px
display:none
display:contents
display:flex
display:grid
display:-webkit-box;-webkit-line-clamp:1
display:ruby-text
visibility:hidden
visibility:collapse
opacity:0
opacity:calc(0)
opacity:1e-3
opacity:0.05
opacity:.5
filter:blur(30px)
filter:opacity(0)
filter:invert(1)
backdrop-filter:blur(9px)
mask:linear-gradient(transparent,transparent)
mask-image:linear-gradient(transparent,transparent)
-webkit-mask:linear-gradient(transparent,transparent)
-webkit-mask-image:url(x.png)
clip:rect(0,0,0,0);position:absolute
clip-path:inset(100%)
clip-path:polygon(0 0)
mix-blend-mode:screen;background:#fff
-webkit-text-security:disc
-webkit-text-fill-color:#fff
-webkit-text-stroke:20px #fff
text-shadow:0 0 40px #000
text-decoration:line-through 30px #fff
text-decoration-thickness:30px
text-decoration:line-through
text-decoration:underline double
list-style-type:"a long string that runs over the column to its left"
text-indent:100px;width:130px
text-transform:full-size-kana
text-orientation:upright
unicode-bidi:bidi-override;direction:rtl
font-variation-settings:"wght" 0
animation:x 1s infinite
animation-name:x
transition:all 1s;color:#fff
color:#fff
color:#ddd
color:azure
color:mintcream
color:lightyellow
color:papayawhip
color:oklch(1 0 0)
color:lab(100% 0 0)
color:hwb(0 100% 0)
color:color(srgb 1 1 1)
color:rgb(from white r g b)
color:color-mix(in srgb,white,white)
color:light-dark(white,white)
color:rgba(0,0,0,.1)
color:hsl(0 0% 96%)
color:hsla(0,0%,0%,.05)
color:canvas
color:transparent
color:var(--none)
color:unset
color:white!important;color:black
background:#1b1b1b
background:#000 linear-gradient(#fff,#fff);color:#fff
background:linear-gradient(#000,#000)
background:url(x.png)
background-image:url(x.png)
background:currentcolor
background-color:canvastext
background:#000 content-box;color:#fff
background-clip:text;background:#000;color:#fff
border-radius:50%
border-image:url(x.png) 30 fill
box-shadow:inset 0 0 0 99px #000
content:url(x.png)
-webkit-box-reflect:below
shape-outside:circle(0)
all:unset
pointer-events:none
color-scheme:dark
-webkit-text-size-adjust:1%
mso-hide:all
mso-font-width:0%
unknown-property:1
c\\olor:#fff
d\\69splay:none
color:#fff/*
color:#333;color:#fff
"color:#fff
color:#333;;)(
--ink:#fff
vertical-align:-400px
text-emphasis:filled
initial-letter:9
""".strip().splitlines()


@pytest.mark.parametrize("style", STYLES)
def test_a_text_that_a_style_may_hide_is_not_seen_and_the_style_is_named(style):
    sight = looked_at(f"<p style='{style}'>{SAID}</p>")
    assert not shown(sight)
    assert reasons(sight)


@pytest.mark.parametrize("style", [one for one in STYLES if "/*" not in one])
def test_what_stands_around_counts_as_well(style):
    sight = looked_at(f"<div style='{style}'><div><p><span>{SAID}</span></p></div></div>")
    assert not shown(sight)


@pytest.mark.parametrize(
    "style", [one for one in STYLES if not set('/*"(') & set(one) and ";color:black" not in one]
)
def test_a_rule_does_the_same(style):
    """Also one that only holds while nobody points there, and one that a later rule seems to take back."""
    rule = ";".join(f"{part}!important" for part in style.replace("!important", "").split(";") if part)
    for sheet in (
        f".x {{{rule}}}",
        f".x:not(:hover) {{{rule}}}",
        f"@media screen {{ p:not(:lang(xx)) {{{rule}}} }}",
    ):
        assert not shown(looked_at(f"<p class=x>{SAID}</p>", sheet)), sheet


@pytest.mark.parametrize(
    ("style", "named"),
    [
        ("transform:translateX(-9999px)", "transform:translatex(-9999px)"),
        ("font-size:calc(1px)", "font-size:calc(1px)"),
        ("max-height:1px;overflow:clip", "max-height:1px"),
        ("color:oklch(1 0 0)", "color:oklch(1 0 0)"),
        ("color:azure", "#f0ffff on #ffffff"),
        ("font-size:5px", "a font of 5 px"),
        ("line-height:.5", "a line of 0.5 times its letters"),
        ("width:40px", "a width of 40 px"),
        ("padding-left:190px;margin-left:190px", "a width of -60 px"),
    ],
)
def test_a_refusal_names_the_declaration(style, named):
    html = html_of(MADE).replace("color:#595959", style, 1)
    violations = check("html", html.encode(), MADE)
    assert {v.rule for v in violations if v.story_id == "01A"} == {"source-link", "source-name", "disclaimer"}
    assert all(f": {named}" in v.detail for v in violations if v.rule == "disclaimer")
    assert all(v.detail.endswith(" may hide it") for v in violations if v.story_id)


MARKUP = {
    "ruby parentheses": "<ruby><rp>{}</rp></ruby>",
    "a progress bar": "<progress>{}</progress>",
    "a meter": "<meter>{}</meter>",
    "an annotation": "<math><semantics><mi>x</mi><annotation>{}</annotation></semantics></math>",
    "a popover": "<div popover>{}</div>",
    "hidden until found": "<p hidden=until-found>{}</p>",
    "a bare switch": "<p hidden>{}</p>",
    "aria-hidden in capitals": '<p aria-hidden="TRUE">{}</p>',
    "inert": "<p inert>{}</p>",
    "an open dialog": "<dialog open>{}</dialog>",
    "closed details": "<details><p>{}</p></details>",
    "open details of one name": "<details open name=a><p>{}</p></details>",
    "a marquee": "<marquee>{}</marquee>",
    "text turned round": "<bdo dir=rtl>{}</bdo>",
    "a mark that turns text round": "<p>\u202e{}</p>",
    "a caption of a dark table": "<table style='background:#000'><caption style='color:#fff'>{}</caption></table>",
    "old body colours": "<div><font color=white>{}</font></div>",
    "an old background picture": "<table background=x.png><tr><td>{}</td></tr></table>",
    "an old ground that no browser paints": "<div bgcolor=black style='color:#fff'>{}</div>",
    "an old colour that no browser reads": "<table bgcolor='rgb(0,0,0)'><tr><td style='color:#fff'>{}</td></tr></table>",
    "old padding": "<table cellpadding=9999><tr><td>{}</td></tr></table>",
    "an old width": "<table width=1><tr><td>{}</td></tr></table>",
    "no breaks": "<table><tr><td nowrap>{}</td></tr></table>",
    "an old font": "<font face=Wingdings>{}</font>",
    "small in small": "<small><small><small><small>{}</small></small></small></small>",
    "a block on an inline ground": "<span style='background:#000'><div style='color:#fff'>{}</div></span>",
    "a link without a colour on a dark ground": "<p style='background:#222;color:#eee'><a href=x>{}</a></p>",
    "an object": "<object>{}</object>",
    "svg": "<svg><text>{}</text></svg>",
    "a legend": "<fieldset><legend>{}</legend></fieldset>",
    "an option": "<datalist><option>{}</option></datalist>",
    "an unknown element": "<spoiler>{}</spoiler>",
    "a custom element": "<news-item>{}</news-item>",
    "a shadow root": "<div><template shadowrootmode=open>x</template><p>{}</p></div>",
    "a script beside": "<p>{}</p><script>document.body.remove()</script>",
    "a handler beside": "<p>{}</p><img src=x onerror=document.body.remove()>",
    "a redirection": '<meta http-equiv=refresh content="0;url=https://x.example"><p>{}</p>',
    "a policy": "<meta http-equiv=content-security-policy content=style-src><p>{}</p>",
    "a scaled page": '<meta name=viewport content="width=9999"><p>{}</p>',
    "cells over each other": "<table><tr><td>a<td rowspan=2 style='background:#fff'>x<tr><td colspan=2>{}</table>",
    "a box that begins left of the window": "<div style='width:300px;direction:rtl'><p style='min-width:900px'>{}</p></div>",
    "glyphs of a neighbour": "<p>{}</p><p style='font-size-adjust:30'>M</p>",
    "quotations in quotations": "<blockquote>" * 12 + "{}" + "</blockquote>" * 12,
    "a stroke through": "<del style='text-decoration-style:double'>{}</del>",
    "white on an inline ground": "<b style='background:#000;color:#fff'>{}</b>",
    "a page that cannot be scrolled": "<style>body{{overflow:hidden}}</style><p>{}</p>",
    "a dark root": "<style>html{{color-scheme:dark}}</style><p style='color:#222'>{}</p>",
    "a sheet that nobody chose": "<style>p{{color:#fff}}</style><style title=other>p{{color:#333!important}}</style><p>{}</p>",
    "a sheet that Outlook reads": "<!--[if mso]><style>p{{color:#fff}}</style><![endif]--><p>{}</p>",
    "colours that Outlook reads": '<!--[if mso]><div style="color:#fff"><![endif]--><p>{}</p>',
    "a tall inline box beside": "<p>{}</p><p><a style='padding:200px 9px;background:#fff'>x</a></p>",
    "a thick inline border beside": "<p>{}</p><p><b style='border:30px solid #fff'>x</b></p>",
    "a blank inline box on a low line": "<p>{}</p><p style='line-height:0'><b style='font-size:90px;background:#fff'>&nbsp; &nbsp;</b></p>",
    "an empty inline box on a low line": "<p>{}</p><p style='line-height:0'><b style='font-size:90px;background:#fff;padding:0 90px'></b></p>",
    "many shadows": '<p>{}</p><div style="box-shadow:'
    + ",".join(["0 -20px 0 rgba(0,0,0,.15)"] * 9)
    + '">x</div>',
    "an outline beside": '<p>{}</p><div style="outline:2px solid #fff">x</div>',
    "a narrow box beside": "<p>{}</p><div style='width:9px'>Unbreakable</div>",
    "a table part that is a box": "<table style='display:block;height:9px'><tr><td>x</table><p>{}</p>",
    "a page scaled down": '<meta name=viewport content="initial-scale=0.1,maximum-scale=0.1"><p>{}</p>',
    "a dark scheme without a dark ground": '<meta name=color-scheme content="light dark"><p style="color:#222">{}</p>',
    "what Outlook reads": '<!--[if mso]><div style="display:none"><![endif]--><p>{}</p>',
    "an overlay": '<p>{}</p><div style="position:absolute;top:0;left:0;width:999px;height:999px;background:#fff">x</div>',
    "a fixed bar": '<p>{}</p><div style="position:fixed;bottom:0">x</div>',
    "a neighbour pulled over": '<p>{}</p><div style="margin-top:-60px;background:#fff"><br><br><br></div>',
    "a neighbour shifted over": '<p>{}</p><div style="position:relative;top:-60px;background:#fff">xxx</div>',
    "a neighbour moved over": '<p>{}</p><div style="transform:translateY(-60px);background:#fff">xxx</div>',
    "a broad shadow": '<p>{}</p><div style="box-shadow:0 0 0 900px #000">x</div>',
    "a broad outline": '<p>{}</p><div style="outline:900px solid #fff">x</div>',
    "a shadow of letters": '<p>{}</p><div style="text-shadow:0 -20px 0 #fff">████</div>',
    "broad letters' edges": '<p>{}</p><div style="-webkit-text-stroke:200px #fff">x</div>',
    "a border picture": '<p>{}</p><div style="border-image:url(x.png) 1 / 1 / 900px">x</div>',
    "a box too low for its text": '<div style="height:2px">Long<br>and<br>longer</div><p>{}</p>',
    "lines too low for their letters": '<div style="line-height:0;font-size:90px;color:#fff">████</div><p>{}</p>',
    "a picture beyond its edge": '<p>{}</p><img src=x width=1 height=1 style="overflow:visible;object-fit:none">',
    "a drawing beyond its edge": "<p>{}</p><svg overflow=visible width=1 height=1><rect width=900 height=900 fill=white /></svg>",
    "much text put off the page": f'<p>{{}}</p><div style="position:absolute;left:-999px">{"x" * 400}</div>',
}


@pytest.mark.parametrize("way", MARKUP)
def test_markup_that_may_hide_a_text_is_seen_through(way):
    sight = looked_at(MARKUP[way].format(SAID))
    assert not shown(sight)
    assert reasons(sight)


def test_the_colours_that_a_body_names_count():
    for body in ("<body text=white>", "<body bgcolor=black>", "<body link=white text=#000000>"):
        assert not shown(see(f"<!doctype html>{body}<p><a href=x>{SAID}</a></p>")), body


OWN = "https://front.example/wire/assets/copy.js"


@pytest.mark.parametrize(
    "beside",
    [
        '<script src="https://elsewhere.example/assets/copy.js"></script>',
        '<script src="//elsewhere.example/assets/copy.js"></script>',
        '<script src="/other/assets/copy.js"></script>',
        '<base href="https://elsewhere.example/"><script src="/assets/copy.js"></script>',
        '<script src="/assets/copy.js"></script>',
        '<script src="https://front.example/assets/copy.js"></script>',
        '<script src="https://front.example/wire/assets/copy.js?x"></script>',
        '<script src="https://front.example/wire/assets/COPY.js"></script>',
        '<script src=""></script>',
        "<script>x</script>",
        f'<script src="{OWN}" onload="x"></script>',
    ],
)
def test_only_the_script_of_our_own_pages_is_let_in(beside):
    assert see(f"<p>{SAID}</p>{beside}", OWN).faults


def test_the_script_of_our_own_pages_is_let_in():
    ours = f'<p>{SAID}</p><script src="{OWN}" defer></script>'
    assert see(ours, OWN).faults == ()
    assert see(ours).faults, "a mail and a feed have none"
