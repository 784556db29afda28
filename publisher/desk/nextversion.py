"""The version of a story that follows: after one that its source sent, a headline of the house, or a kill that a person takes back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from publisher import revise
from publisher.newsroom import Newsroom
from publisher.revise import Change, eligible_at
from publisher.selection import claimed
from publisher.story import Received, Source, Story

__all__ = ["brought_back", "headlined", "next_version"]


def next_version(
    newsroom: Newsroom,
    present: Story | None,
    source: Source,
    received: Received,
    *,
    kind: Change,
    sections: tuple[str, ...],
    first: bool = False,
    now: datetime,
) -> Story:
    """The story with this version on top. A headline that the desk changed stays the desk's.

    `first`: its source was never read before. What it has is not what has just come in but what it had, so that each story is a candidate
    from the time that it claims, and last month's are no news of today.

    A release by the desk was of the embargo that the source had stated: another one holds again.

    A kill often comes as an id and a word. It says of the story that it must go, nothing of where it stands: sections, language and
    headline stay what readers had, so that the notice takes the story's place in every feed and the gate knows what to look for.
    """
    if present is None:
        story = Story(
            story_id=newsroom.mint(now, f"story {source.slug} {received.source_guid}".encode()),
            version=1,
            source=source.slug,
            received=received,
            headline=received.headline or received.original_headline,
            received_at=now,
            modified_at=now,
            eligible_at=None,
            sections=sections,
        )
        story = replace(story, eligible_at=claimed(story) if first else None)
    else:
        kill = kind is Change.KILL
        language = present.received.language
        received = (
            replace(received, language=language)
            if kill
            else revise.still_restored(received, present.received)
        )
        keep_headline = kill or present.headline_changed_at is not None
        released = present.released_at if received.embargo == present.received.embargo else None
        story = replace(
            present,
            version=present.version + 1,
            received=received,
            headline=present.headline if keep_headline else received.headline or received.original_headline,
            received_at=now,
            modified_at=now,
            sections=present.sections if kill else sections,
            released_at=released,
            corrected_at=now if kind is Change.CORRECTION else present.corrected_at,
            eligible_at=now if kind is Change.RELEASE else present.eligible_at,
        )
    return replace(story, eligible_at=eligible_at(story))


def headlined(story: Story, headline: str, *, why: str, actor: str, now: datetime) -> Story:
    """The story under a headline of the house; the original stays beside it, also where the source wrote none."""
    return replace(
        story,
        headline=headline,
        headline_changed_by=actor,
        headline_changed_at=now,
        headline_changed_why=why,
        modified_at=now,
    )


def brought_back(
    newsroom: Newsroom, present: Story, received: Received, *, now: datetime
) -> tuple[Story, Received]:
    """A killed story, and the version in which a person lets it stand again.

    Whoever had it was told to disregard it: it stands in their next edition again, as one that was corrected, and says so.
    """
    words = newsroom.templates.words(received.language)
    note = words.gettext("This story had been withdrawn; it is published again.")
    return replace(present, killed=None, corrected_at=now), revise.restored(received, note)
