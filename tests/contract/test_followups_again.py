"""Who is told of a kill whose story had been killed before, by mistake."""

from __future__ import annotations

from datetime import timedelta

from publisher.desk import acts, mailing, reach
from publisher.desk.restoring import restore
from publisher.store.db import Database
from tests.contract.test_followups import due, mailed, opened, server, taken, tell
from tests.newsrooms import NOW
from tests.smtpd import Server

__all__ = ["server"]


def test_whom_the_notices_of_a_kill_by_mistake_never_reached_is_told_of_the_next(
    database: Database, server: Server
) -> None:
    """They were cancelled before they left, and the story stood again."""
    room = opened(database, server)
    story_name, _ = mailed(room, "ada@list.example")
    acts.kill(room, story_name, why="by mistake", actor="test", now=NOW + timedelta(minutes=1))
    (notices,) = due(room, NOW + timedelta(minutes=2))
    mailing.cancel(room, notices, why="by mistake", actor="test", now=NOW + timedelta(minutes=2))
    restore(room, story_name, why="another one was meant", actor="test", now=NOW + timedelta(minutes=3))
    acts.kill(room, story_name, why="libel", actor="test", now=NOW + timedelta(minutes=4))
    tell(room, NOW + timedelta(minutes=5))
    tell(room, NOW + timedelta(minutes=90))
    assert len(taken(server)["ada@list.example"]) == 2, "the digest, and one notice"
    told = reach.report(room, story_name)["acts"]
    assert sum(act["mails"]["accepted"] for act in told) == 1
