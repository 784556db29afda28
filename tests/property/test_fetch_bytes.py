from __future__ import annotations

import gzip
import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.fetch import Failed, Fetched, NotModified
from publisher.fetch.body import Body
from tests.httpbox import answer, asked, ok

GOOD = ok(gzip.compress(b"<rss/>" * 50), "Content-Encoding: gzip", 'ETag: "v1"', "Retry-After: 60")
REDIRECT = answer(302, "Location: /again")


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A good answer with some bytes changed, put in or cut off."""
    raw = bytearray(draw(st.sampled_from([GOOD, REDIRECT])))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(raw)))
        raw[place : place + draw(st.integers(0, 3))] = draw(st.binary(max_size=4))
    return bytes(raw[: draw(st.integers(0, len(raw)))]) if draw(st.booleans()) else bytes(raw)


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300) | spoilt())
def test_whatever_a_server_sends_is_a_value_on_one_line(sent: bytes) -> None:
    result, _ = asked({"/feed": sent, "/again": sent}, seconds=2.0)
    assert isinstance(result, (Fetched, NotModified, Failed))
    if isinstance(result, Failed):
        assert result.detail.isprintable()
    if isinstance(result, Fetched):
        assert result.content_type.isprintable()
        assert (result.memory.etag or "").isprintable()


@given(
    st.lists(st.binary(max_size=2000), min_size=1, max_size=3),
    st.lists(st.integers(0, 6000), max_size=8),
    st.integers(0, 6000),
)
def test_how_a_body_is_cut_into_chunks_changes_nothing(
    members: list[bytes], cuts: list[int], limit: int
) -> None:
    raw = b"".join(gzip.compress(member) for member in members)
    edges = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    plain = b"".join(members)
    body = Body([(b"Content-Encoding", b"gzip")], max(limit, len(raw)))
    for start, end in itertools.pairwise(edges):
        body.feed(raw[start:end])
    whole = body.whole()
    if len(plain) <= max(limit, len(raw)):
        assert whole == plain
    else:
        assert isinstance(whole, Failed)
        assert whole.reason == "too-large"


@given(st.binary(min_size=1, max_size=3000), st.data())
def test_a_gzip_body_that_was_cut_off_is_never_taken_for_whole(member: bytes, data: st.DataObject) -> None:
    raw = gzip.compress(member)
    body = Body([(b"content-encoding", b"gzip")], 10_000)
    body.feed(raw[: data.draw(st.integers(0, len(raw) - 1))])
    assert isinstance(body.whole(), Failed)
