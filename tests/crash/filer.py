"""Lives of a process that publishes without pause: each line on standard input forks one, whose id is printed."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from hashlib import sha256
from itertools import count
from pathlib import Path

from publisher.desk import copies
from publisher.store import public
from publisher.store.db import open_database
from publisher.store.public import Finished
from tests.newsrooms import NOW, newsroom

NAMES = [f"feeds/{name}.rss" for name in ("all", "world", "economy", "source/meridian")]


def whole(body: bytes) -> bool:
    """Whether these bytes are what their first line says."""
    told, _, rest = body.partition(b"\n")
    return told == sha256(rest).hexdigest().encode()


def bytes_of(name: str, turn: int) -> bytes:
    """Bytes that tell whether they are whole; of a size that takes several writes."""
    rest = f"{name} {turn} ".encode() * (1_000 + turn * 7_919 % 6_000)
    return sha256(rest).hexdigest().encode() + b"\n" + rest


def publish(folder: Path, first: int) -> None:
    """New bytes for every name, and their copies, for ever."""
    room = newsroom(open_database(f"sqlite:///{folder / 'publisher.sqlite3'}"))
    for turn in count(first):
        files = {name: Finished(bytes_of(name, turn), "text/plain") for name in NAMES}
        with room.database.write() as connection:
            public.put(connection, files, now=NOW + timedelta(seconds=turn))
            public.remember_folder(connection, str(folder / "out"), below="feeds/")
        copies.copy(room)


if __name__ == "__main__":
    for number, row in enumerate(sys.stdin):
        if (child := os.fork()) == 0:
            publish(Path(row.strip()), number * 1_000)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
