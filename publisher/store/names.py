"""Finding stories and dispatches by the first characters of their ids."""

from __future__ import annotations

from typing import Literal

from sqlalchemy import Connection, select

from publisher.store.schema import dispatch, story

__all__ = ["Named", "beginning_with"]

Named = Literal["story", "dispatch"]

ID_LENGTH = 26
LAST = "Z"
"""The greatest character of a ULID; no database sorts one of its letters after it, or one of its digits after a letter."""


def beginning_with(connection: Connection, kind: Named, prefix: str, *, limit: int) -> list[str]:
    """The first ids of this kind that begin so, in order; a range of the primary key, so that a large house answers at once.

    `prefix` is in capitals and digits.
    """
    column = {"story": story.c.id, "dispatch": dispatch.c.id}[kind]
    query = select(column).where(column.between(prefix, prefix.ljust(ID_LENGTH, LAST)))
    return list(connection.execute(query.order_by(column).limit(limit)).scalars())
