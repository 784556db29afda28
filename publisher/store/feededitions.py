"""Editions of feeds, of which only the newest are kept, and what one that holds as it is stands by."""

from __future__ import annotations

from sqlalchemy import Connection, delete, select, update

from publisher.edition import Kind
from publisher.store.schema import edition, edition_item, edition_revision, rendering

__all__ = ["keep_look", "prune"]


def keep_look(connection: Connection, edition_id: str, look: str) -> None:
    """What an edition that holds as it is stands by from now on."""
    connection.execute(update(edition).where(edition.c.id == edition_id).values(look=look))


def prune(connection: Connection, series: str, *, keep: int = 50) -> None:
    """Forget all but the newest feed editions of a series."""
    old = (
        select(edition.c.id)
        .where(edition.c.kind == Kind.FEED, edition.c.series == series)
        .order_by(edition.c.number.desc())
        .offset(keep)
    )
    ids = [row.id for row in connection.execute(old)]
    for table in (rendering, edition_item, edition_revision):
        connection.execute(delete(table).where(table.c.edition_id.in_(ids)))
    connection.execute(delete(edition).where(edition.c.id.in_(ids)))
