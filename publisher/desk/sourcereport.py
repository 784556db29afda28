"""What came of one source, or of one document of it, as the desk is told. Holds, and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from publisher.desk.withdrawals import Withdrawal

__all__ = ["Outgoing", "SourceReport"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A story that has a new version, and the frozen editions that still go out with the one before."""

    story: str
    headline: str
    editions: tuple[str, ...]


@dataclass(slots=True)
class SourceReport:
    """What came of one source: counts by change, what was set aside, and why it failed if it did.

    `unread`: files of its folder that could not be read, or not to their end, each with why. `behind`: where what it took back may still stand, or could not be made anew. `first`: it was never read before. `aged`: new stories that a file brought, and whose own dates are older than every section's window. `polled`: it was asked what it has now; files come in any order. `met`: the stories that its items named so far.
    """

    source: str
    counts: dict[str, int] = field(default_factory=dict)
    quarantined: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    withdrawals: list[Withdrawal] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    behind: list[str] = field(default_factory=list)
    left_out: int = 0
    failed: str | None = None
    unchanged: bool = False
    first: bool = False
    polled: bool = False
    aged: int = 0
    met: set[str] = field(default_factory=set)

    def add(self, other: SourceReport) -> None:
        """What came of one more document of this source; whether it failed is its own affair."""
        for word, number in other.counts.items():
            self.counts[word] = self.counts.get(word, 0) + number
        self.quarantined += other.quarantined
        self.remarks += other.remarks
        self.withdrawals += other.withdrawals
        self.outgoing += other.outgoing
        self.unread += other.unread
        self.behind += other.behind
        self.left_out += other.left_out

    def count(self, word: str) -> None:
        """One more of this kind."""
        self.counts[word] = self.counts.get(word, 0) + 1
