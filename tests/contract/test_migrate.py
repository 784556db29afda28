"""The schema that migrations make is the schema that the code declares, on both databases."""

from uuid import uuid4

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.exc import IntegrityError

from publisher.errors import StoreOutdated
from publisher.store import migrate, schema
from publisher.store.db import open_database
from subscribers import schema as people
from tests.contract.conftest import make_tables, run_outside_transaction


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """An open database without tables."""
    if request.param == "sqlite":
        opened = open_database(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
        yield opened
        opened.close()
        return
    server = request.getfixturevalue("postgresql")
    name = f"empty_{uuid4().hex}"
    run_outside_transaction(server, f"CREATE DATABASE {name}")
    opened = open_database(server.set(database=name).render_as_string(hide_password=False))
    yield opened
    opened.close()
    run_outside_transaction(server, f"DROP DATABASE {name} WITH (FORCE)")


def described(database):
    """Every table with its columns, keys, indices and constraints, as the database tells them."""
    with database.read() as connection:
        told = inspect(connection)
        tables = {}
        for name in sorted(set(told.get_table_names()) - {"alembic_version"}):
            tables[name] = {
                "columns": {c["name"]: (str(c["type"]), c["nullable"]) for c in told.get_columns(name)},
                "key": told.get_pk_constraint(name)["constrained_columns"],
                "foreign": sorted(
                    (k["constrained_columns"], k["referred_table"]) for k in told.get_foreign_keys(name)
                ),
                "unique": sorted(u["column_names"] for u in told.get_unique_constraints(name)),
                "indices": sorted(
                    (i["name"], i["column_names"], bool(i["unique"])) for i in told.get_indexes(name)
                ),
                "checks": sorted(c["sqltext"] for c in told.get_check_constraints(name)),
            }
        views = {
            name: " ".join(str(told.get_view_definition(name)).split()) for name in told.get_view_names()
        }
        triggers = (
            "SELECT tgname, pg_get_triggerdef(t.oid), prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = tgfoid"
            " WHERE NOT tgisinternal ORDER BY 2"
        )
        if database.dialect == "postgresql":
            views["triggers"] = str(connection.execute(text(triggers)).all())
    return tables, views


def test_a_migrated_database_is_a_fresh_one(empty):
    migrate.upgrade(empty)
    migrated = described(empty)
    with empty.write() as connection:
        connection.execute(text("DROP VIEW delivery_state"))
        schema.metadata.drop_all(connection)
        people.metadata.drop_all(connection)
    make_tables(empty)
    assert described(empty) == migrated
    declared = {*schema.metadata.tables, *people.metadata.tables}
    assert set(described(empty)[0]) == declared


def test_each_migration_follows_the_one_that_its_number_follows():
    """The newest number is what this program takes for its schema; a second 0023, or one that says another number, would be lost."""
    files = sorted(path.name for path in migrate.VERSIONS.glob("*_*.py"))
    told = [
        (script.down_revision, script.revision)
        for script in ScriptDirectory(str(migrate.VERSIONS.parent)).walk_revisions()
    ]
    numbers = [name[:4] for name in files]
    assert told[::-1] == list(zip([None, *numbers], numbers, strict=False)), (
        f"a file's number, its `revision` and the next one's `down_revision` have to agree: {files}"
    )


def test_upgrading_twice_changes_nothing(empty):
    assert migrate.upgrade(empty) == (None, migrate.HEAD)
    assert migrate.upgrade(empty) == (migrate.HEAD, migrate.HEAD)
    assert migrate.check(empty) == []


def test_an_empty_sqlite_file_is_made_ready_and_postgresql_waits_for_the_operator(empty):
    if empty.dialect == "sqlite":
        migrate.ready(empty)
    else:
        with pytest.raises(StoreOutdated, match="db upgrade"):
            migrate.ready(empty)
        migrate.upgrade(empty)
    migrate.ready(empty)


def test_another_schema_is_refused_with_the_command_that_mends_it(empty):
    migrate.upgrade(empty)
    with empty.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    with pytest.raises(StoreOutdated, match=r"0000.*db upgrade"):
        migrate.ready(empty)


def upgrade_to(database, schema_name):
    config = Config()
    config.set_main_option("script_location", str(migrate.VERSIONS.parent))
    with database.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, schema_name)


def old_rows(database):
    """A database of the schema before letters, in which an edition was being mailed to one reader."""
    values = {
        "at": "2026-03-02 02:30:00.000000",
        "edition": "morning-2026-03-02",
        "dispatch": "01KJPD5W00DISPATCH00000001",
    }
    with database.write() as connection:
        for statement in (
            (
                "INSERT INTO edition (id, kind, series, slot, local_date, number, revision, content_hash, frozen_at, actor)"
                " VALUES (:edition, 'digest', 'morning', :at, '2026-03-02', 1, 1, 'x', :at, 'test')"
            ),
            (
                "INSERT INTO dispatch (id, edition_id, kind, digest, state, revision, policy, token_key, date, frozen_at,"
                " expires_at, send_token, actor, created_at) VALUES (:dispatch, :edition, 'digest', 'morning', 'sending', 1,"
                " 'resend', 1, :at, :at, :at, 'never used', 'test', :at)"
            ),
            "INSERT INTO chunk (dispatch_id, no, variant, due_at) VALUES (:dispatch, 1, 'en', :at)",
            (
                "INSERT INTO delivery (dispatch_id, edition_id, kind, chunk_no, variant, addr_key, rcpt, message_id)"
                " VALUES (:dispatch, :edition, 'digest', 1, 'en', :key, 'a@b.example', '<m@b.example>')"
            ),
        ):
            connection.execute(text(statement), values | {"key": b"k" * 16})


def test_upgrade_of_a_database_that_was_mailing_keeps_its_ledger(empty):
    upgrade_to(empty, "0003")
    old_rows(empty)
    assert migrate.upgrade(empty) == ("0003", migrate.HEAD)
    assert migrate.check(empty) == []
    with empty.read() as connection:
        query = (
            "SELECT s.state, d.state, d.letter FROM delivery_state s JOIN dispatch d ON d.id = s.dispatch_id"
        )
        assert connection.execute(text(query)).all() == [("queued", "sending", None)]
    with pytest.raises(Exception, match=r"(?i)foreign key"), empty.write() as connection:
        connection.execute(text("DELETE FROM dispatch"))


FORMER_READERS = """
INSERT INTO subscriber VALUES
 (1, :now, NULL, 'suppressed', false, :at, :at, NULL),
 (2, :key, 'a@b.example', 'confirmed', true, :at, :at, NULL);
INSERT INTO suppression (addr_key, cause, actor, at) VALUES (:now, 'erased', 't', :at);
INSERT INTO subscription (subscriber_id, digest, language, sections, status, active, since) VALUES
 (2, 'morning', 'en', '', 'pending', false, :at),
 (2, 'evening', 'en', '', 'pending', false, :at);
INSERT INTO consent (id, subscriber_id, step, digest, basis, actor, at) VALUES
 (1, 2, 'left', 'evening', NULL, 't', :at),
 (2, 2, 'confirmed', 'evening', 'b', 't', :at),
 (3, 2, 'left', 'morning', NULL, 't', :at);
INSERT INTO edition
 (id, kind, series, slot, local_date, number, revision, content_hash, frozen_at, actor) VALUES
 ('e', 'digest', 'morning', :at, '2026-03-02', 1, 1, 'x', :at, 'test');
INSERT INTO dispatch
 (id, edition_id, kind, digest, state, revision, policy, token_key, date, expires_at, halt_detail, actor, created_at) VALUES
 ('d', 'e', 'digest', 'morning', 'halted', 1, 'resend', 1, :at, :at, '554 <h1@b.example> no', 'test', :at);
INSERT INTO delivery
 (id, dispatch_id, edition_id, kind, chunk_no, variant, subscriber_id, addr_key, rcpt, message_id) VALUES
 (1, 'd', 'e', 'digest', 1, 'en', 1, :before, 'old@b.example', '<m@b.example>');
INSERT INTO outcome (delivery_id, "try", state, charged, code, reply, cause, at) VALUES
 (1, 1, 'failed', true, 550, '5.1.1 <old@b.example>: gone', 'c', :at)
"""
"""One who moved and was then erased; one who left a digest, and another in whose name somebody asked after it."""


def test_upgrade_forgets_former_addresses_and_takes_no_request_for_a_return(empty):
    upgrade_to(empty, "0022")
    values = {"at": "2026-03-02 02:30:00.000000", "now": b"n" * 16, "before": b"b" * 16, "key": b"k" * 16}
    with empty.write() as connection:
        for statement in FORMER_READERS.split(";"):
            connection.execute(text(statement), values)
    migrate.upgrade(empty)
    assert migrate.check(empty) == []
    with empty.read() as connection:
        told = [
            tuple(connection.execute(text(query)).one())
            for query in (
                "SELECT addr_key, subscriber_id FROM former_key",
                "SELECT rcpt FROM delivery",
                "SELECT reply FROM outcome",
                "SELECT halt_detail FROM dispatch",
                "SELECT digest FROM subscription WHERE status = 'left'",
            )
        ]
    assert (bytes(told[0][0]), *told[0][1:]) == (b"b" * 16, 1)
    assert told[1:] == [("",), ("5.1.1 … gone",), ("554 … no",), ("morning",)]


def test_upgrade_of_the_words_of_readers_keeps_the_readers_and_refuses_other_words(empty):
    upgrade_to(empty, "0024")
    values = {"at": "2026-03-02 02:30:00.000000", "key": b"k" * 16}
    with empty.write() as connection:
        for statement in FORMER_READERS.split(";")[:3]:
            connection.execute(text(statement), values | {"now": b"n" * 16})
    migrate.upgrade(empty)
    assert migrate.check(empty) == []
    for table, word in (("subscriber", "status"), ("subscription", "status"), ("subscription", "rhythm")):
        statement = text(f"UPDATE {table} SET {word} = 'other'")  # noqa: S608 - names of ours
        with pytest.raises(Exception, match=rf"(?i)check.*{word}"), empty.write() as connection:
            connection.execute(statement)
    with empty.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM subscription")).scalar_one() == 2


def test_upgrade_keeps_subscriptions_to_readers_and_lists_that_are_there(empty):
    upgrade_to(empty, "0025")
    values = {"at": "2026-03-02 02:30:00.000000", "now": b"n" * 16, "key": b"k" * 16}
    with empty.write() as connection:
        for statement in FORMER_READERS.split(";")[:3]:
            connection.execute(text(statement), values)
        for batch in (1, 2):
            connection.execute(
                text("INSERT INTO batch (id, digest, actor, at) VALUES (:id, 'morning', 't', :at)"),
                values | {"id": batch},
            )
        connection.execute(text("UPDATE subscription SET batch_id = 1 WHERE digest = 'morning'"))
    migrate.upgrade(empty)
    assert migrate.check(empty) == []
    asked = "INSERT INTO subscription (subscriber_id, digest, language, sections, status, active, since, batch_id) VALUES"
    for refused in (
        f"{asked} (1, 'morning', 'en', '', 'pending', false, :at, 1), (9, 'morning', 'en', '', 'pending', false, :at, 1)",
        f"{asked} (1, 'morning', 'en', '', 'pending', false, :at, 9)",
        "UPDATE subscription SET subscriber_id = 9",
        "UPDATE subscription SET batch_id = 9",
        "DELETE FROM subscriber WHERE id = 2",
        "UPDATE subscriber SET id = 9 WHERE id = 2",
        "DELETE FROM batch WHERE id = 1",
        *(("TRUNCATE subscriber CASCADE", "TRUNCATE batch CASCADE") if empty.dialect == "postgresql" else ()),
    ):
        with pytest.raises(IntegrityError, match=r"(?i)foreign key"), empty.write() as connection:
            connection.execute(text(refused), values)
    with empty.write() as connection:
        connection.execute(text(f"{asked} (1, 'morning', 'en', '', 'pending', false, :at, NULL)"), values)
        connection.execute(text("UPDATE subscription SET batch_id = 2 WHERE digest = 'evening'"))
        connection.execute(text("DELETE FROM subscription WHERE subscriber_id = 2"))
        connection.execute(text("DELETE FROM consent"))
        connection.execute(text("DELETE FROM subscriber WHERE id = 2"))
        connection.execute(text("DELETE FROM batch"))
