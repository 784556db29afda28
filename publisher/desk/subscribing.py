"""A reader by number, as programs know them: shown, what they chose changed, and one of their digests ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from publisher.desk.readers import everything, fitting
from publisher.errors import Conflict
from publisher.newsroom import Newsroom
from subscribers import audience
from subscribers.rhythm import Rhythm, RhythmKind

__all__ = ["leave", "prefer", "reader"]


def reader(newsroom: Newsroom, subscriber_id: int) -> dict[str, Any]:
    """Everything about one reader.

    Raises:
        UnknownSubscriber: there is none of this number.
    """
    with newsroom.database.read() as connection:
        return everything(connection, audience.get(connection, subscriber_id))


def prefer(
    newsroom: Newsroom,
    subscriber_id: int,
    digest: str,
    *,
    language: str | None,
    sections: Sequence[str] | None,
    rhythm: str | None,
) -> None:
    """Change what a reader gets of a digest; None leaves a choice as it is, no sections at all means every one.

    Raises:
        UnknownSubscriber, UnknownName, BadInput: the reader, the digest, or what was chosen is not there.
        Conflict: the reader does not get this digest.
    """
    _, wanted = fitting(newsroom, digest, language=language, sections=sections or (), rhythm=rhythm)
    with newsroom.database.write() as connection:
        row = audience.get(connection, subscriber_id)
        present = [one for one in audience.subscriptions(connection, row.id) if one.digest == digest]
        if not present or not present[0].active:
            raise Conflict(f"reader {subscriber_id} does not get {digest}")
        (was,) = present
        chosen = was.sections.split() if sections is None else sections
        often = Rhythm(RhythmKind(was.rhythm), was.hour, was.weekday)
        audience.choose(
            connection,
            row.id,
            digest,
            language=language or was.language,
            sections=chosen or None,
            rhythm=wanted or often,
        )


def leave(newsroom: Newsroom, subscriber_id: int, digest: str, *, actor: str, now: datetime) -> None:
    """End a digest for a reader; twice is the same as once.

    Raises:
        UnknownSubscriber, UnknownName: there is no such reader or digest.
    """
    slug = newsroom.asked_for(digest).slug
    with newsroom.database.write() as connection:
        row = audience.get(connection, subscriber_id)
        audience.leave(connection, row.id, digest=slug, actor=actor, now=now)
