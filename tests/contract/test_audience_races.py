"""Two transactions at once: what commits first is honoured by the other, and no two wait for each other for ever."""

from __future__ import annotations

import random
import time
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, delete, insert, literal, select, text
from sqlalchemy.exc import IntegrityError

from publisher.store.db import Database
from subscribers import audience
from subscribers.errors import AddressSuppressed
from subscribers.schema import consent, subscriber, subscription, suppression
from subscribers.tokens import Purpose
from tests.readers import LATER, NOW, join, key_of, why_not

ADDR_KEY = key_of("reader@news.example")


def mark(connection: Connection, reader: int) -> bool:
    """What the sender does: lock, then ask in a statement of its own."""
    audience.lock_for_mark(connection, [reader])
    clause = audience.mailable(literal(reader), literal("morning"))
    return connection.execute(select(literal(1)).where(clause)).one_or_none() is not None


def suppress(connection: Connection, addr_key: bytes = ADDR_KEY) -> bool:
    return audience.suppress(connection, addr_key, "complained", actor="test", now=NOW)


def in_a_transaction(database, act):
    with database.write() as connection:
        return act(connection)


def until_waiting(database: Database, other: Future) -> None:
    """Come back when the other transaction waits for ours; on SQLite it cannot even begin."""
    if database.dialect == "sqlite":
        return
    deadline = time.monotonic() + 10
    with database.session() as connection:
        while not other.done() and time.monotonic() < deadline:
            if connection.execute(text("SELECT count(*) FROM pg_locks WHERE NOT granted")).scalar_one():
                return
            time.sleep(0.005)
    pytest.fail("the other transaction did not wait for ours")


@pytest.mark.parametrize(
    "refuse",
    [
        lambda connection, reader: audience.leave(connection, reader, digest="morning", actor="t", now=NOW),
        lambda connection, reader: audience.leave(connection, reader, digest=None, actor="t", now=NOW),
        lambda connection, reader: audience.erase(connection, reader, actor="t", now=NOW),
        lambda connection, reader: suppress(connection),
    ],
    ids=["leave", "leave-all", "erase", "suppress"],
)
def test_a_mark_that_begins_before_a_refusal_commits_sees_it(database: Database, refuse):
    with database.write() as connection:
        reader = join(connection)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            refuse(connection, reader)
            marking = pool.submit(in_a_transaction, database, lambda other: mark(other, reader))
            until_waiting(database, marking)
        assert marking.result(timeout=10) is False


def test_a_refusal_waits_for_a_mark_that_came_first(database: Database):
    with database.write() as connection:
        reader = join(connection)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            assert mark(connection, reader)
            leaving = pool.submit(
                in_a_transaction,
                database,
                lambda other: audience.leave(other, reader, digest="morning", actor="t", now=NOW),
            )
            until_waiting(database, leaving)
            assert mark(connection, reader)
        assert leaving.result(timeout=10) == ("morning",)
    with database.write() as connection:
        assert not mark(connection, reader)


@pytest.mark.parametrize("digest", ["morning", None])
def test_a_leaving_waits_for_a_confirmation_that_came_first_and_ends_it(
    database: Database, digest: str | None
):
    with database.write() as connection:
        reader = join(connection, basis=None)
        audience.issue(
            connection, Purpose.CONFIRM, "t", subscriber_id=reader, digest="morning", expires_at=LATER
        )
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            assert audience.spend(connection, Purpose.CONFIRM, "t", now=NOW)
            leaving = pool.submit(
                in_a_transaction,
                database,
                lambda other: audience.leave(other, reader, digest=digest, actor="t", now=NOW),
            )
            until_waiting(database, leaving)
            audience.confirm(connection, reader, "morning", basis="link", actor="t", now=NOW)
        assert leaving.result(timeout=10) == ("morning",)
    with database.read() as connection:
        assert why_not(connection, reader) == "left"


def test_a_suppression_finds_the_reader_who_is_just_joining(database: Database):
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            reader = join(connection)
            suppressing = pool.submit(in_a_transaction, database, suppress)
            until_waiting(database, suppressing)
        assert suppressing.result(timeout=10)
    with database.write() as connection:
        assert not mark(connection, reader)


def test_who_joins_finds_the_suppression_that_is_just_coming(database: Database):
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            suppress(connection)
            joining = pool.submit(in_a_transaction, database, join)
            until_waiting(database, joining)
        with pytest.raises(AddressSuppressed):
            joining.result(timeout=10)


def test_many_at_once_neither_deadlock_nor_leave_anybody_suppressed_and_mailable(database: Database):
    typed = [f"r{number}@news.example" for number in range(4)]
    keys = [key_of(text) for text in typed]
    with database.write() as connection:
        ids = [join(connection, text) for text in typed]

    def undo(connection: Connection, place: int) -> None:
        audience.undo_suppression(connection, addr_key=keys[place], why="test", actor="t", now=NOW)

    def rejoin(connection: Connection, place: int) -> None:
        if audience.suppressed(connection, keys[place]) is None:
            join(connection, typed[place])

    def send(connection: Connection, place: int) -> None:
        """As a sender's group commit does: a refusal of one reader, the marks of others."""
        suppress(connection, keys[place])
        audience.lock_for_mark(connection, ids[::-1])

    acts = [
        undo,
        rejoin,
        send,
        lambda connection, place: audience.leave(
            connection, ids[place], digest="morning", actor="t", now=NOW
        ),
        lambda connection, place: audience.leave(connection, ids[place], digest=None, actor="t", now=NOW),
    ]

    def work(seed: int) -> None:
        drawn = random.Random(seed)  # noqa: S311 - a schedule, not a secret
        for _ in range(25):
            act, place = drawn.choice(acts), drawn.randrange(len(ids))
            try:
                with database.write() as connection:
                    act(connection, place)
            except AddressSuppressed:
                continue  # somebody suppressed them between the look and the joining

    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(work, seed) for seed in range(4)]:
            future.result(timeout=60)
    with database.read() as connection:
        both = connection.execute(
            select(subscriber.c.id)
            .join(suppression, suppression.c.addr_key == subscriber.c.addr_key)
            .where(subscriber.c.mailable)
        ).all()
    assert both == []


@pytest.mark.parametrize("first", ["who asks", "who removes"])
def test_nobody_asks_for_a_reader_who_is_being_removed(database: Database, first: str):
    """Whichever commits first, the other is refused: PostgreSQL holds it by triggers, not by a foreign key."""
    with database.write() as connection:
        reader = join(connection)
        connection.execute(delete(subscription))
        connection.execute(delete(consent))

    def ask(connection: Connection) -> None:
        connection.execute(
            insert(subscription).values(
                subscriber_id=reader,
                digest="evening",
                language="en",
                sections="",
                status="pending",
                active=False,
                since=NOW,
            )
        )

    def remove(connection: Connection) -> None:
        connection.execute(delete(subscriber).where(subscriber.c.id == reader))

    one, other = (ask, remove) if first == "who asks" else (remove, ask)
    with ThreadPoolExecutor(1) as pool:
        with database.write() as connection:
            one(connection)
            second = pool.submit(in_a_transaction, database, other)
            until_waiting(database, second)
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
            second.result(timeout=10)
