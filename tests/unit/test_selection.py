from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.edition import Why
from publisher.feed import Feed
from publisher.section import Term
from publisher.selection import Act, Candidate, Mark, belongs, select_digest, select_feed
from publisher.story import Embargo, EmbargoKind, PubStatus, Subject
from tests.stories import MERIDIAN, MORNING, NOW, SOURCES, WORLD, received, story

FEED = Feed(series="world", title="World", language="en", section="world")


def select(stories, *, marks=(), sections=(WORLD,), digest=MORNING, sources=SOURCES, slot=NOW, now=NOW):
    pool = [entry if isinstance(entry, Candidate) else Candidate(entry) for entry in stories]
    return select_digest(digest, sections, pool, marks=marks, sources=sources, slot=slot, now=now)


def on_shelf(selection, place=0):
    return list(selection.shelves[place].stories)


def why(selection, story_id):
    return {entry.why for entry in selection.left_out if entry.story_id == story_id}


def test_the_more_urgent_story_comes_first_then_the_newer_one():
    old = story("A", eligible_at=NOW - timedelta(hours=5))
    new = story("B", eligible_at=NOW - timedelta(hours=1))
    flash = story("C", eligible_at=NOW - timedelta(hours=9), item={"urgency": 1})
    assert on_shelf(select([old, new, flash])) == ["C", "B", "A"]


def test_newest_order_ignores_urgency():
    section = replace(WORLD, order="newest")
    flash = story("A", eligible_at=NOW - timedelta(hours=9), item={"urgency": 1})
    assert on_shelf(select([flash, story("B")], sections=[section])) == ["B", "A"]


def test_what_the_maximum_cuts_is_counted_and_named():
    selection = select([story(name) for name in "ABCDE"])
    assert len(on_shelf(selection)) == 3
    assert selection.shelves[0].more == 2
    assert why(selection, "D") == why(selection, "E") == {Why.MAXIMUM}
    assert {entry.language for entry in selection.left_out} == {"en"}


def test_one_source_cannot_fill_a_section_beyond_its_quota():
    section = replace(WORLD, per_source=1)
    other = story("Z", source="caspian", eligible_at=NOW - timedelta(hours=20))
    selection = select([story("A"), story("B"), other], sections=[section])
    assert on_shelf(selection) == ["A", "Z"]
    assert why(selection, "B") == {Why.QUOTA}


def test_a_story_older_than_the_window_is_out_and_a_pin_brings_it_back_to_its_place():
    old = story("A", eligible_at=NOW - timedelta(days=9))
    assert why(select([old, story("B")]), "A") == {Why.WINDOW}
    pinned = select([old, story("B")], marks=[Mark("A", "world", Act.PIN, 2)])
    assert on_shelf(pinned) == ["B", "A"]


@pytest.mark.parametrize(
    ("barred", "reason"),
    [
        (story("A", killed="wrong"), Why.KILLED),
        (story("A", item={"pubstatus": PubStatus.CANCELED}), Why.KILLED),
        (story("A", hold="checking"), Why.HELD),
        (story("A", item={"pubstatus": PubStatus.WITHHELD}), Why.HELD),
        (story("A", item={"embargo": Embargo(EmbargoKind.UNTIL, NOW + timedelta(minutes=1))}), Why.EMBARGO),
        (story("A", item={"embargo": Embargo(EmbargoKind.OPEN)}), Why.EMBARGO),
        (story("A", item={"embargo": Embargo(EmbargoKind.UNREADABLE, text="soon")}), Why.EMBARGO),
        (story("A", item={"expires": NOW}), Why.EXPIRED),
        (story("A", eligible_at=None), Why.NOT_ELIGIBLE),
        (story("A", source="gone"), Why.RIGHTS),
    ],
)
def test_nothing_brings_in_what_must_not_go_out_not_even_a_pin(barred, reason):
    selection = select([barred, story("B")], marks=[Mark("A", "world", Act.PIN)])
    assert on_shelf(selection) == ["B"]
    assert why(selection, "A") == {reason}


def test_an_embargo_ends_at_its_instant():
    ending = story("A", item={"embargo": Embargo(EmbargoKind.UNTIL, NOW)}, eligible_at=NOW)
    assert on_shelf(select([ending])) == ["A"]


def test_the_desk_may_end_an_embargo_that_has_no_readable_end():
    released = story("A", item={"embargo": Embargo(EmbargoKind.OPEN)}, released_at=NOW)
    assert on_shelf(select([released])) == ["A"]


def test_a_drop_beats_a_pin_of_the_same_section():
    marks = [Mark("A", "world", Act.PIN), Mark("A", "world", Act.DROP)]
    assert on_shelf(select([story("A"), story("B")], marks=marks)) == ["B"]


def test_a_source_without_rights_gives_nothing_and_one_with_links_only_gives_no_text():
    none = {**SOURCES, "meridian": replace(MERIDIAN, rights="none")}
    assert why(select([story("A")], sources=none), "A") == {Why.RIGHTS}
    link = {**SOURCES, "meridian": replace(MERIDIAN, rights="link")}
    item = select([story("A")], sources=link).items[0]
    assert (item.lede, item.body) == ("", "")
    lede = {**SOURCES, "meridian": replace(MERIDIAN, rights="lede")}
    item = select([story("A")], sources=lede).items[0]
    assert (item.lede, item.body) == ("Lede of a.", "")


def test_what_an_earlier_edition_carried_is_not_carried_again_unless_it_was_corrected_since():
    yesterday = NOW - timedelta(days=1)
    assert why(select([Candidate(story("A"), yesterday)]), "A") == {Why.CARRIED}
    corrected = story("A", corrected_at=NOW - timedelta(hours=1))
    assert on_shelf(select([Candidate(corrected, yesterday)])) == ["A"]


def test_a_story_in_another_language_is_shown_only_where_the_section_says_so():
    persian = story("A", item={"language": "fa"})
    assert why(select([persian]), "A") == {Why.LANGUAGE}
    assert on_shelf(select([persian], sections=[replace(WORLD, languages="all")])) == ["A"]
    assert on_shelf(select([persian], sections=[replace(WORLD, languages=("en", "fa"))])) == ["A"]


def test_each_language_of_a_digest_has_its_own_shelf():
    both = replace(MORNING, languages=("en", "fa"))
    selection = select([story("A"), story("B", item={"language": "fa"})], digest=both)
    assert [(shelf.language, shelf.title, shelf.stories) for shelf in selection.shelves] == [
        ("en", "World", ("A",)),
        ("fa", "جهان", ("B",)),
    ]
    assert selection.left_out == ()


def test_fresh_news_between_slot_and_freeze_is_taken():
    selection = select([story("A", eligible_at=NOW)], slot=NOW - timedelta(hours=3))
    assert on_shelf(selection) == ["A"]


@given(st.permutations([story(name, item={"urgency": n % 3 + 1}) for n, name in enumerate("ABCDEFGH")]))
def test_the_order_of_the_candidates_never_matters(stories):
    selection = select(stories, sections=[replace(WORLD, per_source=2)])
    straight = select(sorted(stories, key=lambda s: s.story_id), sections=[replace(WORLD, per_source=2)])
    assert (selection.shelves, selection.items) == (straight.shelves, straight.items)
    assert set(selection.left_out) == set(straight.left_out)


@given(st.sets(st.sampled_from("ABCDEFGH")), st.sets(st.sampled_from("ABCDEFGH")))
def test_every_candidate_is_an_item_or_has_a_reason(killed, held):
    stories = [
        story(name, killed="k" if name in killed else None, hold="h" if name in held else None)
        for name in "ABCDEFGH"
    ]
    selection = select(stories)
    assert {i.story_id for i in selection.items} | {e.story_id for e in selection.left_out} == set("ABCDEFGH")
    assert not {i.story_id for i in selection.items} & (killed | held)


@pytest.mark.parametrize(
    ("term", "fits"),
    [
        (Term("source", "MERIDIAN"), True),
        (Term("source", "caspian"), False),
        (Term("category", "middle east"), True),
        (Term("subject", "medtop:20000344"), True),
        (Term("subject", "20000344"), True),
        (Term("subject", "medtop:2000*"), True),
        (Term("subject", "medtop:04*"), False),
        (Term("word", "seaway"), True),
        (Term("word", "seaway pilots"), True),
        (Term("word", "sea"), False),
        (Term("language", "en"), True),
        (Term("language", "fa"), False),
        (Term("genre", "analysis"), True),
    ],
)
def test_a_section_takes_what_its_terms_name(term, fits):
    item = received(
        original_headline="Seaway pilots’ strike ends",
        categories=("Middle East",),
        subjects=(Subject("medtop", "20000344"),),
        genre="Analysis",
        language="en-GB",
    )
    assert belongs(item, "meridian", replace(WORLD, any=(term,))) is fits
    assert belongs(item, "meridian", replace(WORLD, any=(), none=(term,))) is not fits


def test_a_feed_is_a_timeline_of_what_was_published_newest_first():
    first = story("A", first_published=NOW - timedelta(hours=3))
    second = story("B", first_published=NOW - timedelta(hours=2))
    new = story("C")
    selection = select_feed(FEED, [first, new, second], title="World", sources=SOURCES, now=NOW)
    assert on_shelf(selection) == ["C", "B", "A"]
    assert selection.items[0].first_published == selection.items[0].modified_at == NOW


def test_the_feed_of_all_takes_every_section_once():
    in_two = story("A", sections=("world", "economy"))
    none = story("B", sections=())
    whole = Feed(series="all", title="", language="en")
    selection = select_feed(whole, [in_two, none], title="All", sources=SOURCES, now=NOW)
    assert on_shelf(selection) == ["B", "A"]
