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


WORDINGS = {
    # phase, reply without its words, kind and scope: each wording that means it
    ("rcpt", "450 ", "rate", "domain"): (
        "[TSS04]", "[TS02]", "rate limited", "rate-limit", "unusual rate", "too many messages", "throttled", "sending rate",
    ),
    ("rcpt", "450 ", "block", "domain"): ("[TS03]", "permanently deferred"),
    ("rcpt", "450 ", "greylisted", "recipient"): ("greylisted", "gray-listing", "come back in 5", "please try again later"),
    ("rcpt", "450 ", "full", "recipient"): ("mailbox is full", "over quota", "full mailbox", "exceeded storage"),
    ("mail", "450 ", "soft", "relay"): ("no",),
    ("banner", "450 ", "soft", "relay"): ("no",),
    ("dot", "450 ", "soft", "recipient"): ("no", "greylisted"),
    ("dot", "421 ", "rate", "domain"): ("no",),
    ("rcpt", "550 ", "block", "sender"): (
        "block list", "blacklist", "spam", "a virus", "blocked", "reputation", "DMARC", "SPF", "unauthenticated",
        "sender verify", "sender address rejected", "sender denied", "sender not known", "sender unknown",
    ),
    ("dot", "550 ", "block", "sender"): ("blocklist",),
    ("data", "550 ", "soft", "recipient"): ("blocklist", "no such user"),
    ("rcpt", "550 ", "configuration", "relay"): (
        "relaying denied", "relay access denied", "unable to relay", "do not relay", "not allowed to relay",
        "must issue a STARTTLS", "encryption required", "STARTTLS is required",
    ),
    ("rcpt", "550 ", "message", "message"): ("bare LF", "line too long"),
    ("rcpt", "552 ", "message", "message"): ("message is too big", "size limit"),
    ("rcpt", "552 ", "full", "recipient"): ("no",),
    ("rcpt", "550 ", "full", "recipient"): ("mailbox is full", "over quota", "full mailbox", "exceeded storage"),
    ("rcpt", "550 ", "hard", "recipient"): (
        "no such user", "user is unknown", "unknown mailbox", "account does not exist", "mailbox not found",
        "mailbox unavailable: no", "account has been disabled", "null MX",
    ),
    ("report", "550 ", "hard", "recipient"): (
        "user not listed", "recipient name is not recognized", "not listed in public", "invalid recipient", "no valid recipients",
        "address rejected.", "bad destination mailbox", "550 mailbox unavailable", "addressee unknown",
    ),
    ("report", "550 ", "unknown-host", "recipient"): (
        "host not found", "unknown domain", "no MX", "cannot find a gateway", "unrouteable address",
        "does not accept mail", "not accepting network messages", "news.example does not exist",
    ),
    ("rcpt", "550 5.1.1 ", "block", "recipient"): (
        "policy", "preferences", "refused due to", "bad sender", "your server",
    ),
    ("rcpt", "550 5.7.1 ", "block", "recipient"): ("no",),
    ("mail", "550 ", "configuration", "relay"): ("no",),
}  # fmt: skip


@pytest.mark.parametrize("meaning", WORDINGS, ids=" ".join)
def test_each_wording_is_known_for_what_it_means_and_where(meaning: tuple[str, str, str, str]):
    phase, reply, kind, scope = meaning
    for words in WORDINGS[meaning]:
        verdict = said(reply + words, phase)
        assert (verdict.kind, verdict.scope) == (kind, scope), words


CODES = {
    # reply, kind, scope: the enhanced codes (without their class) or plain ones that mean it, whatever is said
    ("450 4.{}", "rate", "domain"): ("7.28", "7.650", "7.1"),
    ("450 4.{}", "greylisted", "recipient"): ("2.1",),
    ("450 4.{}", "full", "recipient"): ("2.2",),
    ("450 4.{}", "soft", "relay"): ("3.1",),
    ("{}", "rate", "domain"): ("421",),
    ("550 5.{}", "rate", "domain"): ("7.28", "7.650"),
    ("550 5.{}", "configuration", "sender"): ("1.7", "1.8", "7.8", "7.9", "7.11"),
    ("{}", "configuration", "sender"): ("530", "534", "535", "538"),
    ("550 5.{}", "block", "sender"): ("7.26", "7.27", "7.29", "7.30", "7.515", "7.606"),
    ("550 5.{}", "hard", "recipient"): ("1.1", "1.6", "1.10", "2.1"),
    ("{}", "hard", "recipient"): ("556",),
    ("550 5.{}", "unknown-host", "recipient"): ("1.2", "4.4"),
    ("550 5.{}", "message", "message"): ("3.4", "6.0"),
    ("550 5.{}", "full", "recipient"): ("2.2",),
    ("550 5.{}", "soft", "recipient"): ("1.0", "1.3", "3.1"),
}


@pytest.mark.parametrize("meaning", CODES, ids=" ".join)
def test_each_code_is_known_for_what_it_means(meaning: tuple[str, str, str]):
    reply, kind, scope = meaning
    for code in CODES[meaning]:
        verdict = said(f"{reply.format(code)} no", "rcpt")
        assert (verdict.kind, verdict.scope) == (kind, scope), code


def test_a_report_may_say_more_than_a_server_and_suppresses_nobody_for_it():
    for reply in ("550 5.1.0 unknown", "550 5.1.3 unknown"):
        assert (said(reply, "report").kind, said(reply, "report").suppress) == (Kind.HARD, False)
    assert said("550 5.1.0 access denied", "report").kind == Kind.SOFT
    assert said("550 5.1.1 gone", "report").suppress


@pytest.mark.parametrize("code", [199, 250, 399, 600])
def test_what_is_no_refusal_is_no_smtp(code: int):
    assert judge(code, None, "user unknown", phase="rcpt") == Verdict(
        Kind.PROTOCOL, Scope.RELAY, permanent=False, suppress=False, rule="not a reply code"
    )


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
