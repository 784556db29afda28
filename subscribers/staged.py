"""A list on its way into the audience: temporary tables in which its lines stand as they come, and then once each, by address key.

They belong to one connection and end with it; nobody else sees them. The database sorts: memory does not grow with the list.
Sorted, because readers' rows and indexes are written in that order: then their pages are touched once.
What lines ask for stands apart (`wished`), for a list has few ways to say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice

from sqlalchemy import (
    Column,
    Connection,
    Double,
    Executable,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    insert,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from subscribers.columns import insert as upsert
from subscribers.csvfile import Block, RefusedLine

__all__ = ["order", "prepare", "stage", "staged", "told", "twice", "wished"]

_temporary = MetaData()

come = Table(
    "import_come",
    _temporary,
    Column("addr_key", LargeBinary(16)),
    Column("line", Integer),
    Column("address", Text),
    Column("wish", Integer),
    prefixes=["TEMPORARY"],
    comment="the good lines, as they come",
)
staged = Table(
    "import_line",
    _temporary,
    Column("addr_key", LargeBinary(16), primary_key=True),
    Column("line", Integer),
    Column("address", Text),
    Column("wish", Integer),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
    comment="the first line of each address, in order",
)
wished = Table(
    "import_wish",
    _temporary,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("language", Text),
    Column("sections", Text),
    Column("rhythm", Text),
    Column("hour", Text),
    Column("weekday", Integer),
    prefixes=["TEMPORARY"],
    comment="what lines ask for",
)
told = Table(
    "import_told",
    _temporary,
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("value", Text),
    Column("number", Double),
    prefixes=["TEMPORARY"],
    sqlite_with_rowid=False,
    comment="attributes that lines tell",
)
MANY = 1000
"""Rows of one INSERT: a statement for each row costs as much again as the row."""
UNNEST = (
    "INSERT INTO import_come SELECT decode(k, 'hex'), l::int, a, w::int FROM unnest("
    "string_to_array(%s, ' '), string_to_array(%s, ' '), string_to_array(%s, E'\\n'), string_to_array(%s, ' ')) AS c(k, l, a, w)"
)
FIRSTS = text(
    "INSERT INTO import_line SELECT DISTINCT ON (addr_key) addr_key, line, address, wish FROM import_come ORDER BY addr_key, line"
)
"""For PostgreSQL, which writes a row twice that may meet another."""


def prepare(connection: Connection) -> None:
    """Make the tables."""
    for table in _temporary.sorted_tables:
        connection.execute(CreateTable(table))


def stage(connection: Connection, block: Block, asked: int) -> None:
    """Take a block's good lines in; `asked`: of what the list asks for so much stands there."""
    new = [{"id": place, **wish._asdict()} for place, wish in enumerate(block.asked[asked:], asked)]
    if new:
        connection.execute(insert(wished), new)
    if connection.dialect.name == "postgresql":
        # as four long texts: a value by itself costs the driver more than all else
        keys, lines = (key.hex() for key in block.keys), map(str, block.lines)
        texts = " ".join(keys), " ".join(lines), "\n".join(block.addresses), " ".join(map(str, block.wishes))
        connection.exec_driver_sql(UNNEST, texts)
    else:
        rows = zip(block.keys, block.lines, block.addresses, block.wishes, strict=True)
        while part := tuple(chain.from_iterable(islice(rows, MANY))):
            connection.exec_driver_sql(_values(len(part) // len(come.c)), part)
    values = {(line, name): value for line, known in block.known.items() for name, *value in known}
    if values:
        connection.execute(
            insert(told),
            [
                {"line": line, "name": name, "value": value, "number": number}
                for (line, name), (value, number) in values.items()
            ],
        )


@lru_cache(maxsize=2)
def _values(rows: int) -> str:
    return "INSERT INTO import_come VALUES (?, ?, ?, ?)" + ", (?, ?, ?, ?)" * (rows - 1)


def order(connection: Connection) -> int:
    """Put the lines in order, the first of each address; returns how many those are."""
    if connection.dialect.name == "postgresql":
        put: Executable = FIRSTS
    else:
        lines = select(come).order_by(come.c.addr_key, come.c.line)
        put = upsert(connection, staged).from_select(list(come.c.keys()), lines).on_conflict_do_nothing()
    return connection.execute(put, execution_options={"preserve_rowcount": True}).rowcount


def twice(connection: Connection) -> Iterator[RefusedLine]:
    """The lines whose address stands in an earlier one."""
    query = (
        select(come.c.line, come.c.address, staged.c.line)
        .join(staged, staged.c.addr_key == come.c.addr_key)
        .where(come.c.line != staged.c.line)
    )
    for line, address, first in connection.execute(query, execution_options={"yield_per": 1000}):
        yield RefusedLine(line, address, f"the address stands in line {first} already")
