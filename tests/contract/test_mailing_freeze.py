"""A freeze that is cut short, or met by a kill: it goes on where it stopped, with the edition as it stands then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from publisher.cli.reports import report_lines
from publisher.desk import acts, editions, mailing, overview
from publisher.desk.mailing import freeze
from publisher.edition import Edition
from publisher.errors import AlreadySent, NothingToPublish
from publisher.ledger import Counts
from publisher.newsroom import Newsroom
from publisher.store.db import Database
from tests.mailroom import ECONOMY, WHO, causes, ingest, keeping, mails, make, send, story_id, subscribe
from tests.newsrooms import line, newsroom

WORLD, ECONOMIST = "world@list.example", "economy@list.example"


class Death(Exception):
    pass


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, Callable[[], None]], None]:
    """Do something at a named point of the freeze, once; from then on the freeze is left alone."""

    def arrange(point: str, act: Callable[[], None]) -> None:
        def crashpoint(name: str) -> None:
            if name == point:
                monkeypatch.undo()
                act()

        monkeypatch.setattr(freeze, "FREEZE_SLICE", 1)
        monkeypatch.setattr(freeze, "crashpoint", crashpoint)

    return arrange


def die() -> None:
    raise Death


def house(room: Newsroom) -> Edition:
    """A story and a reader for each section; the reader of Economy is frozen first."""
    ingest(room, line(1), line(2, categories=ECONOMY))
    subscribe(room, WORLD, "world")
    subscribe(room, ECONOMIST, "economy")
    return make(room)


def newest(room: Newsroom) -> str:
    return str(mailing.listing(room, limit=1)[0]["id"])


@pytest.mark.parametrize("point", ["after-freeze-chunk", "before-sending"])
def test_freeze_that_was_cut_short_goes_on(database: Database, tmp_path: Path, point: str, at) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        made = house(room)
        at(point, die)
        with pytest.raises(Death):
            mailing.begin(room, made, **WHO)
        report = mailing.report(room, newest(room))
        assert (report.state, report.needs_a_look) == ("freezing", True)
        assert "dispatch resume" in report_lines(report)[-1]
        mailing.resume(room, newest(room), **WHO)
        assert send(room, newest(room)).counts == Counts(accepted=2)
    assert {address: len(bodies) for address, bodies in mails(server).items()} == {WORLD: 1, ECONOMIST: 1}


def test_freeze_that_had_written_nobody_yet_says_that_it_goes_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = newsroom(database)
    made = house(room)

    def full(*_: object, **__: object) -> None:
        raise Death

    monkeypatch.setattr(freeze.deliveries, "add_deliveries", full)
    with pytest.raises(Death):
        mailing.begin(room, made, **WHO)
    report = mailing.report(room, newest(room))
    assert (report.state, report.counts, report.needs_a_look) == ("freezing", Counts(), True)
    assert "dispatch resume" in report_lines(report)[-1]


@pytest.mark.parametrize("point", ["after-freeze-chunk", "before-sending"])
def test_kill_after_a_freeze_was_cut_short_is_resumed_from(
    database: Database, tmp_path: Path, point: str, at
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        made = house(room)
        at(point, die)
        with pytest.raises(Death):
            mailing.begin(room, made, **WHO)
        acts.kill(room, story_id(made, 1), why="wrong", **WHO)
        assert mailing.report(room, newest(room)).state == "halted"
        with pytest.raises(AlreadySent, match="dispatch resume"):
            mailing.begin(room, made, **WHO)
        mailing.resume(room, newest(room), **WHO)
        report = send(room, newest(room))
    assert (report.state, report.counts.accepted, report.counts.waiting) == ("done", 1, 0)
    assert list(mails(server)) == [ECONOMIST]


@pytest.mark.parametrize("point", ["after-freeze-chunk", "before-sending"])
def test_kill_in_the_middle_of_a_freeze_halts_it_at_its_end(
    database: Database, tmp_path: Path, point: str, at
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        made = house(room)
        subscribe(room, "all@list.example")
        at(point, lambda: acts.kill(room, story_id(made, 2), why="wrong", **WHO))
        dispatch_id = mailing.begin(room, made, **WHO)
        assert mailing.report(room, dispatch_id).state == "halted"
        assert not server.messages()
        mailing.resume(room, dispatch_id, **WHO)
        report = send(room, dispatch_id)
    assert (report.state, report.counts.accepted) == ("done", 2)
    assert not any("Headline number 2" in body for bodies in mails(server).values() for body in bodies)


def test_kill_of_all_stories_ends_a_freeze_that_was_cut_short(database: Database, at) -> None:
    room = newsroom(database)
    made = house(room)
    at("after-freeze-chunk", die)
    with pytest.raises(Death):
        mailing.begin(room, made, **WHO)
    for number in (1, 2):
        acts.kill(room, story_id(made, number), why="wrong", **WHO)
    mailing.resume(room, newest(room), **WHO)
    report = mailing.report(room, newest(room))
    assert (report.state, report.counts) == ("cancelled", Counts(cancelled=1))


def test_edition_without_a_story_for_its_readers_says_so(database: Database) -> None:
    room = newsroom(database)
    ingest(room, line(1), line(2, categories=ECONOMY))
    subscribe(room, WORLD, "world")
    made = make(room)
    acts.kill(room, story_id(made, 1), why="wrong", **WHO)
    with pytest.raises(NothingToPublish, match="no story in their sections"):
        mailing.begin(room, made, **WHO)


def test_edition_of_which_no_story_is_left_is_not_sent(database: Database) -> None:
    room = newsroom(database)
    made = house(room)
    for number in (1, 2):
        acts.kill(room, story_id(made, number), why="wrong", **WHO)
    with pytest.raises(NothingToPublish, match="no story of it is left"):
        mailing.begin(room, made, **WHO)
    assert mailing.listing(room, limit=9) == []


def test_freeze_that_goes_on_after_a_revision_ends_those_it_had_written(
    database: Database, tmp_path: Path, at
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        made = house(room)
        at("after-freeze-chunk", die)
        with pytest.raises(Death):
            mailing.begin(room, made, **WHO)
        assert list(causes(room, newest(room))) == [ECONOMIST]
        acts.kill(room, story_id(made, 2), why="wrong", **WHO)
        mailing.resume(room, newest(room), **WHO)
        report = send(room, newest(room))
    assert (report.state, report.counts) == ("done", Counts(accepted=1, cancelled=1))
    assert list(mails(server)) == [WORLD]


def test_approval_outlives_a_kill_before_the_send_and_a_freeze_cut_short(
    database: Database, tmp_path: Path, at
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port, approval="required")
        made = house(room)
        editions.approve(room, made.edition_id, **WHO)
        acts.kill(room, story_id(made, 2), why="wrong", **WHO)
        at("after-freeze-chunk", die)
        with pytest.raises(Death):
            mailing.begin(room, made, **WHO)
        mailing.resume(room, newest(room), **WHO)
        assert send(room, newest(room)).counts == Counts(accepted=1)
    assert overview.edition_record(room, made.edition_id)["approved_by"]


def test_revision_of_what_nobody_approved_is_not_approved(database: Database) -> None:
    room = newsroom(database)
    made = house(room)
    acts.kill(room, story_id(made, 2), why="wrong", **WHO)
    mailing.begin(room, made, **WHO)
    assert editions.edition(room, made.edition_id).revision == 2
    assert not overview.edition_record(room, made.edition_id)["approved_by"]
