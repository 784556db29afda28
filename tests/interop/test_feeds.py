"""Our feeds through other people's eyes: the RELAX NG schema of Atom, JSON Feed's, and a reader program's parser."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from publisher.render import feeds
from publisher.render.direction import RLM
from tests.feedbox import ITEMS, TAG, channel, edition

with warnings.catch_warnings():
    warnings.simplefilter(
        "ignore", DeprecationWarning
    )  # feedparser still imports a module that Python gave up
    import feedparser

FINISHED = {fmt: feeds.render(edition(), channel(fmt), fmt) for fmt in feeds.FORMATS}


def read(fmt: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return feedparser.parse(FINISHED[fmt])


@pytest.mark.samples
def test_the_atom_feed_is_valid_by_the_schema_of_rfc_4287(samples: Path):
    schema = etree.RelaxNG(etree.parse(samples / "wire-samples" / "schemas" / "atom.rng"))
    schema.assertValid(etree.fromstring(FINISHED["atom"]))


@pytest.mark.samples
def test_the_json_feed_has_no_key_and_no_type_that_the_schema_does_not_know(samples: Path):
    schema = json.loads(
        (samples / "wire-samples" / "schemas" / "jsonfeed-1.1.schema.json").read_text("utf-8")
    )
    feed = json.loads(FINISHED["json"])
    assert set(schema["required"]) <= set(feed) <= set(schema["properties"])
    item = _resolved(schema, schema["properties"]["items"]["items"])
    for entry in feed["items"]:
        known = {name for name in entry if not name.startswith("_")}
        assert set(item.get("required", [])) <= known <= set(item["properties"])


def _resolved(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    for name in part.get("$ref", "#").split("/")[1:]:
        schema = schema[name]
    return schema if "$ref" in part else part


@pytest.mark.parametrize("fmt", ["rss", "atom"])
def test_a_reader_programs_parser_finds_no_fault(fmt):
    parsed = read(fmt)
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert parsed.feed.title == "Front: World"
    assert parsed.feed.link == "https://front.example/s/world/"
    assert [entry.id for entry in parsed.entries] == [f"{TAG}story/{story.story_id}" for story in ITEMS]


@pytest.mark.parametrize("fmt", ["rss", "atom"])
def test_a_reader_programs_parser_gives_back_what_we_put_in(fmt):
    for entry, story in zip(read(fmt).entries, ITEMS, strict=True):
        assert entry.link == story.link
        assert entry.title.lstrip(RLM) == story.headline.replace("<", "‹")
        assert entry.published_parsed[:5] == story.first_published.timetuple()[:5]
        assert entry.updated_parsed[:5] == story.modified_at.timetuple()[:5]
        assert entry.author == (story.byline or story.source_name)
        assert [link.href for link in entry.links if link.rel == "via"] == [story.source_url]
        assert entry.source.title == story.source_name
        (content,) = [part.value for part in entry.content if "html" in part.type]
        assert f'href="{story.source_url.replace("&", "&amp;")}"' in content
        assert edition().disclaimer_for(story).full in content


def test_a_reader_programs_parser_keeps_direction_and_language():
    content = read("rss").entries[1].content[0].value
    assert 'dir="rtl"' in content
    assert 'lang="fa"' in content
