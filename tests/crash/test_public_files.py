"""SIGKILL while files are written: every published file, and its gzipped twin, is whole; the next life brings all up to date."""

import gzip
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from publisher.desk import copies
from publisher.store import public
from publisher.store.db import open_database
from tests.contract.conftest import make_tables
from tests.crash.filer import NAMES, bytes_of, whole
from tests.newsrooms import NOW, newsroom
from tests.webbox import until

ROOT = Path(__file__).resolve().parents[2]
LIVES = 25
YEAR = timedelta(days=366)


def published(out: Path) -> dict[str, bytes]:
    """What a web server would give away: by name, the bytes; of a twin, those that are in it."""
    found = {}
    for path in out.rglob("[!.]*"):
        if path.is_file():
            body = path.read_bytes()
            found[str(path.relative_to(out))] = gzip.decompress(body) if path.suffix == ".gz" else body
    return found


def times(out: Path) -> dict[str, int]:
    """When each file was written, those included that are being written now."""
    found = {}
    for path in out.rglob("*"):
        with suppress(FileNotFoundError):
            found[str(path)] = path.stat().st_mtime_ns
    return found


def test_every_published_file_is_whole_after_a_death_at_any_moment(tmp_path):
    database = open_database(f"sqlite:///{tmp_path / 'publisher.sqlite3'}")
    make_tables(database)
    moments = random.Random(20260302)  # noqa: S311 - moments, no secrets
    with subprocess.Popen(
        [sys.executable, "-m", "tests.crash.filer"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as nursery:
        seen = set()
        for _ in range(LIVES):
            before = times(tmp_path / "out")
            nursery.stdin.write(f"{tmp_path}\n")
            nursery.stdin.flush()
            child = int(nursery.stdout.readline())
            until(lambda before=before: times(tmp_path / "out") != before)  # it has come to writing files
            time.sleep(moments.uniform(0, 0.1))  # and dies at any moment
            os.kill(child, signal.SIGKILL)
            files = published(tmp_path / "out")
            assert all(map(whole, files.values()))
            seen.update(files.values())
        nursery.stdin.close()
    assert len(seen) > len(NAMES)
    (left := tmp_path / "out" / ".world.rss.0123abcd").write_bytes(b"half a file")
    with database.write() as connection:
        public.put(
            connection, {"feeds/world.rss": public.Finished(bytes_of("w", 1), "text/plain")}, now=NOW + YEAR
        )
    copies.copy(newsroom(database))
    assert not left.exists()
    assert not [path for path in (tmp_path / "out").rglob(".*") if path.name.startswith(".world.rss.")]
    with database.read() as connection:
        wanted = {name: public.get(connection, name).body for name in NAMES}
    database.close()
    assert published(tmp_path / "out") == {
        name.removeprefix("feeds/") + end: body for name, body in wanted.items() for end in ("", ".gz")
    }
