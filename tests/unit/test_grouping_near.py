"""Which stories are held against which: as many as if each were held against all, and with no more work than for a few."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.selection import Tie, grouped, grouping, texts
from publisher.selection.texts import runs, said
from tests.stories import NOW, story

HEADLINE = "Harbour workers in Port Alma end strike after twelve days"
LEDE = "The harbour workers of Port Alma went back to work on Monday after twelve days, their union and the port said."
WORDS = st.sampled_from(
    ["alma", "kian", "strike", "strikes", "ends", "the", "port", "4.2", "не", "بندر", "港"]
)
HEADLINES = st.lists(st.lists(WORDS, max_size=6).map(" ".join), max_size=12)


def report(number: int, headline: str = HEADLINE, lede: str = "", source: str = "", hours: float = 0):
    at = NOW - timedelta(hours=100 - hours)
    item = {"original_headline": headline, "lede": lede, "version_created": at}
    return story(f"S{number:03}", source=source or f"agency-{number}", guid=f"g{number}", item=item)


def together(stories, ties=()) -> list[list[str]]:
    members = grouped(stories, ties).members.values()
    return sorted(sorted(one.story_id for one in reports) for reports in members)


@given(HEADLINES)
@settings(deadline=None)
def test_headlines_of_which_one_says_all_that_another_does_are_found_as_if_each_were_held_against_all(
    headlines,
):
    heads = said(headlines)
    told = grouping._told(heads)
    found = {(words, less) for words, every in told.items() for less in every}
    by_hand = {
        pair
        for one, other in combinations(heads, 2)
        for pair in ((one, other), (other, one))
        if len(pair[1]) > 1 and {*pair[0]} >= {*pair[1]}
    }
    assert found == by_hand


@given(st.lists(st.lists(WORDS, max_size=9).map(" ".join), max_size=9))
@settings(deadline=None)
def test_texts_are_said_the_same_alone_and_in_one_go(every):
    texts.forget()
    at_once = said(every), runs(every)
    texts.forget()
    assert at_once == ([said([text])[0] for text in every], [runs([text])[0] for text in every])


def test_a_control_sign_in_a_headline_is_a_blank_and_parts_no_texts():
    texts.forget()
    one, other = said([HEADLINE.replace(" ", "\x1f"), HEADLINE])
    assert one == other
    assert together([report(1, HEADLINE.replace(" ", "\x1f")), report(2)]) == [["S001", "S002"]]


def test_of_many_with_one_headline_the_first_and_the_latest_are_looked_at():
    """They are all one source's, so that each stands alone; what the first was split from joins the earliest of the 24 latest."""
    alone = [report(number, source="one", hours=number / 10) for number in range(40)]
    late = report(90, source="other", hours=5)
    assert together([*alone, late]) == [["S000", "S090"]]
    assert together([*alone, late], [Tie("S000", "S090", joined=False)]) == [["S016", "S090"]]


def test_of_many_headlines_with_one_rarest_word_the_first_and_the_nearest_are_looked_at(monkeypatch):
    monkeypatch.setattr(grouping, "POSTINGS", 2)
    often = [f"word{letter}" for letter in "abcfhijk"]
    short = [f"kian {word}" for word in often]
    heads = said([*short, "kian " + " ".join(often), *often * 20])
    assert grouping._told(heads) == {heads[8]: {heads[0], heads[6], heads[7]}}


def test_headlines_and_ledes_of_signs_without_blanks_are_looked_at_as_far_as_anybody_reads():
    """Each sign is a word there: of a source that repeats them without end, no poll may cost minutes."""
    texts.forget()
    signs = [chr(0x4E00 + number) for number in range(200)]
    (words,) = said(["".join(signs * 2)])
    assert words == tuple(signs[: texts.HEADLINE_WORDS])
    assert said(["港湾港湾港湾"]) == [("港", "湾")]
    long = "".join(signs)
    assert runs([long]) == runs([long[: texts.OPENING_SIGNS]])
    assert texts._opening(f"{'港' * 10} {long}") == "港" * 10


def test_of_many_headlines_that_one_says_all_of_no_more_are_looked_at_than_of_one(monkeypatch):
    monkeypatch.setattr(grouping, "POSTINGS", 3)
    signs = [chr(0x4E00 + number) for number in range(8)]
    heads = said(["".join(signs[turn:] + signs[:turn]) for turn in range(8)])
    assert {len(less) for less in grouping._told(heads).values()} == {4}


@pytest.mark.parametrize("limit", ["TEXTS", "WORDS"])
def test_what_was_forgotten_for_want_of_room_is_learnt_again(monkeypatch, limit):
    stories = [report(1), report(2, lede=LEDE), report(3, "Bank of Alma holds rates", lede=LEDE)]
    before = together(stories)
    texts.forget()
    monkeypatch.setattr(texts, limit, 1)
    assert [together(stories) for _ in range(3)] == [before] * 3
    texts.forget()
