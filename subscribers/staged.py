"""A list on its way into the audience: temporary tables in which its lines stand as they come, and then once each, in the order of the address keys.

They belong to one connection and end with it; nobody else sees them. The database sorts: memory does not grow with the list.
Sorted, because readers' rows and indexes are written in that order: then their pages are touched once. Each line has its place in
that order; places are missing where an address stands twice. What lines ask for stands apart (`wished`), for a list has few ways to say it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from struct import unpack
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    delete,
    insert,
    select,
    text,
)
from sqlalchemy.schema import CreateTable

from subscribers.csvfile import Block, RefusedLine

__all__ = ["barred", "order", "orphan", "prepare", "stage", "staged", "told", "twice", "wished"]

_temporary = MetaData()

come = Table(
    "import_come",
    _temporary,
    Column("addr_key", LargeBinary(16)),
    Column("line", Integer),
    Column("address", Text),
    Column("wish", Integer),
    Column("head", Integer),
    prefixes=["TEMPORARY"],
    comment="the good lines, as they come; head: the key's first bytes as a number, on SQLite, which sorts numbers sooner than bytes",
)
staged = Table(
    "import_line",
    _temporary,
    Column("place", Integer, autoincrement=False),
    Column("addr_key", LargeBinary(16)),
    Column("line", Integer),
    Column("address", Text),
    Column("wish", Integer),
    PrimaryKeyConstraint("place").ddl_if(dialect="sqlite"),  # there, rows are kept by it and get the next one
    prefixes=["TEMPORARY"],
    comment="the first line of each address, in order",
)
again = Table(
    "import_again",
    _temporary,
    Column("place", Integer),
    Column("line", Integer),
    Column("address", Text),
    prefixes=["TEMPORARY"],
    comment="SQLite: lines whose address stands in an earlier one, and the places that they leave",
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
barred = Table(
    "import_barred",
    _temporary,
    Column("addr_key", LargeBinary(16)),
    Column("weight", Integer),
    prefixes=["TEMPORARY"],
    comment="where a list is only looked at: whom it says to have left or that they must not be mailed; weight: the cause's",
)
orphan = Table(
    "import_orphan",
    _temporary,
    Column("subscriber_id", Integer),
    CheckConstraint("subscriber_id IS NULL", name="subscriber_id"),
    prefixes=["TEMPORARY"],
    comment="SQLite: subscriptions without a reader, of which there are none",
)
PAGE = 16384
"""Bytes of a page of SQLite's temporary tables: they are written and read from end to end."""
CACHE = 8000
"""KiB of SQLite's pages kept, and of lines sorted, in memory: a slice of readers has room in it, and is written once; less, and its pages go to the disk and come back."""
MANY = 1000
"""Rows of one INSERT: a statement for each row costs as much again as the row."""
HEAD = "I12x"
"""A key's first four bytes as a number, and the rest."""
UNNEST = (
    "INSERT INTO import_come (addr_key, line, address, wish) SELECT decode(k, 'hex'), l::int, a, w::int FROM unnest("
    "string_to_array(%s, ' '), string_to_array(%s, ' '), string_to_array(%s, E'\\n'), string_to_array(%s, ' ')) AS c(k, l, a, w)"
)
ORDERED = text(
    "INSERT INTO import_line (addr_key, line, address, wish) "
    "SELECT addr_key, line, address, wish FROM import_come ORDER BY head, addr_key, line"
)
_before = staged.alias()
AGAIN = insert(again).from_select(
    list(again.c.keys()),
    select(staged.c.place, staged.c.line, staged.c.address)
    .join(_before, staged.c.place == _before.c.place + 1)
    .where(staged.c.addr_key == _before.c.addr_key),
)
"""SQLite looks at neighbours: to try each line for another, while it is put in order, costs more."""
FIRSTS = text(
    "INSERT INTO import_line SELECT row_number() OVER (), * FROM (SELECT DISTINCT ON (addr_key) addr_key, line, address, wish "
    "FROM import_come ORDER BY addr_key, line) AS firsts"
)
"""For PostgreSQL, which writes a row twice that may meet another, and an index sooner than row by row."""
READY = (
    text("CREATE UNIQUE INDEX ON import_line (place)"),
    text("ANALYZE import_wish"),
)


def prepare(connection: Connection) -> None:
    """Make the tables. PostgreSQL keeps no plan on this connection from now on: tables grow under it, and what was right for few rows goes wrong."""
    if connection.dialect.name == "postgresql":
        driver: Any = connection.connection.dbapi_connection
        driver.prepare_threshold = None
    else:
        connection.exec_driver_sql(f"PRAGMA temp.page_size = {PAGE}")
        connection.exec_driver_sql(f"PRAGMA main.cache_size = -{CACHE}")
    for table in _temporary.sorted_tables:
        connection.execute(CreateTable(table))


def stage(connection: Connection, block: Block, asked: int) -> int:
    """Take a block's good lines in; `asked`: of what the list asks for so much stands there; returns how much does so now."""
    new = [{"id": place, **wish._asdict()} for place, wish in enumerate(block.asked[asked:], asked)]
    if new:
        connection.execute(insert(wished), new)
    if connection.dialect.name == "postgresql":
        # as four long texts: a value by itself costs the driver more than all else
        keys, lines = (key.hex() for key in block.keys), map(str, block.lines)
        texts = " ".join(keys), " ".join(lines), "\n".join(block.addresses), " ".join(map(str, block.wishes))
        connection.exec_driver_sql(UNNEST, texts)
    else:
        # bytearray: for other bytes the driver looks for an adapter, which costs as much as the rest of a row
        heads = unpack(f">{HEAD * len(block.keys)}", b"".join(block.keys))
        rows = zip(map(bytearray, block.keys), block.lines, block.addresses, block.wishes, heads, strict=True)
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
    return asked + len(new)


@lru_cache(maxsize=2)
def _values(rows: int) -> str:
    return "INSERT INTO import_come VALUES (?, ?, ?, ?, ?)" + ", (?, ?, ?, ?, ?)" * (rows - 1)


def order(connection: Connection) -> int:
    """Put the lines in order, the first of each address; returns how many those are."""
    counted = {"preserve_rowcount": True}
    if connection.dialect.name == "postgresql":
        firsts = connection.execute(FIRSTS, execution_options=counted).rowcount
        for statement in READY:
            connection.execute(statement)
        return firsts
    lines = connection.execute(ORDERED, execution_options=counted).rowcount
    missing = connection.execute(AGAIN, execution_options=counted).rowcount
    if missing:
        connection.execute(delete(staged).where(staged.c.place.in_(select(again.c.place))))
    return lines - missing


def twice(connection: Connection) -> Iterator[RefusedLine]:
    """The lines whose address stands in an earlier one."""
    if connection.dialect.name == "postgresql":
        query = (
            select(come.c.line, come.c.address, staged.c.line)
            .join(staged, staged.c.addr_key == come.c.addr_key)
            .where(come.c.line != staged.c.line)
        )
    else:
        first = select(staged.c.line).where(staged.c.place < again.c.place).order_by(staged.c.place.desc())
        query = select(again.c.line, again.c.address, first.limit(1).scalar_subquery())
    for line, address, first_line in connection.execute(query, execution_options={"yield_per": 1000}):
        yield RefusedLine(line, address, f"the address stands in line {first_line} already")
