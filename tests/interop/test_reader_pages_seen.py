"""Readers' pages as a phone's browser has them: nothing against them by axe, light and dark, and nothing beyond the screen's edge."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from publisher import assets
from publisher.desk.browser import browser, installed
from publisher.render import readers as pages
from publisher.render.templates import load

pytestmark = [pytest.mark.program("chromium"), pytest.mark.package("axe-core")]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
JUDGE = (
    "axe.run(document).then(found => JSON.stringify([document.documentElement.scrollWidth, "
    "found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`))]))"
)
LONG = "an-address-that-somebody-typed-who-has-a-very-long-name-indeed@a-long-domain.of-some-length.example"


def shown(language: str) -> list[bytes]:
    """A page with everything, and one that only says something."""
    templates = load([assets.root() / "templates"])
    words = templates.words(language)
    house = pages.House(
        name="The Example Newsroom",
        url="https://n.example",
        contact="desk@n.example",
        postal_address="1 Quay",
    )
    choices = pages.Choices(
        sections=[
            pages.Option("world", "Middle East and North Africa", True),
            pages.Option("sea", "Sea", False),
        ],
        languages=[
            pages.Option("en", "English", language == "en"),
            pages.Option("fa", "فارسی", language == "fa"),
        ],
        rhythms=[
            pages.Option("each", "Each edition: 07:00, 18:00 CET", True),
            pages.Option("daily 07:00", "x", False),
        ],
    )
    said = {"digest": "The Morning Wire", "templates": templates}
    tongues = [pages.Offer("", f"/subscribe?lang={tag}", tag) for tag in ("en", "fa")]
    return [
        pages.join_page(
            house,
            words,
            slug="morning",
            action="/subscribe",
            choices=choices,
            token="x",
            email=LONG,
            wrong=True,
            tongues=tongues,
            **said,
        ),
        pages.preferences_page(
            house,
            words,
            address=LONG,
            action="/p/x",
            choices=choices,
            timezone="Europe/Lisbon",
            zones=["Europe/Lisbon"],
            saved=True,
            **said,
        ),
        pages.left_page(house, words, address=LONG, action="/u/x", **said),
    ]


def test_axe_finds_nothing_against_a_readers_page_and_it_fits_a_phone() -> None:
    found = {}
    with browser(str(installed())) as window:
        for language, number, dark in (("en", 0, False), ("fa", 1, True), ("fa", 2, False)):
            window.picture(shown(language)[number].decode(), width=320, dark=dark)
            window._call("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
            told = window._call("Runtime.evaluate", expression=JUDGE, awaitPromise=True, returnByValue=True)
            found[language, number] = tuple(json.loads(told["result"]["value"]))
    assert found == dict.fromkeys(found, (320, []))
