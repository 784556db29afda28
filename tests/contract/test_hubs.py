"""Hubs are told over real HTTP of what changed, after it can be read; whatever they do, publishing is done by then."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs

import pytest
from sqlalchemy import select

from publisher.desk import acts, hubs, publishing, wire
from publisher.store import house, public
from publisher.store import hubs as rows
from publisher.store.schema import hub_ping
from tests.httpbox import answer, serving
from tests.newsrooms import NOW, jsonl, line, newsroom

TOPICS = {
    f"https://front.example/feeds/{name}.{fmt}"
    for name in ("all", "world")
    for fmt in ("rss", "atom", "json")
}
TAKEN = answer(204)


@pytest.fixture(autouse=True)
def _no_server_to_wait_for(monkeypatch):
    monkeypatch.setattr(hubs, "READABLE", 0.0)


def room_with(database, *urls, development=True, **fetch):
    """A newsroom that tells these hubs."""
    room = newsroom(database)
    settings = room.settings
    ports = tuple({int(url.rpartition(":")[2].partition("/")[0]) for url in urls})
    allowed = ("127.0.0.1",) if development else ()
    return replace(
        room,
        settings=replace(
            settings,
            feeds=settings.feeds.model_copy(update={"hubs": urls}),
            fetch=settings.fetch.model_copy(update={"ports": ports, "allow_hosts": allowed, **fetch}),
        ),
    )


def ingest(room, *lines, now=NOW):
    return wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def build(room, now=NOW):
    return publishing.publish(room, feeds_to=None, site_to=None, actor="test", now=now)


def waiting(room):
    with room.database.read() as connection:
        return connection.execute(select(hub_ping)).all()


def with_hub(work, answers=TAKEN):
    """What `work(site)` gives, in a thread, while a hub answers so at /hub; and the hub."""

    async def run():
        async with serving({"/hub": answers}) as site:
            return await asyncio.to_thread(work, site), site

    return asyncio.run(run())


def told(site):
    return [parse_qs(body.decode(), strict_parsing=True) for body in site.bodies]


def test_a_build_tells_of_each_changed_feed_once(database):
    def work(site):
        room = room_with(database, f"{site.url}/hub")
        ingest(room, line(1))
        report = build(room).hubs
        assert (report.told, report.failures) == (len(site.requests), [])
        assert build(room).hubs.told == 0
        return room

    room, site = with_hub(work)
    assert waiting(room) == []
    forms = told(site)
    assert all(form.keys() == {"hub.mode", "hub.url"} and form["hub.mode"] == ["publish"] for form in forms)
    topics = [form["hub.url"][0] for form in forms]
    assert set(topics) >= TOPICS
    assert len(topics) == len(set(topics))
    assert set(site.sent("content-type")) == {"application/x-www-form-urlencoded"}
    assert all(head.startswith("POST /hub HTTP/1.1\r\n") for head in site.requests)


def test_the_new_bytes_can_be_read_and_stand_in_the_folder_when_a_hub_is_told(database, tmp_path):
    met = []

    async def looks(writer):
        with database.read() as connection:
            file = public.get(connection, "feeds/world.rss")
        met.append(
            (file is not None and b"Headline number 1" in file.body, (tmp_path / "world.rss").exists())
        )
        writer.write(TAKEN)
        await writer.drain()

    def work(site):
        room = room_with(database, f"{site.url}/hub")
        ingest(room, line(1))
        publishing.publish(room, feeds_to=tmp_path, site_to=None, actor="test", now=NOW)

    with_hub(work, looks)
    assert met
    assert set(met) == {(True, True)}


def test_a_hub_that_fails_is_told_again_when_its_pause_is_over_and_not_before(database):
    answers = {"/hub": answer(503, "Retry-After: 600")}

    async def run():
        async with serving(answers) as site:
            room = room_with(database, f"{site.url}/hub")
            await asyncio.to_thread(ingest, room, line(1))
            report = (await asyncio.to_thread(build, room)).hubs
            count = len(site.requests)
            assert report.told == 0
            assert len(report.failures) == count
            assert "http-503" in report.failures[0]
            assert "again at 02:40 UTC" in report.failures[0]  # its own wish is longer than our minute
            answers["/hub"] = TAKEN
            early = await hubs.tell(room, now=NOW + timedelta(minutes=9))
            late = await hubs.tell(room, now=NOW + timedelta(minutes=10))
            return room, (early.told, late.told, count), len(site.requests)

    room, (early, late, count), asked = asyncio.run(run())
    assert (early, late, asked) == (0, count, 2 * count)
    assert waiting(room) == []


def test_the_pauses_grow_to_an_hour_and_end_after_a_day():
    minutes = [wait.total_seconds() / 60 for n in range(1, 40) if (wait := hubs.pause(n))]
    assert minutes[:5] == [1, 5, 15, 60, 60]
    assert 23 * 60 < sum(minutes) <= 24 * 60


def test_a_hub_that_is_dead_for_a_day_is_given_up_with_an_event(database):
    async def run():
        async with serving({}) as site:  # 404 to everything
            room = room_with(database, f"{site.url}/hub")
            topic = "https://front.example/feeds/world.rss"
            with room.database.write() as connection:
                rows.note(connection, f"{site.url}/hub", [topic], due_at=NOW)
            now, tries, last = NOW, 0, None
            while waiting(room):
                assert tries < 100
                now = max(now, *(row.due_at for row in waiting(room)))
                last, tries = await hubs.tell(room, now=now), tries + 1
            assert now - NOW >= timedelta(hours=23)
            assert "is given up" in last.failures[0]
            with room.database.read() as connection:
                return [
                    (event.what, event.data["failures"]) for event in house.events_of(connection, topic)
                ], tries

    events, tries = asyncio.run(run())
    assert events == [("hub.given-up", tries)]


def test_a_kill_tells_at_once_and_a_dead_hub_keeps_nothing_back(database):
    def work(site):
        room = room_with(database, f"{site.url}/hub")
        ingest(room, line(1), line(2))
        build(room)
        before = len(site.requests)
        with room.database.read() as connection:
            story_id = public.get(connection, "feeds/world.json").body.split(b":story/")[1][:26].decode()
        done = acts.kill(room, story_id, why="wrong", actor="test", now=NOW + timedelta(seconds=1))
        assert done.published.hubs.told == len(site.requests) - before > 0
        dead = room_with(database, "http://127.0.0.1:1/hub")
        ingest(dead, line(3), now=NOW + timedelta(seconds=2))
        report = build(dead, NOW + timedelta(seconds=2))
        assert report.feeds
        assert not report.refused
        assert all("connect" in failure for failure in report.hubs.failures)
        assert report.hubs.failures
        with room.database.read() as connection:
            assert b"Headline number 3" in public.get(connection, "feeds/world.json").body

    with_hub(work)


def test_what_a_source_takes_back_is_told_after_its_file_is_read(database):
    def work(site):
        room = room_with(database, f"{site.url}/hub")
        ingest(room, line(1), line(2))
        build(room)
        before = len(site.requests)
        ingest(room, line(1, version="2", status="canceled"), now=NOW + timedelta(minutes=1))
        return len(site.requests) - before

    more, _ = with_hub(work)
    assert more > 0


def test_a_hub_that_is_silent_or_redirects_costs_a_few_seconds_and_is_a_failure(database, monkeypatch):
    monkeypatch.setattr(hubs, "EACH", 0.2)

    async def silent(_writer):
        await asyncio.Event().wait()

    for answers, reason in ((silent, "timeout"), (answer(302, "Location: /other"), "redirect")):

        def work(site):
            room = room_with(database, f"{site.url}/hub")
            with database.write() as connection:
                rows.note(connection, f"{site.url}/hub", ["https://front.example/feeds/all.rss"], due_at=NOW)
            return hubs.tell_now(room, now=NOW)

        report, site = with_hub(work, answers)
        assert len(site.requests) == 1
        assert reason in report.failures[0]


def test_the_address_guard_holds_for_hubs(database):
    def work(site):
        room = room_with(database, f"{site.url}/hub", development=False)
        ingest(room, line(1))
        return build(room).hubs

    report, site = with_hub(work)
    assert site.requests == []
    assert all("not of the public internet" in failure for failure in report.failures)


def test_a_feed_that_changes_while_its_hub_is_told_is_told_once_more(database):
    topic = "https://front.example/feeds/world.rss"
    hub = []

    async def changes(writer):
        if len(site_seen) < 1:
            site_seen.append(1)
            with database.write() as connection:
                rows.note(connection, hub[0], [topic], due_at=NOW)
        writer.write(TAKEN)
        await writer.drain()

    site_seen = []

    def work(site):
        hub.append(f"{site.url}/hub")
        room = room_with(database, hub[0])
        with database.write() as connection:
            rows.note(connection, hub[0], [topic], due_at=NOW)
        return hubs.tell_now(room, now=NOW).told, waiting(room)

    assert with_hub(work, changes)[0] == (2, [])


def test_a_hub_that_is_configured_no_longer_is_forgotten(database):
    def work(site):
        room = room_with(database, f"{site.url}/hub")
        with database.write() as connection:
            rows.note(
                connection, "https://old-hub.example/", ["https://front.example/feeds/all.rss"], due_at=NOW
            )
        return hubs.tell_now(room, now=NOW), waiting(room)

    (report, left), _ = with_hub(work)
    assert (report.told, report.failures, left) == (0, [], [])


def test_two_who_tell_at_once_tell_each_once(database, monkeypatch):
    async def run():
        monkeypatch.setattr(hubs, "AT_MOST", 50)
        async with serving({"/hub": TAKEN}) as site:
            room = room_with(database, f"{site.url}/hub")
            topics = [f"https://front.example/feeds/{n}.rss" for n in range(120)]
            with database.write() as connection:
                rows.note(connection, f"{site.url}/hub", topics, due_at=NOW)
            reports = await asyncio.gather(hubs.tell(room, now=NOW), hubs.tell(room, now=NOW))
            return sum(report.told for report in reports), len(site.requests)

    assert asyncio.run(run()) == (120, 120)
