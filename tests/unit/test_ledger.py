"""The ledger's rules: what a reply means for a row and its dispatch, what a loss means, when a row is tried again."""

from __future__ import annotations

import hmac
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from publisher.ledger import (
    DISPATCH_MOVES,
    FINAL,
    MOVES,
    RESENDS,
    Action,
    Counts,
    DispatchState,
    Outcome,
    Phase,
    Policy,
    Reply,
    State,
    classify,
    lost,
    move,
    resend_allowed,
    retry_at,
    sources,
)

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
KEY = b"k" * 32
SAID = re.compile(r"(\d{3})[ -](?:(\d\.\d+\.\d+) )?(.*)", re.DOTALL)


def answer(said: str, phase: Phase = Phase.RCPT) -> Outcome:
    code, enhanced, text = SAID.fullmatch(said).groups()
    return classify(Reply(int(code), enhanced, text), phase)


def test_only_a_positive_reply_to_the_dot_is_an_acceptance():
    taken = answer("250 2.0.0 Ok: queued as 4F2", Phase.DOT)
    assert (taken.state, taken.action, taken.code, taken.reply) == (
        State.ACCEPTED,
        Action.NONE,
        250,
        "Ok: queued as 4F2",
    )
    assert all(
        answer("250 2.0.0 Ok", phase).state is not State.ACCEPTED for phase in Phase if phase is not Phase.DOT
    )


@pytest.mark.parametrize("code", [200, 299])
def test_every_positive_reply_to_the_dot_is_an_acceptance(code: int):
    outcome = classify(Reply(code, None, "x" * 600), Phase.DOT)
    assert (outcome.state, outcome.charged, outcome.reply) == (State.ACCEPTED, True, "x" * 512)


@pytest.mark.parametrize("code", [199, 300, 354, 399, 600, 999])
def test_what_is_no_reply_to_the_dot_leaves_the_row_in_doubt(code: int):
    assert classify(Reply(code, None, "what?"), Phase.DOT).state is State.UNCERTAIN


@pytest.mark.parametrize("code", [400, 599])
def test_every_refusal_of_the_dot_leaves_no_doubt(code: int):
    assert classify(Reply(code, None, "no"), Phase.DOT).state in {State.FAILED, State.QUEUED}


@pytest.mark.parametrize("phase", Phase)
def test_a_loss_is_free_before_the_dot_and_a_doubt_after_it(phase: Phase):
    outcome = lost(phase, why="connection lost")
    if phase is Phase.DOT:
        assert outcome.state is State.UNCERTAIN
    else:
        assert (outcome.state, outcome.charged) == (State.QUEUED, False)
    assert outcome.action is Action.RECONNECT


FAILED, QUEUED = State.FAILED, State.QUEUED
MEANINGS = [
    # said, at, state, action, scope, charged
    ("550 5.1.1 no such user", Phase.RCPT, FAILED, Action.SUPPRESS, "recipient", True),
    ("550 5.1.10 null MX", Phase.RCPT, FAILED, Action.SUPPRESS, "recipient", True),
    ("550 no such user here", Phase.RCPT, FAILED, Action.SUPPRESS, "recipient", True),
    ("550 5.1.2 host unknown", Phase.RCPT, FAILED, Action.NONE, "recipient", True),
    ("552 5.2.2 mailbox full", Phase.RCPT, FAILED, Action.NONE, "recipient", True),
    ("452 4.2.2 over quota", Phase.RCPT, QUEUED, Action.NONE, "recipient", True),
    ("550 requested action not taken", Phase.RCPT, FAILED, Action.NONE, "recipient", True),
    ("451 4.7.1 greylisted, come back in 5 minutes", Phase.RCPT, QUEUED, Action.NONE, "recipient", True),
    ("451 4.3.0 try again", Phase.DOT, QUEUED, Action.NONE, "recipient", True),
    ("421 4.7.28 unusual rate of mail", Phase.DOT, QUEUED, Action.SLOW, "domain", False),
    ("421 4.7.0 [TSS04] deferred", Phase.RCPT, QUEUED, Action.SLOW, "domain", False),
    ("421 4.3.2 too many connections", Phase.BANNER, QUEUED, Action.SLOW, "relay", False),
    ("451 4.7.0 rate limited", Phase.MAIL, QUEUED, Action.SLOW, "relay", False),
    ("421 [TS03] all messages permanently deferred", Phase.RCPT, QUEUED, Action.SLOW, "domain", False),
    ("554 5.7.1 listed at blocklist.example", Phase.BANNER, QUEUED, Action.COUNT_BLOCK, "sender", False),
    ("550 5.7.1 message contains spam", Phase.DOT, QUEUED, Action.COUNT_BLOCK, "sender", False),
    ("550 5.7.26 unauthenticated", Phase.MAIL, QUEUED, Action.COUNT_BLOCK, "sender", False),
    ("554 5.7.1 local policy", Phase.RCPT, FAILED, Action.COUNT_BLOCK, "recipient", True),
    ("530 5.7.0 must issue a STARTTLS command first", Phase.MAIL, QUEUED, Action.HALT, "relay", False),
    ("535 5.7.8 bad credentials", Phase.AUTH, QUEUED, Action.HALT, "sender", False),
    ("550 5.7.1 unable to relay", Phase.RCPT, QUEUED, Action.HALT, "relay", False),
    ("553 5.1.8 sender's domain not found", Phase.MAIL, QUEUED, Action.HALT, "sender", False),
    ("552 5.3.4 message too big", Phase.DOT, QUEUED, Action.HALT, "message", False),
    ("550 bare newline refused", Phase.DOT, QUEUED, Action.HALT, "message", False),
    ("550 5.1.1 sender rate limit exceeded", Phase.RCPT, QUEUED, Action.SLOW, "domain", False),
    ("999 nonsense", Phase.RCPT, QUEUED, Action.RECONNECT, "relay", False),
]


@pytest.mark.parametrize("meaning", MEANINGS, ids=lambda meaning: meaning[0])
def test_a_reply_says_what_becomes_of_row_and_dispatch(meaning: tuple[str, Phase, State, Action, str, bool]):
    said, phase, *meant = meaning
    outcome = answer(said, phase)
    assert [outcome.state, outcome.action, outcome.scope, outcome.charged] == meant


@pytest.mark.parametrize("phase", Phase)
def test_what_is_said_before_anybody_was_named_is_about_no_domain(phase: Phase):
    named = list(Phase).index(phase) >= list(Phase).index(Phase.RCPT)
    assert answer("421 4.7.28 unusual rate of mail", phase).scope == ("domain" if named else "relay")


@given(
    code=st.integers(400, 599),
    enhanced=st.none() | st.from_regex(r"[45]\.\d{1,3}\.\d{1,3}", fullmatch=True),
    text=st.text(max_size=80),
    phase=st.sampled_from(Phase),
)
def test_a_refusal_is_never_a_doubt_and_charges_nobody_for_what_is_not_about_them(
    code: int, enhanced: str | None, text: str, phase: Phase
):
    outcome = classify(Reply(code, enhanced, text), phase)
    assert outcome.state in {State.FAILED, State.QUEUED}
    assert outcome.charged == (outcome.scope == "recipient")
    if outcome.action is Action.SUPPRESS:
        assert (outcome.state, phase) == (State.FAILED, Phase.RCPT) or code == 556
    if outcome.action in {Action.HALT, Action.SLOW, Action.RECONNECT}:
        assert outcome.state is State.QUEUED


def test_the_hostile_replies_suppress_and_halt_only_where_that_is_stated(samples: Path):
    cases = json.loads((samples / "hostile-samples" / "smtp-replies.json").read_text("utf-8"))
    tried = 0
    for case in cases:
        match = SAID.fullmatch(case["reply"])
        if match is None or case["phase"] == "any" or match[1][0] not in "45":
            continue
        tried += 1
        outcome, expect = answer(case["reply"], Phase(case["phase"])), case["expect"]
        assert (outcome.action is Action.SUPPRESS) == expect.startswith("hard") & ("suppress" in expect), case
        assert (outcome.action in {Action.HALT, Action.COUNT_BLOCK}) == (
            "halt" in expect or "breaker for the server" in expect or "campaign breaker" in expect
        ), case
        if expect.startswith("temporary"):
            assert outcome.state is State.QUEUED, case
    assert tried >= 25


@given(tries=st.integers(1, 40), delivery=st.integers(1, 2**40))
def test_a_retry_comes_within_a_fifth_of_its_schedule_and_is_the_same_everywhere(tries: int, delivery: int):
    minutes = [5, 15, 30, 60, 120, 240][min(tries, 6) - 1]
    at = retry_at(tries, NOW, key=KEY, delivery=delivery)
    assert timedelta(minutes=minutes * 0.8) <= at - NOW <= timedelta(minutes=minutes * 1.2)
    assert at == retry_at(tries, NOW, key=KEY, delivery=delivery)


@pytest.mark.parametrize(("tries", "minutes"), list(enumerate([5, 15, 30, 60, 120, 240, 240], 1)))
def test_a_retry_is_moved_by_a_fifth_at_most_and_by_all_of_it(
    tries: int, minutes: int, monkeypatch: pytest.MonkeyPatch
):
    for drawn, share in ((b"\0", 0.8), (b"\xff", 1.2)):
        monkeypatch.setattr(hmac, "digest", lambda *_, drawn=drawn: drawn * 32)
        assert retry_at(tries, NOW, key=KEY, delivery=1) == NOW + timedelta(minutes=minutes * share)


def test_the_first_retries_of_a_dispatch_are_spread_over_their_two_minutes():
    seconds = sorted((retry_at(1, NOW, key=KEY, delivery=n) - NOW).total_seconds() for n in range(1, 1001))
    tenths = [sum(1 for s in seconds if 240 + 12 * n <= s < 252 + 12 * n) for n in range(10)]
    assert min(tenths) > 60
    assert max(tenths) < 150


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize("doubts", [1, 2, 3, 4])
def test_a_doubt_is_sent_again_up_to_three_times_in_all_and_never_what_was_withdrawn(
    policy: Policy, withdrawn: bool, doubts: int
):
    allowed = resend_allowed(policy, doubts, withdrawn=withdrawn)
    assert allowed == (policy is Policy.RESEND and not withdrawn and doubts < RESENDS == 3)


def test_moves_that_are_not_listed_raise_and_a_repeat_is_no_news():
    for frm in State:
        assert move(frm, frm) is frm
        for to in set(State) - {frm}:
            if to in MOVES[frm]:
                assert move(frm, to) is to
            else:
                with pytest.raises(ValueError, match=f"{frm} to {to}"):
                    move(frm, to)


LEGAL = """
queued: claimed expired cancelled failed uncertain accepted
claimed: committing queued suppressed cancelled expired failed
committing: accepted failed queued uncertain
uncertain: accepted failed queued
failed: queued
accepted: | suppressed: | expired: | cancelled:
""".replace("|", "\n")
LEGAL_OF_A_DISPATCH = """
freezing: sending halted cancelled
sending: paused halted cancelled
paused: sending cancelled
halted: sending freezing cancelled
cancelled:
"""


@pytest.mark.parametrize(("said", "moves"), [(LEGAL, MOVES), (LEGAL_OF_A_DISPATCH, DISPATCH_MOVES)])
def test_states_are_called_as_they_are_stored_and_move_as_they_may(said: str, moves: Any):
    """The words stand in databases: another one would lose every row that has it."""
    lines = (line.partition(":") for line in said.strip().splitlines())
    assert {str(frm): set(map(str, moves[frm])) for frm in moves} == {
        frm.strip(): set(targets.split()) for frm, _, targets in lines
    }


def test_steps_are_called_as_the_table_of_replies_calls_them():
    assert " ".join(Phase) == "connect banner ehlo tls auth mail rcpt data body dot"


def test_what_is_no_reply_keeps_its_code_where_nothing_is_in_doubt():
    outcome = classify(Reply(250, None, "already?"), Phase.RCPT)
    assert (outcome.state, outcome.code, outcome.charged) == (State.QUEUED, 250, False)


def test_the_mark_is_reached_from_a_lease_only_and_acceptance_is_for_good():
    assert sources(MOVES, State.COMMITTING) == {State.CLAIMED}
    assert not MOVES[State.ACCEPTED]
    assert {state for state in State if not MOVES[state]} < FINAL
    assert set(State) - FINAL == {State.QUEUED, State.CLAIMED, State.COMMITTING}
    assert all(MOVES[state] <= {State.ACCEPTED, State.FAILED, State.QUEUED} for state in FINAL)


def test_nothing_ends_a_row_that_is_at_the_dot_but_what_became_of_it():
    for end in (State.SUPPRESSED, State.EXPIRED, State.CANCELLED):
        assert end not in MOVES[State.COMMITTING]


def test_a_cancelled_dispatch_stays_cancelled_and_everything_else_can_be_cancelled():
    assert not DISPATCH_MOVES[DispatchState.CANCELLED]
    assert sources(DISPATCH_MOVES, DispatchState.CANCELLED) == set(DispatchState) - {DispatchState.CANCELLED}
    assert sources(DISPATCH_MOVES, DispatchState.PAUSED) == {DispatchState.SENDING}


@given(st.lists(st.integers(0, 10**6), min_size=7, max_size=7))
def test_a_report_adds_up_by_construction(numbers: list[int]):
    assert Counts(*numbers).planned == sum(numbers)


def test_an_outcome_told_of_its_relay_is_otherwise_the_same():
    outcome = classify(Reply(550, "5.1.1", "No such user"), Phase.RCPT)
    assert outcome.kind is not None
    assert outcome.by("main") == replace(outcome, relay="main")


@pytest.mark.parametrize(
    "named",
    [
        "<frank@reader.example>:",
        "(to=frank@reader.example)",
        "frank%40reader.example",
        "rcpt+frank=40reader.example",
    ],
)
def test_what_a_server_said_is_kept_without_the_mailbox_that_it_names(named: str) -> None:
    """A reply outlives the erasure of its reader, in the ledger, in a halt's reason, in the API."""
    outcome = classify(Reply(550, "5.1.1", f"5.1.1 {named} User unknown"), Phase.RCPT)
    assert (outcome.reply, outcome.action) == ("5.1.1 … User unknown", Action.SUPPRESS)
