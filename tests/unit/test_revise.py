from dataclasses import replace
from datetime import timedelta

import pytest

from publisher.revise import Change, change, content_hash, eligible_at
from publisher.story import Embargo, EmbargoKind, PubStatus
from tests.stories import NOW, received, story


def of(present, item, *, known=()):
    hashes = {content_hash(present.received), *known} if present else set()
    return change(present, item, known=hashes)


PRESENT = story("A", guid="m-1")
LATER = NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (received("m-1"), Change.UNCHANGED),
        (received("m-1", version_created=LATER), Change.UNCHANGED),
        (received("m-1", body_digest="other"), Change.UPDATE),
        (received("m-1", original_headline="Other"), Change.UPDATE),
        (received("m-1", correction_note="Seven, not four."), Change.CORRECTION),
        (received("m-1", pubstatus=PubStatus.WITHHELD), Change.HOLD),
        (received("m-1", pubstatus=PubStatus.CANCELED), Change.KILL),
        (received("m-1", pubstatus=PubStatus.CANCELED, version_created=NOW - timedelta(days=9)), Change.KILL),
        (received("m-1", body_digest="late", version_created=NOW - timedelta(hours=3)), Change.STALE),
    ],
)
def test_a_version_means_what_a_desk_would_say(item, expected):
    assert of(PRESENT, item) is expected


def test_a_story_unknown_here_is_new():
    assert of(None, received()) is Change.NEW


def test_an_older_version_sent_again_is_no_news():
    first = received("m-1", body_digest="first")
    assert of(PRESENT, first, known=[content_hash(first)]) is Change.STALE


def test_their_version_numbers_decide_before_their_clocks():
    present = replace(PRESENT, received=received("m-1", source_version="3"))
    older = received("m-1", source_version="2", body_digest="x", version_created=NOW)
    newer = received("m-1", source_version="10", body_digest="x", version_created=NOW - timedelta(days=1))
    assert of(present, older) is Change.STALE
    assert of(present, newer) is Change.UPDATE


def test_a_later_version_may_say_again_what_an_earlier_one_said():
    first = received("m-1", body_digest="first", version_created=NOW)
    assert of(PRESENT, first, known=[content_hash(first)]) is Change.UPDATE
    held = replace(PRESENT, received=replace(PRESENT.received, pubstatus=PubStatus.WITHHELD))
    assert of(held, first, known=[content_hash(first)]) is Change.RELEASE


def test_where_each_version_has_an_id_of_its_own_the_clock_decides():
    present = replace(PRESENT, received=received("m-1", source_version="3", version_created=LATER))
    renamed = received("m-1-v4", source_version="1", body_digest="x", version_created=NOW)
    assert of(present, renamed) is Change.UPDATE
    assert of(present, replace(renamed, version_created=LATER - timedelta(hours=1))) is Change.STALE


def test_a_correction_is_told_by_its_note_or_else_by_its_signal():
    noted = received("m-1", correction_note="Seven.", signals=("sig:correction",))
    again = replace(noted, body_digest="x")
    assert of(replace(PRESENT, received=noted), again) is Change.UPDATE
    assert of(PRESENT, received("m-1", body_digest="x", signals=("x:correction",))) is Change.CORRECTION


@pytest.mark.parametrize(
    "killed", [replace(PRESENT, killed="by the desk"), story("A", item={"pubstatus": PubStatus.CANCELED})]
)
def test_after_a_kill_only_a_person_brings_a_story_back(killed):
    newer = received(killed.received.source_guid, body_digest="new", version_created=NOW)
    assert of(killed, newer) is Change.AFTER_KILL
    assert of(killed, replace(newer, pubstatus=PubStatus.CANCELED)) is Change.UNCHANGED


def test_a_story_returns_from_hold_as_a_release():
    held = story("A", item={"pubstatus": PubStatus.WITHHELD})
    assert of(held, received(held.received.source_guid, body_digest="new")) is Change.RELEASE


def test_a_story_is_eligible_from_the_latest_of_receipt_release_and_embargo_end():
    end = NOW + timedelta(hours=3)
    fresh = story("A", eligible_at=None)
    assert eligible_at(fresh) == fresh.received_at
    assert eligible_at(story("A", eligible_at=None, item={"embargo": Embargo(EmbargoKind.UNTIL, end)})) == end
    open_ended = story("A", eligible_at=None, item={"embargo": Embargo(EmbargoKind.OPEN)})
    assert eligible_at(open_ended) is None
    assert eligible_at(replace(open_ended, released_at=NOW)) == NOW
    for kept in ({"hold": "h"}, {"killed": "k"}, {"item": {"pubstatus": PubStatus.WITHHELD}}):
        assert eligible_at(story("A", **kept)) is None


def test_an_update_makes_a_story_neither_older_nor_newer():
    assert eligible_at(replace(PRESENT, received_at=NOW)) == PRESENT.eligible_at
