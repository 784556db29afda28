"""Editor's notes that wait for the next edition of their digest: one for each language."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from publisher.store.db import insert
from publisher.store.schema import editors_note

__all__ = ["clear", "every", "put", "waiting"]


def put(connection: Connection, digest: str, language: str, text: str, *, actor: str, now: datetime) -> None:
    """Let this text be the note; another one in the language is replaced."""
    clear(connection, digest, [language])
    connection.execute(
        insert(connection, editors_note).values(
            digest=digest, language=language, text=text, actor=actor, at=now
        )
    )


def clear(connection: Connection, digest: str, languages: Collection[str]) -> int:
    """Take the notes in these languages away; how many there were."""
    gone = connection.execute(
        delete(editors_note).where(
            editors_note.c.digest == digest, editors_note.c.language.in_(list(languages))
        )
    )
    return gone.rowcount


def waiting(connection: Connection, digest: str) -> dict[str, str]:
    """Language -> the note of the digest's next edition."""
    rows = connection.execute(
        select(editors_note.c.language, editors_note.c.text).where(editors_note.c.digest == digest)
    )
    return {row.language: row.text for row in rows}


def every(connection: Connection) -> list[tuple[str, str, str]]:
    """Digest, language and text of all notes that wait."""
    query = select(editors_note.c.digest, editors_note.c.language, editors_note.c.text)
    return [tuple(row) for row in connection.execute(query.order_by("digest", "language"))]
