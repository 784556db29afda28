"""Folders that hold a copy of what is public, on a disk that has no room left: what was killed goes all the same."""

import pytest

from publisher.desk import copies, publishing, wire
from publisher.errors import FolderFull
from tests.mailroom import WHO, ingest
from tests.newsrooms import jsonl, line, newsroom

KILLED = "Headline number 1"


@pytest.fixture
def room(database):
    return newsroom(database, site={"pages": True})


@pytest.fixture
def disk(tmp_path, monkeypatch):
    """A disk of so many bytes; None: as many as there are."""
    size = [None]
    write = copies.write_file

    def written(path, body):
        if size[0] is not None and used(tmp_path) + len(body) > size[0]:
            raise FolderFull(str(path.parent), "No space left on device")
        return write(path, body)

    monkeypatch.setattr(copies, "write_file", written)

    def limited(to=0):
        size[0] = to + used(tmp_path)

    return limited


def used(folder):
    return sum(file.stat().st_size for file in folder.glob("web/**/*") if file.is_file())


def published(room, folder):
    ingest(room, line(1), line(2))
    publishing.publish(room, feeds_to=folder / "web" / "feeds", site_to=folder / "web" / "site", **WHO)


def holding(folder):
    files = (file for file in folder.glob("web/**/*") if file.is_file() and file.suffix != ".gz")
    return [file.name for file in files if KILLED.encode() in file.read_bytes()]


def killed(room):
    return wire.read_document(room, room.source("meridian"), jsonl(line(1, status="canceled")), **WHO)


def test_a_kill_reaches_folders_on_a_full_disk_by_the_room_that_the_old_files_make(room, tmp_path, disk):
    published(room, tmp_path)
    assert len(holding(tmp_path)) > 3
    disk(to=9_000)  # feeds name what was killed
    assert killed(room).behind == []
    assert holding(tmp_path) == []
    assert (tmp_path / "web" / "site" / "index.html").exists()


def test_where_no_room_can_be_made_the_old_file_goes_and_the_source_s_report_says_so(room, tmp_path, disk):
    published(room, tmp_path)
    disk(to=-10_000_000)
    assert any("No space left on device" in where for where in killed(room).behind)
    assert holding(tmp_path) == []
