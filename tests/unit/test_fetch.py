"""What comes of one answer: whole or refused, remembered or not, and how long we are asked to wait."""

from __future__ import annotations

import gzip
from datetime import timedelta

import pytest

from publisher.fetch import Failed, Fetched, Memory, NotModified
from tests.httpbox import NOW, Answer, answer, asked, ok, reason

RSS = b'<rss version="2.0"><channel/></rss>'


def test_a_whole_answer_comes_with_what_to_remember() -> None:
    headers = (
        "Content-Type: application/rss+xml; charset=utf-8",
        'ETag: "v1"',
        "Last-Modified: Sun, 01 Mar 2026 09:00:00 GMT",
    )
    result, site = asked(
        {"/feed?x=1&y=ä": ok(), "/feed?x=1&y=%C3%A4": ok(RSS, *headers)}, "/feed?x=1&y=ä#top"
    )
    assert result == Fetched(
        url=f"{site.url}/feed?x=1&y=%C3%A4",
        content_type="application/rss+xml; charset=utf-8",
        body=RSS,
        memory=Memory('"v1"', "Sun, 01 Mar 2026 09:00:00 GMT"),
    )


def test_the_request_names_the_host_and_asks_for_gzip_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    result, site = asked({"/feed": ok(RSS)})
    assert isinstance(result, Fetched)
    assert site.sent("host") == [f"127.0.0.1:{site.port}"]
    assert site.sent("accept-encoding") == ["gzip"]
    assert site.sent("if-none-match") == [None]
    assert str(site.sent("user-agent")[0]).startswith("Publisher/")


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "GZIP", "identity, gzip"])
def test_one_gzip_coding_is_undone(coding: str) -> None:
    result, _ = asked({"/feed": ok(gzip.compress(RSS, mtime=0) + b"\0" * 9, f"Content-Encoding: {coding}")})
    assert isinstance(result, Fetched)
    assert result.body == RSS


def test_the_members_of_one_gzip_answer_are_one_body_and_one_sum() -> None:
    body = gzip.compress(RSS, mtime=0) + b"\0\0" + gzip.compress(b"", mtime=0) + gzip.compress(RSS, mtime=0)
    told: dict[str, Answer] = {"/feed": ok(body, "Content-Encoding: gzip")}
    result, _ = asked(told)
    assert isinstance(result, Fetched)
    assert result.body == RSS + RSS
    assert reason(asked(told, bytes=2 * len(RSS) - 1)[0]) == "too-large"


@pytest.mark.parametrize(
    ("body", "coding", "why"),
    [
        (RSS, "br", "coding"),
        (RSS, "deflate", "coding"),
        (gzip.compress(gzip.compress(RSS, mtime=0), mtime=0), "gzip, gzip", "coding"),
        (gzip.compress(gzip.compress(RSS, mtime=0), mtime=0), "gzip\r\nContent-Encoding: gzip", "coding"),
        (RSS, "gzip", "coding"),
        (gzip.compress(RSS, mtime=0) + b"more", "gzip", "coding"),
        (gzip.compress(RSS, mtime=0)[:-5], "gzip", "incomplete"),
        (b"", "gzip", "incomplete"),
        (gzip.compress(b"a" * 1_000_001, mtime=0), "gzip", "too-large"),
        (b"a" * 1_000_001, "identity", "too-large"),
        (gzip.compress(b"", mtime=0) * 60_000, "gzip", "too-large"),
    ],
)
def test_what_is_compressed_otherwise_damaged_or_too_large_is_refused(
    body: bytes, coding: str, why: str
) -> None:
    result, _ = asked({"/feed": ok(body, f"Content-Encoding: {coding}")}, bytes=1_000_000)
    assert reason(result) == why


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    result, _ = asked({"/feed": ok(b"a" * 1_000_000)}, bytes=1_000_000)
    assert isinstance(result, Fetched)


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (answer(200, "Content-Length: 50", body=b"<rss>"), "incomplete"),
        (answer(200, "Transfer-Encoding: chunked", body=b"5\r\n<rss>\r\n"), "incomplete"),
        (answer(200, "Transfer-Encoding: chunked", body=b"5\r\n<rss>\r\nxx\r\n"), "incomplete"),
        (answer(200, "Content-Length: 5", "Content-Length: 6", body=b"<rss>"), "protocol"),
        (b"", "protocol"),
        (b"HTTP/1.1 200 OK\r\nContent-Le", "protocol"),
        (b"<rss></rss>\r\n\r\n", "protocol"),
        (b"SSH-2.0-box\r\n\r\n", "protocol"),
        (answer(200, "X: \x01\x00"), "protocol"),
    ],
)
def test_an_answer_that_is_not_whole_is_a_failure(sent: bytes, why: str) -> None:
    assert reason(asked({"/feed": sent})[0]) == why


@pytest.mark.parametrize("size", [70_000, 400_000])
def test_a_head_without_measure_is_refused(size: int) -> None:
    head = "".join(f"X-{n}: {'a' * 90}\r\n" for n in range(size // 100))
    result, _ = asked({"/feed": f"HTTP/1.1 200 OK\r\n{head}Content-Length: 0\r\n\r\n".encode()})
    assert reason(result) == "header-too-large"


@pytest.mark.parametrize("status", [204, 206, 300, 400, 401, 404, 410, 500, 502])
def test_any_other_status_is_a_failure_that_names_it(status: int) -> None:
    assert reason(asked({"/feed": answer(status)})[0]) == f"http-{status}"


@pytest.mark.parametrize(
    ("memory", "etag", "since"),
    [
        (Memory('"v1"', "Sun, 01 Mar 2026 09:00:00 GMT"), '"v1"', None),
        (Memory(None, "Sun, 01 Mar 2026 09:00:00 GMT"), None, "Sun, 01 Mar 2026 09:00:00 GMT"),
        (Memory('W/"v1"'), '"v1"', None),
        (Memory('"v1-gzip"'), '"v1"', None),
        (Memory('"v1"\r\nX-Evil: 1', "Sun\r\nX-Evil: 1"), None, None),
        (Memory("v1", None), None, None),
        (Memory('"a", "b"', None), None, None),
        (Memory(f'"{"x" * 600}"', None), None, None),
    ],
)
def test_what_is_remembered_is_asked_with_if_it_can_be_sent(
    memory: Memory, etag: str | None, since: str | None
) -> None:
    _, site = asked({"/feed": answer(304)}, memory=memory)
    assert site.sent("if-none-match") == [etag]
    assert site.sent("if-modified-since") == [since]
    assert site.sent("x-evil") == [None]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ('W/"v1"', '"v1"'),
        ('"v1-gzip"', '"v1"'),
        ("v1", None),
        ('"v\x01"', None),
        ('"ü"', None),
        ('""', '""'),
        ('"', None),
        (f'"{"x" * 600}"', None),
        ('"a"\r\nETag: "b"', None),
    ],
)
def test_only_an_etag_that_is_one_is_remembered(sent: str, kept: str | None) -> None:
    result, _ = asked({"/feed": ok(RSS, f"ETag: {sent}", "Last-Modified: a\tb")})
    assert isinstance(result, Fetched)
    assert result.memory == Memory(kept, None)


def test_not_modified_is_believed_only_when_we_asked() -> None:
    assert asked({"/feed": answer(304)}, memory=Memory('"v1"'))[0] == NotModified()
    assert reason(asked({"/feed": answer(304)})[0]) == "unasked-304"
    assert reason(asked({"/feed": answer(304)}, memory=Memory("not an etag"))[0]) == "unasked-304"


@pytest.mark.parametrize(
    ("value", "later"),
    [
        ("120", timedelta(seconds=120)),
        ("0", timedelta()),
        ("Mon, 02 Mar 2026 02:40:00 GMT", timedelta(minutes=10)),
        ("Mon, 02 Mar 2026 06:10:00 +0330", timedelta(minutes=10)),
        ("Mon, 02 Mar 2026 02:40:00 -0000", timedelta(minutes=10)),
        ("Sun, 01 Mar 2026 00:00:00 GMT", timedelta()),
        ("86401", timedelta(days=1)),
        ("9" * 400, timedelta(days=1)),
        ("Fri, 02 Mar 2096 02:40:00 GMT", timedelta(days=1)),
        ("-5", None),
        ("soon", None),
        ("١٢٠", None),
        ("Mon, 99 Mar 99999 99:99:99 GMT", None),
        ("5\r\nRetry-After: 6", None),
    ],
)
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_that_asks_for_patience_is_given_it_up_to_a_day(
    status: int, value: str, later: timedelta | None
) -> None:
    result, _ = asked({"/feed": answer(status, f"Retry-After: {value}")})
    assert reason(result) == "throttled"
    assert isinstance(result, Failed)
    assert result.not_before == (None if later is None else NOW + later)


def test_patience_may_be_asked_for_with_any_answer() -> None:
    told: dict[str, Answer] = {
        "/ok": ok(RSS, "Retry-After: 60"),
        "/same": answer(304, "Retry-After: 60"),
        "/gone": answer(404, "Retry-After: 60"),
    }
    for path in told:
        result, _ = asked(told, path, memory=Memory('"v1"'))
        assert result.not_before == NOW + timedelta(minutes=1)
