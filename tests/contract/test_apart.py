"""Editions apart: a week's for those who want one mail a week, and urgent stories at once for those who want nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from publisher.daemon.rounds import CLOCK, Rounds
from publisher.daemon.steps import Steps
from publisher.desk import editions, exchange, mailing, readers, wire
from publisher.desk.consent.joining import Join, choices, chosen
from publisher.errors import BadInput, UnknownName
from publisher.schedule import Send
from publisher.store.schema import delivery
from subscribers.rhythm import parse
from tests.newsrooms import NOW, jsonl, line, newsroom

APART = {
    "weekly": {"day": "fri", "at": "18:00", "title": {"en": "The Week"}},
    "alerts": {"urgency": 2, "a_day": 2, "title": {"en": "Breaking"}},
}
FRIDAY = NOW.replace(day=6, hour=18, minute=0)


@pytest.fixture
def room(database):
    opened = newsroom(database, **APART)
    for name, rhythm in (("each", "each"), ("week", "weekly 5 18:00"), ("alert", "alerts")):
        told = {"digest": "morning", "language": None, "sections": (), "basis": "asked", "rhythm": rhythm}
        readers.add(opened, f"{name}@example.org", **told, actor="test", now=NOW)
    return opened


def ingest(room, *lines, at=NOW):
    wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=at)


class Clock:
    """What a clock does at an instant, but for sending: the freeze stands for it."""

    def __init__(self, room):
        self.room, self.now, self.did = room, NOW, []
        steps = Steps(newsroom=room, clock=lambda: self.now)
        self.rounds = Rounds(steps=steps, kinds=(*CLOCK, Send), tell=self.did.append)

    def at(self, now):
        self.now = now
        self.did.clear()
        self.rounds.until_nothing_is_due()
        return [
            (done.step, done.subject, done.result)
            for done in self.did
            if done.step in {"make", "send", "skip"}
        ]


def mailed(room, edition_id):
    with room.database.read() as connection:
        rows = connection.execute(select(delivery.c.rcpt).where(delivery.c.edition_id == edition_id))
        return sorted(address.partition("@")[0] for address in rows.scalars())


def test_a_week_is_an_edition_of_its_own_for_those_who_want_it(room):
    ingest(room, line(1))
    daily = editions.make(room, "morning", actor="test", now=NOW)
    mailing.begin(room, daily, actor="test", now=NOW)
    ingest(room, line(2), at=NOW + timedelta(days=2))
    week = editions.make(room, "morning-weekly", slot=FRIDAY, actor="test", now=FRIDAY)
    assert [item.headline for item in week.items] == ["Headline number 2", "Headline number 1"]
    assert week.title("en") == "The Week"
    mailing.begin(room, week, actor="test", now=FRIDAY)
    assert mailed(room, daily.edition_id) == ["each"]
    assert mailed(room, week.edition_id) == ["week"]


def test_urgent_stories_are_sent_at_once_once_and_so_many_a_day(room):
    clock = Clock(room)
    clock.at(NOW)
    ingest(room, line(1, urgency=2), line(2, urgency=3), at=NOW + timedelta(seconds=70))
    name = "morning-alerts-2026-03-02-0231"
    assert clock.at(NOW + timedelta(seconds=75)) == [("make", name, "done"), ("send", name, "done")]
    assert [item.headline for item in editions.edition(room, name).items] == ["Headline number 1"]
    assert mailed(room, name) == ["alert"]
    assert clock.at(NOW + timedelta(minutes=5)) == []
    for number, minute in ((3, 10), (4, 20)):
        ingest(room, line(number, urgency=1), at=NOW + timedelta(minutes=minute))
    second = [("make", "morning-alerts-2026-03-02-0250", "done")]
    assert clock.at(NOW + timedelta(minutes=21))[:1] == second
    ingest(room, line(5, urgency=1), at=NOW + timedelta(minutes=30))
    assert clock.at(NOW + timedelta(minutes=31)) == []


def test_nothing_apart_is_made_while_nobody_wants_it(room):
    for name in ("week", "alert"):
        readers.leave(room, f"{name}@example.org", digest=None, actor="test", now=NOW)
    clock = Clock(room)
    clock.at(NOW)
    ingest(room, line(1, urgency=1), at=NOW + timedelta(minutes=1))
    assert clock.at(NOW + timedelta(minutes=2)) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_forms_and_commands_offer_what_there_is(room):
    digest = room.digest("morning")
    found = choices(
        room,
        digest,
        room.templates.words("en"),
        sections=(),
        language="en",
        rhythm=parse("weekly 1 02:00"),
        timezone=None,
        now=NOW,
    )
    assert [(option.value, option.chosen) for option in found.rhythms] == [
        ("each", False),
        ("weekly 5 18:00", True),
        ("alerts", False),
    ]
    assert str(chosen(digest, Join(email="x", rhythm="alerts"))[2]) == "alerts"
    plain = newsroom(room.database)
    told = {
        "digest": "morning",
        "language": None,
        "sections": (),
        "basis": "asked",
        "actor": "test",
        "now": NOW,
    }
    with pytest.raises(BadInput, match="no edition for alerts"):
        readers.add(plain, "x@example.org", rhythm="alerts", **told)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "how"), [("morning-weekly", '"weekly 5 18:00"'), ("morning-alerts", '"alerts"')]
)
def test_nobody_is_subscribed_to_a_branch_which_would_send_them_nothing(room, tmp_path, name, how):
    told = {"language": None, "sections": (), "basis": "asked", "actor": "test", "now": NOW}
    path = tmp_path / "list.csv"
    path.write_text("email\nb@example.org\n")
    for act in (
        lambda: readers.add(room, "b@example.org", digest=name, **told),
        lambda: exchange.look(room, path, digest=name, preset=None),
    ):
        with pytest.raises(BadInput, match=f"subscribers of morning whose rhythm is {how}"):
            act()
    with pytest.raises(UnknownName, match=r"known: morning$"):
        readers.add(room, "b@example.org", digest="mornin", **told)
