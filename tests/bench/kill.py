"""From a kill to the last channel, with a hundred thousand readers in the ledger: `python -m tests.bench.kill [URL]`, and within `make bench`.

The readers are in the ledger as if the digest had reached all of them. Measured is `acts.kill`, which ends when feeds and pages stand
without the story and the mail that tells each reader is queued, and the report of it. The aim is 5 seconds. Without the URL of an empty
PostgreSQL database it is SQLite. Asserts that everybody is told once, and nothing else.
"""

from __future__ import annotations

import hmac
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import text

from publisher.desk import acts, mailing, publishing, reach
from publisher.newsroom import Newsroom
from publisher.store import deliveries
from publisher.store.db import open_database
from publisher.store.deliveries import NewDelivery
from subscribers.schema import subscriber, subscription
from tests.contract.conftest import make_tables
from tests.mailroom import WHO, ingest, make, story_id, subscribe
from tests.newsrooms import NOW, line, newsroom

READERS, SLICE = 100_000, 10_000


def main(url: str = "", readers: int = READERS) -> None:
    """Measure once, and say it."""
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        database = open_database(url or f"sqlite:///{Path(folder) / 'bench.sqlite3'}")
        make_tables(database)
        room = newsroom(database)
        killed = _mailed(room, readers)
        began, processor = time.perf_counter(), time.process_time()
        acts.kill(room, killed, why="measured", **WHO)
        took, spent = time.perf_counter() - began, time.process_time() - processor
        began = time.perf_counter()
        told = reach.report(room, killed)["acts"][0]
        asked = time.perf_counter() - began
        database.close()
    assert (told["mailboxes"], told["mails"]["waiting"]) == (readers, readers), told
    sys.stdout.write(
        f"kill, {readers:,} readers told, {'PostgreSQL' if url else 'SQLite'}: {took:.2f} s to the last channel "
        f"({spent:.2f} s of the processor; aim 5 s), its report {asked:.2f} s\n"
    )


def _mailed(room: Newsroom, readers: int) -> str:
    """A story in feeds, pages, and a digest that so many readers have; its id."""
    ingest(room, line(1), line(2))
    subscribe(room, "first@list.example")
    made = make(room)
    dispatch_id = mailing.begin(room, made, **WHO)
    publishing.publish(room, feeds_to=None, site_to=None, **WHO)
    with room.database.write() as connection:
        connection.execute(text("UPDATE dispatch SET frozen_at = NULL, state = 'freezing'"))
        numbers = iter(range(2, readers + 1))
        while people := list(_people(room, islice(numbers, SLICE))):
            common = {"status": "confirmed", "created_at": NOW, "changed_at": NOW, "mailable": True}
            values = [{"id": id_, "addr_key": key, "address": mail, **common} for id_, key, mail in people]
            connection.execute(subscriber.insert(), values)
            asked = {"digest": "morning", "language": "en", "sections": "", "status": "confirmed"}
            asked |= {"active": True, "since": NOW}  # type: ignore[dict-item]  # columns of several types
            connection.execute(
                subscription.insert(), [{"subscriber_id": id_, **asked} for id_, _, _ in people]
            )
            rows = [
                NewDelivery(
                    variant="en",
                    subscriber_id=id_,
                    addr_key=key,
                    rcpt=mail,
                    message_id=f"<{dispatch_id.lower()}.{key.hex()[:24]}@front.example>",
                )
                for id_, key, mail in people
            ]
            deliveries.add_deliveries(connection, dispatch_id, rows, due_at=NOW)
        deliveries.finish_freeze(connection, dispatch_id, now=NOW)
        for statement in (
            "INSERT INTO note (delivery_id, try, fence, worker_id, revision, at) SELECT id, 1, 1, 'w', 1, :at FROM delivery",
            "INSERT INTO outcome (delivery_id, try, state, charged, cause, at) SELECT id, 1, 'accepted', :no, '', :at FROM delivery",
            "UPDATE chunk SET done = NOT :no",
        ):
            connection.execute(
                text(statement),
                {"at": NOW.isoformat(" "), "no": False} if ":at" in statement else {"no": False},
            )
    return story_id(made, 1)


def _people(room: Newsroom, numbers: Iterator[int]) -> Iterator[tuple[int, bytes, str]]:
    for number in numbers:
        key = hmac.digest(room.address_key, b"%d" % number, "sha256")[:16]
        yield number, key, f"reader{number}@list{number % 50}.example"


if __name__ == "__main__":
    main(*sys.argv[1:2])
