"""Who gets a digest: in an order that keeps variants together, by an index, by a clause that others can use."""

from __future__ import annotations

from itertools import pairwise

import pytest
from sqlalchemy import event, select

from publisher.store.db import Database
from publisher.store.schema import delivery, dispatch
from subscribers import audience
from subscribers.rhythm import Place, parse
from tests.readers import join, key_of


def test_the_segment_puts_equal_variants_together_and_leaves_nobody_out(
    database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("subscribers.audience.mailing.PAGE", 3)
    choices = [None, ["world"], ["economy", "world"], ["world"], None]
    with database.write() as connection:
        for number in range(20):
            join(
                connection,
                f"r{number}@news.example",
                language="ru"
                if number in {5, 8}
                else "fa"
                if number % 3
                else "en",  # "ru" is offered no more
                sections=choices[number % 5],
                basis=None if number == 7 else "form",
            )
    with database.read() as connection:
        found = list(audience.segment(connection, "morning", ["fa", "en"]))
        assert list(audience.segment(connection, "morning", [])) == []
        assert list(audience.segment(connection, "evening", ["fa", "en"])) == []
    assert {reader.address for reader in found} == {f"r{n}@news.example" for n in range(20) if n != 7}
    variants = [(reader.language, reader.sections) for reader in found]
    changes = 1 + sum(before != after for before, after in pairwise(variants))
    assert changes == len(set(variants))
    assert [reader.language for reader in found] == sorted((r.language for r in found), reverse=True)
    assert {reader.sections for reader in found} == {
        None,
        frozenset({"world"}),
        frozenset({"economy", "world"}),
    }
    assert all(reader.addr_key == key_of(reader.address) for reader in found)


DAY, EVENING = ("07:00", "18:00"), (1, 2, 3, 4, 5)


@pytest.mark.parametrize(
    ("place", "served"),
    [
        (Place(1, ("07:00",), DAY, EVENING), {"each", "daily 07:00", "daily 09:00", "weekly 6 07:00"}),
        (Place(1, ("18:00",), DAY, EVENING), {"each", "weekly 1 18:00"}),
        (Place(5, ("07:00",), DAY, EVENING), {"each", "daily 07:00", "daily 09:00"}),
        (Place(5, ("18:00",), DAY, EVENING), {"each", "weekly 5 18:00"}),
        (Place(2, ("07:00", "18:00"), DAY, EVENING), {"each", "daily 07:00", "daily 09:00"}),
        (Place(2, (), DAY, EVENING), {"each"}),
    ],
)
def test_an_edition_serves_those_whose_rhythm_wants_it(database: Database, place: Place, served: set[str]):
    """Whose hour or day is in the timetable no more gets the first one instead of nothing for ever."""
    rhythms = [
        *("each", "alerts", "daily 07:00", "daily 09:00"),
        *("weekly 1 18:00", "weekly 5 18:00", "weekly 6 07:00"),
    ]
    with database.write() as connection:
        for number, rhythm in enumerate(rhythms):
            join(connection, f"r{number}@news.example", rhythm=parse(rhythm))
    with database.read() as connection:
        found = audience.segment(connection, "morning", ["en"], at=place)
        assert {rhythms[int(reader.address[1:].partition("@")[0])] for reader in found} == served


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_the_segment_is_read_by_an_index_not_by_sorting(database: Database):
    """A page of a million readers must not cost a million rows. (PostgreSQL's plan depends on its statistics.)"""
    seen: list[str] = []
    with database.write() as connection:
        join(connection)
    with database.read() as connection:

        @event.listens_for(connection, "before_cursor_execute", retval=True)
        def explain(_connection, _cursor, statement, parameters, _context, _many):
            if statement.startswith("SELECT"):
                plan = connection.connection.cursor().execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                seen.extend(row[3] for row in plan.fetchall())
            return statement, parameters

        list(audience.segment(connection, "morning", ["en"]))
    assert seen
    assert any("ix_subscription_segment" in step for step in seen)
    assert not any("TEMP B-TREE" in step for step in seen)


def test_the_clause_is_one_exists_and_takes_its_columns_from_the_statement_around_it(database: Database):
    query = (
        select(delivery.c.id)
        .join(dispatch, dispatch.c.id == delivery.c.dispatch_id)
        .where(
            audience.mailable(delivery.c.subscriber_id, dispatch.c.digest),
        )
    )
    with database.read() as connection:
        compiled = str(query.compile(dialect=connection.dialect))
        assert connection.execute(query).all() == []
    assert compiled.count("EXISTS") == 1
    inner = compiled.split("EXISTS", 1)[1]
    assert "FROM delivery" not in inner
    assert "FROM dispatch" not in inner
