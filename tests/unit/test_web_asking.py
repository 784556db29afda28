"""Conditions and encodings as RFC 9110 reads them; whatever cannot be read is no condition."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.web.asking import http_date, named, seconds_of, takes_gzip

TAG = b'"abc"'
MOMENT = datetime(2026, 3, 2, 2, 30, 5, tzinfo=UTC)
AT = MOMENT.timestamp()


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (b'"abc"', True),
        (b'W/"abc"', True),
        (b"*", True),
        (b' "x" , W/"abc"', True),
        (b'"x","y,z",,"abc",', True),
        (b'"x"', False),
        (b'"ABC"', False),
        (b"abc", False),
        (b'w/"abc"', False),
        (b'"abc', False),
        (b'"abc" "x"', False),
        (b'*, "x"', False),
        (b'"x\\"abc"', False),
        (b"", False),
    ],
)
def test_entity_tags_are_compared_weakly_and_a_broken_list_names_nothing(header, known):
    assert named(header, TAG) is known


def test_a_long_broken_list_is_read_in_no_time():
    assert not named(b'"a" , ' * 20_000 + b"x", TAG)
    assert not named(b", \t" * 20_000 + b"x", TAG)


@pytest.mark.parametrize(
    "text",
    [
        b"Mon, 02 Mar 2026 02:30:05 GMT",
        b"Monday, 02-Mar-26 02:30:05 GMT",
        b"Mon Mar  2 02:30:05 2026",
    ],
)
def test_the_three_forms_of_a_date_are_the_same_instant(text):
    assert seconds_of(text, now=AT) == AT


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"0",
        b"yesterday",
        b"2026-03-02T02:30:05Z",
        b"Mon, 02 Mar 2026 02:30:05 UTC",
        b"Mon, 02 Mar 2026 02:30:05 +0000",
        b"Mon, 02 Mar 2026 02:30:05",
        b"Mon, 2 Mar 2026 02:30:05 GMT",
        b"Tue, 02 Mar 2026 02:30:05 GMT",
        b"Mon, 30 Feb 2026 02:30:05 GMT",
        b"Mon, 02 Mar 2026 24:30:05 GMT",
        b"Mon, 02 Mar 2026 02:30:05 GMT; length=100",
        "Mon, ۰۲ Mar 2026 02:30:05 GMT".encode(),
        b"\xff\xfe",
    ],
)
def test_what_is_no_date_is_no_condition(text):
    assert seconds_of(text, now=AT + 10**9) is None


def test_a_date_that_has_not_come_yet_is_none_of_ours():
    assert seconds_of(http_date(MOMENT + timedelta(seconds=1)).encode(), now=AT) is None
    assert (
        seconds_of(b"Friday, 01-Jan-99 00:00:00 GMT", now=AT) == datetime(1999, 1, 1, tzinfo=UTC).timestamp()
    )


@given(st.integers(0, 7_000_000_000))
def test_what_is_sent_is_understood(seconds):
    assert seconds_of(http_date(datetime.fromtimestamp(seconds, UTC)).encode(), now=10**10) == seconds


@given(st.binary(max_size=60))
def test_no_bytes_raise(header):
    assert seconds_of(header, now=AT) is None or header
    assert named(header, TAG) in {True, False}
    assert takes_gzip(header) in {True, False}


@pytest.mark.parametrize(
    ("header", "takes"),
    [
        (b"gzip", True),
        (b"GZIP", True),
        (b"x-gzip", True),
        (b"deflate, gzip, br", True),
        (b"br;q=1.0, gzip;q=0.8, *;q=0.1", True),
        (b"*", True),
        (b"gzip;q=0.5", True),
        (b"gzip ; Q=0.001", True),
        (b"identity;q=0, *", True),
        (b"", False),
        (b"identity", False),
        (b"br, zstd", False),
        (b"gzip;q=0", False),
        (b"gzip;q=0.000", False),
        (b"*;q=0", False),
        (b"*, gzip;q=0", False),
        (b"identity, gzip;q=0.5", False),
        (b"gzip;q=2", False),
        (b"gzip;q=-1", False),
        (b"gzip;level=9", False),
        (b"gzipped", False),
    ],
)
def test_gzip_goes_to_whoever_prefers_it(header, takes):
    assert takes_gzip(header) is takes
