"""The ledger's rules: states of a delivery, what a reply means for it, when it is tried again, what a crash leaves.

PURE. Nothing here knows a database or a socket. `subscribers.bounces` reads reply codes; this module adds the phase in which
the reply came, what follows for the row, and what follows for the dispatch. The heart is one rule (RFC 1047): between the
final dot and the server's reply neither side can know, so before the dot a loss is free, after it the row is in doubt.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from subscribers.address import unnamed
from subscribers.bounces import Kind, Scope, Verdict, judge

__all__ = [
    "DISPATCH_MOVES",
    "FINAL",
    "MOVES",
    "NOTHING_LEFT",
    "POISON",
    "SESSION_ENDED",
    "Action",
    "Counts",
    "DispatchState",
    "Outcome",
    "Phase",
    "Policy",
    "Reply",
    "State",
    "Tally",
    "classify",
    "lost",
    "move",
    "resend_allowed",
    "retry_at",
    "sources",
]


class State(StrEnum):
    """Where a delivery stands."""

    QUEUED = "queued"
    """Waits for its time, its turn or its retry."""
    CLAIMED = "claimed"
    """A worker holds its chunk; nothing was committed, so losing the worker costs nothing."""
    COMMITTING = "committing"
    """The mark is durable; the dot may have left."""
    ACCEPTED = "accepted"
    """The relay took it (250 to the dot); bounces that come later are events, not states."""
    FAILED = "failed"
    UNCERTAIN = "uncertain"
    """The dot left and no reply was read."""
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


MOVES: Mapping[State, frozenset[State]] = {
    State.QUEUED: frozenset(
        {
            State.CLAIMED,
            State.EXPIRED,
            State.CANCELLED,
            State.FAILED,  # it cannot be rendered, or takes its worker with it
            State.UNCERTAIN,  # it was in doubt, waited to be sent again, and will not be
            State.ACCEPTED,  # the same, and the first try's reply came after all
        }
    ),
    State.CLAIMED: frozenset(
        {State.COMMITTING, State.QUEUED, State.SUPPRESSED, State.CANCELLED, State.EXPIRED, State.FAILED}
    ),
    State.COMMITTING: frozenset({State.ACCEPTED, State.FAILED, State.QUEUED, State.UNCERTAIN}),
    State.UNCERTAIN: frozenset({State.ACCEPTED, State.FAILED, State.QUEUED}),
    State.FAILED: frozenset({State.QUEUED}),  # by hand only: `dispatch retry`
    State.ACCEPTED: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.EXPIRED: frozenset(),
    State.CANCELLED: frozenset(),
}
"""Every legal move of a delivery; what stands here in no set never happens."""
FINAL = frozenset(
    {State.ACCEPTED, State.FAILED, State.UNCERTAIN, State.SUPPRESSED, State.EXPIRED, State.CANCELLED}
)
"""States in which a delivery stays unless a person, a resend or a late reply moves it."""


NOTHING_LEFT = "no story left in their sections"
"""Why readers are not sent a revision of which their variant has no item."""


def move(frm: State, to: State) -> State:
    """`to`, if the move is legal; a repeat is no news. ValueError otherwise."""
    if frm is not to and to not in MOVES[frm]:
        raise ValueError(f"a delivery cannot go from {frm} to {to}")
    return to


class DispatchState(StrEnum):
    """Where a dispatch stands; "done" is computed from its rows, never stored."""

    FREEZING = "freezing"
    SENDING = "sending"
    PAUSED = "paused"
    """By a person."""
    HALTED = "halted"
    """By a rule."""
    CANCELLED = "cancelled"


DISPATCH_MOVES: Mapping[DispatchState, frozenset[DispatchState]] = {
    DispatchState.FREEZING: frozenset({DispatchState.SENDING, DispatchState.HALTED, DispatchState.CANCELLED}),
    DispatchState.SENDING: frozenset({DispatchState.PAUSED, DispatchState.HALTED, DispatchState.CANCELLED}),
    DispatchState.PAUSED: frozenset(
        {DispatchState.SENDING, DispatchState.CANCELLED}
    ),  # no rule takes it from a person
    DispatchState.HALTED: frozenset(
        {DispatchState.SENDING, DispatchState.FREEZING, DispatchState.CANCELLED}
    ),  # back to freezing when the halt interrupted the freeze
    DispatchState.CANCELLED: frozenset(),
}
"""Every legal move of a dispatch."""

_S = TypeVar("_S", State, DispatchState)


def sources(moves: Mapping[_S, frozenset[_S]], to: _S) -> frozenset[_S]:
    """The states from which `to` may be reached: what a statement asks for before it moves a row there."""
    return frozenset(frm for frm, targets in moves.items() if to in targets)


class Policy(StrEnum):
    """What becomes of rows in doubt."""

    RESEND = "resend"
    """Same bytes and Message-ID again: nobody lost, at most one duplicate per connection and crash."""
    KEEP = "keep"
    """No duplicates: a list for the operator."""


class Phase(StrEnum):
    """The step of an SMTP session at which something was said or lost."""

    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    TLS = "tls"
    AUTH = "auth"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    BODY = "body"
    DOT = "dot"


BEFORE_RECIPIENT = frozenset({Phase.CONNECT, Phase.BANNER, Phase.EHLO, Phase.TLS, Phase.AUTH, Phase.MAIL})
"""Phases in which nobody was named yet: what is said there cannot be about a recipient's domain."""


class Action(StrEnum):
    """What a refusal asks for beside the row's own state."""

    NONE = "none"
    SUPPRESS = "suppress"
    """Positive evidence that the mailbox is dead."""
    HALT = "halt"
    """Nothing of this dispatch can succeed: configuration, or the message itself."""
    COUNT_BLOCK = "count-block"
    """Policy about us: a few of these halt the dispatch."""
    SLOW = "slow"
    """The domain, or the relay, asks for less."""
    RECONNECT = "reconnect"
    """The connection is of no more use."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a server said."""

    code: int
    enhanced: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one try of one delivery.

    `kind`: what the reply is, where there was one. `reply`: in the server's words, without addresses.
    `charged`: whether it counts against the row's tries; what was about the relay or the connection does not.
    """

    state: State
    cause: str
    action: Action = Action.NONE
    charged: bool = True
    scope: str | None = None
    code: int | None = None
    enhanced: str | None = None
    reply: str | None = None
    relay: str | None = None
    kind: Kind | None = None

    def by(self, relay: str) -> Outcome:
        """The same, over this relay; each message is told so, and `replace` takes four times as long."""
        return Outcome(
            self.state,
            self.cause,
            self.action,
            self.charged,
            self.scope,
            self.code,
            self.enhanced,
            self.reply,
            relay,
            self.kind,
        )


@dataclass(frozen=True, slots=True)
class Counts:
    """A dispatch's report; it adds up by construction: planned is the sum of the rest."""

    waiting: int = 0
    accepted: int = 0
    failed: int = 0
    suppressed: int = 0
    expired: int = 0
    cancelled: int = 0
    uncertain: int = 0

    @property
    def planned(self) -> int:
        """Everybody the dispatch was frozen for."""
        return (
            self.waiting
            + self.accepted
            + self.failed
            + self.suppressed
            + self.expired
            + self.cancelled
            + self.uncertain
        )


@dataclass(frozen=True, slots=True)
class Tally(Counts):
    """The same while a run goes on: `deferred`, of those who wait, were put off by this run; `relays`: accepted by each of them."""

    deferred: int = 0
    relays: Mapping[str, int] = field(default_factory=dict)


def classify(reply: Reply, phase: Phase) -> Outcome:
    """What a reply means for the row it answers and for the dispatch.

    A 2xx to the dot is acceptance; a 4xx or 5xx at any step leaves no doubt: the message was not taken. Anything else
    after the dot tells nothing about the message, as if the connection had been lost. Servers like to name the mailbox: it is judged
    with its name, and told without, because the ledger, halts, breakers and alarms are made of it and no erasure reaches them all.
    """
    if phase is Phase.DOT and 200 <= reply.code <= 299:
        return _outcome(State.ACCEPTED, "accepted", reply, Scope.RECIPIENT)
    if phase is Phase.DOT and not 400 <= reply.code <= 599:
        return lost(phase, why=f"not a reply to the dot: {reply.code}")
    verdict = judge(reply.code, reply.enhanced, reply.text, phase=phase.value)
    if phase in BEFORE_RECIPIENT and verdict.scope is Scope.DOMAIN:
        verdict = replace(verdict, scope=Scope.RELAY)
    action = _not_about_the_row(verdict)
    if action is not None:
        return _outcome(State.QUEUED, verdict.rule, reply, verdict.scope, action=action, charged=False)
    state = State.FAILED if verdict.permanent else State.QUEUED
    action = Action.SUPPRESS if verdict.suppress else Action.NONE
    if verdict.kind is Kind.BLOCK:
        action = Action.COUNT_BLOCK
    outcome = _outcome(state, verdict.rule, reply, verdict.scope, action=action)
    return replace(outcome, kind=verdict.kind)


def _not_about_the_row(verdict: Verdict) -> Action | None:
    """What a reply about us, the message, the domain or the relay asks for: the row waits again, uncharged."""
    match verdict.kind:
        case Kind.CONFIGURATION | Kind.MESSAGE:
            return Action.HALT
        case Kind.PROTOCOL:
            return Action.RECONNECT
        case Kind.BLOCK if verdict.scope is Scope.SENDER:
            return Action.COUNT_BLOCK
    # a provider's "deferred for good" is such a domain's, too: it says nothing of the others
    return Action.SLOW if verdict.scope in {Scope.RELAY, Scope.DOMAIN} else None


def _outcome(
    state: State,
    cause: str,
    reply: Reply,
    scope: Scope,
    *,
    action: Action = Action.NONE,
    charged: bool = True,
) -> Outcome:
    text = unnamed(reply.text)[:512]
    return Outcome(state, cause, action, charged, str(scope), reply.code, reply.enhanced, text)


SESSION_ENDED = "the server ended the session"
"""As the cause of a loss: one that took messages before, which many do after some."""


def lost(phase: Phase, *, why: str) -> Outcome:
    """A connection that died or fell silent. Before the dot it is free; from the dot on the row is in doubt."""
    if phase is Phase.DOT:
        return Outcome(State.UNCERTAIN, why, action=Action.RECONNECT, scope=Scope.RECIPIENT.value)
    return Outcome(State.QUEUED, why, action=Action.RECONNECT, charged=False, scope=Scope.RELAY.value)


RETRY_MINUTES = (5, 15, 30, 60, 120, 240)
"""After the first, second, … charged try; the last stands for all that follow (RFC 5321 4.5.4.1)."""
JITTER = 0.2
RESENDS = 3
"""How many times in all a row in doubt may be sent."""
POISON = 2
"""A chunk that took its workers with it this often, without a single row settled, is tried row by row, each alone."""


def retry_at(tries: int, now: datetime, *, key: bytes, delivery: int) -> datetime:
    """When a row is tried again after `tries` charged tries (from 1): by schedule, moved by up to a fifth.

    The jitter comes from HMAC(key, delivery, try): it spreads a dispatch's retries, and is the same on each machine.
    """
    minutes = RETRY_MINUTES[min(tries, len(RETRY_MINUTES)) - 1]
    drawn = hmac.digest(key, f"retry {delivery} {tries}".encode(), "sha256")
    share = int.from_bytes(drawn[:4], "big") / 0xFFFFFFFF
    return now + timedelta(minutes=minutes * (1 - JITTER + 2 * JITTER * share))


def resend_allowed(policy: Policy, doubts: int, *, withdrawn: bool) -> bool:
    """Whether a row that has been in doubt `doubts` times (this one counted) is sent again.

    Never once an item of the revision it may have got has been withdrawn: its reader is owed the notice, not a copy.
    """
    return policy is Policy.RESEND and doubts < RESENDS and not withdrawn
