"""What an editor does to the next edition of a digest before it is frozen: the note on top, and the order of a section.

Each act is recorded with its actor. Both become part of the edition and of its content hash when it is made; a frozen edition is never
edited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from publisher.desk.acts import Marked, mark
from publisher.errors import BadInput
from publisher.intake.text import clean
from publisher.legible import visible
from publisher.newsroom import Newsroom
from publisher.selection import Act
from publisher.series import Digest
from publisher.store import house, notes

__all__ = ["NOTE_MAX", "Note", "clear_note", "note", "order", "waiting_notes"]

TEMPLATE_MARKS = ("{{", "{%")
NOTE_MAX = 1500
"""Characters: a note is no article, and a mail has an end."""


@dataclass(frozen=True, slots=True)
class Note:
    """An editor's note that waits for the next edition."""

    digest: str
    language: str
    text: str


def note(
    newsroom: Newsroom, digest: str, text: str, *, language: str | None, actor: str, now: datetime
) -> Note:
    """Put a note on top of the digest's next edition in one language (None: its first); an empty line parts paragraphs.

    Raises:
        BadInput: nothing of it is seen, it is too long, or the digest has no such language.
    """
    wanted = newsroom.digest(digest)
    spoken = _language(wanted, language)
    said = "\n".join(clean(line) for line in text.strip().splitlines())
    if not visible(said):
        raise BadInput("a note of which nothing is seen is none; --clear takes one away")
    if len(text) > NOTE_MAX:
        raise BadInput(f"the note has {len(text)} characters; {NOTE_MAX} is the most")
    if left := [mark for mark in TEMPLATE_MARKS if mark in said]:
        raise BadInput(
            f"{left[0]} looks like a template that nobody filled in: the gate would refuse the edition"
        )
    with newsroom.database.write() as connection:
        notes.put(connection, wanted.slug, spoken, said, actor=actor, now=now)
        data = {"language": spoken, "text": said}
        house.tell(connection, "digest.note", wanted.slug, actor=actor, now=now, data=data)
    return Note(wanted.slug, spoken, said)


def clear_note(newsroom: Newsroom, digest: str, *, language: str | None, actor: str, now: datetime) -> int:
    """Take waiting notes of a digest away, in one language or in all; how many there were."""
    wanted = newsroom.digest(digest)
    languages = wanted.languages if language is None else [_language(wanted, language)]
    with newsroom.database.write() as connection:
        gone = notes.clear(connection, wanted.slug, languages)
        if gone:
            data = {"languages": list(languages)}
            house.tell(connection, "digest.note.clear", wanted.slug, actor=actor, now=now, data=data)
    return gone


def waiting_notes(newsroom: Newsroom, digest: str) -> list[Note]:
    """The notes that wait for the digest's next edition, in the order of its languages."""
    wanted = newsroom.digest(digest)
    with newsroom.database.read() as connection:
        said = notes.waiting(connection, wanted.slug)
    return [Note(wanted.slug, language, said[language]) for language in wanted.languages if language in said]


def order(
    newsroom: Newsroom,
    digest: str,
    section: str,
    story_ids: Sequence[str],
    *,
    why: str,
    actor: str,
    now: datetime,
) -> list[Marked]:
    """Let a section of the digest's next edition begin with these stories, in this order: each is pinned at its place.

    Raises:
        BadInput: the digest has no such section, or a story is named twice.
        Refused: a story was killed; those before it are pinned.
    """
    wanted = newsroom.digest(digest)
    slug = newsroom.section(section).slug
    if slug not in wanted.sections:
        raise BadInput(f"digest {digest} has no section {slug!r}; it has {', '.join(wanted.sections)}")
    if len(set(story_ids)) < len(story_ids):
        raise BadInput("a story is named twice")
    return [
        mark(newsroom, story_id, Act.PIN, section=slug, place=place, why=why, actor=actor, now=now)
        for place, story_id in enumerate(story_ids, 1)
    ]


def _language(digest: Digest, language: str | None) -> str:
    spoken = language or digest.languages[0]
    if spoken not in digest.languages:
        raise BadInput(
            f"digest {digest.slug} has no language {spoken!r}; it has {', '.join(digest.languages)}"
        )
    return spoken
