"""The demo's sample newsroom: what it is meant to show is in it, and nothing else goes wrong in it."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import cache
from urllib.parse import urlsplit

import pytest

from publisher import assets, intake
from publisher.intake.document import Context, Document
from publisher.story import PubStatus, Reason, Received, Rejected, Source
from subscribers.address import parse

FOLDER = assets.root() / "config" / "demo"
NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
EDITION_LANGUAGES = {"en", "fa", "ar"}


def of(path_stem: str) -> str:
    return path_stem.removesuffix("-later")


@cache
def documents() -> dict[str, Document]:
    """Each agency's file, read as the demo reads it."""
    listed = tomllib.loads((FOLDER / "sources.toml").read_text(encoding="utf-8"))["source"]
    known = {"slug", "name", "homepage", "language", "timezone"}
    sources = {
        entry["slug"]: Source(**{key: value for key, value in entry.items() if key in known})
        for entry in listed
    }
    found: dict[str, Document] = {}
    for path in sorted((FOLDER / "wire").glob("*.jsonl")):
        context = Context(source=sources[of(path.stem)], now=NOW)
        document = intake.read(path.read_bytes(), context, format="jsonl")
        assert isinstance(document, Document)
        found[path.stem] = document
    return found


def stories(*, later: bool = False) -> dict[str, Received]:
    return {
        item.source_guid: item
        for name, document in documents().items()
        if name.endswith("-later") == later
        for item in document.items
        if isinstance(item, Received)
    }


def test_exactly_one_story_waits_in_quarantine_because_it_links_to_nothing() -> None:
    rejected = [
        item for document in documents().values() for item in document.items if isinstance(item, Rejected)
    ]
    assert [item.reason for item in rejected] == [Reason.NO_SOURCE_LINK]
    assert not any(document.remarks or document.left_out for document in documents().values())


def test_one_story_is_under_embargo_and_the_rest_is_not() -> None:
    held = [story for story in stories().values() if story.embargo.holds(NOW)]
    assert len(held) == 1
    assert not held[0].embargo.holds(NOW + timedelta(days=1))


def test_later_files_mend_one_story_and_kill_another() -> None:
    first, later = stories(), stories(later=True)
    assert set(later) < set(first)
    killed = [guid for guid, story in later.items() if story.pubstatus is PubStatus.CANCELED]
    corrected = [guid for guid, story in later.items() if story.correction_note]
    assert len(killed) == len(corrected) == 1
    for guid, story in later.items():
        assert first[guid].pubstatus is PubStatus.USABLE
        assert first[guid].body_digest != story.body_digest
        assert (story.version_created or NOW) > (first[guid].version_created or NOW)


def test_each_language_has_enough_for_a_digest_of_its_own() -> None:
    usable = [story for guid, story in stories().items() if not story.embargo.holds(NOW)]
    counts = Counter(story.language for story in usable)
    assert set(counts) == EDITION_LANGUAGES
    assert min(counts.values()) >= 6
    for language in EDITION_LANGUAGES:
        shelves = {
            category for story in usable if story.language == language for category in story.categories
        }
        assert shelves == {"Middle East", "Economy", "World", "Science"}


def test_every_story_is_news_of_the_last_thirty_hours_with_a_dateline_and_more_than_a_sentence() -> None:
    for guid, story in stories().items():
        assert story.first_created is not None, guid
        assert NOW - timedelta(hours=30) <= story.first_created <= NOW, guid
        assert story.dateline, guid
        assert story.body.count("<p>") >= 2, guid
        assert 60 <= len(story.lede) <= 400, guid
        assert "future-date-clamped" not in story.flags, guid


def test_everybody_in_it_is_invented_and_lives_under_reserved_names() -> None:
    hosts = {urlsplit(story.source_url).hostname or "" for story in stories().values()}
    assert all(host.endswith(".example") for host in hosts)
    lines = (FOLDER / "subscribers.csv").read_text(encoding="utf-8").splitlines()[1:]
    domains = {parse(line.split(",")[0]).domain for line in lines}
    assert all(re.search(r"(^|\.)example(\.(org|net|com))?$|\.test$", domain) for domain in domains), domains


@pytest.mark.parametrize(
    ("language", "strange"),
    [
        ("fa", "[\u0643\u064a\u0649\u0629]|[0-9]{2}|,"),
        ("ar", "[\u06a9\u06cc\u06af\u067e\u0686\u0698]|,|\u200c"),
        ("en", '[\u0600-\u06ff]|--|"|\\.\\.\\.'),
    ],
)
def test_each_language_is_written_in_its_own_letters_and_signs(language: str, strange: str) -> None:
    """Persian in Persian letters and digits, Arabic in Arabic ones; English with real quotation marks."""
    for guid, story in stories().items():
        if story.language == language:
            text = re.sub(r"<[^>]+>", " ", f"{story.original_headline} {story.body}")
            found = re.search(strange, text)
            assert found is None, f"{guid}: {text[max(0, found.start() - 20) : found.end() + 20]}"


def test_persian_prefixes_and_plurals_are_joined_without_a_gap() -> None:
    """A verb's mi- and a plural's -ha stand apart from the word by U+200C, never by a space."""
    for guid, story in stories().items():
        if story.language == "fa":
            text = f"{story.original_headline} {story.body}"
            assert not re.search(r"(?<!\w)ن?می (?=\w)|(?<=\w) ها(?!\w)|(?<=\w) های(?!\w)", text), guid


def test_readers_choose_among_the_languages_and_sections_there_are() -> None:
    sections = {
        entry["slug"]
        for entry in tomllib.loads((FOLDER / "sections.toml").read_text(encoding="utf-8"))["section"]
    }
    heading, *lines = (FOLDER / "subscribers.csv").read_text(encoding="utf-8").splitlines()
    assert heading == "email,language,sections"
    rows = [line.split(",") for line in lines]
    assert len({address for address, _, _ in rows}) == len(rows) == 12
    assert {language for _, language, _ in rows} == EDITION_LANGUAGES
    chosen = [wanted.split() for _, _, wanted in rows]
    assert {slug for wanted in chosen for slug in wanted} <= sections
    assert any(chosen)
    assert not all(chosen)
