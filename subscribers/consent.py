"""Consent: the states of a subscriber, the legal steps between them, and the evidence kept for each.

PURE. pending -> confirmed -> left | suppressed. Subscribing again never downgrades: a confirmed reader stays confirmed, one
who left begins again and is mailed only after a new confirmation or new evidence, a suppressed one is not brought back by
anything but a person who takes the suppression back.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Status", "Step", "after"]


class Status(StrEnum):
    """Where a subscriber stands."""

    PENDING = "pending"
    """Asked, or was brought in, without evidence of consent: not mailed."""
    CONFIRMED = "confirmed"
    LEFT = "left"
    SUPPRESSED = "suppressed"


class Step(StrEnum):
    """What happened; each is kept as evidence with time, actor and basis."""

    REQUESTED = "requested"
    CONFIRMED = "confirmed"
    """Confirmed by the reader, or brought in with a stated basis."""
    LEFT = "left"
    SUPPRESSED = "suppressed"
    RESTORED = "restored"
    """A person took a suppression back: the reader stands where they stood before it."""
    ERASED = "erased"


_MOVES: dict[tuple[Status | None, Step], Status] = {
    (None, Step.REQUESTED): Status.PENDING,
    (None, Step.CONFIRMED): Status.CONFIRMED,
    (Status.PENDING, Step.REQUESTED): Status.PENDING,
    (Status.PENDING, Step.CONFIRMED): Status.CONFIRMED,
    (Status.PENDING, Step.LEFT): Status.LEFT,
    (Status.CONFIRMED, Step.REQUESTED): Status.CONFIRMED,
    (Status.CONFIRMED, Step.CONFIRMED): Status.CONFIRMED,
    (Status.CONFIRMED, Step.LEFT): Status.LEFT,
    (Status.LEFT, Step.LEFT): Status.LEFT,
    (Status.LEFT, Step.REQUESTED): Status.PENDING,
    (Status.LEFT, Step.CONFIRMED): Status.CONFIRMED,
    (Status.SUPPRESSED, Step.LEFT): Status.SUPPRESSED,
    (Status.SUPPRESSED, Step.REQUESTED): Status.SUPPRESSED,
    (Status.SUPPRESSED, Step.CONFIRMED): Status.SUPPRESSED,
}


def after(status: Status | None, step: Step) -> Status:
    """Where a subscriber stands after a step (None: not known before). Suppression is reached from anywhere.

    `RESTORED` is not asked here: it brings back the status that the suppression row remembers.
    """
    if step is Step.SUPPRESSED:
        return Status.SUPPRESSED
    if step is Step.ERASED:
        return Status.LEFT
    return _MOVES[status, step]
