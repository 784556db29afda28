"""What readers of a digest have had: a revision counts when it is the present one, or when somebody may have got it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.desk import acts, mailing
from publisher.errors import NothingToPublish
from publisher.ledger import Counts
from publisher.store.db import Database
from tests.mailroom import WHO, ingest, keeping, make, send, story_id, subscribe
from tests.newsrooms import NOW, line, newsroom

TOMORROW = NOW + timedelta(days=1)


def headlines(room) -> list[str]:
    return [item.headline for item in make(room, now=TOMORROW).items]


def test_story_held_before_the_send_and_released_later_is_in_the_next_edition(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "reader@list.example")
        made = make(room)
        first = story_id(made, 1)
        acts.hold(room, first, why="checking", **WHO)
        dispatch_id = mailing.begin(room, made, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1)
    acts.release(room, first, why="it is right", actor="test", now=TOMORROW - timedelta(hours=1))
    assert headlines(room) == ["Headline number 1"]


def test_story_held_in_a_freeze_nobody_was_sent_is_in_the_next_edition(
    database: Database, tmp_path: Path
) -> None:
    """The dispatch was opened with the story, and halted before its first mark."""
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "reader@list.example")
        made = make(room)
        first = story_id(made, 1)
        dispatch_id = mailing.begin(room, made, **WHO)
        acts.hold(room, first, why="checking", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1)
    acts.release(room, first, why="it is right", actor="test", now=TOMORROW - timedelta(hours=1))
    assert headlines(room) == ["Headline number 1"]


def test_story_that_somebody_has_had_before_it_was_held_is_not_repeated(
    database: Database, tmp_path: Path
) -> None:
    with keeping(tmp_path, "rcpt to=late@* reply='451 4.3.0 Later'") as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "early@list.example")
        subscribe(room, "late@list.example")
        made = make(room)
        first = story_id(made, 1)
        dispatch_id = mailing.begin(room, made, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=1, waiting=1)
        acts.hold(room, first, why="checking", **WHO)
        mailing.resume(room, dispatch_id, **WHO)
        send(room, dispatch_id)
    ingest(room, line(3), now=TOMORROW - timedelta(hours=1))
    acts.release(room, first, why="it is right", actor="test", now=TOMORROW - timedelta(hours=1))
    assert headlines(room) == ["Headline number 3"]


def test_story_corrected_before_another_was_taken_out_is_in_the_next_edition(
    database: Database, tmp_path: Path
) -> None:
    """The revision holds the story as it was frozen first: taking its neighbour out corrected nothing."""
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        subscribe(room, "reader@list.example")
        made = make(room)
        ingest(
            room,
            line(1, version="2", headline="Better", correction_note="Seven, not four."),
            now=NOW + timedelta(minutes=1),
        )
        acts.kill(room, story_id(made, 2), why="wrong", actor="test", now=NOW + timedelta(minutes=2))
        late = NOW + timedelta(minutes=3)
        dispatch_id = mailing.begin(room, made, actor="test", now=late)
        assert send(room, dispatch_id, clock=lambda: late).counts == Counts(accepted=1)
    assert headlines(room) == ["Better"]


def test_an_edition_that_waits_for_its_first_reader_keeps_its_stories(
    database: Database, tmp_path: Path
) -> None:
    """It may be sent yet, and stands in the archive: the next one would bring its stories twice."""
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1), line(2))
        made = make(room)
        with pytest.raises(
            NothingToPublish,
            match=rf"waits for `publisher send {made.edition_id}`, and no later one repeats its stories",
        ):
            mailing.begin(room, made, **WHO)
        subscribe(room, "first@list.example")
        ingest(room, line(3), now=TOMORROW - timedelta(hours=1))
        assert headlines(room) == ["Headline number 3"]
        assert send(room, mailing.begin(room, made, **WHO)).counts == Counts(accepted=1)
