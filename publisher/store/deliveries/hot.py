"""Statements of the sending loop: compiled once by SQLAlchemy, then sent as the driver's own SQL, a group of rows at a time.

A group travels as rows of values (SQLite, which takes half as long for them as for one JSON text) or as one array a column
(PostgreSQL, whose planner then knows how few they are), in one journey.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ARRAY, Connection, Executable, FromClause, Row, bindparam, column, func, text
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from subscribers.columns import UtcTime

__all__ = ["Hot", "group", "stamp"]

ROWS = "/* rows */"
"""Where the rows of a group go."""


class Hot:
    """A statement with named parameters, compiled when first run; instants among the values must have passed `stamp`."""

    def __init__(self, build: Callable[[Connection], Executable]) -> None:
        self._build = build
        self._ready: dict[str, tuple[str, list[str] | None, dict[str, Any]]] = {}

    def run(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]] = (), **values: Any
    ) -> Sequence[Row[Any]]:
        """Execute with these values, and `rows` for the statement's `group`, all in the order of its columns; what it returns."""
        dialect = connection.dialect.name
        if dialect not in self._ready:
            statement = self._build(connection)
            if not isinstance(statement, ClauseElement):
                raise TypeError(f"{statement!r} cannot be compiled")
            compiled = statement.compile(dialect=connection.dialect)
            order: list[str] | None = getattr(compiled, "positiontup", None)
            self._ready[dialect] = str(compiled), order, dict(compiled.params)
        sql, order, constants = self._ready[dialect]
        bound = constants | values
        if rows and dialect == "postgresql":
            bound |= {f"rows_{name}": [row[name] for row in rows] for name in rows[0]}
        elif rows and order is not None:
            before, after = sql.split(ROWS)
            at = before.count("?")
            one = f"({', '.join('?' * len(rows[0]))})"
            values_ = [bound[name] for name in order[:at]]
            values_ += [value for row in rows for value in row.values()]
            values_ += [bound[name] for name in order[at:]]
            whole = f"{before}{', '.join([one] * len(rows))}{after}"
            return connection.exec_driver_sql(whole, tuple(values_)).all()
        given = tuple(bound[name] for name in order) if order else bound
        return connection.exec_driver_sql(sql, given).all()


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
    dialect = connection.dialect.name
    if dialect not in _STAMPS:
        ours = UtcTime().dialect_impl(connection.dialect).bind_processor(connection.dialect)
        _STAMPS[dialect] = ours or (lambda same: same)
    return _STAMPS[dialect](instant)


_STAMPS: dict[str, Callable[[datetime], Any]] = {}
