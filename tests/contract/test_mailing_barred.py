"""What may go out is asked again at send time (wire.md 2.2): embargo, expiry, hold and rights, whenever they come."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.desk import acts, editions, mailing, overview, preparing, previews, publishing
from publisher.dispatch import loop
from publisher.edition import Why
from publisher.errors import NothingToPublish
from publisher.ledger import Counts
from publisher.newsroom import Newsroom
from publisher.store import notes, public
from publisher.store.db import Database
from tests.mailroom import ECONOMY, WHO, begun, ingest, keeping, mails, make, send, story_id, subscribe
from tests.newsrooms import NOW, line, newsroom

READER = "reader@list.example"
LATER = NOW + timedelta(hours=1)
FIRST, SECOND = "Headline number 1", "Headline number 2"


def again(number: int, **fields: object) -> dict[str, object]:
    return line(number, version="2", **fields)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"embargo": "2026-03-03T09:00:00Z"}, "embargo"),
        ({"embargo": ""}, "embargo"),
        ({"embargo": "when the minister has spoken"}, "embargo"),
        ({"expires": "2026-03-02T01:00:00Z"}, "expired"),
        ({"status": "withheld"}, "hold"),
    ],
)
def test_version_that_may_not_go_out_halts_the_dispatch_and_is_left_out(
    database: Database, tmp_path: Path, fields: dict[str, object], word: str
) -> None:
    with keeping(tmp_path) as server:
        room, made, dispatch_id = begun(database, server, READER, stories=2)
        report = ingest(room, again(1, **fields))
        (withdrawal,) = report.withdrawals
        assert (withdrawal.act, withdrawal.halted) == (word, (dispatch_id,))
        assert mailing.report(room, dispatch_id).state == "halted"
        assert send(room, dispatch_id).counts.waiting == 1
        assert not server.messages()
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1)
    (body,) = mails(server)[READER]
    assert FIRST not in body
    assert SECOND in body
    revised = editions.edition(room, made.edition_id)
    assert revised.left_out[-1].story_id == story_id(made, 1)
    assert (
        revised.left_out[-1].why == {"embargo": Why.EMBARGO, "expired": Why.EXPIRED, "hold": Why.HELD}[word]
    )


def test_embargo_that_ends_before_the_send_keeps_nobody_back(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, READER)
        made = make(room)
        ingest(room, again(1, embargo="2026-03-02T02:45:00Z"))
        dispatch_id = mailing.begin(room, made, actor="test", now=LATER)
        send(room, dispatch_id, clock=lambda: LATER)
    assert FIRST in mails(server)[READER][0]


def expiring(room: Newsroom) -> tuple[str, str]:
    """A dispatch that is ready to be sent, and one story of it that expires in half an hour."""
    ingest(room, line(1, expires="2026-03-02T03:00:00Z"), line(2))
    subscribe(room, READER)
    made = make(room)
    return mailing.begin(room, made, **WHO), story_id(made, 1)


def test_story_that_expires_before_the_run_halts_it_and_resuming_leaves_it_out(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        dispatch_id, first = expiring(room)
        report = send(room, dispatch_id, clock=lambda: LATER)
        assert (report.state, report.counts.waiting) == ("halted", 1)
        assert f"story {first} may not go out any more" in (report.halt or "")
        assert not server.messages()
        mailing.resume(room, dispatch_id, actor="test", now=LATER)
        assert send(room, dispatch_id, clock=lambda: LATER).counts == Counts(accepted=1)
    assert FIRST not in mails(server)[READER][0]


def test_story_that_expires_in_the_middle_of_the_run_is_in_no_mail_after_that(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(loop, "TICK", 0.005)
    with keeping(tmp_path, "dot nth=4- wait=0.2") as server:
        room = newsroom(database, relay_port=server.port)
        for number in range(40):
            subscribe(room, f"reader{number}@list.example")
        dispatch_id, _ = expiring(room)

        def clock() -> datetime:
            return LATER if len(server.messages()) >= 4 else NOW

        report = send(room, dispatch_id, clock=clock)
        assert report.state == "halted"
        early = len(server.messages())
        assert 4 <= early < 41
        server.teach()
        mailing.resume(room, dispatch_id, actor="test", now=LATER)
        assert send(room, dispatch_id, clock=lambda: LATER).counts == Counts(accepted=41)
        bodies = [body for found in mails(server).values() for body in found]
    assert sum(FIRST in body for body in bodies) == early
    assert all(SECOND in body for body in bodies)


def test_run_of_a_former_revision_does_not_halt_the_present_one(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        dispatch_id, _ = expiring(room)

        def resume_once() -> datetime:
            """The clock of a run that has begun; meanwhile somebody else resumes without the story."""
            if mailing.report(room, dispatch_id).state == "sending" and not resumed:
                resumed.append(True)
                mailing.resume(room, dispatch_id, actor="test", now=LATER)
            return LATER

        resumed: list[bool] = []
        send(room, dispatch_id, clock=resume_once)
        assert mailing.report(room, dispatch_id).state != "halted"
        send(room, dispatch_id, clock=lambda: LATER)
    assert [FIRST in body for body in mails(server)[READER]] == [False]


def test_story_without_rights_any_more_is_left_out(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, READER, stories=2)
        del room.sources["meridian"]  # type: ignore[attr-defined]  # a dict under its reading name
        assert send(room, dispatch_id).state == "halted"
    assert not server.messages()


def test_preview_of_a_frozen_edition_shows_it_as_it_may_go_out_and_says_so(
    database: Database, tmp_path: Path
) -> None:
    room = newsroom(database)
    ingest(room, line(1), line(2, categories=ECONOMY))
    made = make(room)
    first = story_id(made, 1)
    shown = previews.preview(room, made.edition_id, tmp_path / "whole", now=NOW)
    assert shown.barred == {}
    assert FIRST in (tmp_path / "whole" / "digest-en.html").read_text()
    acts.hold(room, first, why="checking", **WHO)
    shown = previews.preview(room, made.edition_id, tmp_path / "out", now=NOW)
    assert shown.barred == {first: Why.HELD}
    assert sorted(path.suffix for path in shown.written) == [".eml", ".html", ".txt"]
    for path in shown.written:
        assert FIRST not in path.read_text()
    assert SECOND in (tmp_path / "out" / "digest-en.txt").read_text()
    assert overview.edition_record(room, made.edition_id)["revision"] == 1
    acts.release(room, first, why="it is right", **WHO)
    assert previews.preview(room, made.edition_id, tmp_path / "again", now=NOW).barred == {}


def test_preview_of_an_edition_with_nothing_left_is_refused(database: Database, tmp_path: Path) -> None:
    room = newsroom(database)
    ingest(room, line(1))
    made = make(room)
    acts.kill(room, story_id(made, 1), why="wrong", **WHO)
    with pytest.raises(NothingToPublish, match="no story of it is left"):
        previews.preview(room, made.edition_id, tmp_path, now=NOW)
    with pytest.raises(NothingToPublish, match="no story of it is left"):
        mailing.plan(room, made, now=NOW)


def test_plan_counts_what_would_really_be_sent(database: Database) -> None:
    room = newsroom(database)
    ingest(room, line(1), line(2, categories=ECONOMY))
    subscribe(room, READER)
    subscribe(room, "world@list.example", "world")
    made = make(room)
    acts.kill(room, story_id(made, 1), why="wrong", **WHO)
    plan = mailing.plan(room, made, now=NOW)
    assert (plan.items, plan.total, plan.without) == (1, 1, 1)
    assert FIRST not in plan.subjects[0][1]
    assert plan.barred == ((story_id(made, 1), "killed"),)


def test_an_editors_note_that_says_the_headline_again_falls_with_its_story(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port, languages=["en", "fa"])
        ingest(room, line(1, headline="Zebra crossing stolen in the capital"), line(2))
        subscribe(room, READER)
        said = "Our lead: ZEBRA crossing  stolen in the capital!"
        for text, language in ((said, "en"), ("صبح به خیر", "fa")):
            preparing.note(room, "morning", text, language=language, **WHO)
        made = make(room)
        dispatch_id = mailing.begin(room, made, **WHO)
        preparing.note(room, "morning", f"Again: {said}", language="en", **WHO)
        killed = acts.kill(room, story_id(made, 1), why="wrong", actor="test", now=LATER).withdrawal
        publishing.publish(room, feeds_to=None, site_to=None, actor="test", now=LATER)
        mailing.resume(room, dispatch_id, actor="test", now=LATER)
        send(room, dispatch_id, clock=lambda: LATER)
    assert "rossing" not in mails(server)[READER][0]
    assert killed.noted == (made.edition_id,)
    assert editions.edition(room, made.edition_id).notes == (("fa", "صبح به خیر"),)
    with database.read() as connection:
        page = public.get(connection, f"site/e/{made.edition_id}/index.html")
        assert notes.waiting(connection, "morning") == {}
    assert page is not None
    assert b"rossing" not in page.body
