"""What the desk said of stories two by two, as a whole: whatever is joined is one event, with all that either was joined with. PURE.

Of what was said of one pair the last counts. A join that would bring together two stories that were split is overruled; the commands
refuse to say such a thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

__all__ = ["ByHand", "Tie", "by_hand", "in_force"]


@dataclass(frozen=True, slots=True)
class Tie:
    """What the desk said of two stories: that they report one event, or that they do not."""

    one: str
    other: str
    joined: bool


@dataclass(frozen=True, slots=True)
class ByHand:
    """What follows from the ties.

    Attributes:
        joined: story -> its event's stories as the desk joined them, itself among them. apart: story -> those it was split from.
        overruled: pairs whose join a split forbids.
    """

    joined: Mapping[str, frozenset[str]] = field(default_factory=dict)
    apart: Mapping[str, frozenset[str]] = field(default_factory=dict)
    overruled: tuple[tuple[str, str], ...] = ()

    def whole(self, story_id: str) -> frozenset[str]:
        """The stories that the desk joined with this one, and itself."""
        return self.joined.get(story_id, frozenset((story_id,)))

    def split_among(self, stories: Iterable[str]) -> tuple[str, str] | None:
        """Two of these that were split, or None."""
        among = frozenset(stories)
        pairs = ((name, other) for name in sorted(among) for other in sorted(self.apart.get(name, ())))
        return next((pair for pair in pairs if pair[1] in among), None)


def in_force(ties: Iterable[Tie]) -> tuple[Tie, ...]:
    """The last tie of each pair, in the order in which they were said."""
    last: dict[frozenset[str], Tie] = {}
    for tie in ties:
        pair = frozenset((tie.one, tie.other))
        last.pop(pair, None)
        last[pair] = tie
    return tuple(last.values())


def by_hand(ties: Iterable[Tie]) -> ByHand:
    """What the ties come to."""
    said = in_force(ties)
    apart: dict[str, frozenset[str]] = {}
    for tie in said:
        if not tie.joined:
            apart[tie.one] = apart.get(tie.one, frozenset()) | {tie.other}
            apart[tie.other] = apart.get(tie.other, frozenset()) | {tie.one}
    joined: dict[str, frozenset[str]] = {}
    overruled: list[tuple[str, str]] = []
    for tie in said:
        if tie.joined:
            so_far = ByHand(joined, apart)
            whole = so_far.whole(tie.one) | so_far.whole(tie.other)
            if so_far.split_among(whole):
                overruled.append((tie.one, tie.other))
            else:
                joined |= dict.fromkeys(whole, whole)
    return ByHand(joined, apart, tuple(overruled))
