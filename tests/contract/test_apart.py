"""Editions apart: a week's for those who want one mail a week, and urgent stories at once for those who want nothing else."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

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


def test_a_flash_is_not_lost_with_the_minute_of_one_that_was_given_up(room):
    """Another report of what is told gives its minute up; what comes later in that minute has the next one, once."""
    clock = Clock(room)
    clock.at(NOW)
    told = {"urgency": 1, "headline": "Strong quake strikes off coast of Kian", "body": ""}
    ingest(room, line(1, **told), at=NOW + timedelta(minutes=10))
    assert clock.at(NOW + timedelta(minutes=10, seconds=5))[0][2] == "done"
    again = line(2, **told, source_url="https://caspian.example/2")
    at = NOW + timedelta(minutes=20, seconds=5)
    wire.read_document(room, room.source("caspian"), jsonl(again), actor="test", now=at)
    name = "morning-alerts-2026-03-02-0250"
    assert clock.at(at + timedelta(seconds=5)) == [("make", name, "skipped")]
    ingest(room, line(3, urgency=1, headline="President shot"), at=at + timedelta(seconds=35))
    assert clock.at(at + timedelta(seconds=40)) == []
    assert clock.at(at + timedelta(minutes=1))[0] == ("make", "morning-alerts-2026-03-02-0251", "done")
    assert clock.at(at + timedelta(minutes=5)) == []


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_an_update_makes_urgent_is_an_alert_however_old_it_is(room):
    clock = Clock(room)
    clock.at(NOW)
    ingest(room, line(1, urgency=5, headline="Bus leaves road"), at=NOW)
    late = NOW + timedelta(hours=5)
    assert clock.at(late) == []
    ingest(room, line(1, urgency=1, version="2", headline="Bus leaves road, forty dead"), at=late)
    name = "morning-alerts-2026-03-02-0730"
    assert clock.at(late + timedelta(seconds=5))[0] == ("make", name, "done")
    assert [item.headline for item in editions.edition(room, name).items] == ["Bus leaves road, forty dead"]
    ingest(room, line(1, urgency=1, version="3", headline="Bus leaves road, fifty dead"), at=late)
    assert clock.at(late + timedelta(minutes=1)) == []
    assert clock.at(late + timedelta(hours=3)) == []


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
    ask = partial(
        choices,
        room,
        digest,
        room.templates.words("en"),
        sections=(),
        language="en",
        rhythm=parse("weekly 1 02:00"),
        now=NOW,
    )
    found = ask(timezone=None)
    for zone, said in (
        (None, "Friday, 18:00"),
        ("Asia/Tokyo", "Saturday, 03:00"),
        ("Pacific/Honolulu", "Friday, 08:00"),
    ):
        assert f"Once a week: {said} " in ask(timezone=zone).rhythms[1].label
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


def looked_at(room, path, *, digest):
    told = {"basis": None, "actor": "test", "now": NOW, "progress": lambda _: None}
    with exchange.import_csv(room, path, digest=digest, dry_run=True, **told) as done:
        return done.added


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
        lambda: looked_at(room, path, digest=name),
    ):
        with pytest.raises(BadInput, match=f"subscribers of morning whose rhythm is {how}"):
            act()
    with pytest.raises(UnknownName, match=r"known: morning$"):
        readers.add(room, "b@example.org", digest="mornin", **told)
