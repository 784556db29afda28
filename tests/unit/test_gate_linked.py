"""What a page tells programs of its stories (JSON-LD) holds the same provenance, and says nothing of a withdrawn one."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from publisher.gate.linked import check_linked
from tests.feedbox import GONE, item

ITEMS = {one.story_id: one for one in (item("01A"), item("01B"), replace(GONE, story_id="01C", source_url="https://a.example/c"))}  # fmt: skip
TOLD = {
    "@context": "https://schema.org",
    "@type": "NewsArticle",
    "isBasedOn": ITEMS["01A"].source_url,
    "headline": ITEMS["01A"].headline,
    "creditText": "Meridian",
}


def faults(data: object, kind: str = "application/ld+json") -> list[tuple[str | None, str]]:
    raw = data if isinstance(data, str) else json.dumps(data)
    found = list(check_linked(f'<p>x</p><script type="{kind}">{raw}</script>', ITEMS, output="x"))
    assert {(one.output, one.rule) for one in found} <= {("x", "linked-data")}
    return [(one.story_id, one.detail) for one in found]


@pytest.mark.parametrize(
    "data",
    [
        TOLD,
        [TOLD, {"@type": "Article"} | {name: TOLD[name] for name in ("isBasedOn", "headline", "creditText")}],
        {"@graph": [[TOLD], {"@type": "WebSite", "name": "Front"}]},
        TOLD | {"creditText": "By Meridian.", "headline": f" {TOLD['headline']}\u200f"},
        {},
        [1, None, "x"],
    ],
)
def test_whole_linked_data_pass(data):
    assert faults(data) == []
    assert faults(data, " Application/LD+json ") == []


@pytest.mark.parametrize(
    ("change", "story_id", "says"),
    [
        ({"isBasedOn": "https://x.example/"}, None, "based on no story here: https://x.example/"),
        ({"isBasedOn": None}, None, "based on no story here: None"),
        ({"isBasedOn": ITEMS["01B"].source_url}, "01B", "has another headline in its linked data"),
        ({"headline": "Bridge"}, "01A", "has another headline in its linked data"),
        ({"creditText": "Meridians"}, "01A", "does not credit its source 'Meridian' in its linked data"),
        ({"creditText": 5}, "01A", "does not credit its source 'Meridian' in its linked data"),
        ({"isBasedOn": "https://a.example/c", "headline": "x"}, None, "based on no story here: https://a.example/c"),
    ],
)  # fmt: skip
def test_an_article_is_based_on_a_story_here_under_its_headline_and_credits_its_source(
    change, story_id, says
):
    for data in (TOLD | change, {"@graph": [[TOLD | change]]}):
        ((who, detail),) = faults(data)
        assert who == story_id
        assert says in detail
    for name in ("isBasedOn", "headline", "creditText"):
        assert faults({key: value for key, value in TOLD.items() if key != name})


@pytest.mark.parametrize(
    "raw", ["{", "", '{"a": 1, "a": 1}', '[{"a": NaN}]', "[-Infinity]", "[" * 100_000, "{'a': 1}"]
)
def test_what_two_programs_could_read_differently_is_refused(raw):
    ((who, detail),) = faults(raw)
    assert who is None
    assert detail.startswith("cannot be read as JSON: ")
    assert faults(raw, "application/json") == [], "which is nothing that programs are told"


def test_a_withdrawn_headline_is_told_nowhere():
    said = [("01C", "was withdrawn, but its linked data tell its old headline")]
    old = ITEMS["01C"].headline
    for data in ({"a": [{"b": f"It said: {old.upper()}!"}]}, [old], {"a": old.replace(" ", "\n")}):
        assert faults(data) == said
    assert faults(old.split()) == said, "parted by nothing but a blank it is the same text"
