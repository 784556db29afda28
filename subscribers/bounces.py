"""The one table that reads reply codes: (code, enhanced code, text) -> what it says, about whom, and what follows.

PURE. Nobody else reads codes. `TABLE` is read from the top, the first row that fits decides; its order is: known texts, enhanced
code (RFC 3463), plain code. An address is suppressed only on positive evidence about *that mailbox*, given where it was named
(RCPT); a reply about us, our content, our relay or a whole domain never suppresses anybody. A text that contradicts its code is
believed before the code, and an enhanced code of another class than its reply is not believed. Addresses that a text
quotes are not read: a mailbox may be called spam.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

__all__ = ["TABLE", "Kind", "Rule", "Scope", "Verdict", "judge"]


class Kind(StrEnum):
    """What a refusal is."""

    HARD = "hard"
    """The mailbox does not exist or is gone for good."""
    UNKNOWN_HOST = "unknown-host"
    """The domain takes no mail now; hard only when seen again on another day."""
    FULL = "full"
    SOFT = "soft"
    """Temporary, or permanent without evidence about the mailbox."""
    GREYLISTED = "greylisted"
    RATE = "rate"
    """They ask for less."""
    BLOCK = "block"
    """They refuse us or our content: policy, spam, blocklist, authentication."""
    CONFIGURATION = "configuration"
    MESSAGE = "message"
    """These bytes are refused for everybody: size, syntax."""
    PROTOCOL = "protocol"
    """Not SMTP."""


class Scope(StrEnum):
    """Whom a refusal is about."""

    RECIPIENT = "recipient"
    DOMAIN = "domain"
    SENDER = "sender"
    """Us, or what we write."""
    RELAY = "relay"
    """The server we speak to, or our access to it."""
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply says. `permanent`: trying again is of no use; `suppress`: evidence that the mailbox is dead."""

    kind: Kind
    scope: Scope
    permanent: bool
    suppress: bool
    rule: str


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


RATE_WORDS = _words(
    r"\[TSS?0[124]\]",
    r"rate[- ]?limit",
    r"unusual rate",
    r"too many (messages|connections|mails|recipients)",
    r"throttl",
    r"sending rate",
)
DEFERRED_FOR_GOOD = _words(r"\[TS03\]", r"permanently deferred")
GREY_WORDS = _words(r"gr[ea]y[- ]?list", r"come back (in|later)", r"please try again later")
BLOCK_WORDS = _words(
    r"block ?list",
    r"black ?list",
    r"\bspam",
    r"\bvirus",
    r"blocked",
    r"reputation",
    r"\bDMARC\b",
    r"\bSPF\b",
    r"unauthenticated",
)
SENDER_WORDS = _words(r"\bsender (address )?(verif|rejected|denied|not |unknown)")
"""Callouts quote the answer that our own address got ("user unknown"): it says nothing about the reader."""
RELAY_WORDS = _words(
    r"relay(ing)? (access )?(denied|not permitted|not allowed)",
    r"unable to relay",
    r"(not allowed to|do not) relay",
)
TLS_WORDS = _words(r"must issue a starttls", r"encryption required", r"starttls (is )?required")
NO_MAILBOX_WORDS = _words(
    r"no such (user|account|mailbox|recipient|person)",
    r"(user|recipient|mailbox|account|address)( is)? unknown",
    r"unknown (user|recipient|mailbox|account|local)",
    r"(user|mailbox|account|recipient)( that you tried to reach)? (does not|doesn't) exist",
    r"dd this user doesn't have",
    r"mailbox (not found|unavailable: no)",
    r"(account|mailbox)( is| has been)? (disabled|deactivated|closed)",
    r"null mx",
)
REPORTED_NO_MAILBOX_WORDS = _words(
    r"(user|recipient|account|mailbox|addressee)( name)?( is)? not (exist|known|listed|recognized|found)",
    r"not listed in (the )?(public|domino)",
    r"invalid (final delivery userid|recipient|mailbox)",
    r"no valid recipients",
    r"(recipient )?address rejected\.",
    r"bad destination mailbox",
    r"(requested action not taken|550).{0,20}mailbox unavailable",
    r"addressee unknown",
)
"""What older servers and gateways wrote: enough for a class, and never to suppress at once."""
HOST_WORDS = _words(
    r"(host|domain|name)( or domain name)?.{0,40}(not found|unknown|not exist|not known|not reachable|no mx\b)",
    r"unknown (host|domain)",
    r"no (mx|such (host|domain))\b",
    r"(could|can)(no|n')t (be resolved|find a host|find a gateway)",
    r"unroute?able (mail )?(address|domain)",
    r"does(n't| not) (accept|like) (any )?mail\b",
    r"not accepting network messages",
    r"\.[a-z]{2,24} does not exist",
)
OTHER_MATTERS = _words(
    r"polic(y|ies)", r"preferences", r"refused due to", r"\bsender\b", r"your (ip|host|server|domain|message)"
)
"""Words that do not go with "this mailbox does not exist"."""
BLOCK_AND_NO_MAILBOX = re.compile(
    f"\\A(?=.*(?:{BLOCK_WORDS.pattern}))(?=.*(?:{NO_MAILBOX_WORDS.pattern}))", re.IGNORECASE | re.DOTALL
)
FULL_WORDS = _words(
    r"(mailbox|quota|storage).{0,20}(full|exceeded)", r"over ?quota", r"full mailbox", r"exceeded storage"
)
SIZE_WORDS = _words(r"message.{0,20}(size|too (big|large))", r"size (limit|exceed)")
NEWLINE_WORDS = _words(r"bare (newline|LF|CR|carriage)", r"line too long")

READ_MAX = 1000
"""Characters of a text that are read: what it is about stands at its beginning, and a hostile one is endless."""

HARD = frozenset({"1.1", "1.6", "1.10", "2.1"})
OPENING = frozenset({"connect", "banner", "ehlo", "tls", "auth"})
BEFORE_RCPT = OPENING | {"mail"}
RCPT = frozenset({"rcpt"})
REPORT = "report"
"""No step of SMTP: what a mail that came back says of one recipient. Whatever may be said to RCPT may be said so, and more."""
REPORTED = frozenset({REPORT})
DOT = frozenset({"dot"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One row: what must all hold (None: does not matter), and what follows.

    `group` is the reply's first digit; `subjects` are enhanced codes without theirs ("1.1"; "7" for all of 7.x);
    `words` must be in the text and `without` must not; `phases` are the steps it may answer.
    """

    rule: str
    kind: Kind
    scope: Scope
    group: int
    permanent: bool
    suppress: bool = False
    codes: frozenset[int] | None = None
    subjects: frozenset[str] | None = None
    words: re.Pattern[str] | None = None
    without: re.Pattern[str] | None = None
    phases: frozenset[str] | None = None

    def fits(self, code: int, subject: str, text: str, phase: str) -> bool:
        """Whether this row speaks of such a reply."""
        return (
            code // 100 == self.group
            and (self.codes is None or code in self.codes)
            and (self.phases is None or phase in self.phases or (phase == REPORT and "rcpt" in self.phases))
            and (self.subjects is None or not self.subjects.isdisjoint({subject, subject.partition(".")[0]}))
            and (self.words is None or self.words.search(text) is not None)
            and (self.without is None or self.without.search(text) is None)
        )


def _rows(
    rule: str,
    kind: Kind,
    scope: Scope,
    *conditions: dict[str, Any],
    group: int = 5,
    permanent: bool = True,
    suppress: bool = False,
) -> list[Rule]:
    """One verdict under several conditions."""
    return [
        Rule(
            rule=rule,
            kind=kind,
            scope=scope,
            group=group,
            permanent=permanent,
            suppress=suppress,
            **condition,
        )
        for condition in conditions or ({},)
    ]


_RATE_CONDITIONS: tuple[dict[str, Any], ...] = (
    {"subjects": frozenset({"7.28", "7.650"})},
    {"words": RATE_WORDS},
)

_TEMPORARY = [
    *_rows("deferred for good", Kind.BLOCK, Scope.DOMAIN, {"words": DEFERRED_FOR_GOOD}, group=4),
    *_rows("rate words", Kind.RATE, Scope.DOMAIN, *_RATE_CONDITIONS, group=4, permanent=False),
    *_rows(
        "421 or 4.7.x",
        Kind.RATE,
        Scope.DOMAIN,
        {"codes": frozenset({421}), "phases": RCPT},
        group=4,
        permanent=False,
    ),
    *_rows(
        "come back later",
        Kind.GREYLISTED,
        Scope.RECIPIENT,
        {"words": GREY_WORDS, "phases": RCPT},
        {"subjects": frozenset({"2.1"}), "phases": RCPT},
        group=4,
        permanent=False,
    ),
    *_rows("4xx before any message", Kind.SOFT, Scope.RELAY, {"phases": OPENING}, group=4, permanent=False),
    *_rows(
        "421 or 4.7.x",
        Kind.RATE,
        Scope.DOMAIN,
        {"codes": frozenset({421})},
        {"subjects": frozenset({"7"})},
        group=4,
        permanent=False,
    ),
    *_rows(
        "mailbox full",
        Kind.FULL,
        Scope.RECIPIENT,
        {"subjects": frozenset({"2.2"})},
        {"words": FULL_WORDS},
        group=4,
        permanent=False,
    ),
    *_rows(
        "the server itself",
        Kind.SOFT,
        Scope.RELAY,
        {"subjects": frozenset({"3.1"})},
        {"phases": frozenset({"mail"})},
        group=4,
        permanent=False,
    ),
    *_rows("4xx", Kind.SOFT, Scope.RECIPIENT, group=4, permanent=False),
]

_PERMANENT = [
    *_rows("rate words", Kind.RATE, Scope.DOMAIN, *_RATE_CONDITIONS, permanent=False),
    *_rows(
        "relaying or TLS refused",
        Kind.CONFIGURATION,
        Scope.RELAY,
        {"words": RELAY_WORDS},
        {"words": TLS_WORDS},
    ),
    *_rows("line ends", Kind.MESSAGE, Scope.MESSAGE, {"words": NEWLINE_WORDS}),
    *_rows(
        "our login or sender",
        Kind.CONFIGURATION,
        Scope.SENDER,
        {"codes": frozenset({530, 534, 535, 538})},
        {"subjects": frozenset({"1.7", "1.8", "7.8", "7.9", "7.11"})},
    ),
    *_rows(
        "policy about us",
        Kind.BLOCK,
        Scope.SENDER,
        {"subjects": frozenset({"7.26", "7.27", "7.29", "7.30", "7.515", "7.606"})},
        {"subjects": frozenset({"7"}), "words": BLOCK_WORDS},
        {"codes": frozenset({554}), "phases": OPENING},
        {"words": BLOCK_WORDS, "phases": DOT},
        {"words": SENDER_WORDS},
    ),
    *_rows(
        "blocklist words",
        Kind.BLOCK,
        Scope.SENDER,
        {"words": BLOCK_WORDS, "without": NO_MAILBOX_WORDS, "phases": RCPT},
    ),
    *_rows(
        "the text contradicts the code",
        Kind.BLOCK,
        Scope.RECIPIENT,
        {"subjects": HARD, "words": OTHER_MATTERS, "without": NO_MAILBOX_WORDS, "phases": RCPT},
    ),
    *_rows("mailbox full", Kind.FULL, Scope.RECIPIENT, {"words": FULL_WORDS, "phases": REPORTED}),
    *_rows(
        "no such mailbox",
        Kind.HARD,
        Scope.RECIPIENT,
        {"subjects": HARD, "phases": RCPT},
        {"codes": frozenset({556}), "phases": RCPT},
        {"words": NO_MAILBOX_WORDS, "without": BLOCK_AND_NO_MAILBOX, "phases": RCPT},
        suppress=True,
    ),
    *_rows(
        "no such host",
        Kind.UNKNOWN_HOST,
        Scope.RECIPIENT,
        {"subjects": frozenset({"1.2", "4.4"})},
        {"words": HOST_WORDS, "phases": REPORTED},
    ),
    *_rows(
        "told of as no such mailbox",
        Kind.HARD,
        Scope.RECIPIENT,
        {"subjects": frozenset({"1.0", "1.3"}), "without": _words(r"denied"), "phases": REPORTED},
        {"words": REPORTED_NO_MAILBOX_WORDS, "phases": REPORTED},
    ),
    *_rows(
        "size or form of the message",
        Kind.MESSAGE,
        Scope.MESSAGE,
        {"subjects": frozenset({"3.4", "6"})},
        {"codes": frozenset({552}), "subjects": frozenset({""}), "words": SIZE_WORDS},
    ),
    *_rows(
        "mailbox full",
        Kind.FULL,
        Scope.RECIPIENT,
        {"subjects": frozenset({"2.2"})},
        {"words": FULL_WORDS},
        {"codes": frozenset({552}), "subjects": frozenset({""})},
    ),
    *_rows(
        "policy about us", Kind.BLOCK, Scope.SENDER, {"subjects": frozenset({"7"}), "phases": BEFORE_RCPT}
    ),
    *_rows("5.7.x about one mailbox", Kind.BLOCK, Scope.RECIPIENT, {"subjects": frozenset({"7"})}),
    *_rows("refused before a recipient", Kind.CONFIGURATION, Scope.RELAY, {"phases": BEFORE_RCPT}),
    *_rows("5xx without evidence", Kind.SOFT, Scope.RECIPIENT),
]

TABLE: tuple[Rule, ...] = (*_TEMPORARY, *_PERMANENT)
"""Every row, in the order in which they are asked; the last of each group fits everything."""

_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_QUOTED_ADDRESS = re.compile(r"<?[^\s<>]+@[^\s<>]+>?")


def judge(code: int, enhanced: str | None, text: str, *, phase: str) -> Verdict:
    """What a negative reply says.

    `code` is 400 to 599 (anything else is a protocol error), `enhanced` "5.1.1" or None, `text` the rest of any length,
    `phase` the step it answered: connect, banner, ehlo, tls, auth, mail, rcpt, data, body or dot; "report" is no step, but what a mail
    that came back says of a recipient.
    """
    if not 400 <= code <= 599:
        return Verdict(Kind.PROTOCOL, Scope.RELAY, permanent=False, suppress=False, rule="not a reply code")
    believed = enhanced is not None and _ENHANCED.fullmatch(enhanced) and int(enhanced[0]) == code // 100
    subject = enhanced[2:] if enhanced is not None and believed else ""
    read = _QUOTED_ADDRESS.sub(" ", text[:READ_MAX])
    row = next(row for row in TABLE if row.fits(code, subject, read, phase))
    return Verdict(row.kind, row.scope, permanent=row.permanent, suppress=row.suppress, rule=row.rule)
