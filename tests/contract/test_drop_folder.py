"""Files that an agency pushes: picked up whole, read once, moved on; also when a process dies at the worst moment."""

from __future__ import annotations

import fcntl
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from publisher.desk import dropfolder, wire
from publisher.newsroom import Newsroom
from publisher.store import stories
from tests.newsrooms import NOW, jsonl, line, newsroom

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "in"


@pytest.fixture
def room(database, folder):
    folder.mkdir()
    return newsroom(database, source={"format": "auto", "folder": str(folder)})


def push(folder: Path, name: str, body: bytes, *, age: float = 60) -> Path:
    path = folder / name
    path.write_bytes(body)
    at = NOW.timestamp() - age
    os.utime(path, (at, at))
    return path


def poll(room: Newsroom, seconds: int = 0):
    (report,) = wire.poll(room, [room.source("meridian")], actor="test", now=NOW + timedelta(seconds=seconds))
    return report


def there(folder: Path) -> set[str]:
    return {
        str(path.relative_to(folder))
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".publisher.lock"
    }


def count(room: Newsroom) -> int:
    with room.database.read() as connection:
        return len(stories.listing(connection))


def test_whole_files_are_read_once_in_their_order_and_moved(room, folder):
    push(folder, "b-v1.jsonl", jsonl(line(1, version="1")), age=90)
    push(folder, "a-v2.jsonl", jsonl(line(1, version="2", headline="Later")), age=60)
    push(folder, "growing.jsonl", jsonl(line(2)), age=3)
    push(folder, "upload.jsonl.part", jsonl(line(3)))
    (folder / "link.jsonl").symlink_to("/etc/hostname")
    report = poll(room)
    assert report.counts == {"new": 1, "update": 1}
    assert there(folder) - {"link.jsonl"} == {
        "done/b-v1.jsonl",
        "done/a-v2.jsonl",
        "growing.jsonl",
        "upload.jsonl.part",
    }
    assert poll(room, 30).counts == {"new": 1}
    push(folder, "a-v2.jsonl", jsonl(line(1, version="3", headline="Last")))
    assert poll(room, 60).counts == {"update": 1}
    assert {"done/a-v2.jsonl", "done/a-v2.jsonl.1"} <= there(folder)


def test_what_cannot_be_read_waits_a_while_and_fails_alone(room, folder):
    push(folder, "half.xml", b"<newsMessage><itemSet><newsItem guid='x'>", age=120)
    push(folder, "good.jsonl", jsonl(line(1)))
    report = poll(room)
    assert report.counts == {"new": 1}
    assert report.failed is None
    assert "half.xml" in " ".join(report.unread)
    assert "half.xml" in there(folder)
    poll(room, 900)
    assert {"failed/half.xml", "failed/half.xml.why.txt"} <= there(folder)


def test_a_file_that_may_not_be_opened_and_one_with_the_longest_name_keep_nothing_back(
    room, folder, monkeypatch
):
    opened = Path.open

    def open_(path: Path, *how: str, **more: Any) -> Any:
        if path.name == "a-secret.jsonl" and how == ("rb",):
            raise PermissionError(13, "Permission denied")
        return opened(path, *how, **more)

    monkeypatch.setattr(Path, "open", open_)
    longest = f"{'b' * 249}.jsonl"
    push(folder, "a-secret.jsonl", jsonl(line(1)), age=900)
    push(folder, longest, b"<newsMessage>", age=800)
    push(folder, "c.jsonl", jsonl(line(2)))
    report = poll(room)
    assert report.counts == {"new": 1}
    assert "a-secret.jsonl: it cannot be opened: Permission denied" in report.unread
    push(folder, longest, b"<newsMessage>", age=800)
    poll(room, 5)
    assert "Permission denied" in (folder / "failed" / "a-secret.jsonl.why.txt").read_text()
    assert len([name for name in there(folder) if name.startswith("failed/bbb")]) == 4
    assert not [name for name in there(folder) if name.startswith(".taken/")]


def test_a_file_from_the_future_is_read_and_one_of_a_clock_a_little_ahead_waits(room, folder):
    push(folder, "a.jsonl", jsonl(line(1)))
    push(folder, "kill.jsonl", jsonl({"id": "m-1", "status": "canceled"}), age=-3 * 3600)
    push(folder, "writing.jsonl", jsonl(line(2)), age=-60)
    push(folder, "broken.jsonl", b"<newsMessage>", age=-3 * 3600)
    assert poll(room).counts == {"new": 1, "kill": 1}
    assert {"writing.jsonl", "failed/broken.jsonl"} <= there(folder)
    assert poll(room, 90).counts == {"new": 1}


def test_a_file_with_more_than_is_read_of_one_is_not_done_with(database, folder):
    folder.mkdir()
    room = newsroom(database, source={"folder": str(folder)}, tables={"fetch": {"max_items": 1}})
    push(folder, "many.jsonl", jsonl(line(1), line(2)), age=900)
    report = poll(room)
    assert report.counts == {"new": 1}
    assert "raise fetch.max_items" in " ".join(report.unread)
    assert {"failed/many.jsonl", "failed/many.jsonl.why.txt"} <= there(folder)


def test_two_processes_never_look_at_once(room, folder):
    push(folder, "a.jsonl", jsonl(line(1)))
    with (folder / dropfolder.LOCK).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another process" in " ".join(poll(room).remarks)
        assert count(room) == 0
    assert poll(room).counts == {"new": 1}


@pytest.mark.parametrize("point", ["drop.taken", "drop.stored"])
def test_a_process_that_dies_leaves_nothing_behind_and_nothing_twice(room, folder, monkeypatch, point):
    class Killed(BaseException):
        pass

    def die(name: str) -> None:
        if name == point:
            raise Killed

    push(folder, "a.jsonl", jsonl(line(1)))
    monkeypatch.setattr(dropfolder, "crashpoint", die)
    with pytest.raises(Killed):
        poll(room)
    assert there(folder) == {".taken/a.jsonl"}
    monkeypatch.setattr(dropfolder, "crashpoint", lambda name: None)
    poll(room, 5)
    assert there(folder) == {"done/a.jsonl"}
    assert count(room) == 1


def test_a_file_that_its_sender_takes_back_amid_a_look_is_passed_over(room, folder, monkeypatch):
    for number, name in enumerate(("a", "b", "c", "d"), 1):
        push(folder, f"{name}.jsonl", jsonl(line(number)), age=100 - number)
    lstat = Path.lstat

    def take_back(path: Path) -> os.stat_result:
        seen = lstat(path)
        if path == folder / "b.jsonl":
            path.unlink()
        return seen

    monkeypatch.setattr(Path, "lstat", take_back)
    monkeypatch.setattr(dropfolder, "crashpoint", lambda _: (folder / "c.jsonl").unlink(missing_ok=True))
    report = poll(room)
    assert (report.counts, report.failed, report.unread) == ({"new": 2}, None, [])
    assert there(folder) == {"done/a.jsonl", "done/d.jsonl"}


def test_a_file_that_still_grows_goes_back_to_its_sender(room, folder, monkeypatch):
    path = push(folder, "a.jsonl", jsonl(line(1)))
    sender = path.open("ab")

    def write_on(name: str) -> None:
        sender.write(b"more")
        sender.flush()

    monkeypatch.setattr(dropfolder, "crashpoint", write_on)
    assert poll(room).counts == {}
    sender.close()
    assert there(folder) == {"a.jsonl"}


def test_what_lies_in_a_folder_at_first_is_no_news_of_today(room, folder):
    """As at the first poll of a feed; the folder may have been empty for days before. What is pushed later is news, whatever date it bears."""
    poll(room)
    push(folder, "1.jsonl", jsonl(line(1, published="2018-01-31T20:13:00Z"), line(2)))
    report = poll(room, 60)
    assert any(
        "1 of its stories is older than the windows of all sections" in said for said in report.remarks
    )
    push(folder, "2.jsonl", jsonl(line(3, published="2018-01-31T20:13:00Z")))
    assert not any("older than" in said for said in poll(room, 120).remarks)
    with room.database.read() as connection:
        found = {story.headline[-1]: story.eligible_at for story in stories.listing(connection)}
    assert found["1"].year == 2018
    assert found["2"] < NOW < found["3"]


def test_a_file_that_is_handed_in_is_news_unless_it_is_called_a_backlog(room):
    old = jsonl(line(1, published="2018-01-31T20:13:00Z"), line(2))
    source, how = room.source("meridian"), {"actor": "test", "now": NOW, "format": "jsonl"}
    report = wire.read_document(room, source, old, **how)
    assert [
        said for said in report.remarks if "1 of its stories is older by date" in said and "--backlog" in said
    ]
    again = wire.read_document(room, source, old, **how)
    assert not again.remarks, "they are known"
    late = jsonl(line(3, published="2018-01-31T20:13:00Z"))
    wire.read_document(room, source, late, backlog=True, **how)
    with room.database.read() as connection:
        found = {story.headline[-1]: story.eligible_at for story in stories.listing(connection)}
    assert (found["1"], found["3"].year) == (NOW, 2018)
