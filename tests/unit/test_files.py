"""Part files: what a dead process left is taken away, what somebody writes and what is not ours stays."""

from __future__ import annotations

import fcntl
import os

from publisher.desk.files import write_file

OURS, TWIN, OTHERS = (
    ".world.rss.a1b2c3d4",
    ".world.rss.gz.a1b2c3d4",
    (".world.rss.swp", ".world.rss.A1B2C3D4", ".htaccess"),
)


def test_a_part_that_nobody_holds_is_taken_away_at_the_next_write(tmp_path):
    for name in (OURS, TWIN, *OTHERS):
        (tmp_path / name).write_bytes(b"half")
    (tmp_path / ".world.rss.linklink").symlink_to(tmp_path / "elsewhere")
    assert write_file(tmp_path / "world.rss", b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {"world.rss", TWIN, *OTHERS, ".world.rss.linklink"}
    assert write_file(tmp_path / "world.rss.gz", b"packed")
    assert not (tmp_path / TWIN).exists()


def test_a_part_that_is_being_written_stays_until_it_is_let_go(tmp_path):
    handle = os.open(tmp_path / OURS, os.O_CREAT | os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    assert write_file(tmp_path / "world.rss", b"one")
    assert (tmp_path / OURS).exists()
    os.close(handle)
    assert not write_file(tmp_path / "world.rss", b"one")
    assert not (tmp_path / OURS).exists()
