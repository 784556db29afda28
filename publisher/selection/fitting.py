"""Making room in an edition whose mail is too large: the last stories of its longest shelves stay out. PURE.

What is left out stays a candidate until its section's window ends, like everything that the maximum cut, and the mail says how many more
stories the section's page has.
"""

from __future__ import annotations

import dataclasses

from publisher.edition import Edition, LeftOut, Why

__all__ = ["roomier"]


def roomier(edition: Edition, language: str, stories: int) -> Edition:
    """The edition with this many stories fewer on the shelves of `language`, the last of the longest shelf each time.

    The shelves of one language keep one story between them at least: an edition without stories is none.
    """
    shelves = {place: list(s.stories) for place, s in enumerate(edition.shelves) if s.language == language}
    out: list[LeftOut] = []
    for _ in range(stories):
        if len({story_id for held in shelves.values() for story_id in held}) <= 1:
            break
        longest = max(shelves, key=lambda place: (len(shelves[place]), place))
        story_id = shelves[longest].pop()
        section = edition.shelves[longest].section
        out.append(LeftOut(story_id, section, Why.SIZE, "no room in the mail", language))
    kept = tuple(
        dataclasses.replace(
            shelf,
            stories=tuple(shelves[place]),
            more=shelf.more + len(shelf.stories) - len(shelves[place]),
        )
        if place in shelves
        else shelf
        for place, shelf in enumerate(edition.shelves)
    )
    held = {story_id for shelf in kept for story_id in shelf.stories}
    return dataclasses.replace(
        edition,
        shelves=kept,
        items=tuple(item for item in edition.items if item.story_id in held),
        left_out=(*edition.left_out, *out),
    )
