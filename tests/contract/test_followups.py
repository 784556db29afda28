"""Whoever has a story in a mail is told that it was killed or corrected: exactly they, once, in their thread, whatever dies meanwhile."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from publisher.cli.reaching import reach_lines
from publisher.daemon import Done, Steps
from publisher.daemon.rounds import FOLLOWUPS, Rounds
from publisher.desk import acts, editions, followups, mailing, publishing, reach, readers, wire
from publisher.errors import Refused
from publisher.newsroom import Newsroom
from publisher.schedule import Tell
from publisher.store import public
from publisher.store.db import Database
from tests.mailroom import (
    Death,
    causes,
    die_at,
    ingest,
    keeping,
    killed_after_a_reply,
    mails,
    make,
    send,
    story_id,
    subscribe,
)
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.smtpd import Server

ALL, ECONOMY, MOVED, LEFT, BARRED = (
    f"{name}@list.example" for name in ("all", "eco", "moved", "left", "barred")
)
CLAIM, AGAIN = "Minister sells the harbour to himself", "Minister sells the harbour"
SAID = "He bought nothing: the Meridian report was wrong."
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with keeping(tmp_path) as running:
        yield running


def story(**fields: Any) -> dict[str, Any]:
    return line(1, **{"headline": CLAIM, **fields})


def opened(database: Database, server: Server, **options: Any) -> Newsroom:
    return newsroom(database, relay_port=server.port, **options)


def mailed(room: Newsroom, *addresses: str, now: datetime = NOW) -> tuple[str, str]:
    """The story in a digest that these readers got, and one of the economy; the story's id and the dispatch's."""
    ingest(room, story(), line(2, categories=["Economy"]))
    for address in addresses:
        subscribe(room, address, *(["economy"] if address == ECONOMY else []))
    made = make(room, now=now)
    dispatch_id = mailing.begin(room, made, actor="test", now=now)
    send(room, dispatch_id)
    return story_id(made, 1), dispatch_id


def due(room: Newsroom, now: datetime = LATER) -> list[str]:
    return mailing.due(room, now=now, kinds=mailing.OF_FOLLOWUPS)


def tell(room: Newsroom, now: datetime = LATER) -> list[mailing.Report]:
    return [mailing.go_on(room, name, actor="test", clock=lambda: now) for name in due(room, now)]


def taken(server: Server) -> dict[str, list[EmailMessage]]:
    """Address -> the mails that came to it, in order."""
    found: dict[str, list[EmailMessage]] = {}
    for one in server.messages():
        raw = (server.folder / f"{one.n:06d}.eml").read_bytes()
        mail = message_from_bytes(raw, _class=EmailMessage, policy=policy.default)
        found.setdefault(one.rcpt, []).append(mail)
    return found


def body(mail: EmailMessage, kind: str = "plain") -> str:
    found = mail.get_body((kind,))
    assert found is not None
    told: str = found.get_content()
    return told


def test_a_story_through_all_channels(database: Database, server: Server) -> None:
    """v1 mailed, v2 a correction that is told at once, a kill, and v1 sent once more."""
    room = opened(database, server, corrections_at_once=5)
    mailed_id, _ = mailed(room, ALL, ECONOMY, MOVED, LEFT, BARRED)
    publishing.publish(room, feeds_to=None, site_to=None, actor="test", now=NOW)

    note = "An earlier version said that he bought it himself."
    ingest(room, story(version="2", headline=AGAIN, correction_note=note), now=LATER)
    (told,) = tell(room)
    assert (told.follows or {})["act"] == "correction"
    assert told.counts.accepted == 4
    subscribe(room, MOVED, "economy")
    readers.leave(room, LEFT, digest=None, actor="test", now=LATER)
    readers.suppress(room, BARRED, why="asked by mail", actor="test", now=LATER)

    killed_at = LATER + timedelta(hours=1)
    acts.kill(room, mailed_id, why="libel", public={"en": SAID}, actor="test", now=killed_at)
    (told,) = tell(room, killed_at)
    assert (told.subject, told.counts.planned, told.counts.accepted) == (f"kill notices of {mailed_id}", 2, 2)
    ingest(room, story(version="3"), now=killed_at)
    assert due(room, killed_at + timedelta(days=1)) == []

    boxes = taken(server)
    assert {who: len(got) for who, got in boxes.items()} == {ALL: 3, MOVED: 3, LEFT: 2, BARRED: 2, ECONOMY: 1}
    digest, correction, kill = boxes[ALL]
    for follows in (correction, kill):
        assert follows["In-Reply-To"] == follows["References"] == digest["Message-ID"]
        assert follows["List-Id"] == digest["List-Id"]
        assert "List-Unsubscribe=One-Click" in follows["List-Unsubscribe-Post"]
    assert correction["Subject"] == f"Correction: {AGAIN}"
    assert correction["List-Archive"] == digest["List-Archive"]
    for kind in ("plain", "html"):
        assert note in body(correction, kind)
        assert f"https://front.example/e/morning-2026-03-02/#s-{mailed_id}" in body(correction, kind)
        assert "https://meridian.example/2026/1" in body(correction, kind)
        for claim in (CLAIM, AGAIN, "meridian.example", "first paragraph"):
            assert claim not in body(kill, kind)
        assert "Meridian" in body(kill, kind)
        assert SAID in body(kill, kind)
        said = re.sub(r"\s+", " ", body(kill, kind))
        assert "It stood under World as number 1, with the time 2 Mar 2026, 01:00 UTC." in said
        assert f"https://front.example/e/morning-2026-03-02/#s-{mailed_id}" in said
        assert "The Morning Wire of Monday" in re.sub(r"\s+", " ", body(kill, kind))
    assert CLAIM not in str(kill["Subject"])
    with room.database.read() as connection:
        files = [public.get(connection, path) for path in public.paths(connection, below="")]
    standing = [one for one in files if one is not None and one.status == public.OK]
    assert {"feeds/world.rss", "feeds/world.atom", "feeds/world.json"} <= {one.path for one in standing}
    assert not [one.path for one in standing if AGAIN in one.body.decode()]
    told_of = reach.report(room, mailed_id)
    assert [
        (act["act"], act["mailboxes"], act["mails"]["accepted"], act["not_written_to"])
        for act in told_of["acts"]
    ] == [("correction", 4, 4, 0), ("kill", 4, 2, 2)]
    assert told_of["acts"][0]["feeds"] == [], "what the kill made anew is not the correction's"
    assert [feed["series"] for feed in told_of["acts"][1]["feeds"]] == [
        "all",
        "lang/en",
        "source/meridian",
        "world",
    ]


def test_whoever_had_it_more_than_once_is_told_once_and_of_the_last(
    database: Database, server: Server
) -> None:
    room = opened(database, server)
    mailed_id, _ = mailed(room, ALL, MOVED)
    readers.leave(room, MOVED, digest=None, actor="test", now=NOW)
    tomorrow = NOW + timedelta(days=1)
    ingest(room, story(version="2", correction_note="A name was wrong."), now=LATER)
    assert due(room) == []  # told by the next edition, as long as nothing else is configured
    again = mailing.begin(room, make(room, now=tomorrow), actor="test", now=tomorrow)
    send(room, again, clock=lambda: tomorrow)
    subscribe(room, MOVED)
    ingest(room, {"id": "m-1", "status": "canceled"}, now=tomorrow)
    assert sum(one.counts.accepted for one in tell(room, tomorrow)) == 2
    boxes = taken(server)
    assert [mail["In-Reply-To"] for mail in boxes[ALL]][2:] == [boxes[ALL][1]["Message-ID"]]
    assert boxes[MOVED][1]["In-Reply-To"] == boxes[MOVED][0]["Message-ID"]
    assert "was withdrawn by its source" in " ".join(body(boxes[MOVED][1]).split())
    assert mailed_id == reach.report(room, mailed_id)["id"]


def test_a_death_between_kill_and_notices_loses_nobody_and_doubles_nobody(
    database: Database, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = opened(database, server)
    mailed_id, _ = mailed(room, ALL, MOVED, LEFT)
    monkeypatch.setattr(followups, "SLICE", 1)
    with monkeypatch.context() as patch:
        die_at(patch, followups, "before-followups")
        with pytest.raises(Death):
            acts.kill(room, mailed_id, why="libel", actor="test", now=NOW)
        die_at(patch, followups, "after-followup-slice")
        with pytest.raises(Death):  # and once more, when the first is queued
            due(room, NOW)
    (dispatch_id,) = due(room, NOW)
    assert due(room, NOW) == [dispatch_id]
    assert set(causes(room, dispatch_id)) == {ALL, MOVED, LEFT}
    killed_after_a_reply(room, dispatch_id)  # a doubt of the notice itself is sent again, the same bytes
    tell(room)
    assert {
        who: len({mail["Message-ID"] for mail in got}) for who, got in taken(server).items()
    } == dict.fromkeys((ALL, MOVED, LEFT), 2)


def test_notices_that_nobody_tried_to_send_in_time_go_out_all_the_same(
    database: Database, server: Server
) -> None:
    room = opened(database, server)
    mailed_id, _ = mailed(room, ALL)
    acts.kill(room, mailed_id, why="libel", actor="test", now=LATER)
    weekend = LATER + timedelta(days=4)
    (told,) = tell(room, weekend)
    assert told.counts.accepted == 1
    assert due(room, weekend) == []


def test_who_is_in_doubt_or_at_the_dot_is_told_and_who_was_refused_is_not(
    database: Database, server: Server
) -> None:
    server.teach(
        f"rcpt to={LEFT} reply='450 4.2.1 Later'",
        f"rcpt to={BARRED} reply='550 5.1.1 No such user'",
        f"logged to={MOVED} do=drop",
    )
    room = opened(database, server, uncertain="keep")
    mailed_id, dispatch_id = mailed(room, ALL, MOVED, LEFT, BARRED)
    assert {who: state for who, (state, _) in causes(room, dispatch_id).items()} == {
        ALL: "accepted",
        MOVED: "uncertain",
        LEFT: "queued",
        BARRED: "failed",
    }
    with room.database.write() as connection:  # at the dot, in the hand of somebody who lives
        query = "UPDATE chunk SET worker_id = 'W', done = :no WHERE dispatch_id = :dispatch"
        connection.execute(text(query), {"dispatch": dispatch_id, "no": False})
        gone = "DELETE FROM outcome WHERE state = 'accepted' AND delivery_id IN (SELECT id FROM delivery WHERE rcpt = :who)"
        connection.execute(text(gone), {"who": ALL})
    acts.kill(room, mailed_id, why="libel", actor="test", now=LATER)
    with room.database.read() as connection:
        told = connection.execute(text("SELECT rcpt FROM delivery WHERE kind = 'followup'")).scalars().all()
        assert told == [MOVED]
    with room.database.write() as connection:
        accepted = (
            "INSERT INTO outcome (delivery_id, try, state, charged, cause, at) SELECT id, 1, 'accepted', :yes, '', :at"
            " FROM delivery WHERE kind = 'digest' AND rcpt = :who"
        )
        connection.execute(
            text(accepted), {"who": ALL, "yes": True, "at": "2026-03-02 02:30:00.000000+00:00"}
        )
    assert len(due(room, LATER + followups.PAUSE)) == 2  # who was at the dot has a dispatch of their own
    with room.database.read() as connection:
        told = connection.execute(text("SELECT rcpt FROM delivery WHERE kind = 'followup' ORDER BY rcpt"))
        assert told.scalars().all() == [ALL, MOVED]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_gets_the_former_version_after_its_correction_is_told_too(
    database: Database, server: Server
) -> None:
    server.teach(f"rcpt to={LEFT} nth=1 reply='450 4.2.1 Later'")
    room = opened(database, server, corrections_at_once=5)
    _, dispatch_id = mailed(room, ALL, LEFT)
    ingest(room, story(version="2", correction_note="A name was wrong."), now=NOW)
    assert [one.counts.planned for one in tell(room, NOW)] == [1]
    send(room, dispatch_id, clock=lambda: LATER)
    assert [one.counts.planned for one in tell(room, LATER)] == [1]
    for first, second in taken(server).values():
        assert str(first["Subject"]).startswith(CLAIM)
        assert second["Subject"] == f"Correction: {CLAIM}"
    assert due(room, LATER + followups.PAUSE) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_correction_at_once_reaches_readers_of_the_week_and_of_alerts(
    database: Database, server: Server
) -> None:
    """They get nothing else that could tell them."""
    apart = {
        "weekly": {"day": "mon", "at": "02:30", "title": {"en": "Week"}},
        "alerts": {"title": {"en": "X"}},
    }
    room = opened(database, server, corrections_at_once=5, **apart)
    ingest(room, story(urgency=1))
    for name, rhythm in (("weekly", "weekly 1 02:30"), ("alerts", "alerts")):
        asked = {"digest": "morning", "language": None, "sections": (), "basis": "a", "rhythm": rhythm}
        readers.add(room, f"{name}@list.example", **asked, actor="test", now=NOW)
        sent = editions.make(room, f"morning-{name}", slot=NOW, actor="test", now=NOW)
        send(room, mailing.begin(room, sent, actor="test", now=NOW))
    ingest(room, story(version="2", urgency=1, correction_note="A name was wrong."), now=LATER)
    assert sorted(one.counts.accepted for one in tell(room)) == [1, 1]
    assert {who: len(got) for who, got in taken(server).items()} == {
        "weekly@list.example": 2,
        "alerts@list.example": 2,
    }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_kill_overtakes_its_correction_and_a_hold_stops_it(database: Database, server: Server) -> None:
    room = opened(database, server, corrections_at_once=5)
    mailed_id, _ = mailed(room, ALL)
    ingest(room, story(version="2", correction_note="A name was wrong."), now=LATER)
    (first,) = due(room)
    ingest(room, story(version="3", correction_note="Another one was, too."), now=LATER)
    assert mailing.report(room, first).state == "cancelled"
    (second,) = due(room)
    acts.hold(room, mailed_id, why="checking", actor="test", now=LATER)
    assert due(room) == []
    with pytest.raises(Refused, match="held"):
        mailing.resume(room, second, actor="test", now=LATER)
    acts.release(room, mailed_id, why="checked", actor="test", now=LATER)
    mailing.resume(room, second, actor="test", now=LATER)
    assert due(room) == [second]
    acts.kill(room, mailed_id, why="libel", actor="test", now=LATER)
    assert mailing.report(room, second).state == "cancelled"
    accounts: list[Done] = []
    rounds = Rounds(steps=Steps(newsroom=room, clock=lambda: LATER), kinds=FOLLOWUPS, tell=accounts.append)
    (intent,) = rounds.look()
    assert isinstance(intent, Tell)
    rounds.until_nothing_is_due()
    assert [(done.subject, done.result) for done in accounts] == [(f"kill notices of {mailed_id}", "done")]
    assert [mail["Subject"] for mail in taken(server)[ALL]][1:] == ["Withdrawn: a story from Meridian"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_reason_for_readers_that_says_it_again_is_refused_before_anything_is_done(
    database: Database, server: Server
) -> None:
    room = opened(database, server)
    mailed_id, _ = mailed(room, ALL)
    for said, why in (
        (f"“{CLAIM.upper()}” is wrong", "repeats the headline"),
        ("See https://meridian.example/2026/1", "holds an address"),
        ("It was {{ wrong }}", "template syntax"),
    ):
        with pytest.raises(Refused, match=why):
            acts.kill(room, mailed_id, why="x", public={"en": said}, actor="test", now=LATER)
    assert reach.report(room, mailed_id)["acts"] == []
    assert len(mails(server)[ALL]) == 1


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_whose_mail_only_names_a_story_is_counted_and_not_written_to(
    database: Database, server: Server
) -> None:
    room = opened(database, server)
    ingest(
        room,
        line(
            1,
            headline="Harbour workers in Port Alma end strike after twelve days",
            body="What happened. " * 9,
        ),
    )
    beside = line(
        2,
        headline="Port Alma harbour workers end strike after twelve days",
        source_url="https://caspian.example/theirs",
        body="",
    )
    assert not wire.read_document(room, room.source("caspian"), jsonl(beside), actor="test", now=NOW).failed
    subscribe(room, ALL)
    made = make(room)
    (lead,) = made.items
    (other,) = lead.also
    send(room, mailing.begin(room, made, actor="test", now=NOW))
    acts.kill(room, other.story_id, why="libel", actor="test", now=LATER)
    assert due(room) == []
    told = reach.report(room, other.story_id)
    assert (told["mailed"], [one["mailboxes"] for one in told["named"]]) == ([], [1])
    assert "Only named, with its link, in morning-2026-03-02 " in "\n".join(reach_lines(told))
    live = reach.report(room, lead.story_id)
    assert ([one["mailboxes"] for one in live["mailed"]], live["named"]) == ([1], [])
    assert "Mailed in morning-2026-03-02 " in "\n".join(reach_lines(live))


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_last_mail_of_a_kill_is_the_last_so_far_while_others_wait(
    database: Database, server: Server
) -> None:
    room = opened(database, server)
    victim, _ = mailed(room, ALL, MOVED)
    acts.kill(room, victim, why="libel", actor="test", now=LATER)
    told = reach.report(room, victim)
    assert told["acts"][0]["mails"]["waiting"] == 2
    told["acts"][0]["seconds"]["last_mail"] = 1.3  # as if one had left by now
    assert "last mail so far after 1.3 s" in "\n".join(reach_lines(told))
    for dispatch_id in due(room):
        send(room, dispatch_id, clock=lambda: LATER)
    followups.queue(room, now=LATER)
    lines = "\n".join(reach_lines(reach.report(room, victim)))
    assert "last mail after " in lines
