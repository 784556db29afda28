"""One event from two agencies on its way through the house: feeds, pages, mail in eight languages, the desk's word, a kill."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from publisher import gate
from publisher.desk import acts, editions, events, feeds, mailing, wire
from publisher.edition import Also, Variant, Why
from publisher.errors import BadInput, Conflict, Refused
from publisher.render import digest
from publisher.store import public, stories
from tests.editions import LANGUAGES, LOOK, TEMPLATES, edition, item
from tests.gatebox import compiled
from tests.mailroom import WHO, keeping, mails, send, subscribe
from tests.newsrooms import NOW, jsonl, line, newsroom

TOLD = "Harbour workers in Port Alma end strike after twelve days"
AGAIN = "Port Alma harbour workers end twelve-day strike"
CASPIAN = "https://caspian.example/2026/strike"


def ingest(room, source, *lines, now=NOW):
    report = wire.read_document(room, room.source(source), jsonl(*lines), actor="test", now=now)
    assert not report.failed
    return report


def named(room, guid):
    with room.database.read() as connection:
        return next(s.story_id for s in stories.listing(connection) if s.received.source_guid == guid)


@pytest.fixture
def room(database):
    """Meridian reports a strike and something else; Caspian reports the strike in fewer words."""
    made = newsroom(database)
    body = "Harbour workers of Port Alma went back to work on Monday after twelve days, their union said."
    ingest(made, "meridian", line(1, headline=TOLD, body=f"{body}\n\n{body * 9}"), line(2))
    ingest(
        made, "caspian", line(3, id="c-3", headline=AGAIN, source_url=CASPIAN, body=f"{body[:70]} Monday.")
    )
    return made


def world(room):
    with room.database.read() as connection:
        return json.loads(public.get(connection, "feeds/world.json").body)["items"]


def test_mail_and_feeds_name_who_else_reports_and_a_kill_takes_the_name_out(room, tmp_path):
    ours, theirs = named(room, "m-1"), named(room, "c-3")
    feeds.build(room, actor="test", now=NOW)
    told = next(entry for entry in world(room) if entry["title"] == TOLD)
    assert told["_wire"]["also"] == [{"source": "Caspian Press", "source_url": CASPIAN}]
    assert f'Also reported by: <a href="{CASPIAN}">Caspian Press</a>' in told["content_html"]
    made = editions.make(room, "morning", **WHO)
    assert [entry.story_id for entry in made.left_out if entry.why is Why.DUPLICATE] == [theirs]
    with keeping(tmp_path) as server:
        room = newsroom(room.database, relay_port=server.port)
        subscribe(room, "reader@list.example")
        begun = mailing.begin(room, made, **WHO)
        done = acts.kill(room, theirs, why="wrong", **WHO)
        assert done.withdrawal.halted == (begun,)
        assert "also" not in next(entry for entry in world(room) if entry["title"] == TOLD)["_wire"]
        mailing.resume(room, begun, **WHO)
        assert send(room, begun).counts.accepted == 1
        (text,) = mails(server)["reader@list.example"]
    assert TOLD in text
    assert CASPIAN not in text
    assert named(room, "m-1") == ours


def test_next_edition_does_not_tell_the_event_again(room):
    """The other agency's report of yesterday is no news; what the same agency sends later under an id of its own is."""
    editions.make(room, "morning", **WHO)
    later, update = NOW + timedelta(hours=22), f"{CASPIAN}-2"
    entry = line(4, id="c-4", headline=TOLD, source_url=update, published="2026-03-02T23:00:00Z")
    ingest(room, "caspian", entry, now=later)
    made = editions.make(room, "morning", actor="test", now=NOW + timedelta(hours=24))
    assert [shown.source_url for shown in made.items] == [update]
    assert [out.story_id for out in made.left_out if out.why is Why.DUPLICATE] == [named(room, "c-3")]


def test_desk_sees_splits_and_joins(room):
    ours, other, theirs = (named(room, guid) for guid in ("m-1", "m-2", "c-3"))
    feeds.build(room, actor="test", now=NOW)
    assert [s.story_id for s in events.event(room, theirs, now=NOW).stories] == [ours, theirs]
    done = events.split(room, theirs, None, why="another port", **WHO)
    assert [s.story_id for s in done.event.stories] == [theirs]
    feeds.build(room, actor="test", now=NOW)
    assert {entry["title"] for entry in world(room)} == {TOLD, AGAIN, line(2)["headline"]}
    with pytest.raises(Conflict, match="not together"):
        events.split(room, theirs, None, why="again", **WHO)
    with pytest.raises(BadInput):
        events.join(room, ours, ours, why="itself", **WHO)
    done = events.join(room, other, theirs, why="the same after all", **WHO)
    assert {s.story_id for s in done.event.stories} == {other, theirs}
    done = events.join(room, ours, theirs, why="so it is", **WHO)
    said = {(frozenset((tie.one, tie.other)), tie.joined) for tie in done.event.ties}
    assert said == {(frozenset((other, theirs)), True), (frozenset((ours, theirs)), True)}
    events.split(room, theirs, ours, why="another port all the same", **WHO)
    assert len(editions.draft(room, room.digest("morning"), slot=NOW, now=NOW).items) == 2


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_would_contradict_what_was_said_by_hand_is_refused(room):
    """Nobody is told that something was done and then sees that it was not."""
    ours, other, theirs = (named(room, guid) for guid in ("m-1", "m-2", "c-3"))
    events.join(room, ours, other, why="the same", **WHO)
    with pytest.raises(Conflict):
        events.join(room, other, theirs, why="by the words of ours they are", **WHO)
    events.split(room, other, theirs, why="another port", **WHO)
    assert [s.story_id for s in events.event(room, theirs, now=NOW).stories] == [theirs]
    with pytest.raises(Refused, match="were split by hand"):
        events.join(room, ours, theirs, why="the same", **WHO)
    events.join(room, other, theirs, why="the same after all", **WHO)
    told = events.event(room, theirs, now=NOW)
    assert {s.story_id for s in told.stories} == {ours, other, theirs}
    assert len(told.ties) == 2
    with pytest.raises(Refused, match=f"joined by hand: .*{other}"):
        events.split(room, ours, theirs, why="two ports", **WHO)


def test_every_language_says_it_in_both_parts_and_the_gate_clears_them():
    also = (
        Also("01X", "وكالة الرافدين", "https://rafidain.example/1?a=1&b=2"),
        Also("01Y", "Caspian (Press)", CASPIAN),
    )
    for language in LANGUAGES:
        made = edition(item("01A", also=also), language=language)
        variant = Variant(language)
        words = TEMPLATES.words(language)
        label = f"{words.gettext('Also reported by')}{words.signs.colon}"
        rendered = digest.render(made, variant, look=LOOK, templates=TEMPLATES)
        assert rendered.html.count(label) == 1
        assert rendered.text.count(label) == 2
        assert CASPIAN in rendered.text
        raw = compiled(made, rendered, variant)
        assert not gate.check_message(raw, made, variant, output=language, now=made.frozen_at)
