"""A digest with a canary: some are sent to first, the rest waits for their answers, and goes on by itself or not at all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from publisher.cli.reports import report_lines
from publisher.desk import mailing
from publisher.ledger import Counts
from publisher.store.db import Database
from subscribers import audience
from subscribers.address import key, parse
from tests.mailroom import WHO, begun, ingest, keeping, make, send, subscribe
from tests.newsrooms import NOW, line, newsroom

STAFF = [f"editor{number}@front.example" for number in range(1, 4)]
READERS = [f"reader{number}@list.example" for number in range(1, 6)]
RULE = {"addresses": ["@front.example", READERS[0]], "share": 0, "wait": "10m", "refusals": 40}
FIRST = {*STAFF, READERS[0]}
LATER = NOW + timedelta(minutes=10)


def test_rest_waits_in_the_database_and_goes_on_by_itself(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path, "rcpt to=editor1@* nth=1 reply='451 4.3.0 Later'") as server:
        room, _, dispatch_id = begun(database, server, *READERS, *STAFF, canary=RULE)
        report = send(room, dispatch_id)
        assert {message.rcpt for message in server.messages()} == FIRST - {STAFF[0]}
        assert (report.canary_said, report.canary_until) == (
            "canary: 3 of 4 accepted, going on at 02:40Z",
            LATER,
        )
        soon = LATER - timedelta(seconds=1)
        assert mailing.next_due(room) is not None
        for _ in range(2):  # whoever else comes, and after a restart
            assert send(room, dispatch_id, clock=lambda: NOW + timedelta(seconds=1)).counts.waiting == 5
        mailing.go_on(
            room, dispatch_id, actor="test", clock=lambda: soon
        )  # who was deferred is not kept waiting
        assert {message.rcpt for message in server.messages()} == FIRST
        assert mailing.due(room, now=soon) == []
        assert mailing.due(room, now=LATER) == [dispatch_id]
        report = mailing.go_on(room, dispatch_id, actor="test", clock=lambda: LATER)
    assert report.counts == Counts(accepted=len(READERS) + len(STAFF))
    assert report.canary is not None
    assert report.canary["state"] == "passed"


def test_refusals_and_complaints_halt_it_and_a_person_overrides(database: Database, tmp_path: Path) -> None:
    refused = "rcpt to=editor{}@* reply='550 5.7.1 Not here'"
    with keeping(tmp_path, refused.format(1), refused.format(2)) as server:
        room, _, dispatch_id = begun(database, server, *READERS, *STAFF, canary=RULE)
        report = send(room, dispatch_id)
        assert (report.state, report.needs_a_look) == ("halted", True)
        assert report.halt == "canary: 2 of the first 4 were refused or bounced, 40 per cent may be"
        assert mailing.due(room, now=LATER) == []
        mailing.retry(room, dispatch_id, why="their filter was mended", actor="test", now=LATER)
        assert send(room, dispatch_id, clock=lambda: LATER).state == "halted"
        assert {message.rcpt for message in server.messages()} == FIRST - set(STAFF[:2]), (
            "it went on with the rest"
        )
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=6, failed=2)


def test_content_refused_as_spam_halts_it_though_those_refused_wait_again(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path, "dot to=editor1@* reply='550 5.7.1 Rejected as spam'") as server:
        rule = {**RULE, "addresses": [STAFF[0]]}
        room, _, dispatch_id = begun(database, server, *READERS, STAFF[0], canary=rule)
        report = send(room, dispatch_id)
        assert report.halt == "canary: 1 of the first 1 were refused or bounced, 40 per cent may be"
        assert report.counts == Counts(waiting=6)
        assert not server.messages()


def test_complaint_while_it_waits_halts_it_without_another_mail(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS, *STAFF, canary=RULE)
        send(room, dispatch_id)
        with database.write() as connection:
            who = key(parse(STAFF[1]), room.address_key)
            audience.suppress(connection, who, "complained", actor="test", now=NOW)
        report = mailing.go_on(room, dispatch_id, actor="test", clock=lambda: LATER)
        assert report.halt == "canary: 1 of the first 4 complained, 0 may"
        assert len(server.messages()) == len(FIRST)


def test_rest_that_waited_past_the_dispatchs_end_is_not_said_to_have_followed(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS, *STAFF, canary=RULE)
        send(room, dispatch_id)
        report = mailing.go_on(room, dispatch_id, actor="test", clock=lambda: NOW + timedelta(days=2))
    assert report.counts == Counts(accepted=len(FIRST), expired=4)
    (said,) = [text for text in report_lines(report) if text.startswith("Canary")]
    assert said.endswith("; the time was over before all of the rest had followed: 4 expired.")


def test_breaking_news_and_a_canary_of_nobody_go_to_everybody_at_once(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port, canary=RULE)
        ingest(room, line(1))
        subscribe(room, STAFF[0])
        subscribe(room, READERS[1])
        report = send(room, mailing.begin(room, make(room), canary=False, **WHO))
        assert (report.counts, report.canary) == (Counts(accepted=2), None)
        nobody = newsroom(
            database, relay_port=server.port, canary={"addresses": ["gone@list.example"], "share": 0}
        )
        ingest(nobody, line(2))
        tomorrow = NOW + timedelta(days=1)
        dispatch_id = mailing.begin(nobody, make(nobody, now=tomorrow), actor="test", now=tomorrow)
        report = send(nobody, dispatch_id, clock=lambda: tomorrow)
        assert (report.counts, report.canary) == (Counts(accepted=2), None)
