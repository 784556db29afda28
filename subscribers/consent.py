"""Consent: where a reader stands, the legal steps, and what each step leaves as evidence.

PURE. pending -> confirmed -> left | suppressed. The same machine holds for a person (may they be mailed at all?) and for each
of their subscriptions (did they ask for this digest?); mailed is only who is confirmed in both.
Asking again never downgrades: the confirmed stay confirmed. Nor does it undo a leaving, for anybody can ask in a reader's name: who left has
left until there is new evidence.
Who is suppressed is brought back by nothing but a person who takes the suppression back. Steps that the table does not
list are bugs and raise.

Evidence (table `consent`, append-only) is kept for each step: which digest, on what basis, who acted, when; and of what came by a
page, from which form, which network, and under which wording (`Origin`). Readers of an imported list share one piece of evidence, the list's own row in `batch`, which names the basis given for all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["MOVES", "UNKNOWN", "Origin", "Status", "Step", "after"]


class Status(StrEnum):
    """Where a person or a subscription stands."""

    PENDING = "pending"
    """Asked, or stands on a list, without evidence of consent: not mailed."""
    CONFIRMED = "confirmed"
    LEFT = "left"
    SUPPRESSED = "suppressed"
    """Must not be mailed whatever they ask; persons only."""


class Step(StrEnum):
    """What happened."""

    REQUESTED = "requested"
    """Asked for, without evidence that the mailbox's owner did."""
    CONFIRMED = "confirmed"
    """By the reader, or brought in with a stated basis: the evidence names it."""
    LEFT = "left"
    SUPPRESSED = "suppressed"
    """The evidence's basis is the cause."""
    RESTORED = "restored"
    """A person took a suppression back, the basis says why: the reader stands where the suppression's row remembers."""
    ERASED = "erased"
    """The address was forgotten at the reader's wish; the refusal is kept as a suppression."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a step came from, as far as it came by a page of ours: which form, the client's network, the wording that it showed."""

    form: str | None = None
    network: str | None = None
    text_version: str | None = None


UNKNOWN = Origin()


MOVES = MappingProxyType(
    {
        (None, Step.REQUESTED): Status.PENDING,
        (None, Step.CONFIRMED): Status.CONFIRMED,
        (Status.PENDING, Step.REQUESTED): Status.PENDING,
        (Status.PENDING, Step.CONFIRMED): Status.CONFIRMED,
        (Status.PENDING, Step.LEFT): Status.LEFT,
        (Status.PENDING, Step.SUPPRESSED): Status.SUPPRESSED,
        (Status.CONFIRMED, Step.REQUESTED): Status.CONFIRMED,
        (Status.CONFIRMED, Step.CONFIRMED): Status.CONFIRMED,
        (Status.CONFIRMED, Step.LEFT): Status.LEFT,
        (Status.CONFIRMED, Step.SUPPRESSED): Status.SUPPRESSED,
        (Status.LEFT, Step.REQUESTED): Status.LEFT,
        (Status.LEFT, Step.CONFIRMED): Status.CONFIRMED,
        (Status.LEFT, Step.LEFT): Status.LEFT,
        (Status.LEFT, Step.SUPPRESSED): Status.SUPPRESSED,
        (Status.SUPPRESSED, Step.REQUESTED): Status.SUPPRESSED,
        (Status.SUPPRESSED, Step.CONFIRMED): Status.SUPPRESSED,
        (Status.SUPPRESSED, Step.LEFT): Status.SUPPRESSED,
        (Status.SUPPRESSED, Step.SUPPRESSED): Status.SUPPRESSED,
    }
)
"""Every legal step. `RESTORED` and `ERASED` are not moves from a status: they say where the reader stands by themselves."""


def after(status: Status | None, step: Step) -> Status:
    """Where a reader stands after a step (None: not known before); KeyError for a step that cannot follow."""
    return MOVES[status, step]
