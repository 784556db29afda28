"""A preview says which edition it shows; of a digest that is the one `send` would take, or the next when that is asked for."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from publisher.desk import acts, editions, previews
from publisher.errors import BadInput
from publisher.store.db import Database
from tests.mailroom import ingest, make
from tests.newsrooms import NOW, line, newsroom

LATER = NOW + timedelta(hours=1)


def headlines(shown: previews.Preview) -> list[str]:
    assert all(path.exists() for path in shown.written)
    return [item.headline for item in shown.edition.items]


def test_a_digest_shows_what_would_be_sent_and_what_comes_next_when_asked(
    database: Database, tmp_path: Path
) -> None:
    room = newsroom(database)
    ingest(room, line(1))
    drafted = previews.preview(room, "morning", tmp_path / "draft", now=NOW)
    assert (drafted.frozen, headlines(drafted)) == (False, ["Headline number 1"])
    made = make(room)
    ingest(room, line(2), now=LATER)

    frozen = previews.preview(room, "morning", tmp_path / "frozen", now=LATER)
    assert (frozen.frozen, frozen.edition.edition_id) == (True, made.edition_id)
    assert headlines(frozen) == ["Headline number 1"]

    ahead = previews.preview(room, "morning", tmp_path / "ahead", ahead=True, now=LATER)
    assert (ahead.frozen, headlines(ahead)) == (False, ["Headline number 2"])
    assert ahead.edition.slot > LATER
    assert editions.find(room, "morning", now=LATER) == made.edition_id

    with pytest.raises(BadInput, match="is an edition"):
        previews.preview(room, made.edition_id, tmp_path / "none", ahead=True, now=LATER)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_edition_that_lost_a_story_says_when_it_was_frozen_and_not_when_it_is_looked_at(
    database: Database, tmp_path: Path
) -> None:
    room = newsroom(database)
    ingest(room, line(1), line(2))
    made = make(room)
    acts.hold(room, made.items[0].story_id, why="checking", actor="test", now=LATER)
    shown = previews.preview(room, "morning", tmp_path, now=LATER)
    assert (list(shown.barred), shown.frozen_at) == ([made.items[0].story_id], made.frozen_at)


def test_what_is_sent_by_hand_before_the_first_slot_bears_its_own_day_and_is_one_edition(
    database: Database,
) -> None:
    """Yesterday's slot is over; who sends again gets what was made, and the slot of the day is made all the same."""
    room = newsroom(database)
    early = NOW + timedelta(hours=23)
    ask = {"at_once": False, "now": early}
    ingest(room, line(1))
    assert editions.present_or_draft(room, "morning", **ask).edition_id == "morning-2026-03-03-0130"
    made = editions.present_or_made(room, "morning", actor="test", **ask)
    assert (made.edition_id, str(made.local_date)) == ("morning-2026-03-03-0130", "2026-03-03")
    later = early + timedelta(minutes=20)
    again = editions.present_or_made(room, "morning", actor="test", at_once=False, now=later)
    assert again.edition_id == made.edition_id
    slot = NOW + timedelta(hours=24)
    assert editions.find(room, "morning", now=slot) is None
    ingest(room, line(2), now=later)
    assert editions.make(room, "morning", actor="test", now=slot).edition_id == "morning-2026-03-03"
