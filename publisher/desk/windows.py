"""Which stories no edition takes up any more, for they are older than the windows of all sections. Asks, and decides nothing.

Selection never sees them, so that no edition can give them as left out: whoever asks why a new source's stories are nowhere is told here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from publisher.edition import Edition
from publisher.newsroom import Newsroom
from publisher.section import Section
from publisher.series import Digest
from publisher.store import agenda

__all__ = ["aged", "before_all", "of_source", "past", "sections_of", "silent_for_age"]

MANY = 1000
"""Beyond that nobody needs to know how many."""


def sections_of(newsroom: Newsroom, digest: Digest) -> list[Section]:
    """The digest's sections as far back as it looks itself."""
    sections = [newsroom.section(slug) for slug in digest.sections]
    return sections if digest.window is None else [section.narrowed(digest.window) for section in sections]


def past(
    newsroom: Newsroom, connection: Connection, digest: Digest, *, slot: datetime, language: str = ""
) -> str:
    """How many stories are older than all windows of the digest, in words; "" when none is."""
    before = min(slot - section.reach for section in sections_of(newsroom, digest))
    number, newest = agenda.past(connection, before, most=MANY + 1, language=language)
    if newest is None:
        return ""
    which = f" in {language}" if language else ""
    return (
        f"{_counted(number, 'story', 'stories')}{which} {'is' if number == 1 else 'are'} older than the sections' windows, "
        f"the newest of {newest:%Y-%m-%d %H:%M}Z"
    )


def silent_for_age(newsroom: Newsroom, made: Edition, languages: list[str]) -> list[str]:
    """Of languages in which an edition has nothing, what is there and too old; a line each."""
    digest = newsroom.digests.get(made.series)
    if digest is None:
        return []
    with newsroom.database.read() as connection:
        said = [
            past(newsroom, connection, digest, slot=made.slot, language=language) for language in languages
        ]
    return [line for line in said if line]


def of_source(newsroom: Newsroom, slug: str, now: datetime) -> str:
    """What is to be said of the stories that a source had when it was read for the first time; "" as a rule."""
    before = before_all(newsroom, now)
    if before is None:
        return ""
    with newsroom.database.read() as connection:
        number, _ = agenda.past(connection, before, most=MANY + 1, source=slug)
    if not number:
        return ""
    return (
        f"{_counted(number, 'of its stories', 'of its stories')} {'is' if number == 1 else 'are'} older than the windows of all sections "
        "(`window` in sections.toml): no edition has them unless they are pinned"
    )


def before_all(newsroom: Newsroom, now: datetime) -> datetime | None:
    """What is older than this is in no section's window; None where there are no sections."""
    longest = max((section.reach for section in newsroom.settings.sections), default=None)
    return None if longest is None else now - longest


def aged(number: int) -> str:
    """What is to be said of so many new stories of a file that are older than all windows by their own dates."""
    which = _counted(number, "of its stories is", "of its stories are")
    return (
        f"{which} older by date than the windows of all sections, and news of today all the same, as whatever comes in: "
        "with --backlog a file's stories count from the time that they claim"
    )


def _counted(number: int, one: str, several: str) -> str:
    if number > MANY:
        return f"more than {MANY:,} {several}"
    return f"{number:,} {one if number == 1 else several}"
