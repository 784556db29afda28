"""Whether a form tells who is a reader here: `python -m tests.bench.asking`, and within `make bench`.

Two thousand requests for a digest, every second one for somebody who has it already, each from a network and at a time of its own, so
that no limit is met. Status and bytes of the answers have to be the same; told is how far the medians of their times lie apart (aim 5 %).
Each request is timed within the application, where no network hides a difference.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from publisher.store.db import open_database
from tests.contract.conftest import make_tables
from tests.mailroom import subscribe
from tests.newsrooms import newsroom
from tests.readerpages import Client

REQUESTS = 2_000
WARMING = 50


def main() -> None:
    """Measure once, and say it."""
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        database = open_database(f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        make_tables(database)
        room = newsroom(database)
        for number in range(REQUESTS // 2):
            subscribe(room, _address("known", number))
        client = Client(room)
        took: dict[str, list[float]] = {"known": [], "other": []}
        answers = set()
        for number in range(REQUESTS):
            kind = ("known", "other")[number % 2]
            client.address = f"10.{number // 250}.{number % 250}.7"
            token = re.search(r'name="form" value="([^"]+)"', client.ask("/subscribe").text)
            assert token is not None
            client.at += timedelta(minutes=7)
            asked = (("email", _address(kind, number // 2)), ("form", token[1]))
            began = time.perf_counter()
            answer = client.post("/subscribe", *asked)
            took[kind].append(time.perf_counter() - began)
            answers.add((answer.status, answer.body))
        database.close()
    assert [status for status, _ in answers] == [200], [status for status, _ in answers]
    known, other = (statistics.median(times[WARMING:]) for times in took.values())
    sys.stdout.write(
        f"asking for a digest, known {known * 1e3:.3f} ms, unknown {other * 1e3:.3f} ms: {abs(known / other - 1):.1%} apart (aim 5 %), "
        f"{len(answers)} answer in {REQUESTS:,}\n"
    )


def _address(kind: str, number: int) -> str:
    return f"{kind}{number:04}@list{number % 50}.example"


if __name__ == "__main__":
    main()
