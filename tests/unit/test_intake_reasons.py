"""A document that cannot be read as it is says the real reason, and a packed one is unpacked within limits."""

import gzip
import json
import tracemalloc
from datetime import UTC, datetime

import pytest

from publisher import intake
from publisher.intake import Context, Document, Unreadable
from publisher.story import Source

NOW = datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
AGENCY = Source(slug="agency", name="Agency", homepage="https://wire.example/")
LINE = json.dumps({"id": "1", "headline": "News", "source_url": "https://wire.example/1"}).encode()


def pack(raw):
    """As a gzip file without a time in it: the names of tests are the same in each process."""
    return gzip.compress(raw, mtime=0)


def read(raw, **options):
    return intake.read(raw, Context(source=AGENCY, now=NOW), **options)


@pytest.mark.parametrize(
    ("raw", "reason", "words"),
    [
        (b'{"items": [{"headline": "a", "headline": "b"}]}', "duplicate-name", "twice"),
        (b'{"headline": "a", "headline": "b", "source_url": "x"}', "duplicate-name", "twice"),
        (b'\xef\xbb\xbf {"a": NaN}', "not-json", "NaN"),
        (b'{"a": ' + b"9" * 20_000 + b"}", "not-json", "limit"),
        (b"[" * 50_000, "too-deep", "deep"),
        (b'{"a": "never closed', "not-json", "Unterminated"),
        (b'{"items": [{"headline": "a \\ud800"}]}', "unknown-format", "it is JSON, but"),
        (b'{"a": 1}\n{"a": 2}\n', "unknown-format", "it is JSON, but"),
        (b"<a/>", "unknown-format", "none of the formats"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_document_of_no_known_format_says_what_is_wrong_with_it(raw, reason, words):
    found = read(raw)
    assert isinstance(found, Unreadable)
    assert (found.reason, words in found.detail) == (reason, True), found
    assert found.detail.isprintable()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b'{"id": "1", "headline": "A ferry", "url": "https://harbour.example/1"}', "no-source-link"),
        (b'{"id": "1", "source_url": "https://meridian.example/2026/1"}', "no-headline"),
    ],
)
def test_a_line_that_lacks_one_of_the_two_is_known_for_what_it_is(line, reason):
    """Else its writer is told that no format fits, and never which field is missing."""
    found = read(line)
    assert isinstance(found, Document)
    assert [item.reason for item in found.items] == [reason]


@pytest.mark.parametrize("format_", ["auto", "jsonl"])
def test_a_gzip_file_is_unpacked_in_all_its_members(format_):
    packed = pack(LINE + b"\n") + pack(LINE.replace(b'"1"', b'"2"')) + b"\0\0"
    found = read(packed, format=format_)
    assert isinstance(found, Document)
    assert len(found.items) == 2


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (pack(LINE)[:-9], "incomplete"),
        (pack(LINE)[:5], "incomplete"),
        (b"\x1f\x8bnothing of the kind", "damaged"),
        (pack(LINE) + b"tail", "damaged"),
        (pack(b""), "empty"),
    ],
)
def test_a_gzip_file_that_is_none_or_breaks_off_is_refused_by_name(raw, reason):
    found = read(raw)
    assert isinstance(found, Unreadable)
    assert found.reason == reason


def test_a_gzip_bomb_is_refused_before_it_fills_the_memory():
    bomb = pack(b"\0" * 150_000_000)
    tracemalloc.start()
    found = read(bomb)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(found, Unreadable)
    assert found.reason == "too-large"
    assert most < 30_000_000


def test_what_is_packed_twice_is_unpacked_once():
    assert isinstance(read(pack(pack(LINE))), Unreadable)
