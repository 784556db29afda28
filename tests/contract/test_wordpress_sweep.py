"""A WordPress site swept: what is new, what changed without a date, what is gone and proved to be, and what only looks so."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from publisher.desk import acts, wire
from publisher.newsroom import Newsroom
from publisher.store import house, stories
from tests.newsrooms import NOW, newsroom

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
GONE = {
    "trash": (401, "rest_forbidden"),
    "deleted": (404, "rest_post_invalid_id"),
    "closed": (401, "rest_cannot_access"),
}


@dataclass
class WordPress:
    """As much of a site as a sweep sees; `broken` makes every answer a page, `shrinks` removes a post between two pages."""

    posts: dict[int, dict[str, Any]] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)
    broken: bool = False
    pretty: bool = True
    count: int | None = None
    port: int = 0
    asked: list[str] = field(default_factory=list)

    def add(self, number: int, **fields: Any) -> None:
        self.posts[number] = {
            "id": number,
            "date_gmt": "2026-03-01T20:00:00",
            "modified_gmt": "2026-03-01T20:00:00",
            "status": "publish",
            "link": f"https://front.example/{number}",
            "title": {"rendered": f"Story {number}"},
            "content": {
                "rendered": f"<p>Text of {number}, which is long enough to say what happened in the port.</p>"
                f'<p>Source: <a href="https://agency.example/{number}">Example Agency</a></p>',
                "protected": False,
            },
            "categories": [3],
            **fields,
        }

    def answer(self, target: str) -> tuple[int, str, bytes, dict[str, str]]:
        self.asked.append(target)
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        route = (
            query.get("rest_route")
            if "rest_route" in query
            else parts.path.removeprefix("/wp-json")
            if self.pretty
            else None
        )
        page = b"<!doctype html><title>It works</title>"
        if self.broken or route is None or (parts.path == "/" and "rest_route" not in query):
            link = (
                {"Link": f'<http://127.0.0.1:{self.port}/wp-json/>; rel="https://api.w.org/"'}
                if self.pretty
                else {}
            )
            return 200, "text/html", page, link
        if route in {"", "/"}:
            return 200, "application/json", b'{"namespaces": ["oembed/1.0", "wp/v2"]}', {}
        if route == "/wp/v2/posts":
            return self._list(query)
        return self._single(int(route.rpartition("/")[2]))

    def _list(self, query: dict[str, str]) -> tuple[int, str, bytes, dict[str, str]]:
        wanted = [int(n) for n in query["include"].split(",")] if "include" in query else sorted(self.posts)
        hidden = {n for n, state in self.states.items() if "include" not in query or state != "backdated"}
        shown = [self.posts[n] for n in wanted if n in self.posts and n not in hidden]
        if "_fields" in query:
            shown = [{**post, "content": {"protected": post["content"]["protected"]}} for post in shown]
        start = (int(query.get("page", 1)) - 1) * 100
        total = len(shown) if self.count is None else self.count
        return (
            200,
            "application/json",
            json.dumps(shown[start : start + 100]).encode(),
            {"X-WP-Total": str(total)},
        )

    def _single(self, number: int) -> tuple[int, str, bytes, dict[str, str]]:
        if state := self.states.get(number):
            if state == "elsewhere":
                return 200, "application/json", json.dumps({"id": number, "status": "publish"}).encode(), {}
            status, code = GONE[state]
            return status, "application/json", json.dumps({"code": code, "message": "no"}).encode(), {}
        return 200, "application/json", json.dumps(self.posts[number]).encode(), {}


@contextmanager
def serving(site: WordPress) -> Iterator[WordPress]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body, headers = site.answer(self.path)
            self.send_response(status)
            for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        site.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield site
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def site() -> Iterator[WordPress]:
    with serving(WordPress()) as told:
        for number in (1, 2, 3):
            told.add(number)
        yield told


@pytest.fixture
def room(database, site):
    source = {
        "kind": "house",
        "format": "wordpress",
        "url": f"http://127.0.0.1:{site.port}/",
        "house_hosts": ["front.example"],
    }
    fetch = {"allow_hosts": ["127.0.0.1"], "ports": [site.port]}
    return newsroom(database, source=source, tables={"fetch": fetch}, site={"development": True})


def sweep(room: Newsroom, minutes: int = 0):
    (report,) = wire.poll(room, [room.source("meridian")], actor="test", now=NOW + timedelta(minutes=minutes))
    return report


def states(room: Newsroom) -> dict[str, bool]:
    """Guid -> whether the story stands."""
    with room.database.read() as connection:
        return {
            s.received.source_guid.rpartition(":")[2]: s.killed is None for s in stories.listing(connection)
        }


def test_new_and_changed_posts_are_read_and_others_left_alone(room, site):
    assert sweep(room).counts == {"new": 3}
    site.asked.clear()
    assert sweep(room, 5).counts == {}
    assert not [target for target in site.asked if "include=" in target]
    site.posts[2]["title"] = {"rendered": "Story 2, renamed"}  # by code: no date moves
    site.add(
        4, date_gmt="2026-03-01T10:00:00", modified_gmt="2026-03-01T09:00:00"
    )  # scheduled: behind every cursor
    assert sweep(room, 10).counts == {"new": 1, "update": 1}


def test_what_is_gone_is_withdrawn_when_the_site_says_so_of_the_very_post(room, site):
    site.add(4)
    sweep(room)
    site.states |= {1: "trash", 2: "deleted", 3: "elsewhere"}
    site.posts[4]["content"]["protected"] = True
    report = sweep(room, 5)
    assert report.counts == {"kill": 3}
    assert states(room) == {"1": False, "2": False, "3": True, "4": False}
    assert sweep(room, 10).counts == {}
    site.states.clear()
    report = sweep(room, 15)
    assert states(room)["1"] is False
    assert "only a person brings its story back" in " ".join(report.remarks)


def test_a_broken_site_withdraws_nothing(room, site):
    sweep(room)
    site.states |= {1: "closed"}
    assert "does not say why" in " ".join(sweep(room, 5).remarks)
    site.states.clear()
    site.broken = True
    assert sweep(room, 10).failed.startswith(("not-json", "no-rest"))
    site.broken, site.count = False, 99
    assert sweep(room, 15).failed.startswith("unsteady")
    assert all(states(room).values())
    with room.database.read() as connection:
        assert house.source_states(connection)["meridian"].failures == 2


def test_more_than_a_handful_gone_at_once_is_for_a_person(room, site):
    for number in range(4, 10):
        site.add(number)
    sweep(room)
    site.states |= dict.fromkeys(range(1, 8), "trash")
    report = sweep(room, 5)
    assert "nothing was withdrawn" in " ".join(report.remarks)
    assert all(states(room).values())


def test_a_handful_is_of_what_goes_at_once_and_not_of_all_that_ever_went(room, site):
    for number in range(4, 22):
        site.add(number)
    sweep(room)
    site.states |= dict.fromkeys(range(1, 7), "trash")
    assert "6 posts are gone" in " ".join(sweep(room, 5).remarks)
    assert "6 posts are gone" in " ".join(sweep(room, 10).remarks)  # as long as their stories stand
    site.states[7] = "deleted"
    assert sweep(room, 15).counts == {"kill": 1}
    with room.database.read() as connection:
        ids = {s.received.source_guid: s.story_id for s in stories.listing(connection)}
    for number in (*range(1, 7), *range(8, 14)):
        acts.kill(room, ids[f"wordpress:{number}"], why="gone", actor="test", now=NOW + timedelta(minutes=16))
    site.states |= dict.fromkeys(range(8, 14), "deleted")  # what the desk has killed is no kill of its site's
    site.states |= dict.fromkeys(range(14, 20), "backdated")  # public, and out of the window
    site.states[20] = "deleted"
    report = sweep(room, 20)
    assert (report.counts, report.remarks) == ({"kill": 1}, [])
    assert {n for n, stands in states(room).items() if stands} == {*map(str, range(14, 20)), "21"}


def test_a_site_without_pretty_addresses_is_swept_over_its_other_route(room, site):
    site.pretty = False
    assert sweep(room).counts == {"new": 3}
    assert any("rest_route=/wp/v2/posts" in target for target in site.asked)
