"""What makes a story publishable: a source name, a link to the original and a headline that readers can see."""

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from publisher import intake
from publisher.intake import Context
from publisher.legible import visible
from publisher.story import Reason, Rejected, Source, unpublishable
from tests.stories import received

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
NOTHING = [
    "",
    " \t\u00a0\u3000",
    "\u200d",
    "\u200d\u200c",
    "\u2800",
    "\u2800\u034f",
    "\u0301",
    "\u180e\u17b4\u17b5",
    "\ufe0f",
    "\u3164\u115f\u1160\uffa0",
    "\ue000",
    "\U000e0041",
    "\U0001d159",
]


@pytest.mark.parametrize("text", NOTHING)
def test_what_leaves_no_ink_is_not_visible(text):
    assert not visible(text)
    assert visible(f"{text}A")


@pytest.mark.parametrize("text", ["A", "پ", "中", "7", "۷", "?", "€", "🛳", "e\u0301", "\u2800x", "\ufffd"])
def test_letters_digits_punctuation_and_symbols_are_visible(text):
    assert visible(text)


@pytest.mark.parametrize("text", NOTHING)
def test_a_story_whose_source_or_headline_shows_nothing_is_not_publishable(text):
    assert unpublishable(received()) is None
    for name, reason in (
        ("source_name", Reason.NO_SOURCE_NAME),
        ("original_headline", Reason.NO_HEADLINE),
    ):
        found = unpublishable(dataclasses.replace(received(), **{name: text}))
        assert found is not None
        assert found[0] is reason


def test_an_item_with_a_blank_headline_waits_in_quarantine():
    line = {"id": "1", "headline": "\u2800\u200d", "source_url": "https://wire.example/1"}
    source = Source(slug="agency", name="Agency", homepage="https://wire.example/")
    (item,) = intake.read(json.dumps(line).encode(), Context(source=source, now=NOW), format="jsonl").items
    assert isinstance(item, Rejected)
    assert item.reason is Reason.NO_HEADLINE
