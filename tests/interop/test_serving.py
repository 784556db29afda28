"""`publisher serve` as readers' programs meet it: a real server, asked over bare sockets, once with each HTTP parser."""

import gzip
import hashlib
from datetime import timedelta
from email.utils import parsedate_to_datetime

import pytest

from tests.webbox import PLAIN_PARTS, Desk, Server, desk, raw, serving

FEED = "/feeds/world.atom"


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    with desk(folder) as opened:
        opened.ingest(1, 2, 3)
        opened.publish()
        yield opened


@pytest.fixture(scope="module", params=["", PLAIN_PARTS], ids=["speed", "plain"])
def server(request, office: Desk):
    with serving(office.folder, before=request.param) as running:
        yield running


@pytest.fixture(scope="module")
def story(server: Server):
    return server.get("/feeds/world.json").story_ids()[0]


def later(date: str, **by: int) -> str:
    moment = parsedate_to_datetime(date) + timedelta(**by)
    return f"{moment:%a, %d %b %Y %H:%M:%S} GMT"


def test_a_feed_says_all_that_a_cache_and_a_hub_have_to_know(server, office):
    reply = server.get(FEED)
    file = (office.folder / "out" / "feeds" / "world.atom").read_bytes()
    assert (reply.status, reply.body) == (200, file)
    assert reply["etag"] == f'"{hashlib.sha256(file).hexdigest()[:32]}"'
    assert reply["content-type"] == "application/atom+xml; charset=utf-8"
    assert reply["cache-control"] == "public, max-age=300, must-revalidate"
    assert reply["vary"] == "Accept-Encoding"
    assert reply["x-content-type-options"] == "nosniff"
    assert reply.all("link") == [
        '<https://front.example/feeds/world.atom>; rel="self"',
        '<https://hub.example/>; rel="hub"',
    ]
    assert parsedate_to_datetime(reply["last-modified"]).timestamp() == (
        (office.folder / "out" / "feeds" / "world.atom").stat().st_mtime
    )
    assert not {"set-cookie", "server", "content-encoding"} & {name for name, _ in reply.headers}


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("/feeds/world.rss", "application/rss+xml; charset=utf-8"),
        ("/feeds/all.json", "application/feed+json; charset=utf-8"),
        ("/feeds/index.opml", "text/x-opml; charset=utf-8"),
        ("/", "text/html; charset=utf-8"),
        ("/s/world/", "text/html; charset=utf-8"),
        ("/feeds-help/", "text/html; charset=utf-8"),
        ("/assets/copy.js", "text/javascript; charset=utf-8"),
    ],
)
def test_each_kind_has_its_address_and_type(server, path, media_type):
    reply = server.get(path)
    assert (reply.status, reply["content-type"]) == (200, media_type)
    assert reply.body


def test_a_page_may_load_nothing_but_its_own_script_and_pictures(server, story):
    for path in ("/", "/s/world/", f"/story/{story}", "/no/such/page"):
        reply = server.get(path)
        assert reply["content-security-policy"] == (
            "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; img-src https:; form-action 'none'; "
            "base-uri 'none'; frame-ancestors 'none'"
        )
        assert reply["referrer-policy"] == "strict-origin-when-cross-origin"
        assert reply.all("link") == []


# The conditional-GET matrix. E: our entity tag, D: our date.
MATRIX = [
    ([], 200),
    (["If-None-Match: {E}"], 304),
    (["If-None-Match: W/{E}"], 304),
    (['If-None-Match: "other", W/"more", {E}'], 304),
    (["If-None-Match: *"], 304),
    (['If-None-Match: "other"'], 200),
    (["If-Modified-Since: {D}"], 304),
    (["If-Modified-Since: {before}"], 200),
    (["If-Modified-Since: {ahead}"], 200),
    (["If-Modified-Since: 1980-01-01 or so"], 200),
    (['If-None-Match: "other"', "If-Modified-Since: {D}"], 200),
    (["If-None-Match: {E}", "If-Modified-Since: {before}"], 304),
]


@pytest.mark.parametrize("coding", [None, "gzip"])
@pytest.mark.parametrize(("conditions", "status"), MATRIX)
@pytest.mark.parametrize("path", [FEED, "/s/world/"])
def test_the_matrix_of_conditions(server, path, conditions, status, coding):
    encoding = [f"Accept-Encoding: {coding}"] if coding else []
    whole = server.get(path, *encoding)
    date = whole["last-modified"]
    told = {
        "E": whole["etag"].removeprefix("W/"),
        "D": date,
        "before": later(date, seconds=-1),
        "ahead": later(date, days=3650),
    }
    asked = [condition.format(**told) for condition in conditions]
    for method in ("GET", "HEAD"):
        reply = server.get(path, *encoding, *asked, method=method)
        assert reply.status == status
        assert (reply["etag"], reply["cache-control"]) == (whole["etag"], whole["cache-control"])
        assert (reply["vary"], reply["last-modified"]) == (whole["vary"], date)
        if status == 304 or method == "HEAD":
            assert reply.body == b""
        else:
            assert reply.body == whole.body


def test_a_tag_in_two_lines_and_a_date_in_two_lines(server):
    tag, date = server.get(FEED)["etag"], server.get(FEED)["last-modified"]
    assert server.get(FEED, 'If-None-Match: "other"', f"If-None-Match: {tag}").status == 304
    assert server.get(FEED, f"If-Modified-Since: {date}", f"If-Modified-Since: {date}").status == 200


def test_gzip_is_the_same_bytes_under_a_weak_tag(server):
    plain, packed = server.get(FEED), server.get(FEED, "Accept-Encoding: br, gzip")
    assert gzip.decompress(packed.body) == plain.body
    assert packed["content-encoding"] == "gzip"
    assert packed["etag"] == f"W/{plain['etag']}"
    assert int(packed["content-length"]) == len(packed.body) < len(plain.body)
    assert server.get(FEED, "Accept-Encoding: gzip;q=0").body == plain.body
    page = server.get("/s/world/")  # kept gzipped only, and unpacked for whoever asks so
    assert gzip.decompress(server.get("/s/world/", "Accept-Encoding: gzip").body) == page.body
    assert int(page["content-length"]) == len(page.body)


@pytest.mark.parametrize("path", [FEED, "/", "/s/world", "/nothing", "/healthz"])
@pytest.mark.parametrize("coding", ["identity", "gzip"])
def test_head_is_get_without_the_body(server, path, coding):
    got = server.get(path, f"Accept-Encoding: {coding}")
    head = server.get(path, f"Accept-Encoding: {coding}", method="HEAD")
    assert head.body == b""
    assert head.status == got.status

    def timeless(reply):
        return sorted((key, value) for key, value in reply.headers if key != "date")

    assert timeless(head) == timeless(got)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH", "BREW"])
def test_other_methods_are_told_which_there_are(server, method):
    reply = server.get(FEED, "Content-Length: 0", method=method)
    if method == "BREW":  # one of the two parsers knows no such word
        assert reply.status in {400, 405}
        return
    assert (reply.status, reply["allow"]) == (405, "GET, HEAD")
    assert server.get("/nothing", "Content-Length: 0", method=method).status == 404


def test_a_page_is_found_with_and_without_its_slash(server, story):
    assert server.get("/s/world").status == 308
    assert server.get("/s/world")["location"] == "/s/world/"
    assert server.get(f"/story/{story}").status == 200
    assert server.get(f"/story/{story}/")["location"] == f"/story/{story}"


def test_health_is_told_to_whoever_asks(server):
    assert server.get("/healthz").body == b"ok\n"
    assert server.get("/healthz")["cache-control"] == "no-store"


def test_a_path_is_an_address_or_nothing(server):
    assert server.get("/feeds/%77orld.atom?utm=x&y").status == 200
    assert (
        raw(
            server.port,
            b"GET http://other.example/feeds/world.atom HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        ).status
        == 200
    )
    for path in (
        "/feeds/../config/secrets.toml",
        "/feeds/%2e%2e/config/secrets.toml",
        "/feeds/..%2fconfig%2fsecrets.toml",
        "/feeds//world.atom",
        "/feeds/world.atom/",
        "/feeds/world.atom%00",
        "/feeds/world.atom%0d%0aX: y",
        "/feeds/%2577orld.atom",
        "/feeds/world%zz.atom",
        "/FEEDS/world.atom",
        "/site/index.html",
        "/feeds/",
        "/404.html",
        "/config/secrets.toml",
        "//feeds/world.atom",
    ):
        assert server.get(path).status in {400, 404}, path
        assert b"address_key" not in server.get(path).body


def test_what_is_not_there_is_a_page_to_persons_and_a_line_to_programs(server):
    assert "Nothing here" in server.get("/nothing").body.decode()
    assert server.get("/nothing")["content-type"] == "text/html; charset=utf-8"
    assert server.get("/feeds/nothing.rss")["content-type"] == "text/plain; charset=utf-8"


def test_many_requests_on_one_connection(server):
    request = f"GET {FEED} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n\r\n".encode()
    last = request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    reply = raw(server.port, request * 20 + last)
    assert reply.body.count(b"HTTP/1.1 200 OK") == 20
