"""Other programs are told what happened: once made, signed, tried again, and with no more of a person than is configured."""

from __future__ import annotations

import base64
import hmac
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.daemon import Done, Steps, errands_of
from publisher.desk import acts, editions, mailing, readers, webhooks
from publisher.desk.restoring import restore
from publisher.errors import ConfigurationInvalid, UnknownName
from publisher.newsroom import Newsroom
from publisher.settings import from_data
from publisher.settings.keys import Secrets
from publisher.settings.tables import Webhook
from publisher.store.db import Database
from tests.clockbox import Site, recorded, site
from tests.mailroom import ingest, keeping, make, send, story_id, subscribe
from tests.newsrooms import KEYS, NOW, line, newsroom

SECRET = base64.b64encode(bytes(range(32))).decode()
MINUTE = timedelta(minutes=1)


def hooked(room: Newsroom, port: int, **more: Any) -> Newsroom:
    """The same newsroom with one webhook."""
    hook = Webhook(**({"name": "archive", "url": f"http://127.0.0.1:{port}/in", "private": True} | more))
    secrets = Secrets(**KEYS, webhook_secrets={hook.name: f"whsec_{SECRET}"})
    return replace(room, settings=replace(room.settings, webhooks=(hook,), secrets=secrets))


class Program:
    """Who is told: every message that proves itself, and how the sender fared."""

    def __init__(self, room: Newsroom, at: Site) -> None:
        self.room, self.site, self.looked = room, at, webhooks.Looked()

    def told(self, now: datetime) -> list[dict[str, Any]]:
        before = len(self.site.calls)
        self.report = webhooks.tell(self.room, self.room.settings.webhooks[0], self.looked, now=now)
        found = []
        for head, body in self.site.calls[before:]:
            signed = f"{head['webhook-id']}.{head['webhook-timestamp']}.".encode() + body
            mac = base64.b64encode(hmac.digest(base64.b64decode(SECRET), signed, "sha256")).decode()
            assert head["webhook-signature"] == f"v1,{mac}"
            assert head["webhook-timestamp"] == str(int(now.timestamp()))
            found.append(json.loads(body) | {"id": head["webhook-id"]})
        return found


def test_what_happens_is_told_once_to_who_takes_it(database: Database, tmp_path: Path) -> None:
    with site() as server, keeping(tmp_path) as mail:
        room = hooked(newsroom(database, relay_port=mail.port), server.port, addresses="masked")
        program = Program(room, server)
        subscribe(room, "before@list.example")
        assert program.told(NOW) == [], "what was before it is configured is not told"

        subscribe(room, "ada@list.example")
        ingest(room, line(1), line(2))
        made = make(room)
        told = program.told(NOW)
        found = {one["type"]: one["data"] for one in told}
        assert found["edition.published"] == {
            "edition": made.edition_id,
            "digest": "morning",
            "number": 1,
            "stories": 2,
            "url": f"https://front.example/e/{made.edition_id}/",
        }
        reader = found["subscriber.confirmed"]
        assert (reader["subscriber"], reader["digest"]) == (
            readers.record(room, "ada@list.example")["id"],
            "morning",
        )
        assert reader["address"].startswith("a***@list.example#")
        assert not any(b"ada@" in body for body in server.posted)
        assert program.told(NOW) == []

        dispatch_id = mailing.begin(room, made, actor="test", now=NOW)
        assert program.told(NOW + MINUTE) == [], "somebody waits"
        send(room, dispatch_id)
        acts.kill(room, story_id(made, 1), why="wrong", actor="test", now=NOW)
        readers.leave(room, "ada@list.example", digest=None, actor="test", now=NOW)
        server.status = 500
        missed = program.told(NOW + 2 * MINUTE)
        assert {one["type"] for one in missed} == {"story.killed", "subscriber.left", "dispatch.finished"}
        assert len(program.report.failures) == 3
        assert "http-500" in program.report.failures[0]
        first = {one["id"] for one in missed}
        server.status = 200
        assert program.told(NOW + 2 * MINUTE) == [], "not before its time"
        again = program.told(NOW + 4 * MINUTE)
        assert {one["id"] for one in again} == first, "the id stays"
        found = {one["type"]: one["data"] for one in again}
        assert found["story.killed"]["source_url"] == "https://meridian.example/2026/1"
        assert found["dispatch.finished"]["counts"]["accepted"] == 2
        assert program.told(NOW + 60 * MINUTE) == []
        (row,) = webhooks.listing(room)
        assert (row["waiting"], row["taken"], row["given_up"], row["error"]) == (0, 5, 0, None)

        assert webhooks.test(room, "archive", now=NOW) == ""
        assert json.loads(server.posted[-1])["type"] == "test"
        with pytest.raises(UnknownName):
            webhooks.test(room, "other", now=NOW)


def test_a_story_that_stands_again_is_told_and_so_is_its_next_kill(database: Database) -> None:
    """Who took it down wants to know; and a second kill that had the first one's id would be passed over as known."""
    with site() as server:
        room = hooked(newsroom(database), server.port)
        program = Program(room, server)
        assert program.told(NOW) == []
        ingest(room, line(1), line(2))
        made = make(room)
        name = story_id(made, 1)
        acts.hold(room, name, why="checking", actor="test", now=NOW)
        acts.release(room, name, why="fine", actor="test", now=NOW)
        ids = set()
        for hour in (1, 2):
            now = NOW + timedelta(hours=hour)
            acts.kill(room, name, why="wrong", actor="test", now=now)
            restore(room, name, why="the other one was meant", actor="test", now=now + MINUTE)
            told = [one for one in program.told(now + 2 * MINUTE) if one["type"].startswith("story.")]
            assert sorted(one["type"] for one in told) == ["story.killed", "story.restored"]
            assert [one["data"] for one in told] == [
                {"story": name, "source": "meridian", "source_url": "https://meridian.example/2026/1"}
            ] * 2
            ids |= {one["id"] for one in told}
        assert len(ids) == 4


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_never_takes_it_is_given_up_and_that_is_recorded(database: Database) -> None:
    with site(status=503) as server:
        room = hooked(newsroom(database), server.port, events=("subscriber.confirmed",))
        program = Program(room, server)
        program.told(NOW)
        subscribe(room, "ada@list.example")
        ingest(room, line(1))
        make(room)
        now, times = NOW, 0
        while program.told(now):
            times += 1
            now += webhooks.pause(times) or timedelta(days=1)
        assert (times, {json.loads(body)["type"] for body in server.posted}) == (9, {"subscriber.confirmed"})
        assert "address" not in json.loads(server.posted[0])["data"], "of a person no more than is configured"
        assert timedelta(days=1) < now - NOW < timedelta(days=3)
        assert recorded(room, "archive") == ["webhook.given-up"]
        assert webhooks.listing(room)[0]["given_up"] == 1
        closed = hooked(room, server.port, private=False)
        assert webhooks.test(closed, "archive", now=NOW).startswith("address:"), (
            "no private network unless it is said"
        )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_each_webhook_is_told_for_itself_and_of_kills_first(database: Database) -> None:
    with site() as server, site(status=503) as broken:
        room = hooked(newsroom(database), server.port)
        other = Webhook(name="broken", url=f"http://127.0.0.1:{broken.port}/in", private=True)
        both = (other, *room.settings.webhooks)
        secrets = Secrets(**KEYS, webhook_secrets=dict.fromkeys(("archive", "broken"), f"whsec_{SECRET}"))
        room = replace(room, settings=replace(room.settings, webhooks=both, secrets=secrets))
        errands = errands_of(Steps(newsroom=room, clock=lambda: NOW))
        told: list[Done] = []
        for errand in errands:
            errand.once(told.append)
        ingest(room, line(1))
        made = make(room)
        for number in range(9):
            subscribe(room, f"reader{number}@list.example")
        acts.kill(room, story_id(made, 1), why="wrong", actor="test", now=NOW)
        errands[0].once(told.append)
        assert (len(server.posted), len(broken.posted)) == (0, 8), "who fails is left alone for this look"
        (failure,) = told
        assert "likewise 7 more" in failure.said, "once in the log, and not once for each"
        errands[1].once(told.append)
        kinds = [json.loads(body)["type"] for body in server.posted]
        assert ("story.killed" in kinds[:8], len(kinds), len(broken.posted)) == (True, 11, 8)
        broken.status = 410
        errands[0].once(told.append)
        rows = {row["name"]: row for row in webhooks.listing(room)}
        assert (rows["broken"]["given_up"], len(broken.posted)) == (3, 11), "who is gone is not tried again"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_webhook_that_comes_back_is_not_told_of_the_time_between(database: Database) -> None:
    with site() as server:
        room = hooked(newsroom(database), server.port)
        program = Program(room, server)
        program.told(NOW)
        webhooks.forget_others(room, now=NOW)
        subscribe(room, "ada@list.example")
        subscribe(room, "ada@list.example")
        assert len(program.told(NOW)) == 1, "who is confirmed already is no news"
        readers.leave(room, "ada@list.example", digest=None, actor="test", now=NOW)
        subscribe(room, "ada@list.example")
        assert len(program.told(NOW)) == 2
        webhooks.forget_others(replace(room, settings=replace(room.settings, webhooks=())), now=NOW)
        subscribe(room, "bea@list.example")
        assert program.told(NOW + MINUTE) == []
        subscribe(room, "cyd@list.example")
        assert len(program.told(NOW + MINUTE)) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_edition_that_wants_an_approval_is_told_when_it_has_it(database: Database) -> None:
    with site() as server:
        room = hooked(newsroom(database, approval="required"), server.port, events=("edition.published",))
        program = Program(room, server)
        program.told(NOW)
        ingest(room, line(1))
        made = make(room)
        assert program.told(NOW) == []
        editions.approve(room, made.edition_id, actor="test", now=NOW)
        assert [one["type"] for one in program.told(NOW)] == ["edition.published"]


@pytest.mark.parametrize(
    ("hook", "secrets", "said"),
    [
        ({"url": "https://hooks.example/in"}, {}, "has no secret"),
        ({"url": "https://localhost/in"}, {"archive": SECRET}, "private = true"),
        ({"url": "https://10.0.0.7/in"}, {"archive": SECRET}, "private = true"),
        ({"url": "http://hooks.example/in"}, {"archive": SECRET}, "has to be https"),
        (
            {"url": "https://hooks.example/in"},
            {"archive": SECRET, "archve": SECRET},
            "no webhook of this name",
        ),
        ({"url": "https://hooks.example/in"}, {"archive": "short"}, "base64|24 to 64"),
        ({"url": "https://hooks.example/in", "events": ["story.lost"]}, {"archive": SECRET}, "story.killed"),
    ],
)
def test_webhook_that_cannot_be_is_refused(hook: dict[str, Any], secrets: dict[str, str], said: str) -> None:
    site_ = {
        "name": "N",
        "url": "https://front.example",
        "tag_authority": "front.example",
        "tag_date": "2026-01-01",
    }
    disclaimer = [{"id": "h", "version": 1, "language": "en", "short": "s", "full": "f"}]
    tables = {"site": site_ | {"contact": "desk@front.example"}, "disclaimer": disclaimer}
    with pytest.raises(ConfigurationInvalid, match=said):
        from_data(
            tables | {"webhook": [{"name": "archive"} | hook]}, secrets=KEYS | {"webhook_secrets": secrets}
        )
