"""A list whose halves come in at once comes in whole, and ends as one."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from publisher.store.db import Database
from subscribers import audience, slices
from subscribers.schema import subscriber, subscription
from tests.contract.test_importing import bring
from tests.readers import NOW, key_of


def test_halves_of_a_list_come_in_side_by_side_and_end_together(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """On PostgreSQL each half has a thread. What others decide meanwhile counts for both, and a list that was cut goes on."""
    monkeypatch.setattr("subscribers.importing.SLICE", 5)
    addresses = sorted((f"r{number}@news.example" for number in range(60)), key=key_of)
    text = "\n".join(["email", *addresses])
    last = addresses[-1]
    told: list[tuple[int, int]] = []

    def pull_the_plug(done: int, good: int) -> None:
        told.append((done, good))
        if len(told) == 1:
            with database.write() as connection:
                audience.suppress(connection, key_of(last), "complained", actor="rule", now=NOW)
        if len(told) == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        bring(database, text, progress=pull_the_plug)
    assert len(told) <= 4  # the other half ends after the slice that it was at
    with database.read() as connection:
        there = connection.execute(select(func.count()).select_from(subscription)).scalar_one()
    assert there in {15, 20}
    done = bring(database, text, progress=lambda *each: told.append(each))
    assert (done.added, done.known, [line.text for line in done.refused]) == (59 - there, there, [last])
    assert told[-1] == (60, 60)
    with database.read() as connection:
        rows = connection.execute(select(subscriber.c.addr_key, subscriber.c.address)).all()
        assert {(bytes(row.addr_key), row.address) for row in rows} == {
            (key_of(a), a) for a in addresses[:-1]
        }


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_slice_that_would_leave_a_subscription_without_its_reader_is_not_kept(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    """The import's connection looks no foreign key up: the database is asked once a slice, and the next connection looks again."""
    whole = slices._numbered
    monkeypatch.setattr(slices, "_numbered", lambda *told: whole(*told)[1:])
    with pytest.raises(IntegrityError, match="subscriber_id"):
        bring(database, "email\na@news.example\n", halves=False)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(subscription)).scalar_one() == 0
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
