"""The life of an agency's story through every channel at once: published, corrected, killed, sent again; and what never gets out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from publisher.desk import feeds, overview, previews, wire
from publisher.errors import NothingToPublish
from publisher.newsroom import Newsroom
from publisher.store import public, quarantine
from publisher.store import stories as stored
from tests.newsrooms import NOW, jsonl, line, newsroom
from tests.wirebox import SECRET, g2

TEXT = "<p>{0} delegations came to the talks in the port on Saturday, officials said.</p>"
SERVICE = "<service><name>World</name></service>"
pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
NOTES = f'<edNote role="x:public">CORRECTS to five.</edNote><edNote role="x:private">{SECRET}</edNote><signal qcode="sig:correction"/>'
HOUR = timedelta(hours=1)


@pytest.fixture
def room(database):
    return newsroom(database, source={"format": "auto"})


def version(number: int, meta: str = "", text: str = TEXT.format("Seven")) -> bytes:
    made = g2(meta + SERVICE, content=text).replace('version="2"', f'version="{number}"')
    return (
        made.replace("2031-03-01T09:10", f"2026-03-02T00:1{number}")
        .replace("2031-03-01", "2026-03-02")
        .encode()
    )


def take(room: Newsroom, raw: bytes, now: datetime) -> dict[str, int]:
    report = wire.read_document(room, room.source("meridian"), raw, actor="test", now=now)
    assert report.failed is None
    return report.counts


def outputs(room: Newsroom, now: datetime, folder: Path) -> str:
    """Every byte that is public, and the mail as it would go out now."""
    feeds.build(room, actor="test", now=now)
    with room.database.read() as connection:
        files = [public.get(connection, path) for path in sorted(public.paths(connection, below=""))]
    said = "".join(file.body.decode() for file in files if file is not None)
    try:
        written = previews.preview(room, "morning", folder, now=now).written
    except NothingToPublish:
        written = ()
    return said + "".join(path.read_text(encoding="utf-8") for path in written)


def test_a_story_is_corrected_killed_and_not_brought_back(room, tmp_path):
    assert take(room, version(1), NOW) == {"new": 1}
    assert "Seven delegations" in outputs(room, NOW, tmp_path)
    assert take(room, version(2, NOTES, TEXT.format("Five")), NOW + HOUR) == {"correction": 1}
    said = outputs(room, NOW + HOUR, tmp_path)
    assert "CORRECTS to five." in said
    assert "Five delegations" in said
    assert "Seven delegations" not in said
    assert SECRET not in said
    assert take(room, version(1), NOW + HOUR) == {"stale": 1}
    kill = version(3, '<pubStatus qcode="stat:canceled"/>', "")
    assert take(room, kill, NOW + 2 * HOUR) == {"kill": 1}
    for again in (version(1), version(2, NOTES, TEXT.format("Five")), kill):
        assert set(take(room, again, NOW + 3 * HOUR)) <= {"stale", "unchanged"}
    assert take(room, version(4, "", TEXT.format("Nine")), NOW + 3 * HOUR) == {"after-kill": 1}
    said = outputs(room, NOW + 3 * HOUR, tmp_path)
    assert "delegations" not in said
    assert SECRET not in said


def test_a_kill_that_comes_first_or_late_is_obeyed_and_shown(room, tmp_path):
    kill = version(1, '<pubStatus qcode="stat:canceled"/>', "")
    take(room, version(2), NOW)
    report = wire.read_document(room, room.source("meridian"), kill, actor="test", now=NOW + HOUR)
    assert report.counts == {"kill": 1}
    assert "older than the version" in " ".join(report.remarks)
    assert "delegations" not in outputs(room, NOW + HOUR, tmp_path)


def test_a_hold_takes_a_story_back_until_it_is_released(room, tmp_path):
    take(room, version(1), NOW)
    before = outputs(room, NOW, tmp_path)
    assert take(room, version(2, '<pubStatus qcode="stat:withheld"/>'), NOW + HOUR) == {"hold": 1}
    assert "delegations" not in outputs(room, NOW + HOUR, tmp_path)
    assert take(room, version(3), NOW + 2 * HOUR) == {"release": 1}
    assert "Seven delegations" in before
    assert "Seven delegations" in outputs(room, NOW + 2 * HOUR, tmp_path)
    with room.database.read() as connection:
        assert len(stored.listing(connection)) == 1


def test_a_kill_drops_what_waits_in_quarantine(room):
    nameless = version(1).replace(b"https://agency.example/1", b"https://agency.example/")
    assert take(room, nameless, NOW) == {"quarantined": 1}
    take(
        room,
        version(2, '<pubStatus qcode="stat:canceled"/>', "").replace(b"agency.example/1", b"agency.example/"),
        NOW + HOUR,
    )
    with room.database.read() as connection:
        (entry,) = quarantine.listing(connection, state=None)
    assert (entry.state, entry.why) == ("dropped", "killed by its source")


def test_a_version_that_says_nothing_new_still_brings_its_names(database):
    room = newsroom(database)
    for told in (line(1), line(1, id="m-1-again"), {"id": "m-1-again", "status": "canceled"}):
        wire.read_document(room, room.source("meridian"), jsonl(told), actor="test", now=NOW)
    with room.database.read() as connection:
        (story,) = stored.listing(connection)
    assert story.killed is not None


def test_an_item_that_comes_in_whole_settles_what_waited_of_it(room):
    nameless = version(1).replace(b"https://agency.example/1", b"https://agency.example/")
    assert take(room, nameless, NOW) == {"quarantined": 1}
    assert take(room, version(2), NOW + HOUR) == {"new": 1}
    with room.database.read() as connection:
        (entry,) = quarantine.listing(connection, state=None)
    assert (entry.state, entry.why) == ("dropped", "it came in whole since")


def test_an_embargo_is_stepped_over_minute_by_minute_across_a_clock_change(room, tmp_path):
    """Lisbon goes from 01:00 to 02:00 on 29 March 2026; the sender's offset decides, not ours."""
    end = datetime.fromisoformat("2026-03-29T02:00:00+01:00")
    take(room, version(1, "<embargoed>2026-03-29T02:00:00+01:00</embargoed>"), end - HOUR)
    for minutes, shown in ((-2, False), (-1, False), (0, True), (1, True)):
        now = end + timedelta(minutes=minutes)
        with room.database.read() as connection:
            (story,) = stored.listing(connection)
        assert story.usable(now) is shown
        assert ("delegations" in outputs(room, now, tmp_path)) is shown


def test_rights_count_for_each_channel_and_each_item(database, tmp_path):
    room = newsroom(
        database,
        source={
            "format": "auto",
            "rights_feeds": "lede",
            "rights_mail": "none",
            "rights_map": {"no pictures": "link"},
        },
    )
    take(room, version(1, text=TEXT.format("Seven") + "<p>Nobody outside was told why they came.</p>"), NOW)
    said = outputs(room, NOW, tmp_path)
    assert "Seven delegations" in said
    assert "Nobody outside" not in said
    assert not list(tmp_path.glob("*.eml"))
    forbidden = version(2).replace(b"(c) Example", b"(c) Example. No  pictures")
    take(room, forbidden, NOW + HOUR)
    assert "Seven delegations" not in outputs(room, NOW + HOUR, tmp_path)
    with room.database.read() as connection:
        (story,) = stored.listing(connection)
    record = overview.story_record(room, story.story_id, now=NOW)
    assert (record["rights"], record["body_unchanged"]) == ("link", True)
