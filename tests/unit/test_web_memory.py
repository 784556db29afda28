"""A site larger than the memory it is given: what is asked for stays, the rest is read again, and every answer is right."""

from __future__ import annotations

import asyncio
import gzip
from hashlib import sha256

import pytest

from publisher.store.public import GONE, OK, Public
from publisher.web import shelf as module
from publisher.web.app import application
from publisher.web.shelf import Gone, Shelf
from tests.newsrooms import NOW

ROOM = 10_000


def file(number, text="", *, status=OK, seq=None):
    body = (text or f"{number} ").encode() * 500
    return Public(
        path=f"feeds/{number}.rss",
        seq=number + 1 if seq is None else seq,
        status=status,
        media_type="application/rss+xml; charset=utf-8",
        sha256=sha256(body).hexdigest(),
        changed_at=NOW,
        packed=gzip.compress(body, mtime=0),
    )


class Site:
    """A table of files, a shelf too small for them, and how often a file was read again."""

    def __init__(self, count):
        self.rows = {f"feeds/{number}.rss": file(number) for number in range(count)}
        self.away, self.read = False, []
        self.shelf = Shelf(site_url="https://front.example", hubs=())
        self.shelf.take(self.shelf.prepared(self.rows.values()), instead=False)
        self.app = application(self.shelf, clock=NOW.timestamp, fetch=self.again)

    async def again(self, entry):
        self.read.append(entry.row)
        if self.away:
            return None
        made = self.shelf.prepared([self.rows[entry.row]])
        self.shelf.refill(made)
        return made.entries[entry.path.encode()]

    def get(self, number, *headers, method="GET"):
        sent = []

        async def send(message):
            sent.append(message)

        scope = {"raw_path": f"/feeds/{number}.rss".encode(), "method": method, "headers": list(headers)}
        asyncio.run(self.app(scope, None, send))
        return sent[0]["status"], dict(sent[0]["headers"]), sent[1]["body"]

    def held(self):
        return sum(getattr(entry, "weight", 0) for entry in self.shelf.entries.values())


@pytest.fixture
def site(monkeypatch):
    monkeypatch.setattr(module, "MEMORY_MAX", ROOM)
    return Site(40)


def test_no_more_is_kept_than_there_is_room_for_and_every_answer_is_right(site):
    assert 0 < site.held() <= ROOM
    for number in (*range(40), *range(40)):
        status, headers, body = site.get(number)
        assert (status, body) == (200, site.rows[f"feeds/{number}.rss"].body)
        assert headers[b"content-length"] == b"%d" % len(body)
        packed = site.get(number, (b"accept-encoding", b"gzip"))[2]
        assert gzip.decompress(packed) == body
        assert site.held() <= ROOM


def test_what_is_asked_for_stays_and_is_not_read_again(site):
    site.get(0)
    for number in range(1, 40):
        site.get(0)
        site.get(number)
    assert site.read.count("feeds/0.rss") == 1


def test_what_changed_last_is_at_hand_from_the_start(site):
    site.get(39)
    assert site.read == []


def test_a_condition_and_a_head_need_no_bytes(site):
    tag = site.get(39)[1][b"etag"]
    site.read.clear()
    known = site.shelf.find(b"/feeds/0.rss")
    assert known.packed is None
    assert site.get(0, (b"if-none-match", known.tag))[0] == 304
    status, headers, body = site.get(0, method="HEAD")
    assert (status, body, headers[b"etag"]) == (200, b"", known.tag)
    assert (site.read, tag != known.tag) == ([], True)


def test_what_changed_meanwhile_is_given_as_it_is_now(site):
    site.rows["feeds/0.rss"] = file(0, "killed ", seq=99)
    old = site.shelf.find(b"/feeds/0.rss")
    status, headers, body = site.get(0)
    assert (status, body) == (200, b"killed " * 500)
    assert headers[b"etag"] != old.tag
    assert site.shelf.seq == 40, "what else changed has not been looked at"
    site.rows["feeds/1.rss"] = file(1, status=GONE, seq=100)
    assert isinstance(site.shelf.prepared([site.rows["feeds/1.rss"]]).entries[b"/feeds/1.rss"], Gone)
    assert site.get(1)[0] == 410


def test_an_older_reading_does_not_take_the_place_of_a_newer_one(site):
    site.shelf.take(site.shelf.prepared([file(0, "new ", seq=99)]), instead=False)
    site.shelf.refill(site.shelf.prepared([file(0)]))
    assert site.get(0)[2] == b"new " * 500


def test_without_the_database_what_is_at_hand_stays_up(site):
    site.away = True
    assert site.get(39)[0] == 200
    status, headers, _ = site.get(0)
    assert (status, headers[b"cache-control"]) == (503, b"no-store")
    site.away = False
    assert site.get(0)[0] == 200


def test_a_file_larger_than_all_the_room_is_served_and_kept_alone(site, monkeypatch):
    monkeypatch.setattr(module, "MEMORY_MAX", 100)
    assert site.get(7)[2] == site.rows["feeds/7.rss"].body
    assert site.held() == site.shelf.find(b"/feeds/7.rss").weight
    assert site.get(8)[2] == site.rows["feeds/8.rss"].body
    assert site.held() == site.shelf.find(b"/feeds/8.rss").weight
