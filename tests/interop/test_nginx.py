"""The examples of docs/serving.md, as they stand there: nginx takes them, and answers as the page says."""

import gzip

import pytest

from tests.nginxbox import examples, nginx
from tests.webbox import ask, desk, serving

pytestmark = pytest.mark.program("nginx")


@pytest.fixture
def office(tmp_path):
    with desk(tmp_path) as opened:
        opened.ingest(1, 2)
        opened.publish()
        yield opened


def test_nginx_alone_serves_the_folders(program, office):
    feed = (office.folder / "out" / "feeds" / "world.rss").read_bytes()
    with nginx(program, office.folder, examples()[1]) as port:
        plain, packed = ask(port, "/feeds/world.rss"), ask(port, "/feeds/world.rss", "Accept-Encoding: gzip")
        assert (plain.status, plain.body, gzip.decompress(packed.body)) == (200, feed, feed)
        assert packed["content-encoding"] == "gzip"
        assert packed["etag"] != plain["etag"]
        for reply in (plain, packed):
            assert reply["content-type"] == "application/rss+xml; charset=utf-8"
            assert reply["cache-control"] == "public, max-age=300, must-revalidate"
            assert reply["vary"] == "Accept-Encoding"
            assert reply.all("link") == [
                '<https://news.example/feeds/world.rss>; rel="self"',
                '<https://hub.example/>; rel="hub"',
            ]
        for path, media_type in (
            ("/feeds/world.atom", "application/atom+xml; charset=utf-8"),
            ("/feeds/world.json", "application/feed+json; charset=utf-8"),
            ("/feeds/source/meridian.rss", "application/rss+xml; charset=utf-8"),
            ("/feeds/index.opml", "text/x-opml; charset=utf-8"),
            ("/", "text/html; charset=utf-8"),
            ("/s/world/", "text/html; charset=utf-8"),
            ("/assets/copy.js", "text/javascript; charset=utf-8"),
        ):
            assert (ask(port, path).status, ask(port, path)["content-type"]) == (200, media_type)
        assert "default-src 'none'" in ask(port, "/s/world/")["content-security-policy"]
        assert ask(port, "/s/world").status == 301
        for path in (
            "/nothing",
            "/feeds/nothing.rss",
            "/feeds/.world.rss.x",
            "/feeds/../config/secrets.toml",
        ):
            assert ask(port, path).status in {400, 404}
        assert b"Nothing here" in ask(port, "/nothing").body


def test_nginx_alone_says_that_nothing_is_there_in_the_language_of_the_address(program, office):
    persian = office.folder / "out" / "site" / "fa" / "404.html"
    persian.parent.mkdir()
    persian.write_text("هیچ", encoding="utf-8")
    with nginx(program, office.folder, examples()[1]) as port:
        for path in ("/fa/nothing", "/s/nothing/fa/", "/archive/nothing/fa"):
            assert (ask(port, path).status, ask(port, path).body.decode()) == (404, "هیچ"), path
        for path in ("/far/", "/nothing"):
            assert b"Nothing here" in ask(port, path).body, path


def test_nginx_alone_tells_of_a_kill(program, office):
    with nginx(program, office.folder, examples()[1]) as port:
        old = ask(port, "/feeds/world.json", "Accept-Encoding: gzip")
        story_id = ask(port, "/feeds/world.json").story_ids()[0]
        assert ask(port, f"/story/{story_id}").status == 200
        conditions = [f"If-None-Match: {old['etag']}"], [f"If-Modified-Since: {old['last-modified']}"]
        for asked in conditions:
            assert ask(port, "/feeds/world.json", "Accept-Encoding: gzip", *asked).status == 304
        office.kill(story_id)
        for asked in conditions:
            assert ask(port, "/feeds/world.json", "Accept-Encoding: gzip", *asked).status == 200
        gone = ask(port, f"/story/{story_id}")
        assert (gone.status, gone["content-type"]) == (410, "text/html; charset=utf-8")
        assert b"No longer here" in gone.body


def test_behind_nginx_every_answer_comes_through(program, office):
    with serving(office.folder) as server:
        example = examples()[0].replace("127.0.0.1:8080", f"127.0.0.1:{server.port}")
        with nginx(program, office.folder, example) as port:
            for coding in ("identity", "gzip"):
                ours = server.get("/feeds/world.atom", f"Accept-Encoding: {coding}")
                theirs = ask(port, "/feeds/world.atom", f"Accept-Encoding: {coding}")
                assert theirs.body == ours.body
                for name in ("etag", "last-modified", "cache-control", "content-type", "vary"):
                    assert theirs[name] == ours[name]
                assert theirs.all("link") == ours.all("link")
                known = ask(
                    port, "/feeds/world.atom", f"Accept-Encoding: {coding}", f"If-None-Match: {ours['etag']}"
                )
                assert (known.status, known.body) == (304, b"")
            assert ask(port, "/s/world")["location"] == "/s/world/"
