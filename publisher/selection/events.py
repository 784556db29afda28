"""Of several reports of one event: which leads, whom it names, and whose readers have had the event already. PURE."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from publisher.edition import Also
from publisher.rights import RIGHTS, Channel, strictest
from publisher.selection.byhand import Tie
from publisher.selection.candidates import Candidate, eligible
from publisher.selection.grouping import Groups, grouped
from publisher.story import Source, Story

__all__ = ["Events"]

Rank = tuple[bool, bool, int, int, bool, int, float, str]


class Events:
    """The events of an edition, found once for all of its shelves.

    `candidates` may be shown at this moment and include those of earlier editions; `away` are stories that the desk dropped: they
    neither lead before others nor are named.
    """

    def __init__(
        self,
        candidates: Sequence[Candidate] = (),
        *,
        ties: Iterable[Tie] = (),
        sources: Mapping[str, Source],
        channel: Channel,
        away: Collection[str] = (),
    ) -> None:
        self.groups = grouped((entry.story for entry in candidates), ties) if candidates else Groups()
        self._sources, self._channel, self._away = sources, channel, away
        carried = [entry for entry in candidates if entry.carried_at is not None]
        self._again = {entry.story.story_id for entry in carried if not entry.spent}
        told: dict[str, set[str]] = {}
        for entry in carried:
            if event := self.groups.of.get(entry.story.story_id):
                told.setdefault(event, set()).update(entry.story.sections)
        self._told = told

    def told(self, story: Story) -> frozenset[str]:
        """The sections in which another report of its event was carried before; none for a story that was itself, and is corrected."""
        if story.story_id in self._again:
            return frozenset()
        return frozenset(self._told.get(self.groups.of.get(story.story_id, ""), ()))

    def rank(self, story: Story) -> Rank:
        """What leads, lowest first: what has to be put right, the source's priority, completeness, freshness."""
        source, received = self._sources[story.source], story.received
        return (
            story.story_id in self._away,
            story.story_id not in self._again,
            source.priority,
            RIGHTS.index(strictest(source.allows(self._channel), received.rights)),
            not received.body,
            -len(received.body).bit_length(),
            -eligible(story).timestamp(),
            story.story_id,
        )

    def also(self, story: Story) -> tuple[Also, ...]:
        """Who else reports its event, each source and each report once, in the order in which they would lead.

        The same link under another source's name is no report of theirs: it leads to the one that stands here already.
        """
        named: dict[str, Also] = {}
        seen = {story.received.source_url}
        for other in sorted(self.groups.others(story), key=self.rank):
            name, url = other.received.source_name, other.received.source_url
            fresh = name != story.received.source_name and name not in named and url not in seen
            if fresh and other.story_id not in self._away:
                named[name] = Also(other.story_id, name, url)
                seen.add(url)
        return tuple(named.values())
