"""Colours, fonts, width and logo: what a newsroom may set, what is refused, and that mails and pages wear it."""

from dataclasses import replace

import pytest

from publisher.edition import Variant
from publisher.errors import ConfigurationInvalid
from publisher.render import digest
from publisher.settings import fresh_keys, from_data
from publisher.theme import DARK, LIGHT, Colours, Theme, contrast, unreadable
from tests.editions import LOOK, TEMPLATES, edition, item, persian

SITE = {
    "name": "Front",
    "url": "https://front.example",
    "tag_authority": "front.example",
    "tag_date": "2026-01-01",
    "contact": "desk@front.example",
}
MAKERS = {"en": item, "fa": persian}
HOUSE = {"id": "house", "version": 1, "language": "en", "short": "Theirs.", "full": "All theirs."}


def settled(**theme):
    return from_data({"site": SITE, "disclaimer": [HOUSE], "theme": theme}, secrets=fresh_keys()).theme


def refused(**theme):
    with pytest.raises(ConfigurationInvalid) as error:
        settled(**theme)
    return [(problem.key, problem.message) for problem in error.value.problems]


def mailed(theme, language="en"):
    made = edition(*(MAKERS[language](name) for name in ("01A", "01B", "01C")), language=language)
    look = replace(LOOK, theme=theme)
    return digest.render(made, Variant(language), look=look, templates=TEMPLATES).html


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert contrast("#ffffff", "#777777") == contrast("#777777", "#ffffff")


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_the_shipped_colours_can_be_read_on_all_their_grounds(colours):
    assert list(unreadable(colours)) == []
    assert min(contrast(colours.ink, getattr(colours, g)) for g in ("paper", "tint", "ground")) >= 7


def test_what_is_set_is_what_mails_wear():
    theme = settled(
        width=640,
        headline_font="'Charter', \"Bitstream Charter\", serif",
        logo="https://front.example/logo.png",
        light={"accent": "#7A1F1F"},
        dark={"accent": "#ffb4a8"},
    )
    html = mailed(theme)
    assert theme.headline_font == "Charter, Bitstream Charter, serif"
    assert "font-family:Charter, Bitstream Charter, serif" in html
    assert "max-width:640px" in html
    assert 'src="https://front.example/logo.png"' in html
    assert 'alt="Example Front Page"' in html
    assert "#7a1f1f" in html
    assert "#ffb4a8" in html
    assert LIGHT.accent not in html
    assert DARK.accent not in html


def test_right_to_left_mails_have_their_own_fonts():
    theme = Theme(rtl_font="Vazirmatn, Tahoma", headline_font="Charter", text_font="Inter")
    assert "Charter" not in mailed(theme, "fa")
    assert "font-family:Vazirmatn, Tahoma" in mailed(theme, "fa")
    assert "Vazirmatn" not in mailed(theme, "en")


@pytest.mark.parametrize(
    ("theme", "key", "said"),
    [
        ({"light": {"muted": "#aaaaaa"}}, "theme.light.muted", "has a contrast of 2.3; readers need 4.5"),
        ({"dark": {"paper": "#8ab4f8"}}, "theme.dark.accent", "on paper #8ab4f8"),
        ({"light": {"ink": "red"}}, "theme.light.ink", 'a colour is wanted, such as "#0b3d6b"'),
        ({"light": {"ink": "#1b1b1b;display:none"}}, "theme.light.ink", "a colour is wanted"),
        ({"light": {"inc": "#1b1b1b"}}, "theme.light.inc", 'did you mean "ink"'),
        (
            {"text_font": "x;} body{display:none"},
            "theme.text_font",
            "names of fonts between commas are wanted",
        ),
        ({"text_font": ""}, "theme.text_font", "names of fonts between commas are wanted"),
        ({"logo": "http://front.example/logo.png"}, "theme.logo", "has to be https"),
        ({"width": 200}, "theme.width", "greater than or equal to 480"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(theme, key, said):
    problems = refused(**theme)
    assert key in [place for place, _ in problems]
    assert any(said in message for place, message in problems if place == key)


def test_every_text_colour_is_held_against_every_ground_it_stands_on():
    white = Colours(**dict.fromkeys(Colours.__slots__, "#ffffff"))
    assert {(text, ground) for text, ground, _ in unreadable(white)} == {
        (text, ground)
        for text in ("ink", "muted", "accent", "alert")
        for ground in ("paper", "tint", "ground")
    } - {("alert", "ground")} | {("line", "paper")}
