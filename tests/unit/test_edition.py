from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.edition import Disclaimer, Edition, Kind, LeftOut, Shelf, Variant, Why
from publisher.editiondata import from_data, to_data
from publisher.selection import Candidate, select_digest
from publisher.story import Media, Subject
from tests.stories import ECONOMY, MORNING, NOW, SOURCES, WORLD, story

HOUSE = Disclaimer("house", 1, "en", "Views are the source’s.", "Reports are retrieved from other agencies.")


def made() -> Edition:
    stories = [
        story("A", sections=("world", "economy"), item={"subjects": (Subject("medtop", "1"),)}),
        story("B", item={"media": (Media(url="https://meridian.example/p.jpg", width=3),)}),
        story("C", sections=("economy",), corrected_at=NOW),
    ]
    chosen = select_digest(
        MORNING, [WORLD, ECONOMY], [Candidate(s) for s in stories], sources=SOURCES, slot=NOW, now=NOW
    )
    return Edition(
        edition_id="morning-2026-03-02",
        kind=Kind.DIGEST,
        series="morning",
        number=7,
        revision=1,
        slot=NOW,
        local_date=NOW.date(),
        timezone=MORNING.timezone,
        frozen_at=NOW,
        languages=("en",),
        titles=MORNING.titles,
        shelves=chosen.shelves,
        items=chosen.items,
        disclaimers=(HOUSE,),
        left_out=chosen.left_out,
    )


def test_an_edition_survives_its_data_form_unchanged():
    assert from_data(to_data(made())) == made()


def test_an_edition_stored_before_reasons_knew_a_language_reads_as_it_was():
    edition = replace(made(), left_out=(LeftOut("X", "world", Why.MAXIMUM, "2 items"),))
    data = to_data(edition)
    del data["left_out"][0]["language"]
    assert from_data(data) == edition
    assert from_data(data).content_hash == replace(edition, left_out=()).content_hash


def test_the_hash_is_of_what_readers_are_shown():
    edition = made()
    same = replace(
        edition, number=8, edition_id="other", revision=2, frozen_at=NOW + timedelta(hours=1), left_out=()
    )
    assert same.content_hash == edition.content_hash
    item = replace(edition.items[0], headline="Another")
    assert replace(edition, items=(item, *edition.items[1:])).content_hash != edition.content_hash
    assert replace(edition, disclaimers=(replace(HOUSE, short="…"),)).content_hash != edition.content_hash
    cut = LeftOut("X", "world", Why.MAXIMUM, "2 items", "en")
    assert replace(edition, left_out=(cut,)).content_hash != edition.content_hash
    shelf = replace(edition.shelves[0], stories=edition.shelves[0].stories[::-1])
    assert replace(edition, shelves=(shelf, *edition.shelves[1:])).content_hash != edition.content_hash


def test_a_rolling_edition_is_the_same_while_its_items_are():
    feed = replace(made(), kind=Kind.FEED)
    later = replace(feed, slot=NOW + timedelta(days=1), local_date=(NOW + timedelta(days=1)).date())
    assert later.content_hash == feed.content_hash
    assert replace(made(), slot=NOW + timedelta(days=1)).content_hash != made().content_hash


def test_a_reader_sees_each_story_once_in_the_first_of_their_sections():
    edition = made()
    everything = [(shelf.section, [i.story_id for i in items]) for shelf, items in edition.variant("en")]
    assert everything == [("world", ["A", "B"]), ("economy", ["C"])]
    economy = [
        (shelf.section, [i.story_id for i in items])
        for shelf, items in edition.variant("en", frozenset({"economy"}))
    ]
    assert economy == [("economy", ["A", "C"])]
    assert list(edition.variant("fa")) == []


def test_a_withdrawn_story_leaves_a_new_revision_and_nothing_else_changes():
    edition = made()
    revised = edition.without(frozenset({"A"}), now=NOW + timedelta(minutes=5))
    assert revised.revision == 2
    assert [item.story_id for item in revised.items] == ["B", "C"]
    assert all("A" not in shelf.stories for shelf in revised.shelves)
    assert revised.content_hash != edition.content_hash


@pytest.mark.parametrize(
    "broken",
    [
        {"shelves": (Shelf(section="world", title="World", language="en", stories=("Z",)),)},
        {"languages": ("en", "fa")},
    ],
)
def test_an_edition_that_contradicts_itself_cannot_be_made(broken):
    with pytest.raises(ValueError, match=r"not an item|no disclaimer"):
        replace(made(), **broken)


def test_a_variants_key_depends_on_the_chosen_sections_not_on_their_order():
    assert Variant("en").key == "en"
    assert Variant("en", frozenset({"a", "b"})).key == Variant("en", frozenset({"b", "a"})).key
    assert Variant("en", frozenset({"a"})).key != Variant("en", frozenset({"b"})).key


def test_drafts_show_the_same_whenever_they_are_made_but_not_on_another_day():
    """One that has no slot of its own bears the moment of its making, as do stories that were never out."""
    first = made()
    later = NOW + timedelta(minutes=3)
    items = tuple(
        replace(item, first_published=later, modified_at=later) if item.first_published == NOW else item
        for item in first.items
    )
    again = replace(first, slot=later, frozen_at=later, items=items)
    assert again.content_hash != first.content_hash
    assert again.shows_the_same(first)
    assert not replace(again, local_date=NOW.date() + timedelta(days=1)).shows_the_same(first)
    assert not replace(again, items=(replace(items[0], headline="Another"), *items[1:])).shows_the_same(first)
