"""An operator's own templates, put over the shipped ones: what they may change, and what the gate stops in the finished mail or page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from publisher import gate
from publisher.edition import Variant
from publisher.errors import Violation
from publisher.render import digest as digests
from publisher.render import pages, templates
from tests.feedbox import ENGLISH as HOUSE
from tests.feedbox import NOW
from tests.gatebox import ENGLISH, ITEMS, LOOK, SCRIPT, compiled, digest

ROOT = Path(__file__).resolve().parents[2] / "templates"
MADE = digest()
ITEM, MAIL_STYLE = "mail/digest/parts.mjml.j2", "mail/digest/style.css.j2"
PAGE_STYLE = "web/style.css.j2"
LINE = 'style="margin:10px 0 0;'
LINK = 'style="color:{{ light.accent }};font-weight:700;"'


def overridden(folder: Path, name: str, change: Callable[[str], str]) -> templates.Templates:
    """The shipped templates with one of them changed in the operator's folder."""
    before = (ROOT / name).read_text()
    after = change(before)
    assert after != before
    target = folder / name
    target.parent.mkdir(parents=True)
    target.write_text(after)
    return templates.load([folder, ROOT])


def mailed(own: templates.Templates) -> tuple[Violation, ...]:
    rendered = digests.render(MADE, ENGLISH, look=LOOK, templates=own)
    raw = compiled(MADE, rendered)
    return gate.check_message(raw, MADE, ENGLISH, output="digest-en.eml", now=NOW, subject=rendered.subject)


def paged(own: templates.Templates) -> tuple[Violation, ...]:
    site = pages.Site(
        name="Front",
        url="https://front.example",
        language="en",
        timezone="UTC",
        postal_address="1 Harbour Road",
        sections=(pages.SectionLink("World", "https://front.example/s/world/"),),
        disclaimer=HOUSE.full,
    )
    page = pages.edition_page(MADE, Variant("en"), site, url="https://front.example/e/1/", templates=own)
    return gate.check_html(page, MADE, Variant("en"), output="e/1/index.html", now=NOW, script=SCRIPT)


@pytest.mark.parametrize(
    "style",
    [
        "font-size:calc(1px)!important;",
        "zoom:0.01;",
        "max-height:1px;overflow:clip;",
        "transform:translateX(-9999px);",
        "position:absolute;left:9999px;",
        "color:oklch(1 0 0);",
        "opacity:.05;",
        "filter:blur(30px);",
        "letter-spacing:-1em;",
        "line-height:0;",
        "text-indent:9999px;",
        "font-size:var(--none);",
    ],
)
def test_a_mail_whose_provenance_line_has_such_a_style_is_stopped_by_name(tmp_path, style):
    violations = mailed(overridden(tmp_path, ITEM, lambda text: text.replace(LINE, f'style="{style}', 1)))
    named = style.partition(";")[0].removesuffix("!important").lower()
    missing = {(v.story_id, v.rule) for v in violations if v.story_id}
    assert missing >= {(item.story_id, "disclaimer") for item in ITEMS}
    if "line-height" not in style and "color" not in style:
        assert all(named in v.detail for v in violations if v.story_id)


@pytest.mark.parametrize("colour", ["azure", "oklch(1 0 0)", "mintcream", "#fff"])
def test_a_mail_whose_source_link_has_such_a_colour_is_stopped(tmp_path, colour):
    own = overridden(tmp_path, ITEM, lambda text: text.replace(LINK, f'style="color:{colour};"'))
    assert {(v.story_id, v.rule) for v in mailed(own)} == {
        (item.story_id, rule) for item in ITEMS for rule in ("source-link", "source-name")
    }


@pytest.mark.parametrize(
    "rule",
    [
        ".soft:not(:hover) { color: #fff; max-height: 0; overflow: hidden; }",
        ".soft { color: #fff !important }",
        "p::first-line { color: #fff }",
        "@layer quiet { .soft { color: #fff } }",
        ".paper { transform: scale(.001) }",
        "@keyframes away { to { color: #fff } } .soft { animation: away 1s forwards }",
        ".soft::after { content: ''; position: absolute; inset: 0; background: #fff }",
        "@media (min-width: 1px) { .soft { color: #999 !important } } @media (min-width: 2px) { .paper td { background-color: #999 !important } }",
    ],
)
def test_a_mail_with_such_a_rule_is_stopped(tmp_path, rule):
    own = overridden(tmp_path, MAIL_STYLE, lambda text: f"{text}\n{rule}\n")
    assert mailed(own)


@pytest.mark.parametrize(
    "style",
    [
        "margin:12px 0 0;padding:10px 14px;background:rgba(11,61,107,.06);border-radius:6px;border:1px solid #c9d6e4;",
        "margin:10px 0 0;font-family:Charter,Georgia,serif;font-style:italic;",
        "margin:10px 0 0;width:100%;max-width:480px;text-align:center;",
        "background-color:#0b3d6b;",
    ],
)
def test_a_mail_with_ordinary_looks_of_its_own_passes(tmp_path, style):
    def change(text: str) -> str:
        text = text.replace(LINE, f'style="{style}')
        return (
            text.replace("color:{{ light.muted }};", "color:#fff;").replace(LINK, 'style="color:#fff;"')
            if "#0b3d6b" in style
            else text
        )

    assert [str(v) for v in mailed(overridden(tmp_path, ITEM, change))] == []


@pytest.mark.parametrize(
    "change",
    [
        ("border-top=", 'border-radius="12px" border-top='),
        ('background-color="{{ light.paper }}"', 'background-color="#fdf6e3"'),
        ('padding="26px 0 20px"', 'padding="40px 0 30px"'),
    ],
)
def test_a_masthead_with_ordinary_looks_of_its_own_passes(tmp_path, change):
    assert (
        mailed(overridden(tmp_path, "mail/digest/masthead.mjml.j2", lambda text: text.replace(*change))) == ()
    )


def test_sections_with_round_corners_pass(tmp_path):
    own = overridden(
        tmp_path,
        "mail/digest/section.mjml.j2",
        lambda text: text.replace(
            'css-class="paper">', 'css-class="paper" border-radius="12px" border="1px solid #cccccc">'
        ),
    )
    assert [str(v) for v in mailed(own)] == []


@pytest.mark.parametrize(
    "rule",
    [
        ".provenance:not(:hover) { color: var(--paper) }",
        ".provenance { color: var(--paper) }",
        "@media (prefers-color-scheme: dark) { :root { --muted: #1c1c1e } }",
        "article { height: 60px }",
        "article { display: grid; grid-template-rows: 0 0 }",
        "main { overflow: hidden } article { width: 900px; text-align: right }",
        "main { overflow: auto }",
        "footer.site { margin-top: -300px; background: #fff }",
        ".provenance a { font-size: 1px }",
    ],
)
def test_a_page_with_such_a_rule_is_stopped(tmp_path, rule):
    assert paged(overridden(tmp_path, PAGE_STYLE, lambda text: f"{text}\n{rule}\n"))


@pytest.mark.parametrize(
    "rule",
    [
        ".provenance { background: #eef3f8; color: #222; border-radius: 6px; padding: 1rem } .provenance a { color: #0b3d6b }",
        "main { max-width: 60rem; border-top-width: 8px; border-radius: 4px; box-shadow: 0 1px 4px rgba(0, 0, 0, .1) }",
        "@media (prefers-color-scheme: light) { :root { --link: #7a1f1f; --ground: #faf7f2 } }",
        "article { padding: 2rem; border: 1px solid var(--rule) } article + article { margin-top: 2rem }",
        "body { font: 1.125rem/1.7 Charter, Georgia, serif } .provenance { font-size: 1rem; line-height: 1.4 }",
        "nav { justify-content: center; border-bottom: 1px solid var(--rule) } nav a { opacity: .8 }",
    ],
)
def test_a_page_with_ordinary_looks_of_its_own_passes(tmp_path, rule):
    own = overridden(tmp_path, PAGE_STYLE, lambda text: f"{text}\n{rule}\n")
    assert [str(v) for v in paged(own)] == []
