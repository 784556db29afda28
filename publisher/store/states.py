"""What keeps a story back, as the database knows it: for filters and for counting, without loading a single story.

The words and their order are those of `desk.overview.state_of`; a test holds one against the other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Case, Connection, and_, case, func, or_, select

from publisher.store.schema import story, story_version
from publisher.story import EmbargoKind

__all__ = ["count", "count_published", "state_at"]

WITHOUT_END = (EmbargoKind.OPEN.value, EmbargoKind.UNREADABLE.value)


def state_at(now: datetime) -> Case[Any]:
    """The expression over `story` that gives each row's state at `now`."""
    present = story_version.alias("present")
    open_ended = (
        select(present.c.story_id)
        .where(
            present.c.story_id == story.c.id,
            present.c.version == story.c.version,
            present.c.received[("embargo", "kind")].as_string().in_(WITHOUT_END),
        )
        .correlate(story)
        .exists()
    )
    # only the few that are not eligible have their version opened: an embargo without an end is one reason for it
    kept = and_(story.c.released_at.is_(None), story.c.eligible_at.is_(None), open_ended)
    return case(
        (story.c.killed.is_not(None), "killed"),
        (story.c.hold.is_not(None), "held"),
        (or_(story.c.embargo_until > now, kept), "embargoed"),
        else_=story.c.status,
    )


def count(connection: Connection, *, now: datetime) -> dict[str, int]:
    """How many stories are in each state."""
    state = state_at(now).label("state")
    rows = connection.execute(select(state, func.count().label("n")).group_by(state))
    return {row.state: row.n for row in rows}


def count_published(connection: Connection) -> int:
    """How many stories have ever been in an edition."""
    query = select(func.count()).select_from(story).where(story.c.first_published.is_not(None))
    return connection.execute(query).scalar_one()
