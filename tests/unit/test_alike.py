"""Which stories report one event: by hand-written pairs in several languages, and by what must never make a group."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.selection import Tie, grouped
from publisher.selection.texts import LAST, root
from tests.stories import NOW, story

SAME = (
    (
        ("en", "Harbour workers in Port Alma end strike after twelve days"),
        ("en", "Port Alma harbour workers end twelve-day strike"),
    ),
    (
        ("fa", "کارگران بندر آلما به اعتصاب دوازده روزه پایان دادند"),
        ("fa", "پایان اعتصاب دوازده روزه کارگران بندر آلما"),
    ),
    (
        ("ar", "عمال ميناء ألما ينهون إضرابهم بعد اثني عشر يوما"),
        ("ar", "عمال ميناء ألما ينهون الإضراب بعد اثني عشر يوما"),
    ),
    (("zh", "阿尔马港工人结束十二天罢工"), ("zh", "阿尔马港口工人结束十二天罢工")),
    (
        ("ru", "Рабочие порта Альма прекратили забастовку после двенадцати дней"),
        ("ru-RU", "После двенадцати дней рабочие порта Альмы прекратили забастовку"),
    ),
)
OTHER = (
    ("Quake of magnitude 5.1 shakes villages near Kian", "Quake of magnitude 4.2 shakes villages near Kian"),
    (
        "Minister resigns over tariff row in Port Alma",
        "Minister has not resigned over tariff row in Port Alma",
    ),
    ("Alma beat Kian in cup final", "Kian beat Alma in cup final"),
    ("Ten things to know this morning", "Ten things to know before the market opens"),
    ("Port Alma opens bridge", "Port Alma opens school"),
    (
        "Arsenal come from behind to beat Chelsea",
        "Chelsea come from behind to beat Arsenal after extra time",
    ),
    ("Strong quake strikes off coast of Kian", "Second strong quake strikes off coast of Kian"),
)
EXCHANGED = (
    ("Government {} vote of confidence in parliament on budget", "survives", "loses"),
    ("Harbour strike to {} in Port Alma on Monday, union says", "end", "begin"),
    ("Court {} former minister of corruption charges", "convicts", "acquits"),
    ("Bank of Alma {} interest rates at 4% as inflation slows", "holds", "cuts"),
    ("Strike kills journalist in southern {}", "Lebanon", "Gaza"),
    ("President of {} dismisses prime minister and government", "Niger", "Nigeria"),
    ("Government of {} falls after vote of confidence", "Austria", "Australia"),
    ("{} shares close lower after warning from central bank", "US", "UK"),
    ("Strong quake {} strikes off coast, no tsunami warning", "of 6.1 Japan", "Indonesia"),
    ("دادگاه تجدیدنظر حکم اعدام معترض را {} کرد", "تایید", "لغو"),
    ("وزیر خارجه ایران صبح امروز وارد {} شد", "مسکو", "پکن"),
    ("中国外交部长访问{}国", "法", "德"),
    ("東京株式市場、日経平均続{}", "伸", "落"),
    ("Рабочие порта Альма {} забастовку после двенадцати дней", "начали", "завершили"),
)
"""Opposites, other places, other actors: the same headline with one word exchanged."""
LEDE = "The harbour workers of Port Alma went back to work on Monday after twelve days, their union and the port said."


def report(
    number: int, headline: str, *, language: str = "en", lede: str = "", source: str = "", **fields: object
):
    item = {"original_headline": headline, "language": language, "lede": lede, **fields}
    return story(f"S{number}", source=source or f"agency-{number}", guid=f"g{number}", item=item)


def together(*stories, ties=()) -> list[set[str]]:
    return [{member.story_id for member in members} for members in grouped(stories, ties).members.values()]


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: pair[0][0])
def test_two_agencies_in_one_language_are_grouped(pair):
    stories = [report(n, headline, language=language) for n, (language, headline) in enumerate(pair)]
    assert together(*stories) == [{"S0", "S1"}]


def test_what_is_alike_and_is_not_the_same_is_left_alone():
    found = {pair: together(*(report(n, headline) for n, headline in enumerate(pair))) for pair in OTHER}
    assert found == {pair: [] for pair in OTHER}


def test_one_word_exchanged_is_doubt_whatever_the_ledes_say():
    """Nothing tells an opposite from a synonym, so both are printed."""
    for template, one, other in EXCHANGED:
        pair = [template.format(one), template.format(other)]
        for lede in ("", LEDE, "Follow our live coverage of this developing story, with all reports here."):
            assert together(*(report(n, headline, lede=lede) for n, headline in enumerate(pair))) == [], pair
        told = [report(n, headline, lede=f"{headline}. {LEDE}") for n, headline in enumerate(pair)]
        assert together(*told) == [], pair


def test_language_source_and_day_part_what_the_words_join():
    headline = SAME[0][0][1]
    first = report(1, headline)
    assert together(first, report(2, headline, language="fr")) == []
    assert together(first, report(2, headline, source="agency-1")) == []
    assert together(first, report(2, headline, first_created=NOW - timedelta(hours=26, minutes=1))) == []
    assert together(first, report(2, headline, first_created=NOW - timedelta(hours=26))) == [{"S1", "S2"}]


def test_a_source_that_sends_a_story_again_under_another_id_has_it_printed_once():
    same = {"headline": SAME[0][0][1], "lede": LEDE, "source": "agency-1"}
    first, again, other = (report(n, **same, body_digest=digest) for n, digest in enumerate(("a", "a", "b")))
    assert together(first, again, other) == [{"S0", "S1"}]
    unknown = [report(n, **same, body_digest="") for n in (3, 4)]
    assert together(*unknown) == []


def test_ledes_decide_where_there_are_two():
    """One copy under two headlines is one event; two events under like headlines are two."""
    assert together(report(1, "Back to work", lede=LEDE), report(2, "Union relents", lede=LEDE)) == [
        {"S1", "S2"}
    ]
    far = LEDE.replace("Port Alma", "Port Kian")
    assert together(report(1, "Back to work", lede=LEDE), report(2, "Union relents", lede=far)) == []
    ready_made = "Follow our live coverage here for all the latest developments as they happen today, and what they mean."
    headlines = ("Bridge in the old harbour falls", "Morning briefing for the harbour")
    assert together(*(report(n, headline, lede=ready_made) for n, headline in enumerate(headlines))) == []
    other = "Dockers far in the south voted by show of hands against an offer that their employers had made on Friday."
    headlines = ("Harbour workers end their long strike", "Harbour workers end their short strike")
    assert together(report(1, headlines[0], lede=LEDE), report(2, headlines[1], lede=other)) == []


def test_what_the_desk_said_holds_and_the_last_word_counts():
    one, two, three = report(1, "Fire in a mill"), report(2, SAME[0][0][1]), report(3, SAME[0][1][1])
    assert together(one, two, three) == [{"S2", "S3"}]
    joined, split = Tie("S1", "S2", joined=True), Tie("S2", "S3", joined=False)
    assert together(one, two, three, ties=[joined]) == [{"S1", "S2", "S3"}]
    assert together(one, two, three, ties=[split]) == []
    assert together(one, two, three, ties=[split, Tie("S3", "S2", joined=True)]) == [{"S2", "S3"}]


def test_what_was_joined_is_one_event_whoever_came_first_and_a_split_is_never_crossed():
    a, b, d, e = (
        report(n, f"Story number {word} alone") for n, word in enumerate(("one", "two", "six", "ten"))
    )

    def said(*pairs):
        return [Tie(f"S{pair[0]}", f"S{pair[2]}", joined=pair[1] == "=") for pair in pairs]

    assert together(a, b, d, ties=said("0=2", "1=2")) == [{"S0", "S1", "S2"}]
    assert together(a, b, d, e, ties=said("0=1", "2=3", "0=3")) == [{"S0", "S1", "S2", "S3"}]
    assert together(a, b, d, ties=said("0=1", "1=2", "0|2")) == [{"S0", "S1"}]
    like = [report(n, SAME[0][n][1]) for n in (0, 1)]
    assert together(*like, d, ties=said("0=2", "1|2")) == [{"S0", "S2"}]
    early = report(2, "Fire in a mill", first_created=NOW - timedelta(hours=9))
    assert together(*like, early, ties=said("1=2")) == [{"S0", "S1", "S2"}]


WORDS = st.lists(
    st.sampled_from(["bridge", "harbour", "night", "strike", "grain", "minister", "12", "not", "Alma"]),
    max_size=7,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(WORDS, st.sampled_from("abc"), st.integers(0, 40)), max_size=9), st.randoms())
def test_groups_depend_on_no_order_and_hold_each_source_once(given_, random):
    stories = [
        report(n, " ".join(words), source=source, first_created=NOW - timedelta(hours=hours))
        for n, (words, source, hours) in enumerate(given_)
    ]
    groups = grouped(stories)
    random.shuffle(stories)
    assert grouped(stories) == groups
    for event, members in groups.members.items():
        assert event == members[0].story_id
        assert len({member.source for member in members}) == len(members) > 1


def test_a_word_loses_its_ending_and_only_that():
    """In three scripts; a word of which three letters would not be left keeps it."""
    whole = "strikes striking striked bus sing nigeria nigerian red забастовка забастовку дом دولت‌ها دولتها مدرسه بانکی نه 港口 12"
    cut = "strik strik strik bus sing nigeria nigerian red забастовк забастовк дом دولت‌ها دولت مدرس بانک نه 港口 12"
    assert [root(word) for word in whole.split()] == cut.split()


@given(st.text(st.sampled_from("abegnisd" + "адеыхё" + "دلمهای"), min_size=1, max_size=8))
def test_an_ending_ends_in_one_of_the_signs_that_are_looked_at(word):
    assert root(word) == word or word[-1] in LAST
