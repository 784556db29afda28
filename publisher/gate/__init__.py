"""The provenance gate: reads finished bytes back, with another parser than made them, and clears them or names what lacks.

PURE. In each item it wants the source's name, a visible link to exactly its source URL, and the disclaimer; in the whole output
exactly the edition's items in their order, no story that must not go out, and no place left unfilled. What cannot be read is a
violation: the gate fails closed. It judges what a reader would see: text that is hidden, too small or in the colour of its
background does not count, and hiding rules are refused wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterable

from publisher.errors import GateRefused, Violation
from publisher.gate.feed import check_feed
from publisher.gate.mail import check_message, check_notice, check_text
from publisher.gate.page import check_html, headlines_of
from publisher.gate.withdrawal import check_withdrawal, repeats, unsayable, words_of

__all__ = [
    "Violation",
    "check_feed",
    "check_html",
    "check_message",
    "check_notice",
    "check_text",
    "check_withdrawal",
    "clear",
    "headlines_of",
    "repeats",
    "unsayable",
    "words_of",
]


def clear(edition_id: str, violations: Iterable[Violation]) -> None:
    """Let pass what has no violation.

    Raises:
        GateRefused: with every violation.
    """
    found = tuple(violations)
    if found:
        raise GateRefused(edition_id, found)
