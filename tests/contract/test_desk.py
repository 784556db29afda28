"""The use cases, on SQLite and PostgreSQL alike."""

from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.cli.reports import plan_text
from publisher.desk import acts, editions, feeds, mailing, names, overview, publishing, readers, wire
from publisher.edition import Why
from publisher.errors import (
    AlreadyMade,
    AlreadySent,
    BadInput,
    Conflict,
    NothingToPublish,
    Refused,
    UnknownName,
)
from publisher.ledger import Counts
from publisher.selection import Act
from publisher.store import public, stories
from subscribers.errors import AddressSuppressed
from tests.newsrooms import NOW, jsonl, line, newsroom

WHO = {"actor": "test", "now": NOW}


@pytest.fixture
def room(database):
    return newsroom(database)


def ingest(room, *lines, now=NOW):
    return wire.read_document(room, room.source("meridian"), jsonl(*lines), actor="test", now=now)


def only_story(room):
    with room.database.read() as connection:
        (story,) = stories.listing(connection)
    return story


def test_a_feed_can_be_built_at_any_instant_not_only_at_whole_seconds(room):
    """Its slot is a whole second, and lies before the instant at which it is frozen."""
    moment = NOW + timedelta(microseconds=500_001)
    ingest(room, line(1), now=moment)
    assert not [report.refused for report in feeds.build(room, actor="test", now=moment) if report.refused]


def test_the_same_file_twice_is_no_news(room):
    assert ingest(room, line(1), line(2)).counts == {"new": 2}
    assert ingest(room, line(1), line(2)).counts == {"unchanged": 2}


def test_an_update_keeps_the_id_and_a_correction_says_so(room):
    ingest(room, line(1))
    first = only_story(room)
    later = NOW + timedelta(minutes=5)
    report = ingest(
        room, line(1, version="2", headline="Better", correction_note="Seven, not four."), now=later
    )
    assert report.counts == {"correction": 1}
    story = only_story(room)
    assert (story.story_id, story.version, story.headline) == (first.story_id, 2, "Better")
    assert story.corrected_at == later


def test_a_changed_agency_id_finds_its_story_by_its_link(room):
    ingest(room, line(1))
    assert ingest(room, line(1, id="renamed", headline="Better")).counts == {"update": 1}
    assert ingest(room, line(1, id="renamed", headline="Better")).counts == {"unchanged": 1}


def test_a_house_headline_survives_the_agencys_next_version(room):
    ingest(room, line(1))
    story = only_story(room)
    acts.headline(room, story.story_id, "Our own", why="style", **WHO)
    ingest(room, line(1, version="2", headline="Their next"))
    changed = only_story(room)
    assert (changed.headline, changed.received.original_headline) == ("Our own", "Their next")
    record = overview.story_record(room, story.story_id, now=NOW)
    assert [act["what"] for act in record["acts"]] == ["story.headline", "story.update"]
    assert record["body_unchanged"]


def test_a_slot_far_off_is_refused_and_uses_nothing_up(room):
    ingest(room, line(1))
    for slot in (NOW - timedelta(days=2), NOW + timedelta(days=2)):
        with pytest.raises(BadInput, match="lies more than"):
            editions.make(room, "morning", slot=slot, **WHO)
    assert len(editions.make(room, "morning", slot=NOW - timedelta(hours=6), **WHO).items) == 1


def test_a_version_whose_status_cannot_be_read_takes_a_story_back_and_is_said(room):
    ingest(room, line(1))
    report = ingest(room, line(1, version="2", status=["canceled"]))
    assert report.counts == {"hold": 1}
    assert report.remarks == ["Headline number 1: withheld, for its status is none that we know"]
    assert not only_story(room).usable(NOW)
    record = overview.story_record(room, only_story(room).story_id, now=NOW)
    assert (record["state"], record["flags"]) == ("withheld", ("status-unknown",))


@pytest.mark.parametrize("blank", ["\u2800", "\u200b", "\u0301", " \u200d "])
def test_a_house_headline_that_shows_nothing_is_refused_and_an_empty_one_takes_ours_back(room, blank):
    ingest(room, line(1))
    story_id = only_story(room).story_id
    acts.headline(room, story_id, "Our own", why="style", **WHO)
    with pytest.raises(BadInput, match="no visible character"):
        acts.headline(room, story_id, blank, why="style", **WHO)
    assert only_story(room).headline == "Our own"
    assert acts.headline(room, story_id, " ", why="style", **WHO).story.headline == "Headline number 1"


def test_what_lacks_a_source_link_waits_and_a_person_may_supply_it(room):
    report = ingest(room, line(1), line(2, source_url=""))
    assert report.counts == {"new": 1, "quarantined": 1}
    (entry,) = overview.quarantined(room, everything=False, limit=10)
    assert entry["reason"] == "no-source-link"
    with pytest.raises(Refused, match=r"source link|http"):
        acts.release_quarantined(room, entry["id"], source_name=None, source_url=None, why="?", **WHO)
    for wrong in ("https://front.example/x", "https://meridian.example//", "https://../x", "https://[x", "x"):
        with pytest.raises(Refused):
            acts.release_quarantined(room, entry["id"], source_name=None, source_url=wrong, why="?", **WHO)
    url = "https://meridian.example/2026/found"
    story_id = acts.release_quarantined(
        room, entry["id"], source_name=None, source_url=url, why="found", **WHO
    )
    assert names.story(room, story_id).received.source_url == url
    with pytest.raises(Conflict):
        acts.drop_quarantined(room, entry["id"], why="late", **WHO)
    assert ingest(room, line(2, source_url="")).counts == {"unchanged": 1}


def test_the_same_refused_item_waits_once(room):
    ingest(room, line(2, source_url=""))
    assert ingest(room, line(2, source_url="")).counts == {"still-quarantined": 1}


def test_an_edition_is_made_once_a_slot_and_carries_no_story_twice(room):
    ingest(room, line(1), line(2))
    made = editions.make(room, "morning", **WHO)
    assert (made.edition_id, made.number, len(made.items)) == ("morning-2026-03-02", 1, 2)
    with pytest.raises(AlreadyMade):
        editions.make(room, "morning", **WHO)
    tomorrow = NOW + timedelta(days=1)
    with pytest.raises(NothingToPublish, match="carried"):
        editions.make(room, "morning", actor="test", now=tomorrow)
    ingest(room, line(3), now=tomorrow)
    second = editions.make(room, "morning", actor="test", now=tomorrow)
    assert (second.number, [item.headline for item in second.items]) == (2, ["Headline number 3"])


def test_an_empty_house_makes_no_edition_and_says_what_to_do(room):
    with pytest.raises(NothingToPublish, match="ingest"):
        editions.make(room, "morning", **WHO)


def test_a_drop_holds_for_the_next_edition_only(room):
    ingest(room, line(1), line(2))
    story = next(
        s for s in overview.stories(room, section=None, source=None, limit=9, now=NOW) if "1" in s["headline"]
    )
    acts.mark(room, story["id"], Act.DROP, section="world", why="no", **WHO)
    made = editions.make(room, "morning", **WHO)
    assert [item.headline for item in made.items] == ["Headline number 2"]
    assert {entry.why for entry in made.left_out} == {Why.DROPPED}
    next_day = editions.make(room, "morning", actor="test", now=NOW + timedelta(hours=24))
    assert [item.headline for item in next_day.items] == ["Headline number 1"]


def public_body(room, path):
    with room.database.read() as connection:
        file = public.get(connection, path)
    assert file is not None
    return file.body.decode()


def test_feeds_are_made_anew_only_when_something_changed(room):
    ingest(room, line(1))
    first = feeds.build(room, **WHO)
    assert {name for report in first for name in report.changed} >= {"world.rss", "all.json", "economy.atom"}
    later = NOW + timedelta(hours=1)
    again = feeds.build(room, actor="test", now=later)
    assert not [name for report in again for name in report.changed]
    assert [report.edition_id for report in again] == [report.edition_id for report in first]
    ingest(room, line(2), now=later)
    third = feeds.build(room, actor="test", now=later)
    assert sorted(r.series for r in third if r.changed) == ["all", "lang/en", "source/meridian", "world"]


def test_a_kill_leaves_a_notice_in_the_feeds_at_once(room, tmp_path):
    ingest(room, line(1), line(2))
    publishing.publish(room, feeds_to=tmp_path / "feeds", site_to=tmp_path / "site", **WHO)
    story = next(
        s for s in overview.stories(room, section=None, source=None, limit=9, now=NOW) if "1" in s["headline"]
    )
    said = {"": "Our only source was wrong."}
    with pytest.raises(Refused, match="repeats"):
        acts.kill(room, story["id"], why="w", public={"en": "Headline number 1 is wrong"}, **WHO)
    with pytest.raises(BadInput, match="nobody is told a reason in 'xx' here; there are en"):
        acts.kill(room, story["id"], why="w", public={"xx": "Hello"}, **WHO)
    with pytest.raises(BadInput, match="two public reasons are given in en"):
        acts.kill(room, story["id"], why="w", public={"": "One.", "en": "Another."}, **WHO)
    done = acts.kill(
        room, story["id"], why="libel", public=said, actor="test", now=NOW + timedelta(minutes=1)
    )
    assert set(done.withdrawal.feeds) == {"world", "all", "lang/en", "source/meridian"}
    assert not done.published.refused
    for name in ("world.rss", "all.atom", "all.json", "source/meridian.rss"):
        body = (tmp_path / "feeds" / name).read_text()
        assert body == public_body(room, f"feeds/{name}")
        assert "Headline number 1" not in body
        assert f"story/{story['id']}" in body
        assert "Withdrawn: a story from Meridian" in body
        assert "What our desk says of it: Our only source was wrong." in body
        assert "Headline number 2" in body
    page = (tmp_path / "site" / "s" / "world" / "index.html").read_text()
    assert "Headline number 1" not in page
    assert "Withdrawn: a story from Meridian" in page
    assert "Our only source was wrong." in page
    assert "libel" not in page


def subscribe(room, *addresses, **fields):
    for address in addresses:
        given = {"digest": "morning", "language": None, "sections": (), "basis": "asked", **fields}
        readers.add(room, address, **given, **WHO)


def test_a_dispatch_is_frozen_once_for_those_who_asked(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    with pytest.raises(UnknownName, match=f"known: {made.edition_id}"):
        overview.edition_record(room, "morning")
    subscribe(room, "a@example.org", "b@example.org")
    subscribe(room, "c@example.org", sections=("economy",))
    plan = mailing.plan(room, made, now=NOW)
    assert (plan.total, plan.without, plan.not_meant) == (2, 1, ())
    dispatch_id = mailing.begin(room, made, **WHO)
    assert mailing.report(room, dispatch_id).counts == Counts(waiting=2)
    with pytest.raises(AlreadySent):
        mailing.begin(room, made, **WHO)
    with pytest.raises(AlreadySent):
        mailing.plan(room, made, now=NOW)


def test_a_plan_says_of_whoever_asked_why_they_do_not_get_it(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    subscribe(room, "a@example.org", "refused@example.org", "gone@example.org")
    subscribe(room, "weekly@example.org", rhythm="weekly 7 02:00")
    readers.suppress(room, "refused@example.org", why="asked by letter", **WHO)
    readers.leave(room, "gone@example.org", digest=None, **WHO)
    plan = mailing.plan(room, made, now=NOW)
    assert (plan.total, dict(plan.not_meant)) == (1, {"suppressed": 1, "rhythm": 1})
    assert (
        "2 others asked for the digest and not for this: 1 must not be written to, 1 at another"
        in plan_text(plan)
    )
    acts.hold(room, only_story(room).story_id, why="checking", **WHO)
    shelves = overview.edition_record(room, made.edition_id)["shelves"]
    assert {item["withdrawn"] for shelf in shelves for item in shelf["items"]} == {"held"}


def test_nobody_to_send_to_is_refused_and_said(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    with pytest.raises(NothingToPublish, match="nobody"):
        mailing.begin(room, made, **WHO)


def test_a_kill_reaches_the_pages_where_stories_have_pages_of_their_own(room):
    site = room.settings.site.model_copy(update={"pages": True})
    room = replace(room, settings=replace(room.settings, site=site))
    ingest(room, line(1), line(2))
    publishing.publish(room, feeds_to=None, site_to=None, **WHO)
    with room.database.read() as connection:
        story = next(story for story in stories.listing(connection) if story.headline == "Headline number 1")
    done = acts.kill(room, story.story_id, why="wrong", actor="test", now=NOW + timedelta(minutes=1))
    assert done.published.pages.refused == []
    with room.database.read() as connection:
        for path in ("site/index.html", "site/s/world/index.html"):
            body = public.get(connection, path).body
            assert b"Headline number 1" not in body
            assert b"Withdrawn: a story from Meridian" in body
        assert public.get(connection, f"site/story/{story.story_id}/index.html").status == public.GONE


def test_a_kill_after_a_hold_shows_its_notice_at_once(room):
    ingest(room, line(1), line(2))
    feeds.build(room, **WHO)
    story = next(
        s for s in overview.stories(room, section=None, source=None, limit=9, now=NOW) if "1" in s["headline"]
    )
    acts.hold(room, story["id"], why="checking", actor="test", now=NOW + timedelta(minutes=1))
    assert story["id"] not in public_body(room, "feeds/world.rss")
    acts.kill(room, story["id"], why="wrong", actor="test", now=NOW + timedelta(minutes=2))
    assert "Withdrawn: a story from Meridian" in public_body(room, "feeds/world.rss")


def test_a_kill_reaches_the_pages_of_a_story_that_an_edition_carries(room):
    ingest(room, line(1), line(2))
    editions.make(room, "morning", **WHO)
    publishing.publish(room, feeds_to=None, site_to=None, **WHO)
    with room.database.read() as connection:
        story = next(story for story in stories.listing(connection) if story.headline == "Headline number 1")
    done = acts.kill(room, story.story_id, why="wrong", actor="test", now=NOW + timedelta(minutes=1))
    assert not done.published.refused
    with room.database.read() as connection:
        for head in public.heads(connection, below="site/"):
            assert b"Headline number 1" not in public.get(connection, head.path).body


def test_a_kill_halts_the_dispatch_and_resuming_goes_on_without_the_story(room):
    ingest(room, line(1), line(2))
    made = editions.make(room, "morning", **WHO)
    subscribe(room, "a@example.org")
    dispatch_id = mailing.begin(room, made, **WHO)
    victim = made.items[0].story_id
    done = acts.kill(room, victim, why="wrong", **WHO)
    assert done.withdrawal.halted == (dispatch_id,)
    report = mailing.report(room, dispatch_id)
    assert (report.state, report.counts.waiting) == ("halted", 1)
    assert "wrong" in (report.halt or "")
    mailing.resume(room, dispatch_id, **WHO)
    assert mailing.report(room, dispatch_id).state == "sending"
    revised = editions.edition(room, made.edition_id)
    assert (revised.revision, [item.story_id for item in revised.items]) == (2, [made.items[1].story_id])


def test_killing_the_only_story_cancels_the_rest(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    subscribe(room, "a@example.org")
    dispatch_id = mailing.begin(room, made, **WHO)
    acts.kill(room, made.items[0].story_id, why="wrong", **WHO)
    mailing.resume(room, dispatch_id, **WHO)
    report = mailing.report(room, dispatch_id)
    assert (report.state, report.counts) == ("cancelled", Counts(cancelled=1))


def test_pausing_and_cancelling_are_acts_with_reasons(room):
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    subscribe(room, "a@example.org", "b@example.org")
    dispatch_id = mailing.begin(room, made, **WHO)
    mailing.pause(room, dispatch_id, why="wait", **WHO)
    with pytest.raises(Conflict):
        mailing.pause(room, dispatch_id, why="again", **WHO)
    assert mailing.cancel(room, dispatch_id, why="enough", **WHO) == 2
    with pytest.raises(Conflict):
        mailing.resume(room, dispatch_id, **WHO)
    assert mailing.report(room, dispatch_id).counts == Counts(cancelled=2)


def test_an_edition_that_wants_approval_is_not_sent_without(database):
    room = newsroom(database, approval="required")
    ingest(room, line(1))
    made = editions.make(room, "morning", **WHO)
    subscribe(room, "a@example.org")
    with pytest.raises(Refused, match="approve"):
        mailing.begin(room, made, **WHO)
    editions.approve(room, made.edition_id, **WHO)
    assert mailing.begin(room, made, **WHO)


def test_a_suppressed_address_is_not_brought_back_by_asking(room):
    subscribe(room, "a@example.org")
    readers.suppress(room, "A@EXAMPLE.org", why="asked us never to write", **WHO)
    with pytest.raises(AddressSuppressed):
        subscribe(room, "a@example.org")
    assert readers.undo(room, address="a@example.org", dispatch_id=None, why="a mistake", **WHO) == 1
    assert readers.record(room, "a@example.org")["status"] == "confirmed"


def test_an_erased_person_is_forgotten_and_never_mailed_again(room):
    subscribe(room, "a@example.org")
    readers.erase(room, "a@example.org", **WHO)
    assert [row["address"] for row in readers.listing(room, digest=None, after=None, limit=9)] == [None]
    with pytest.raises(AddressSuppressed):
        subscribe(room, "a@example.org")


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (lambda room: names.story(room, "nothing"), "story"),
        (lambda room: editions.edition(room, "x"), "edition"),
    ],
)
def test_unknown_names_are_said(room, act, name):
    with pytest.raises(UnknownName, match=name):
        act(room)
