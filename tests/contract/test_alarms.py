"""The dead man's switch: a digest that has not arrived is told once on each channel, and the heartbeat stops."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from publisher.daemon import Done, Watch
from publisher.desk import alarms
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from publisher.transport import Limits
from tests.clockbox import Hands, Site, recorded, site
from tests.mailroom import ingest, keeping, mails, subscribe
from tests.newsrooms import NOW, line, newsroom
from tests.smtpd import Server

ID = "morning-2026-03-02"
SLOT = NOW.replace(hour=2, minute=0)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DESK = "desk@front.example"


def room_of(database: Database, server: Server, there: Site, **alarms: object) -> Newsroom:
    url = f"http://127.0.0.1:{there.port}"
    wanted = {
        "mail": [DESK],
        "webhook": f"{url}/hook",
        "ping": f"{url}/ping",
        "allow_hosts": ["127.0.0.1"],
        **alarms,
    }
    room = newsroom(database, relay_port=server.port, tables={"alarms": wanted})
    watched(room, SLOT - HOUR)  # from here on the timetable is known
    there.asked.clear()
    return room


def watched(room: Newsroom, now: datetime) -> tuple[bool, list[tuple[str, str]]]:
    """One look of a watcher who knows nothing of the others: whether all is well, and what was done."""
    done: list[Done] = []
    watch = Watch(newsroom=room, clock=lambda: now, stop=threading.Event(), tell=done.append)
    well = watch.once()
    return well, [(account.step, account.result) for account in done if account.result != "unchanged"]


def test_digest_that_was_never_made_is_told_once_on_each_channel(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server, site() as there:
        room = room_of(database, server, there)
        assert watched(room, SLOT + 59 * MINUTE) == (True, [])
        assert there.asked == ["/ping"]
        said = [("overdue", "said"), ("alarm-webhook", "done"), ("alarm-mail", "done")]
        assert watched(room, SLOT + HOUR) == (False, said)
        for later in (MINUTE, 10 * MINUTE):
            assert watched(room, SLOT + HOUR + later) == (False, [])
        assert there.asked == ["/ping", "/hook"]
        (body,) = mails(server)[DESK]
    document = json.loads(there.posted[-1])
    assert (document["edition"], document["reason"]) == (ID, "no edition was made")
    assert f"{ID} of 2026-03-02 02:00Z has not arrived: no edition was made." in body
    assert recorded(room, ID).count("clock.overdue") == 1


def test_digest_that_arrived_is_recorded_and_one_that_is_refused_is_overdue(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server, site() as there:
        room = room_of(database, server, there)
        ingest(room, line(1), now=SLOT - HOUR)
        for number in range(3):
            subscribe(room, f"reader{number}@list.example")
        server.teach("rcpt to=reader2@* reply='451 4.3.0 Later'")
        Hands(room).at(SLOT)
        well, done = watched(room, SLOT + HOUR)
        assert (well, done[0]) == (False, ("overdue", "said"))
        assert "2 of 3 accepted, 1 wait" in json.loads(there.posted[-1])["reason"]
        server.teach()
        Hands(room).at(SLOT + HOUR + MINUTE)
        assert watched(room, SLOT + HOUR + 2 * MINUTE) == (True, [])
    assert there.asked == ["/hook", "/ping"]
    assert recorded(room, ID)[-1] == "clock.arrived"


def test_channel_that_fails_is_tried_again_and_a_private_one_is_refused(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server, site(status=500) as there:
        room = room_of(database, server, there, mail=[], ping="")
        late = SLOT + HOUR
        assert watched(room, late)[1][-1] == ("alarm-webhook", "failed")
        assert watched(room, late + MINUTE)[1] == []  # somebody has just tried
        there.status = 200
        assert watched(room, late + 6 * MINUTE)[1] == [("alarm-webhook", "done")]
        assert watched(room, late + 12 * MINUTE)[1] == []
        closed = room_of(database, server, there, mail=[], allow_hosts=[])
        assert watched(closed, SLOT + 30 * MINUTE)[1] == [("ping", "failed")]
        assert there.asked == []


def test_address_that_is_refused_keeps_no_other_from_being_told_once(
    database: Database, tmp_path: Path
) -> None:
    gone = "gone@front.example"
    with keeping(tmp_path, "rcpt to=gone@* reply='550 5.1.1 No such user'") as server, site() as there:
        room = room_of(database, server, there, mail=[gone, DESK], webhook="")
        told: list[Done] = []
        for later in (0, 6, 12):
            if later == 12:
                server.teach()
            clock = partial(datetime.__add__, SLOT + HOUR, later * MINUTE)
            Watch(newsroom=room, clock=clock, stop=threading.Event(), tell=told.append).once()
        assert {address: len(found) for address, found in mails(server).items()} == {gone: 1, DESK: 1}
    said = [account for account in told if account.step == "alarm-mail"]
    assert [account.result for account in said] == ["failed", "failed", "done"]
    assert f"{gone}: relay test: 5.1.1 No such user" in said[0].said


def test_relay_that_hangs_does_not_hold_up_the_webhook(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alarms, "LIMITS", Limits(banner=0.2))
    with keeping(tmp_path, "banner do=stall") as server, site() as there:
        room = room_of(database, server, there)
        done = watched(room, SLOT + HOUR)[1]
    assert done == [("overdue", "said"), ("alarm-webhook", "done"), ("alarm-mail", "failed")]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_configuration_written_since_the_start_is_told_once(database, tmp_path):
    room = newsroom(database)
    files = {name: tmp_path / f"{name}.toml" for name in ("publisher", "digests")}
    for path in files.values():
        path.write_text("a = 1\n")
    looks: list[int] = []
    told: list[Done] = []

    class Stop(threading.Event):
        """Instead of a minute's wait: something happens to the files."""

        def wait(self, timeout=None):
            looks.append(len(told))
            if len(looks) == 1:
                files["digests"].write_text("a = 22\n")
            if len(looks) == 3:
                self.set()
            return True

    there = replace(room, settings=replace(room.settings, folder=tmp_path))
    Watch(newsroom=there, clock=lambda: NOW, stop=Stop(), tell=told.append).until_stopped()
    said = [(done.step, done.subject, done.result, done.bad) for done in told if done.step == "configuration"]
    assert said == [("configuration", "digests.toml", "outdated", True)]
    assert looks[1] > looks[0]
