"""What counts as seen: style sheets by selector, cascade and condition; and what may not be mistaken for hiding."""

from __future__ import annotations

import pytest

from publisher.gate.colour import BLACK, NAMES, WHITE, colour, legible
from publisher.gate.sight import plain, see
from tests.gatebox import ENGLISH, check, digest, html_of, rules

MADE = digest()


def seen(html: str) -> str:
    return plain(" ".join(run.text for run in see(html).runs))


def styled(style: str) -> set[str]:
    """The rules that the page breaks when this style sheet is put into it."""
    return rules(check("html", html_of(MADE, ENGLISH, style=style).encode(), MADE))


@pytest.mark.parametrize(
    "style",
    [
        ".never-used { display: none }",
        "@media (max-width: 480px) { .x { display:none !important } }",
        "@media print { .x { color: red } .y { visibility: hidden } }",
        ".a{}/* } */.x{opacity:0}",
        ".x { font-size: 8.9px }",
        ".x { font-size: 0 }",
        ".x { font: 0/0 a }",
        ".x { font-size: .5em }",
        ".x { mso-hide: all }",
        r".x { d\69 splay : none }",
        ".x { display:none; display:block; display:none",
        "@keyframes gone { to { opacity: 0 } }",
        "@import url(https://front.example/more.css);",
        ".x { color: red } @IMPORT 'more.css'; .y { color: red }",
    ],
)
def test_a_style_rule_that_can_hide_text_is_refused_whatever_it_selects(style):
    assert styled(style) == {"hidden"}


def test_an_outside_style_sheet_is_refused():
    link = '<link rel="preload StyleSheet" href="https://front.example/more.css">'
    html = html_of(MADE).replace("</head>", f"{link}</head>")
    assert rules(check("html", html.encode(), MADE)) == {"hidden"}


@pytest.mark.parametrize(
    "style",
    [
        ".provenance, .provenance a { color: #fff !important }",
        "p.provenance { color: white !important }",
        "p { background: #595959 }",
        ".item > p:last-child { color: rgb(254, 254, 254) !important }",
        "* { color: #ffffff !important }",
        "@media (prefers-color-scheme: dark) { .provenance { background-color: #595959 } }",
        "@media (prefers-color-scheme: dark) { body { background: #000 } .provenance { color: #111 !important } }",
        "@supports (display: grid) { .provenance { color: transparent !important } }",
        ":root { --quiet: #fff } .provenance { color: var(--quiet) !important }",
        ":root { --a: var(--b); --b: #fff } .provenance { color: var(--a) !important }",
        ".provenance { color: var(--missing, #fff) !important }",
        ".provenance { -webkit-text-fill-color: #fff !important }",
        ".item p:is(:lang(fa), .provenance) { color: #fff !important }",
        ".provenance { position: absolute; left: -100vw }",
        ".provenance { height: 1px; overflow: hidden }",
        ".provenance { clip-path: inset(100%) }",
        ".provenance { transform: scale(0) }",
        ":root { --n: 1px } .provenance { font-size: var(--n) }",
        "div { .provenance { color: #fff !important } }",
    ],
)
def test_provenance_that_a_style_sheet_takes_away_is_missed(style):
    assert {"source-link", "disclaimer"} <= styled(style)


@pytest.mark.parametrize(
    "style",
    [
        "",
        ".provenance { color: #fff }",  # the style attribute is stronger
        ".provenance { color: #fff !important } p.provenance { color: #333 !important }",
        ".provenance { color: #333 !important } .x { color: #fff !important }",
        "p.provenance { color: #333 !important } .provenance { color: #fff !important }",
        "body { background: #000 } .item, h1, h2, #end { background: #fff }",
        "@media (prefers-color-scheme: dark) { body, .provenance { background: #000 !important; color: #ccc !important } a { color: #8cf } }",
        "a:hover, a:focus-visible { color: #333 !important; background: #fff; text-decoration: underline }",
        "p::selection { color: #fff; background: #fff }",
        ".skip { position: absolute; inset-inline-start: -100vw } .skip:focus { inset-inline-start: 1rem; top: 1rem }",
        ".quiet { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip: rect(0, 0, 0, 0) }",
        "@charset 'utf-8'; p { font-size: 14px; opacity: 1; line-height: 1.2 }",
        "p { color: inherit; background: no-repeat }",
        "p { max-width: 44rem; min-height: 0; margin: 0 10px; text-indent: 1em }",
        "p { display: block } td { width: 0 } a[title='}'] { color: red }",
        "nav { display: flex; flex-wrap: wrap; gap: 1rem } nav a { opacity: .6; white-space: nowrap }",
        "#end { font-size: 11px; overflow: hidden; column-count: 2 }",
        ".card { height: 40px } img { height: 40px; max-width: 100% }",
    ],
)
def test_a_style_sheet_that_hides_nothing_passes(style):
    assert styled(style) == set()


def test_a_condition_on_the_style_element_counts_like_one_inside():
    html = html_of(MADE).replace(
        "<style>",
        '<style media="(prefers-color-scheme: dark)">.provenance{background:#595959}</style><style>',
    )
    assert {"source-link", "disclaimer"} <= rules(check("html", html.encode(), MADE))


@pytest.mark.parametrize("root", ["html", "body"])
def test_hiding_the_whole_page_hides_every_item(root):
    html = html_of(MADE).replace(f"<{root}>", f'<{root} style="display:none">')
    violations = check("html", html.encode(), MADE)
    assert {(v.story_id, v.rule) for v in violations} == {
        (story.story_id, rule)
        for story in MADE.items
        for rule in ("headline", "source-link", "source-name", "disclaimer")
    }
    assert all(v.detail.endswith(": display:none may hide it") for v in violations)


def test_text_in_a_container_without_size_is_seen_when_it_has_one_of_its_own():
    """MJML sets every table cell to zero and its content to a size of its own."""
    assert (
        seen(
            '<table><tr><td style="font-size:0px">gone<div style="font-size:13px">here</div></td></tr></table>'
        )
        == "here"
    )


def test_light_text_on_a_dark_ground_is_seen():
    assert seen('<div style="background:#222"><p style="color:#eee">here</p></div>') == "here"
    assert seen('<div style="background:rgba(0,0,0,.9)"><p style="color:#eee">here</p></div>') == "here"
    assert seen('<div style="background:rgba(0,0,0,.05)"><p style="color:#eee">gone</p></div>') == ""


def test_blocks_part_words_and_inline_elements_do_not():
    runs = see("<p>one<b>two</b></p><p>three<br>four</p>").runs
    assert [(run.text, run.block) for run in runs[:2]] == [("one", runs[0].block), ("two", runs[0].block)]
    assert runs[2].block != runs[0].block
    assert plain("".join(run.text for run in runs[2:])) == "three four"


def test_a_run_knows_the_link_it_stands_in():
    runs = see('<a href="https://a.example/?x=1&amp;y=2"><b>one</b> two</a> three <a>four</a>').runs
    assert [(run.text, run.link) for run in runs] == [
        ("one", "https://a.example/?x=1&y=2"),
        (" two", "https://a.example/?x=1&y=2"),
        (" three ", None),
        ("four", None),
    ]
    assert runs[0].anchor == runs[1].anchor != runs[3].anchor


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("#fff", "white"),
        ("#ffffff", "rgb(100%, 100%, 100%)"),
        ("#ffffffff", "hsl(120, 0%, 100%)"),
        ("#f00", "rgb(255 0 0 / 1)"),
        ("#f00", "hsl(0deg 100% 50%)"),
        ("#0000", "transparent"),
        ("rebeccapurple", "#639"),
        ("#fff", "rgba(255, 255, 255, 100%)"),
    ],
)
def test_colours_written_in_two_ways_are_one(one, other):
    first, second = colour(one), colour(other)
    assert isinstance(first, tuple)
    assert isinstance(second, tuple)
    assert first == pytest.approx(second)


@pytest.mark.parametrize(
    "value",
    [
        *(
            "inherit",
            "",
            "url(#fff.png)",
            "none",
            "12px",
            "#12345",
            "#ggg",
            "currentcolor",
            "canvas",
            "bluish",
        ),
        *("rgb(0, 0 0)", "rgb(0%, 0, 0)", "rgb(0 0)", "rgb(0 0 0 0)", "rgb(0, 0, 0 / 1)", "rgb(calc(1) 0 0)"),
        *(
            "rgb(from white r g b)",
            "hsl(0, 0, 0)",
            "hsl(1turn 0% 0%)",
            "oklch(1 0 0)",
            "color-mix(in srgb, #fff, #fff)",
        ),
    ],
)
def test_what_is_not_certain_to_be_a_colour_is_none(value):
    assert colour(value) is None


def test_every_colour_that_css_names_is_known():
    assert len(NAMES) == 149
    assert all(colour(name) for name in NAMES)


def test_text_is_legible_from_a_contrast_of_three():
    assert legible(BLACK, WHITE)
    assert legible(colour("#949494"), WHITE)
    assert not legible(colour("#959595"), WHITE)
    assert not legible(colour("rgba(0, 0, 0, .1)"), WHITE)


@pytest.mark.parametrize(
    "html",
    ["", "<p", "<!--", "<style>", "<style>{", "<p style='", "<style>}}}</style>", "<style>@media{</style>"],
)
def test_broken_markup_is_read_as_far_as_it_goes(html):
    assert see(html).runs == ()
