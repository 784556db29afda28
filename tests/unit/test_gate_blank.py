"""A name, a headline or a disclaimer of which nothing can be seen says nothing, whatever characters it has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.gate.sight import visible
from tests.gatebox import FEEDS, ITEMS, MAILS, check, digest, output, rules

OUTPUTS = (*FEEDS, *MAILS)
BLANKS = {
    "nothing": "",
    "a blank": " ",
    "an empty Braille cell": "\u2800",
    "a joiner": "\u200d",
    "joiners": "\u200d\u200c",
    "a zero-width space": "\u200b",
    "a combining mark alone": "\u0301",
    "a grapheme joiner": "\u2800\u034f",
    "vowels that are not shown": "\u180e\u17b4\u17b5",
    "a variation selector": "\ufe0f",
    "Hangul fillers": "\u3164\u115f\u1160\uffa0",
    "a tag": "\U000e0020",
    "a blank hieroglyph": "\U00013441",
    "a note without a head": "\U0001d159",
    "a place for an object": "\ufffc",
    "direction marks": "\u200e\u200f\u061c",
    "a character of no standard": "\ue000",
}
SHOWN = ("a", "ع", "新", "7", "·", "-", "$", "☎", "\U0001f4f0", "\u2801", " \u2800 x")


@pytest.mark.parametrize("what", BLANKS)
def test_what_shows_nothing_is_not_visible(what):
    assert not visible(BLANKS[what])


@pytest.mark.parametrize("text", SHOWN)
def test_a_letter_digit_punctuation_or_symbol_is_visible(text):
    assert visible(text)


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("what", BLANKS)
def test_a_source_without_a_visible_name_is_refused(what, kind):
    made = digest(ITEMS[0], replace(ITEMS[1], source_name=BLANKS[what]), ITEMS[2])
    violations = check(kind, output(kind, made), made)
    assert {"source-name"} <= rules(violations, "01B") <= {"source-name", "source-link", "disclaimer"}
    assert rules(violations) == rules(violations, "01B")


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("what", [what for what in BLANKS if what != "nothing"])  # Atom is not even made then
def test_a_headline_of_which_nothing_is_seen_is_refused(what, kind):
    made = digest(ITEMS[0], replace(ITEMS[1], headline=BLANKS[what]), ITEMS[2])
    violations = check(kind, output(kind, made), made)
    assert rules(violations, "01B") & {"headline", "missing-item"}
    assert rules(violations, "01A") == set()


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("what", BLANKS)
def test_a_disclaimer_of_which_nothing_is_seen_cannot_be_met(what, kind):
    made = digest()
    said = BLANKS[what]
    silent = replace(
        made, disclaimers=tuple(replace(house, short=said, full=said) for house in made.disclaimers)
    )
    assert {(v.story_id, "disclaimer") for v in check(kind, output(kind, silent), silent)} >= {
        (story.story_id, "disclaimer") for story in ITEMS
    }
    assert "disclaimer" in rules(check(kind, output(kind, silent), silent))


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("name", ["·", "-", "7", "新", "☎ \u0301", "A\u200dB"])
def test_a_name_of_which_anything_is_seen_passes(name, kind):
    made = digest(ITEMS[0], replace(ITEMS[1], source_name=name), ITEMS[2])
    assert check(kind, output(kind, made), made) == ()
