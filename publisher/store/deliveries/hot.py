"""Statements of the sending loop: compiled once by SQLAlchemy, then sent as the driver's own SQL, a group of rows at a time.

A group travels as rows of values (SQLite, which takes half as long for them as for one JSON text) or as one array a column
(PostgreSQL, whose planner then knows how few they are), in one journey. On SQLite it goes past SQLAlchemy to the driver, whose
layers cost as much as the statement; what comes back are the driver's own values.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    Connection,
    Dialect,
    Executable,
    FromClause,
    Table,
    bindparam,
    column,
    func,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from publisher.store.db import run_raw
from subscribers.columns import UtcTime

__all__ = ["Hot", "HotInsert", "flag", "group", "stamp"]

ROWS = "/* rows */"
"""Where the rows of a group go."""


class _Ready:
    """A statement compiled for SQLite: the names of its values in order, and its text for a group of each size."""

    def __init__(self, sql: str, order: Sequence[str], constants: Mapping[str, Any]) -> None:
        self._before, _, self._after = sql.partition(ROWS)
        at = self._before.count("?")
        self._first, self._last = order[:at], order[at:]
        self._constants = constants
        self._whole: dict[int, str] = {}

    def run(
        self, connection: Connection, rows: Sequence[Sequence[Any]], values: Mapping[str, Any]
    ) -> sqlite3.Cursor:
        bound = {**self._constants, **values}
        given = [bound[name] for name in self._first]
        given += chain.from_iterable(rows)
        given += [bound[name] for name in self._last]
        if (sql := self._whole.get(len(rows))) is None:
            one = f"({', '.join('?' * len(rows[0]))})" if rows else ""
            sql = self._whole[len(rows)] = f"{self._before}{', '.join([one] * len(rows))}{self._after}"
        return run_raw(connection, sql, given)


class Hot:
    """A statement with named parameters, compiled when first run; instants and flags among the values must have passed `stamp` and `flag`.

    `columns`: those of the statement's `group`, if it has one.
    """

    def __init__(
        self, build: Callable[[Connection], Executable], columns: Mapping[str, TypeEngine[Any]] | None = None
    ) -> None:
        self._build, self._arrays = build, [f"rows_{name}" for name in columns or ()]
        self._sqlite: _Ready | None = None
        self._postgresql: tuple[str, dict[str, Any]] | None = None

    def run(
        self, connection: Connection, rows: Sequence[Sequence[Any]] = (), **values: Any
    ) -> Sequence[Sequence[Any]]:
        """Execute with these values, and `rows` for the statement's `group`; what it returns, in the order of its columns."""
        if connection.dialect.name == "sqlite":
            return self._on_sqlite(connection, rows, values).fetchall()
        if self._postgresql is None:
            compiled = self._compiled(connection)
            self._postgresql = str(compiled), dict(compiled.params)
        sql, constants = self._postgresql
        arrays = {
            name: list(of_rows) for name, of_rows in zip(self._arrays, zip(*rows, strict=True), strict=True)
        }
        return connection.exec_driver_sql(sql, {**constants, **values, **arrays}).all()

    def _on_sqlite(
        self, connection: Connection, rows: Sequence[Sequence[Any]], values: Mapping[str, Any]
    ) -> sqlite3.Cursor:
        if self._sqlite is None:
            compiled = self._compiled(connection)
            self._sqlite = _Ready(str(compiled), compiled.positiontup, dict(compiled.params))
        return self._sqlite.run(connection, rows, values)

    def _compiled(self, connection: Connection) -> Any:
        statement = self._build(connection)
        if not isinstance(statement, ClauseElement):
            raise TypeError(f"{statement!r} cannot be compiled")
        return statement.compile(dialect=connection.dialect)


class HotInsert(Hot):
    """An INSERT of a group into a table that gives row ids, of which some rows may be passed over: tells which were not, by the columns of `returning`.

    Those are the first of each row of the group, so that nothing is to be asked where all were inserted. On SQLite RETURNING costs
    half as much as the rest of an insert; there the rows with the highest row ids are the new ones.
    """

    def __init__(
        self,
        build: Callable[[Connection], sqlite.Insert | postgresql.Insert],
        columns: Mapping[str, TypeEngine[Any]],
        *,
        into: Table,
        returning: Sequence[str],
    ) -> None:
        wanted = [into.c[name] for name in returning]
        newest = select(*wanted).order_by(literal_column("rowid").desc()).limit(bindparam("count"))

        def built(connection: Connection) -> Executable:
            statement = build(connection)
            return statement if connection.dialect.name == "sqlite" else statement.returning(*wanted)

        super().__init__(built, columns)
        self._newest, self._width = Hot(lambda _: newest), len(wanted)

    def insert(
        self, connection: Connection, rows: Sequence[Sequence[Any]], **values: Any
    ) -> Sequence[Sequence[Any]]:
        """Insert them; what was inserted."""
        if connection.dialect.name != "sqlite":
            return self.run(connection, rows, **values)
        count = self._on_sqlite(connection, rows, values).rowcount
        if count == len(rows):
            return [row[: self._width] for row in rows]
        return self._newest.run(connection, count=count) if count else []


def group(connection: Connection, columns: Mapping[str, TypeEngine[Any]]) -> FromClause:
    """The statement's rows as a table of these columns."""
    if connection.dialect.name == "postgresql":
        arrays = [bindparam(f"rows_{name}", type_=ARRAY(type_)) for name, type_ in columns.items()]
        typed = [column(name, type_) for name, type_ in columns.items()]
        return func.unnest(*arrays).table_valued(*typed).render_derived(name="entry")
    named = ", ".join(f'column{number} AS "{name}"' for number, name in enumerate(columns, 1))
    typed = [column(name, type_) for name, type_ in columns.items()]
    rows = f"SELECT {named} FROM (VALUES {ROWS})"  # noqa: S608 - names of our own columns
    return text(rows).columns(*typed).subquery("entry")


def stamp(connection: Connection, instant: datetime) -> Any:
    """An instant as this database's driver stores it."""
    return _stamp(connection.dialect, instant)


@lru_cache(maxsize=64)
def _stamp(dialect: Dialect, instant: datetime) -> Any:
    """Kept for a while: all marks and outcomes of a group have one instant."""
    ours = _in_its_words(dialect)
    return ours(instant) if ours else instant


@lru_cache(maxsize=8)
def _in_its_words(dialect: Dialect) -> Callable[[datetime], Any] | None:
    """How this driver stores an instant; None: as it is."""
    return UtcTime().dialect_impl(dialect).bind_processor(dialect)


def flag(connection: Connection, value: bool) -> bool | int:
    """A flag, likewise: SQLite's driver asks for an adapter for everything but a plain number."""
    return value if connection.dialect.name == "postgresql" else int(value)
