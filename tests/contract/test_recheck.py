"""Silent kills: the source's page of what is out is asked again, politely, and a person is told; nothing is withdrawn by itself."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from publisher.desk import acts, editions, feeds, recheck, wire
from publisher.errors import Conflict
from publisher.fetch import Guard
from publisher.intake.lookback import AFTER, Seen, answered, led_home, verdict
from publisher.store import house, quarantine, relays, stories
from tests.newsrooms import NOW, jsonl, line, newsroom

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
TEXT = (
    "The bridge at Port Alma opened on Monday after a year of repairs that nobody had wanted to pay for. " * 6
)
FIRST, SECOND, THIRD = (NOW + after for after in AFTER)


def page(headline: str, text: str = TEXT) -> bytes:
    return (
        f'<!doctype html><title>{headline}</title><meta property="og:type" content="article"><article><h1>{headline}</h1><p>{text}</p></article>'
    ).encode()


@dataclass
class Agency:
    """An agency's site: pages by path, other answers by path, and what was asked."""

    pages: dict[str, bytes] = field(default_factory=dict)
    answers: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    robots: tuple[int, bytes] = (404, b"")
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)
    told: list[dict[str, Any]] = field(default_factory=list)
    port: int = 0

    def paths(self) -> list[str]:
        """What was asked since the last time, without robots.txt."""
        asked, self.asked = self.asked, []
        return [path for path, _ in asked if path != "/robots.txt"]


@pytest.fixture
def agency() -> Iterator[Agency]:
    site = Agency()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers.get("If-None-Match")
            site.asked.append((self.path, known))
            while site.meanwhile:
                site.meanwhile.pop()()
            status, headers, body = 404, {}, b""
            if self.path == "/robots.txt":
                status, body = site.robots
            elif self.path in site.answers:
                status, headers = site.answers[self.path]
            elif self.path in site.pages:
                body, etag = site.pages[self.path], f'"{hash(site.pages[self.path])}"'
                status, headers = (
                    (304, {}) if known == etag else (200, {"ETag": etag, "Content-Type": "text/html"})
                )
            body = b"" if status == 304 else body
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            site.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

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
def room(database, agency):
    """Four stories of the agency are out since NOW; the site answers as the feed said."""
    root = f"http://agency.example:{agency.port}"
    made = newsroom(
        database,
        source={"url": f"{root}/feed"},
        tables={
            "alarms": {"webhook": f"http://127.0.0.1:{agency.port}/alarm", "allow_hosts": ["127.0.0.1"]},
        },
    )

    async def here(host: str, _port: int) -> list[str]:
        return ["127.0.0.1"] if host == "agency.example" else []

    names = frozenset({"agency.example"})
    guard = Guard(ports=frozenset({agency.port}), allow_hosts=names, resolver=here)
    vars(made)["fetch_guard"] = guard  # where the property keeps it
    assert sent(made, agency, NOW, *((n, {}) for n in (1, 2, 3, 4))).counts == {"new": 4}
    feeds.build(made, actor="test", now=NOW)
    for n in (1, 2, 3, 4):
        agency.pages[f"/2026/{n}"] = page(f"Bridge {n} opens at Port Alma")
    return made


def sent(room, agency, now, *entries):
    """A file of the agency's: stories by number, each with what is not as usual."""
    root = f"http://agency.example:{agency.port}/2026"
    lines = [
        line(n, **{"headline": f"Bridge {n} opens at Port Alma", "source_url": f"{root}/{n}", **fields})
        for n, fields in entries
    ]
    return wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def look(room, now):
    with room.database.read() as connection:
        numbers = {s.story_id: s.received.source_guid for s in stories.listing(connection)}
    return {
        numbers[found.story_id]: found.finding.word for found in recheck.look(room, actor="test", now=now)
    }


def test_pages_are_asked_three_times_and_what_changed_is_told_once(room, agency):
    assert look(room, FIRST - timedelta(seconds=1)) == {}
    assert agency.paths() == []
    assert look(room, FIRST) == {}
    assert sorted(agency.paths()) == [f"/2026/{n}" for n in (1, 2, 3, 4)]
    assert look(room, FIRST + timedelta(minutes=5)) == {}
    assert agency.paths() == []
    del agency.pages["/2026/1"]
    agency.pages["/2026/2"] = page("Bridge 2 does not open")
    agency.answers["/2026/3"] = (302, {"Location": "/"})
    agency.pages["/"] = page("The agency's news of today")
    assert look(room, SECOND) == {"m-1": "gone", "m-2": "headline", "m-3": "front-page"}
    assert [known is not None for path, known in agency.asked if path == "/2026/4"] == [True]
    assert {told["finding"] for told in agency.told} == {"gone", "headline", "front-page"}
    assert look(room, THIRD) == {}
    assert look(room, THIRD + timedelta(days=2)) == {}
    waiting = recheck.listing(room, limit=10)
    assert {(row["finding"], row["commands"][0].split()[2]) for row in waiting} == {
        ("gone", "kill"),
        ("headline", "kill"),
        ("front-page", "kill"),
    }
    with room.database.read() as connection:
        assert not [s for s in stories.listing(connection) if s.killed or s.hold]
        assert [e.what for e in house.events_of(connection, waiting[0]["id"])].count("story.page") == 1
    ids = {row["finding"]: row["id"] for row in waiting}
    acts.kill(room, ids["gone"], why="gone at its source", actor="test", now=THIRD)
    recheck.settle(room, ids["headline"], why="a better one", actor="test", now=THIRD)
    assert [row["finding"] for row in recheck.listing(room, limit=10)] == ["front-page"]
    with pytest.raises(Conflict):
        recheck.settle(room, ids["headline"], why="again", actor="test", now=THIRD)


def test_what_went_before_the_first_look_is_seen_beside_the_other_pages(room, agency):
    """A page that says "not found" with 200, or only that something was removed, while the site's other pages are articles."""
    agency.pages["/2026/1"] = b"<title>Page not found</title><h1>Page not found</h1><p>Try the search.</p>"
    agency.pages["/2026/2"] = page("RETRACTED: Bridge 2 opens at Port Alma")
    agency.answers["/2026/3"] = (302, {"Location": "/world/"})
    agency.pages["/world/"] = b"<title>World</title><h1>World</h1><ul><li><a href=/1>One</a></ul>"
    assert look(room, FIRST) == {"m-1": "no-article", "m-2": "headline", "m-3": "no-article"}
    assert look(room, SECOND) == {}


def test_where_no_page_can_be_read_that_says_nothing(room, agency):
    for n in (1, 2, 3, 4):
        agency.pages[f"/2026/{n}"] = b"<title>Loading</title><div id=root></div><script src=a.js></script>"
    assert look(room, FIRST) == look(room, SECOND) == {}


def test_robots_trouble_and_requests_for_patience_are_respected_and_are_no_findings(room, agency):
    agency.robots = (200, b"User-agent: *\nDisallow: /2026/1\n")
    agency.answers["/2026/2"] = (503, {"Retry-After": "7200"})
    agency.answers["/2026/3"] = (500, {})
    assert look(room, FIRST) == {}
    asked = agency.paths()
    assert "/2026/1" not in asked
    assert asked[-1] == "/2026/2" or "/2026/2" not in asked
    assert look(room, FIRST + timedelta(minutes=60)) == {}
    assert agency.paths() == []
    del agency.answers["/2026/2"], agency.answers["/2026/3"]
    assert look(room, FIRST + timedelta(minutes=125)) == {}
    assert set(agency.paths()) >= {"/2026/2", "/2026/3"}
    agency.robots = (500, b"")
    assert look(room, THIRD + timedelta(minutes=10)) == {}
    assert agency.paths() == []


def test_pages_that_do_not_answer_keep_nobody_from_their_turn(room, agency):
    numbers = range(1, 13)
    sent(room, agency, NOW, *((n, {}) for n in numbers[4:]))
    feeds.build(room, actor="test", now=NOW)
    for n in numbers:
        agency.answers[f"/2026/{n}"] = (403, {})
    look(room, FIRST)
    failing = set(agency.paths())
    assert len(failing) == 5
    for path in agency.answers.keys() - failing:
        agency.answers[path] = (410, {})
    assert len(look(room, FIRST + timedelta(minutes=1))) == 5
    assert len(look(room, FIRST + timedelta(minutes=2))) == 2
    assert not failing & set(agency.paths())
    asked_at = [
        minutes
        for minutes in (3, 29, 30, 60, 89, 90)
        if not look(room, FIRST + timedelta(minutes=minutes)) and set(agency.paths()) == failing
    ]
    assert asked_at == [30, 90]


def test_a_site_whose_robots_txt_cannot_be_read_is_left_alone_longer_each_time(room, agency):
    """Also for the stories that had no turn yet, and for those that come out meanwhile."""
    numbers = range(5, 40)
    sent(room, agency, NOW, *((n, {}) for n in numbers))
    feeds.build(room, actor="test", now=NOW)
    agency.robots = (500, b"")
    asked_at = []
    for minutes in (0, 1, 2, 15, 29, 30, 31, 60, 89, 90, 91, 150, 209):
        if minutes == 2:
            sent(room, agency, FIRST, (50, {}))
            feeds.build(room, actor="test", now=FIRST)
        assert look(room, FIRST + timedelta(minutes=minutes)) == {}
        if agency.asked:
            assert agency.asked == [("/robots.txt", None)]
            asked_at.append(minutes)
        agency.asked.clear()
    assert asked_at == [0, 30, 90]
    agency.robots = (404, b"")
    for minutes in (210, 211):
        look(room, FIRST + timedelta(minutes=minutes))
        assert len(agency.paths()) == 5
    agency.robots = (500, b"")
    for minutes in (212, 241, 242):
        look(room, FIRST + timedelta(minutes=minutes))
        assert len(agency.asked) == (minutes != 241), "all was well in between: the pause is short again"
        agency.asked.clear()


def test_a_site_is_asked_by_one_process_at_a_time(room, agency):
    sent(room, agency, NOW, *((n, {}) for n in range(5, 13)))
    feeds.build(room, actor="test", now=NOW)
    agency.meanwhile.append(lambda: look(room, FIRST + timedelta(seconds=1)))
    look(room, FIRST)
    assert (len(agency.asked), len(agency.paths())) == (6, 5)
    look(room, FIRST + timedelta(minutes=1))
    assert (len(agency.asked), len(agency.paths())) == (6, 5)
    with room.database.write() as connection:
        key, ahead = f"site:agency.example:{agency.port}", FIRST + timedelta(days=400)
        relays.leave_alone(connection, key, relays.Breaker(ahead, 0, "a clock lay ahead"), now=FIRST)
    look(room, FIRST + timedelta(minutes=2))
    assert len(agency.paths()) == 2


def test_an_update_that_we_took_is_no_finding_and_a_story_that_moved_is_asked_where_it_is(room, agency):
    del agency.pages["/2026/2"]
    assert look(room, FIRST) == {"m-2": "gone"}
    root = f"http://agency.example:{agency.port}"
    moved = {"source_url": f"{root}/2026/moved", "body": "It opened.", "version": "2"}
    retold = {"headline": "Bridge 1 opens at last", "version": "2"}
    assert sent(room, agency, FIRST, (1, retold), (2, moved)).counts == {"update": 2}
    agency.pages["/2026/moved"] = page("Bridge 2 opens at Port Alma")
    agency.pages["/2026/1"] = page("Bridge 1 opens at last")
    agency.paths()
    assert look(room, FIRST + AFTER[0]) == {}
    assert agency.paths() == ["/2026/moved"]
    assert recheck.listing(room, limit=10) == []
    del agency.pages["/2026/moved"]
    assert look(room, SECOND) == {"m-2": "gone"}
    assert "/2026/2" not in agency.paths()


def test_what_comes_back_from_a_hold_or_a_kill_is_watched_anew_without_its_old_finding(room, agency):
    """A hold or a kill is a person's answer to what was found."""
    del agency.pages["/2026/1"], agency.pages["/2026/2"]
    assert look(room, FIRST) == {"m-1": "gone", "m-2": "gone"}
    ids = {row["headline"].split()[1]: row["id"] for row in recheck.listing(room, limit=10)}
    acts.hold(room, ids["1"], why="gone", actor="test", now=FIRST)
    acts.kill(room, ids["2"], why="gone", actor="test", now=FIRST)
    assert recheck.listing(room, limit=10) == []
    assert look(room, SECOND) == {}
    back = NOW + timedelta(days=3)
    acts.release(room, ids["1"], why="they only moved it", actor="test", now=back)
    sent(room, agency, back, (2, {"body": "It is true after all.", "version": "2"}))
    with room.database.read() as connection:
        (entry,) = quarantine.listing(connection)
    given = {"source_name": None, "source_url": None, "why": "it is true"}
    acts.release_quarantined(room, entry.id, **given, actor="test", now=back)
    assert recheck.listing(room, limit=10) == []
    agency.pages["/2026/1"] = page("Bridge 1 opens at Port Alma")
    agency.paths()
    assert look(room, back) == {}
    assert set(agency.paths()) == {"/2026/3", "/2026/4"}
    assert look(room, back + AFTER[0]) == {"m-2": "gone"}
    assert sorted(agency.paths()) == ["/2026/1", "/2026/2"]
    assert [row["id"] for row in recheck.listing(room, limit=10)] == [ids["2"]]


def test_what_is_said_of_two_looks(database):
    before = Seen("Bridge opens at Port Alma", 1000)
    assert verdict("A headline of the feed", before, Seen("BRIDGE opens  at Port Alma", 700)) is None
    assert verdict("", before, Seen(before.headline, 300)).word == "length"
    assert verdict("", before, None).word == "no-article"
    assert verdict("", None, None) is None
    assert {answered(f"http-{status}").word for status in (404, 410, 451)} == {"gone"}
    assert answered("http-403") is None
    taken, site = "Bridge opens at last", " - The Agency"
    was, is_ = Seen(f"{before.headline}{site}", 1000), Seen(f"{taken}{site}", 1000)
    assert verdict(taken, was, is_) is None
    assert verdict(taken, before, Seen(f"{taken}, then closes", 1000)).word == "headline"
    assert verdict("", was, is_).word == "headline"
    assert verdict("Bridge opens at last", None, Seen("Port Alma: bridge opens", 900)) is None
    assert verdict("Bridge opens at last", None, Seen("This story was withdrawn", 90)).word == "headline"
    assert led_home("https://a.example/1", "https://a.example/index.html").word == "front-page"
    for home in ("?ref=404", "en/", "fa-IR", "?utm_source=a&from=b"):
        assert led_home("https://a.example/1", f"https://a.example/{home}").word == "front-page"
    for other in ("2", "?p=12", "?ref=404&p=12", "world/"):
        assert led_home("https://a.example/1", f"https://a.example/{other}") is None
    ours = "Minister: I have withdrawn"
    assert verdict(ours, None, Seen(f"{ours} nothing", 900)) is None
    assert verdict("وزیر استعفا داد", None, Seen("تکذیب: وزیر استعفا داد", 900)).word == "headline"


def test_what_a_new_source_had_before_is_no_news_of_today(room, agency):
    """The first poll brings a backlog; what comes later with an old date is news, for it has just come in."""

    def poll(now, *guids):
        at = {"old": "2026-02-20T08:00:00Z", "new": "2026-03-02T01:00:00Z", "late": "2026-02-20T09:00:00Z"}
        root = f"http://agency.example:{agency.port}/feeds"
        entries = [
            line(7, id=guid, headline=f"Story {guid}", source_url=f"{root}/{guid}", published=at[guid])
            for guid in guids
        ]
        agency.pages["/feed"] = jsonl(*entries)
        (report,) = wire.poll(room, [room.source("meridian")], actor="test", now=now)
        assert report.failed is None

    def eligible():
        with room.database.read() as connection:
            return {s.received.source_guid: s.eligible_at for s in stories.listing(connection)}

    poll(NOW, "old", "new")
    poll(FIRST, "old", "new", "late")
    found = eligible()
    assert NOW - found["old"] > timedelta(days=9)
    assert NOW - found["new"] == timedelta(minutes=90)
    assert found["late"] == FIRST
    made = editions.draft(room, room.digest("morning"), slot=FIRST, now=FIRST)
    told = {item.headline for item in made.items}
    assert told >= {"Story new", "Story late"}
    assert "Story old" not in told
