"""What is out already, read and judged: a feed, a page, a WordPress site, a file; with exit codes that scripts can use."""

from __future__ import annotations

import io
import json
import os
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from publisher import assets
from publisher.cli import publisher
from publisher.cli.exits import told
from tests.webbox import CONFIG, SOURCES, desk

DISCLAIMER = (
    "Reports in this section were retrieved from other agencies and do not necessarily reflect our views."
)
PROMISE = f"{DISCLAIMER} The source and URL of all reports are given at the bottom of each article."
TEXT = (
    "Port Alma's council voted on Monday to rebuild the old bridge before the winter, its clerk said in a letter. "
    * 3
)
WHOLE = (
    f'<p>{TEXT}</p><p>{DISCLAIMER}</p><p>Source: <a href="https://meridian.example/2026/7">Meridian</a></p>'
)
INSTEAD = "give the feed that they stand in, or the page of each"
COPIED = f"""
Harbour Towns

Council of Port Alma votes to rebuild the old bridge before winter

{TEXT}

"We waited long enough", the clerk told Reuters.

{PROMISE}

Share
Recent posts
Another story of the day
"""


def entry(number: int, body: str) -> str:
    return (
        f"<item><title>Story {number} of the wire</title><link>https://front.example/{number}</link><guid>{number}</guid>"
        f"<description><![CDATA[{body}]]></description></item>"
    )


def rss(*bodies: str) -> bytes:
    items = "".join(entry(number, body) for number, body in enumerate(bodies, 1))
    return f'<rss version="2.0"><channel><title>Wire</title><link>https://front.example/</link>{items}</channel></rss>'.encode()


def post(number: int, body: str) -> dict[str, object]:
    return {
        "id": number,
        "date_gmt": "2026-03-01T20:00:00",
        "modified_gmt": "2026-03-01T20:00:00",
        "status": "publish",
        "link": f"https://front.example/{number}",
        "title": {"rendered": f"Post {number}"},
        "content": {"rendered": body, "protected": False},
    }


def audit(capsys, *arguments: str) -> tuple[int, dict]:
    code = told(publisher, ["--json", "audit", *arguments])
    return code, json.loads(capsys.readouterr().out)


def test_copied_page_promises_what_it_does_not_give(tmp_path, capsys):
    page = tmp_path / "page.txt"
    page.write_text(COPIED, encoding="utf-8")
    code, report = audit(capsys, str(page))
    (story,) = report["lacking"]
    assert code == 5
    assert story["headline"] == "Council of Port Alma votes to rebuild the old bridge before winter"
    assert (story["lacks"], story["promised"], story["probable"]) == (["source", "link"], True, "Reuters")
    assert told(publisher, ["audit", str(page)]) == 5
    said = capsys.readouterr().out
    assert "lacks: source, link" in said
    assert "its own text promises source and link" in said
    assert "1 of 1 story lacks something." in said


def test_each_story_of_a_feed_is_judged_and_its_source_looked_for(tmp_path, capsys):
    feed = tmp_path / "feed.xml"
    linked = f'<p>{TEXT}</p><p>{DISCLAIMER}</p><p>More in <a href="https://caspian.example/n/9">this report</a> and elsewhere.</p><p>End.</p>'
    dated = f"<p>PORT ALMA, March 2 (Rafidain Agency) – {TEXT}</p><p>{DISCLAIMER}</p>"
    bare = WHOLE.replace(f"<p>{DISCLAIMER}</p>", "")
    feed.write_bytes(rss(WHOLE, linked, dated, bare, f"<p>{TEXT}</p>"))
    code, report = audit(capsys, str(feed))
    found = {story["url"][-1]: story for story in report["lacking"]}
    assert (code, report["stories"]) == (5, 5)
    assert {number: story["lacks"] for number, story in found.items()} == {
        "2": ["source", "link"],
        "3": ["source", "link"],
        "4": ["disclaimer"],
        "5": ["source", "link", "disclaimer"],
    }
    assert found["2"]["probable_url"] == "https://caspian.example/n/9"
    assert found["3"]["probable"] == "Rafidain Agency"
    assert found["5"]["probable"] == ""
    feed.write_bytes(rss(WHOLE))
    assert audit(capsys, str(feed))[0] == 0
    assert audit(capsys, str(feed), "--disclaimer", "no such words")[1]["lacking"][0]["lacks"] == [
        "disclaimer"
    ]


@pytest.mark.parametrize(
    "host",
    ["www.amazon.co.uk", "twitter.com", "docs.google.com", "t.me", "m.facebook.com", "youtu.be", "google.de"],
)
def test_no_shop_social_site_or_store_of_files_is_taken_for_the_source(tmp_path, capsys, host):
    agency = '<a href="https://caspian.example/n/9">report</a>'
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss(f'<p>{TEXT}</p><p>{agency} <a href="https://{host}/d/1">more</a></p>'))
    (story,) = audit(capsys, str(feed))[1]["lacking"]
    assert story["probable"] == "caspian.example"


@pytest.mark.parametrize(
    "host", ["theamazon.com", "amazon.news.example", "fox.com", "export.me", "vk.example"]
)
def test_whose_name_is_like_that_of_one_may_be_the_source(tmp_path, capsys, host):
    feed = tmp_path / "feed.xml"
    feed.write_bytes(rss(f'<p>{TEXT}</p><p><a href="https://{host}/d/1">more</a></p>'))
    (story,) = audit(capsys, str(feed))[1]["lacking"]
    assert story["probable"] == host


def test_a_port_is_refused_without_naming_a_setting_that_is_not_asked(capsys):
    assert told(publisher, ["audit", "http://news.example:8901/feed"]) == 2
    said = capsys.readouterr().err
    assert "an audit asks 80 and 443 alone" in said
    assert "--private allows it" in said
    assert "configured" not in said


def test_wordpress_site_is_read_from_its_front_page(capsys):
    asked: list[str] = []
    feeds = b"".join(
        b"<link rel=alternate type=application/rss+xml href=%s>" % href for href in (b"http://[x", b"/feed")
    )

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            posts = self.path.startswith("/wp-json/wp/v2/posts?")
            body = (
                json.dumps([post(2, f"<p>{TEXT}</p>"), post(1, WHOLE)]).encode()
                if posts
                else rss(WHOLE)
                if self.path == "/feed"
                else b"<!doctype html><title>Front</title>" + feeds
            )
            self.send_response(200)
            self.send_header("Content-Type", "application/json" if posts else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Link", '<http://[x>; rel="https://api.w.org/"')
            if self.path != "/blog/":
                self.send_header("Link", '</wp-json/>; rel="https://api.w.org/"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        root = f"http://127.0.0.1:{server.server_port}/"
        try:
            code, report = audit(capsys, root, "--private")
            refused = told(publisher, ["audit", root])
            by_feed = audit(capsys, f"{root}blog/", "--private")
        finally:
            server.shutdown()
            thread.join()
    assert (code, report["stories"], [story["headline"] for story in report["lacking"]]) == (5, 2, ["Post 2"])
    assert [path.partition("?")[0] for path in asked] == ["/", "/wp-json/wp/v2/posts", "/blog/", "/feed"]
    assert refused == 2
    assert (by_feed[0], by_feed[1]["stories"]) == (0, 1)


def test_what_publisher_gives_out_itself_is_no_finding(tmp_path, capsys):
    """Feeds and story pages of a newsroom with the disclaimers that `init` writes, in each language; one story was withdrawn."""
    shipped = (assets.root() / "config" / "publisher.toml").read_text(encoding="utf-8")
    config = CONFIG[: CONFIG.index("[[disclaimer]]")] + shipped[shipped.index("[[disclaimer]]") :]
    languages = [entry["language"] for entry in tomllib.loads(shipped)["disclaimer"]]
    with desk(tmp_path, publisher=config, sources=SOURCES + 'rights = "full"\n') as house:
        for number, language in enumerate(languages):
            house.ingest(number, language=language, body=f"{TEXT}\n\n{TEXT}")
        house.ingest(9)
        house.publish()
        gone = next(
            story["id"][-26:]
            for story in json.loads((tmp_path / "out/feeds/all.json").read_bytes())["items"]
            if story["title"].endswith("9")
        )
        house.kill(gone)
        house.publish()
    feeds = [tmp_path / "out" / "feeds" / f"all.{kind}" for kind in ("rss", "atom", "json")]
    pages = sorted((tmp_path / "out" / "site" / "story").rglob("*.html"))
    assert len(pages) == len(languages)
    for place in (*feeds, *pages):
        code, report = audit(capsys, str(place))
        assert (code, report["lacking"], report["stories"]) == (
            0,
            [],
            1 if place in pages else len(languages),
        )
    lists = sorted((tmp_path / "out" / "site").glob("**/s/**/index.html"))
    assert lists
    for place in lists:  # none of them is one story that lacks its source
        assert told(publisher, ["audit", str(place)]) == 2
        said = capsys.readouterr().err
        assert f"a page of several stories: {INSTEAD}" in said or "<article" not in place.read_text()
    words = [("--disclaimer", entry["full"]) for entry in tomllib.loads(shipped)["disclaimer"]]
    assert audit(capsys, str(feeds[0]), *(word for pair in words for word in pair))[0] == 0


def test_a_mail_of_many_stories_is_refused_rather_than_read_as_one(tmp_path, capsys):
    mail = tmp_path / "digest.eml"
    mail.write_text(f"From: a@b.example\nSubject: News\nDate: Mon, 2 Mar 2026 08:00:00 +0000\n\n{TEXT}")
    assert told(publisher, ["audit", str(mail)]) == 2
    said = capsys.readouterr().err
    assert f"is a mail: of all its stories it would be read as one; {INSTEAD}" in said, "not its /e/ page"


@pytest.mark.parametrize(
    ("place", "why"),
    [
        ("nowhere.xml", "nowhere.xml: No such file"),
        ("empty.xml", "empty.xml holds no stories"),
        ("pipe", "pipe: it is no regular file"),
        (".", "it is a folder"),
        ("endless.xml", "more than 10 MB"),
        ("a\0b", "null byte"),
        ("http://x[y.example/", "http://x[y.example/ cannot be fetched"),
        ("http://x:port/", "http://x:port/ cannot be fetched"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path, capsys, place, why):
    (tmp_path / "empty.xml").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "endless.xml").open("wb") as file:
        file.truncate(10**12)  # of holes: whoever reads all of it has no memory left
    place = place if "://" in place else f"{tmp_path}/{place}"
    for more in ([], ["--private"]):
        assert told(publisher, ["audit", place, *more]) == 2
        assert why in capsys.readouterr().err


def test_a_file_may_come_by_the_standard_input(monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(rss(f"<p>{TEXT}</p>"))))
    code, report = audit(capsys, "-")
    assert (code, report["stories"]) == (5, 1)


def test_several_sound_stories_are_told_in_one_sentence(tmp_path, capsys):
    file = tmp_path / "feed.xml"
    file.write_bytes(rss(WHOLE, WHOLE))
    assert told(publisher, ["audit", str(file)]) == 0
    assert capsys.readouterr().out == "All 2 stories have source, link and disclaimer.\n"
