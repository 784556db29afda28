"""Which feeds a house has: by its configuration, never by what stories there are."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta

from publisher.feed import Consumer, Feed, feeds_of
from publisher.section import Section
from publisher.story import Source
from tests.stories import CASPIAN, ECONOMY, MERIDIAN, WORLD, story

LANGUAGES = ("en", "fa", "zh-Hant")


def made(sections=(WORLD, ECONOMY), sources=(MERIDIAN, CASPIAN), languages=LANGUAGES, language="en"):
    return feeds_of(sections, sources, language=language, languages=languages)


def by_series(**options):
    return {feed.series: feed for feed in made(**options)}


def test_there_is_a_feed_for_each_section_source_and_language_and_one_of_all():
    assert [feed.series for feed in made()] == [
        "world",
        "world.en",
        "world.fa",
        "economy",
        "source/meridian",
        "source/caspian",
        "lang/en",
        "lang/fa",
        "lang/zh-Hant",
        "all",
    ]


def test_a_section_in_one_language_has_no_feed_for_that_language_beside_it():
    assert [name for name in by_series() if name.startswith("economy")] == ["economy"]
    assert "world.en" not in by_series(languages=("en",))


def test_a_house_with_one_language_has_no_feeds_by_language():
    assert not [name for name in by_series(languages=("en",)) if name.startswith("lang/")]


def test_titles_are_in_the_feeds_own_language():
    feeds = by_series()
    assert (feeds["world"].title, feeds["world"].language) == ("World", "en")
    assert (feeds["world.fa"].title, feeds["world.fa"].language) == ("جهان – فارسی", "fa")
    assert (feeds["source/caspian"].title, feeds["source/caspian"].language) == ("Caspian Press", "en")
    assert by_series(language="fa")["world"].title == "جهان"
    assert (feeds["all"].title, feeds["all"].language) == ("", "en")


def test_no_two_feeds_have_one_title():
    """A reader program lists them by nothing else: a section's feed in one language names that beside the feed in all."""
    titles = [feed.title for feed in made()]
    assert len(set(titles)) == len(titles), titles
    assert by_series()["world.en"].title == "World – English"


def test_feeds_by_language_are_called_by_the_languages_own_name():
    """Else a person who looks at the list sees the site's name three times."""
    feeds = by_series()
    assert [feeds[f"lang/{tag}"].title for tag in LANGUAGES] == ["English", "فارسی", "中文 (繁體)"]


def test_a_source_that_grants_nothing_has_no_feed():
    assert "source/caspian" not in by_series(sources=(MERIDIAN, replace(CASPIAN, rights="none")))


def test_feeds_over_everything_are_as_long_as_the_longest_section():
    feeds = by_series(sections=(replace(WORLD, feed_max=30), replace(ECONOMY, feed_max=80)))
    assert (feeds["world"].maximum, feeds["economy"].maximum, feeds["all"].maximum) == (30, 80, 80)


def test_a_house_without_sections_has_its_other_feeds():
    assert [feed.series for feed in made(sections=(), languages=("en",))] == [
        "source/meridian",
        "source/caspian",
        "all",
    ]


def test_a_feed_takes_what_its_section_source_and_language_say():
    persian = story("01A", item={"language": "fa-AF"})
    feeds = by_series()
    takers = {name for name, feed in feeds.items() if feed.takes(persian)}
    assert takers == {"world", "world.fa", "source/meridian", "lang/fa", "all"}


def test_a_script_or_region_is_no_other_language():
    chinese = story("01A", item={"language": "zh-Hans"})
    assert by_series()["lang/zh-Hant"].takes(chinese)


def test_a_series_is_half_of_an_id_and_never_has_a_slash_there():
    assert Feed(series="source/meridian", title="", language="en").edition_slug == "source.meridian"


def test_a_consumer_takes_what_it_names_or_everything():
    feeds = by_series()
    picky = Consumer(slug="apple", feeds=("world", "source/caspian"))
    assert [name for name, feed in feeds.items() if picky.takes(feed)] == ["world", "source/caspian"]
    assert all(Consumer(slug="any").takes(feed) for feed in feeds.values())


def test_titles_terms_and_order_of_the_configuration_change_no_series():
    before = set(by_series())
    renamed = Section(slug="world", titles=(("en", "Planet"), ("fa", "گیتی")))
    source = Source(slug="meridian", name="Meridian News", homepage="https://other.example/")
    assert set(by_series(sections=(ECONOMY, renamed), sources=(CASPIAN, source))) == before


def test_a_branch_replaces_every_window_of_a_section():
    """Else a story that a second window lets stay would be mailed as an alert weeks after it came."""
    long = {entry.name: timedelta(days=99) for entry in fields(Section) if "timedelta" in str(entry.type)}
    narrowed = replace(WORLD, **long).narrowed(timedelta(hours=2))
    assert narrowed.reach == timedelta(hours=2), "`narrowed` has to replace each window of a section"
