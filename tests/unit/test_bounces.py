"""The one table of replies: who is meant, what follows, and never a suppression without evidence about the mailbox."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from subscribers.bounces import TABLE, Kind, Scope, Verdict, judge

REPLY = re.compile(r"(\d{3})(?:[ -](?:(\d\.\d+\.\d+) )?(.*))?", re.DOTALL)


def said(reply: str, phase: str = "rcpt") -> Verdict:
    code, enhanced, text = REPLY.fullmatch(reply).groups()
    return judge(int(code), enhanced, text or "", phase=phase)


MEANINGS = {
    # what the list expects, word for word: (kind, scope, permanent, suppress)
    "temporary; close; fewer connections to this host; no recipient charged with an attempt": (
        "rate",
        "domain",
        False,
    ),
    "policy: open the breaker for the server, halt the campaign, suppress nobody": ("block", "sender", True),
    "configuration: halt": ("configuration", None, True),
    "configuration: halt at once, suppress nobody": ("configuration", "sender", True),
    "policy: halt": ("block", "sender", True),
    "temporary: server wide back-off": ("soft", "relay", False),
    "hard: suppress": ("hard", "recipient", True),
    "hard after a second report on another day": ("unknown-host", "recipient", True),
    "soft, counted; suppress after N over at least 14 days": ("full", "recipient", True),
    "temporary: delay this recipient": ("greylisted", "recipient", False),
    "temporary: retry after 5 min, same envelope sender and address": ("greylisted", "recipient", False),
    "temporary (class 4 wins); counted": ("soft", "recipient", False),
    "policy: this recipient failed, not suppressed; counts towards the campaign breaker": (
        "block",
        "recipient",
        True,
    ),
    "hard by text, without an enhanced code: suppress": ("hard", "recipient", True),
    "failed, not suppressed: no evidence about the mailbox": ("soft", "recipient", True),
    "temporary: domain throttle and breaker": ("rate", "domain", False),
    "content: halt the campaign after few; suppress nobody": ("block", "sender", True),
    "content: halt": ("message", "message", True),
    "temporary: domain throttle; message not accepted, so no doubt about it": ("rate", "domain", False),
    "protocol error: close, temporary": ("protocol", "relay", False),
}


def test_every_hostile_reply_is_classed_as_stated_beside_it(samples: Path):
    cases = json.loads((samples / "hostile-samples" / "smtp-replies.json").read_text("utf-8"))
    judged = 0
    for case in cases:
        match = REPLY.fullmatch(case["reply"])
        if match is None or match[1][0] not in "459":
            continue  # losses and acceptances are the ledger's
        verdict = said(case["reply"], case["phase"])
        assert verdict.suppress == case["expect"].startswith("hard") & ("suppress" in case["expect"]), case
        if case["expect"] == "temporary":
            assert not verdict.permanent, case
        elif case["expect"] in MEANINGS:
            kind, scope, permanent = MEANINGS[case["expect"]]
            assert (verdict.kind, verdict.permanent) == (kind, permanent), case
            assert scope in {None, verdict.scope}, case
        else:
            assert case["expect"] in {
                "as the earlier answers say",
                "stored as text, shown escaped, no terminal codes in logs",
            }
        judged += 1
    assert judged > 25


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 no mailbox here by that name",
        "550 5.1.10 recipient not found",
        "551 5.1.6 moved",
        "550 5.2.1 gone",
        "556 5.1.10 domain takes no mail",
        "556 no mail here",
        "550 unknown user",
        "554 delivery error: dd This user doesn't have a news.example account (reader@news.example)",
        "550 5.7.1 no such mailbox",
        "550 5.1.1 <spam@news.example>: Recipient address rejected: User unknown",
        "550 5.1.1 <policy@news.example> does not exist here",
    ],
)
def test_evidence_about_the_mailbox_suppresses(reply: str):
    assert said(reply) == Verdict(
        Kind.HARD, Scope.RECIPIENT, permanent=True, suppress=True, rule="no such mailbox"
    )


@pytest.mark.parametrize("phase", ["connect", "banner", "ehlo", "tls", "auth", "mail", "data", "body", "dot"])
def test_only_where_the_mailbox_was_named_is_there_evidence_about_it(phase: str):
    assert not said("550 5.1.1 user unknown", phase).suppress
    assert not said("556 null mx", phase).suppress


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("550 5.1.1 sender rate limit exceeded", "rate"),
        ("550 5.1.1 198.51.100.7 has sent to too many recipients this hour", "rate"),
        ("550 5.1.1 refused due to recipient preferences", "block"),
        ("550 5.1.1 rejected: listed on a blocklist", "block"),
        ("550 5.2.1 message rejected for policy reasons", "block"),
        ("550 5.1.1 your IP has a poor reputation", "block"),
        ("550 Sender verify failed: <wire@news.example>: user unknown", "block"),
        ("550 blocked as spam; or no such user", "soft"),
    ],
)
def test_a_text_that_contradicts_the_code_is_believed_and_suppresses_nobody(reply: str, kind: str):
    verdict = said(reply)
    assert (verdict.kind, verdict.suppress) == (kind, False)


def test_an_enhanced_code_of_another_class_than_its_reply_is_not_believed():
    assert not said("550 4.2.1 busy").suppress
    assert not said("450 5.1.1 gone").permanent


@pytest.mark.parametrize(
    ("reply", "phase", "kind", "scope"),
    [
        ("421 4.7.0 slow down", "rcpt", "rate", "domain"),
        ("451 4.7.650 the mail server has been temporarily rate limited", "mail", "rate", "domain"),
        ("421 4.3.2 closing", "mail", "rate", "domain"),
        ("454 4.7.0 TLS not available", "tls", "soft", "relay"),
        ("451 [TS03] permanently deferred", "rcpt", "block", "domain"),
        ("554 no SMTP service here", "banner", "block", "sender"),
        ("550 5.7.1 rejected", "mail", "block", "sender"),
        ("550 5.7.1 we do not relay", "rcpt", "configuration", "relay"),
        ("550 5.1.7 bad sender", "mail", "configuration", "sender"),
        ("534 5.7.9 stronger authentication wanted", "auth", "configuration", "sender"),
        ("500 what?", "ehlo", "configuration", "relay"),
        ("550 bare newline received", "dot", "message", "message"),
        ("554 5.6.0 cannot be read", "dot", "message", "message"),
        ("552 message size exceeds the limit", "dot", "message", "message"),
        ("552 exceeded storage allocation", "rcpt", "full", "recipient"),
        ("550 5.4.4 unable to route", "rcpt", "unknown-host", "recipient"),
        ("550 looks like spam", "rcpt", "block", "sender"),
    ],
)
def test_what_is_not_about_the_mailbox_is_charged_to_nobody_there(
    reply: str, phase: str, kind: str, scope: str
):
    verdict = said(reply, phase)
    assert (verdict.kind, verdict.scope, verdict.suppress) == (kind, scope, False)


def test_only_one_rule_of_the_table_suppresses_and_only_at_rcpt():
    suppressing = [row for row in TABLE if row.suppress]
    assert {row.rule for row in suppressing} == {"no such mailbox"}
    assert all(row.phases == {"rcpt"} and row.scope is Scope.RECIPIENT for row in suppressing)


def test_every_row_of_the_table_can_decide():
    """A row below one that takes all its replies would be a promise nobody keeps."""
    for place, row in enumerate(TABLE):
        above = [
            other
            for other in TABLE[:place]
            if other.group == row.group and other.words is None and other.without is None
        ]
        for other in above:
            wider_codes = other.codes is None or (row.codes is not None and row.codes <= other.codes)
            wider_subjects = other.subjects is None or (
                row.subjects is not None and row.subjects <= other.subjects
            )
            wider_phases = other.phases is None or (row.phases is not None and row.phases <= other.phases)
            assert not (wider_codes and wider_subjects and wider_phases), (other, row)


def test_of_an_endless_text_only_the_beginning_is_read():
    for piece in ("a", "spam ", "a@", "<", "no such "):
        assert not judge(550, None, piece * 500_000, phase="rcpt").suppress
    assert not judge(550, None, "." * 1000 + " user unknown", phase="rcpt").suppress
