"""What a newsroom may change of its looks without being refused, and the templates that are shipped in every language and scheme."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher import gate
from publisher.edition import Edition, Variant
from publisher.render import digest as digests
from publisher.render import pages
from tests.feedbox import ENGLISH as HOUSE
from tests.feedbox import NOW, item
from tests.gatebox import ENGLISH, LOOK, SCRIPT, SHIPPED, check, compiled, digest, html_of, rules
from tests.sightbox import SAID, looked_at, reasons, shown

MADE = digest()

ORDINARY = """
font-family: "Source Serif 4", Georgia, serif; font-size: 15px; line-height: 1.6; font-weight: 600; font-style: italic
font: italic bold .9em/1.5 Charter, "Times New Roman", serif
font: 700 1.25rem/1.2 Georgia, "Noto Serif", serif
font-size: small; line-height: 20px; letter-spacing: .02em; word-spacing: normal; text-transform: uppercase
font-size: 11pt; line-height: 150%; mso-line-height-rule: exactly; -webkit-text-size-adjust: 100%
color: #444
color: rgb(20, 60, 120)
color: hsl(210, 50%, 30%)
color: darkslategray; background: whitesmoke
color: #fff; background-color: #0b3d6b
color: rgba(0, 0, 0, .8); background: rgba(255, 250, 240, .9)
background: #fafafa none repeat scroll 0 0
border: 1px solid #ccc; border-radius: 6px; overflow: hidden; padding: 12px 16px; margin: 10px 0 0
border-left: 4px solid crimson; padding-left: 12px
border-top: thin dotted rgba(0, 0, 0, .3); border-color: #ccc; border-style: solid; border-width: 1px 0
border-inline-start: 3px solid tomato; padding-inline: 1em .5em; margin-block: 1em
width: 100%; max-width: 480px; min-width: 200px
width: 80%; margin: 0 auto; text-align: center
max-width: 65ch; box-sizing: border-box; overflow-wrap: anywhere; hyphens: auto
display: block; text-align: justify; vertical-align: top; direction: ltr
display: inline-block; padding: 2px 8px; border-radius: 12px
box-shadow: 0 1px 3px rgba(0, 0, 0, .2)
text-decoration: underline dotted 1px; text-underline-offset: .15em; text-decoration-color: red
transition: color .2s ease; cursor: help; user-select: text
min-height: 100vh; list-style: square inside; -webkit-font-smoothing: antialiased
outline: none; scroll-margin-top: 2rem
white-space: normal; word-break: break-word; text-wrap: pretty; tab-size: 4
opacity: 1; visibility: visible; position: static; float: none; transform: none; overflow: visible; z-index: auto
""".strip().splitlines()


@pytest.mark.parametrize("style", ORDINARY)
def test_ordinary_looks_pass(style):
    for body, sheet in (
        (f"<p style='{style}'>{SAID}</p>", ""),
        (f"<div style='{style}'><p>{SAID}</p></div>", ""),
        (f"<p class=x>{SAID}</p>", f".x {{ {style} }}"),
        (f"<p class=x>{SAID}</p>", f"@media (max-width: 600px) {{ p.x:hover {{ {style} }} }}"),
    ):
        sight = looked_at(body, sheet)
        assert shown(sight), reasons(sight)


def test_an_ordinary_page_of_a_newsroom_passes():
    style = """
    /* a reset */
    *, *::before, *::after { box-sizing: border-box; margin: 0; }
    html { font-size: 112.5%; -webkit-text-size-adjust: 100%; }
    body { background: #faf7f2; color: #222; font: 1rem/1.6 "Literata", Georgia, serif; }
    a { color: #7a1f1f; text-decoration-thickness: 1px; }
    a:link { color: #7a1f1f } a:visited { color: #5a3a3a }
    a:hover { color: #a33; text-decoration: none; }
    a:focus-visible { outline: 3px solid #a33; outline-offset: 2px; }
    nav { display: flex; gap: 1rem; justify-content: space-between; height: 3rem; overflow: hidden; }
    .item { max-width: 40rem; margin: 0 auto 2rem; padding: 1.5rem; background: #fff; border: 1px solid #e5ddd0; border-radius: 8px;
            box-shadow: 0 2px 8px rgba(0, 0, 0, .08); }
    .item:nth-child(odd) { background: #fffdf8; }
    .provenance { border-top: 1px solid #e5ddd0; padding-top: .75rem; font: italic 600 .875rem/1.5 system-ui, sans-serif; }
    .provenance::before { content: "\\2014  "; color: #999; }
    figure img { width: 100%; height: auto; border-radius: 4px; }
    @media (max-width: 600px) { .item { padding: 1rem; border-radius: 0 } }
    @media print { nav { visibility: visible } a { color: #000 } }
    """
    html = html_of(MADE, ENGLISH, style=style).replace("<h1>", "<nav><a href=/>Front</a></nav><h1>")
    assert [str(v) for v in check("html", html.encode(), MADE)] == []
    assert rules(
        check("html", html.replace("font: italic 600 .875rem", "font: italic 600 .275rem").encode(), MADE)
    )


def test_a_page_that_turns_dark_with_its_reader_passes():
    style = """
    :root { color-scheme: light dark; --ink: #222; --paper: #fff; --link: #06c }
    @media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #111; --link: #8bf } }
    body { color: var(--ink); background: var(--paper) } a { color: var(--link, #06c) }
    .provenance { color: inherit !important; border-top: 1px solid var(--ink); padding: var(--gap, 4px) }
    """
    html = html_of(MADE, ENGLISH, style=style)
    assert [str(v) for v in check("html", html.encode(), MADE)] == []
    for spoiled in (
        style.replace("--ink: #ddd", "--ink: #222"),
        style.replace("background: var(--paper)", ""),
    ):
        assert rules(check("html", html_of(MADE, ENGLISH, style=spoiled).encode(), MADE))


SPOKEN = ("en", "fa", "ar", "he")


def spoken(language: str) -> Edition:
    """A digest in this language with a story in each of them."""
    stories = [
        replace(
            item(f"01{chr(65 + at)}", lede="Lede. " * 40, correction_note="A year was wrong."),
            language=tongue,
        )
        for at, tongue in enumerate(SPOKEN)
    ]
    made = digest(*stories, item("01E", headline="S-300: report", lede="", rights_line="Licence"))
    return replace(
        made,
        languages=(language,),
        titles=((language, "The Morning Wire"),),
        shelves=tuple(replace(shelf, language=language) for shelf in made.shelves),
        disclaimers=tuple(replace(HOUSE, language=tongue) for tongue in SPOKEN),
    )


@pytest.mark.parametrize("language", SPOKEN)
def test_the_shipped_mail_passes_in_every_direction(language):
    made, variant = spoken(language), Variant(language)
    rendered = digests.render(made, variant, look=LOOK, templates=SHIPPED)
    raw = compiled(made, rendered, variant)
    assert [str(v) for v in gate.check_message(raw, made, variant, output="m", now=NOW)] == []


@pytest.mark.parametrize("language", SPOKEN)
def test_the_shipped_page_passes_in_every_direction(language):
    made, variant = spoken(language), Variant(language)
    site = pages.Site(
        name="Front",
        url="https://front.example",
        language=language,
        timezone="UTC",
        postal_address="1 Harbour Road",
        sections=(pages.SectionLink("World", "https://front.example/s/world/"),),
        disclaimer=HOUSE.full,
    )
    page = pages.edition_page(made, variant, site, url="https://front.example/e/1/", templates=SHIPPED)
    assert [str(v) for v in gate.check_html(page, made, variant, output="p", now=NOW, script=SCRIPT)] == []
