"""Readers' pages and the public ones as a phone's browser has them: nothing against them by axe, light and dark, and nothing beyond the screen's edge."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from publisher import assets
from publisher.desk.browser import browser, installed
from publisher.edition import Notice, Variant
from publisher.render import pages as public_pages
from publisher.render import readers as pages
from publisher.render.templates import load
from tests.feedbox import ENGLISH, NOW, edition, item

pytestmark = [pytest.mark.program("chromium"), pytest.mark.package("axe-core")]
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
JUDGE = (
    "axe.run(document).then(found => JSON.stringify([document.documentElement.scrollWidth, "
    "found.violations.flatMap(rule => rule.nodes.map(node => `${rule.id}: ${node.html}`))]))"
)
CUT = (
    "JSON.stringify([...document.querySelectorAll('.address')].map(box => "
    "[box.scrollWidth <= box.clientWidth, box.getBoundingClientRect().right <= 390, box.textContent ?? '']))"
)
LONG_FEED = "https://the-newsroom-of-a-town.example/feeds/middle-east-and-north-africa-politics.zh-Hans.rss"
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


def public(language: str) -> list[bytes]:
    """A front page with a lead, an edition with a story withdrawn and one corrected since, the list of editions, a story, a notice."""
    templates = load([assets.root() / "templates"])
    link = pages_link(language)
    own = {"headline": "Headline of the house, rather a long one for a phone", "headline_at": NOW}
    first = item(
        "01A", byline="A. Reporter", dateline="PORT", correction_note="Berth 7.", corrected_at=NOW, **own
    )
    notice = Notice(NOW, language, "Withdrawn: a story from Meridian", "This story was withdrawn.")
    second, gone = item("01B", rights="lede", body=""), item("01C", withdrawn=notice)
    own_words = (replace(ENGLISH, language=language),)
    made = edition(
        first, second, gone, languages=(language,), titles=((language, "World"),), disclaimers=own_words
    )
    house = public_pages.Site(
        name="The Example Newsroom",
        url="https://n.example",
        language=language,
        timezone="UTC",
        postal_address="1 Quay Street",
        sections=(public_pages.SectionLink("Middle East and North Africa", "https://n.example/s/me/"),),
        disclaimer="Full.",
        archives=(public_pages.SectionLink("The Morning Wire", "https://n.example/archive/m/"),),
        subscribe="https://n.example/subscribe",
        contact="desk@n.example",
    )
    tongues = [public_pages.TongueLink(tag, f"https://n.example/{tag}/") for tag in ("en", "fa", "he")]
    alone = replace(made, items=(first,), shelves=(replace(made.shelves[0], stories=("01A",)),))
    taken = replace(made, items=(gone,), shelves=(replace(made.shelves[0], stories=("01C",)),))
    said = {"templates": templates}
    return [
        public_pages.front_page(made, house, feeds=[link], editions=(), tongues=tongues, **said),
        public_pages.edition_page(
            made,
            Variant(language),
            house,
            url="https://n.example/e/1/",
            later={"01B": public_pages.Later(NOW, "It was two.", "https://n.example/story/01B")},
            tongues=tongues,
            **said,
        ),
        public_pages.archive_page(
            "The Morning Wire",
            [public_pages.Numbered(7, NOW, "https://n.example/e/1/")],
            house,
            url="https://n.example/archive/m/",
            tongues=tongues,
            **said,
        ),
        public_pages.story_page(alone, house, url="https://n.example/story/01A", **said),
        public_pages.withdrawn_page(taken, house, **said),
    ]


def helping(language: str) -> list[bytes]:
    """What a feed is, of a house whose addresses are longer than a phone is wide."""
    house = public_pages.Site(
        name="The Example Newsroom",
        url="https://n.example",
        language=language,
        timezone="UTC",
        postal_address="1 Quay Street",
        sections=(),
        disclaimer="Full.",
    )
    feed = pages_link(language)
    section = public_pages.SectionFeed("Sea", "https://n.example/s/sea/", LONG_FEED)
    said = {"sections": [section], "of_language": False, "tongues": ()}
    templates = load([assets.root() / "templates"])
    return [public_pages.help_page(house, feeds=[replace(feed, url=LONG_FEED)], **said, templates=templates)]


def pages_link(language: str) -> public_pages.Feed:
    return public_pages.Feed("RSS", "application/rss+xml", "All", f"https://n.example/feeds/{language}.rss")


def test_axe_finds_nothing_against_a_page_and_it_fits_a_phone() -> None:
    found = {}
    seen = [
        ("reader", shown, "en", 0, False),
        ("reader", shown, "fa", 1, True),
        ("reader", shown, "fa", 2, False),
    ]
    seen += [("public", public, "en", number, number % 2 == 0) for number in range(5)]
    seen += [("public", public, "fa", 1, True), ("public", public, "he", 3, False)]
    with browser(str(installed())) as window:
        for kind, made, language, number, dark in seen:
            window.picture(made(language)[number].decode(), width=320, dark=dark)
            window._call("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
            told = window._call("Runtime.evaluate", expression=JUDGE, awaitPromise=True, returnByValue=True)
            found[kind, language, number] = tuple(json.loads(told["result"]["value"]))
    assert found == dict.fromkeys(found, (320, []))


@pytest.mark.parametrize("language", ["en", "fa"])
def test_a_long_address_of_a_feed_is_seen_whole_on_a_phone(language: str) -> None:
    with browser(str(installed())) as window:
        window.picture(helping(language)[0].decode(), width=390, dark=False)
        window._call("Runtime.evaluate", expression=AXE.read_text(encoding="utf-8"))
        told = window._call("Runtime.evaluate", expression=JUDGE, awaitPromise=True, returnByValue=True)
        assert json.loads(told["result"]["value"]) == [390, []]
        told = window._call("Runtime.evaluate", expression=CUT, returnByValue=True)
        assert json.loads(told["result"]["value"]) == [[True, True, LONG_FEED]] * 2
