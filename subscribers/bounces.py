"""The one table that reads reply codes: (code, enhanced code, text) -> what it says, about whom, and what follows.

PURE. Nobody else reads codes. Decided in this order: known texts, enhanced code (RFC 3463), plain code. An address is
suppressed only on positive evidence about *that mailbox*; a reply about us, our content, our relay or a whole domain never
suppresses anybody. A text that contradicts its code is believed before the code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Kind", "Scope", "Verdict", "judge"]


class Kind(StrEnum):
    """What a refusal is."""

    HARD = "hard"
    """The mailbox does not exist or is gone for good."""
    UNKNOWN_HOST = "unknown-host"
    FULL = "full"
    SOFT = "soft"
    """Temporary, or permanent without evidence about the mailbox."""
    GREYLISTED = "greylisted"
    RATE = "rate"
    BLOCK = "block"
    """They refuse us or our content: policy, spam, blocklist, authentication."""
    CONFIGURATION = "configuration"
    MESSAGE = "message"
    """These bytes are refused for everybody: size, syntax."""
    PROTOCOL = "protocol"


class Scope(StrEnum):
    """Whom a refusal is about."""

    RECIPIENT = "recipient"
    DOMAIN = "domain"
    SENDER = "sender"
    RELAY = "relay"
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
    r"too many (messages|connections|mails)",
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
    r"spamhaus",
    r"\bDMARC\b",
    r"\bSPF\b",
    r"unauthenticated",
)
RELAY_WORDS = _words(
    r"relay(ing)? (access )?(denied|not permitted|not allowed)", r"unable to relay", r"not allowed to relay"
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
FULL_WORDS = _words(r"(mailbox|quota|storage).{0,20}(full|exceeded)", r"over ?quota", r"full mailbox")
NEWLINE_WORDS = _words(r"bare (newline|LF|CR|carriage)", r"line too long")

_HARD = frozenset({"1.1", "1.6", "1.10", "2.1"})
_CONFIGURATION_CODES = frozenset({530, 534, 535, 538})
_CONFIGURATION_ENHANCED = frozenset({"1.7", "1.8", "7.8", "7.9", "7.11"})
_BLOCK_ENHANCED = frozenset({"7.26", "7.515", "7.606", "7.27", "7.29", "7.30"})
_RATE_ENHANCED = frozenset({"7.28", "7.650"})
_MESSAGE_ENHANCED = frozenset({"3.4", "6.0", "6.1", "6.2", "6.3", "6.5", "6.6", "6.7"})
_HOST_ENHANCED = frozenset({"1.2", "4.4"})

RECIPIENT_PHASE = "rcpt"
OPENING_PHASES = frozenset({"connect", "banner", "ehlo", "tls", "auth"})


def judge(code: int, enhanced: str | None, text: str, *, phase: str) -> Verdict:
    """What a negative reply says.

    Args:
        code: 400 to 599; anything else is a protocol error.
        enhanced: "5.1.1", or None when the reply has none.
        text: the reply's text, any length.
        phase: the step it answered: "connect", "banner", "ehlo", "tls", "auth", "mail", "rcpt", "data", "body", "dot".
    """
    if not 400 <= code <= 599:
        return Verdict(Kind.PROTOCOL, Scope.RELAY, permanent=False, suppress=False, rule="not a reply code")
    subject = (
        enhanced.partition(".")[2] if enhanced and re.fullmatch(r"[245]\.\d{1,3}\.\d{1,3}", enhanced) else ""
    )
    if code < 500:
        return _temporary(code, subject, text, phase)
    return _by_text(code, subject, text, phase) or _by_code(code, subject, text, phase)


def _temporary(code: int, subject: str, text: str, phase: str) -> Verdict:
    def verdict(kind: Kind, scope: Scope, rule: str) -> Verdict:
        return Verdict(kind, scope, permanent=False, suppress=False, rule=rule)

    if DEFERRED_FOR_GOOD.search(text):
        return Verdict(Kind.BLOCK, Scope.DOMAIN, permanent=True, suppress=False, rule="deferred for good")
    if subject in _RATE_ENHANCED or RATE_WORDS.search(text):
        return verdict(Kind.RATE, Scope.DOMAIN, "rate words")
    if phase == RECIPIENT_PHASE and code != 421 and (GREY_WORDS.search(text) or subject == "2.1"):
        return verdict(Kind.GREYLISTED, Scope.RECIPIENT, "come back later")
    if phase in OPENING_PHASES:
        return verdict(Kind.SOFT, Scope.RELAY, "4xx before any message")
    if code == 421 or subject.startswith("7."):
        return verdict(Kind.RATE, Scope.DOMAIN, "421 or 4.7.x")
    if subject == "2.2" or FULL_WORDS.search(text):
        return verdict(Kind.FULL, Scope.RECIPIENT, "mailbox full")
    if subject == "3.1" or phase == "mail":
        return verdict(Kind.SOFT, Scope.RELAY, "the server itself")
    return verdict(Kind.SOFT, Scope.RECIPIENT, "4xx")


def _by_text(code: int, subject: str, text: str, phase: str) -> Verdict | None:
    if RATE_WORDS.search(text) or subject in _RATE_ENHANCED:
        return Verdict(Kind.RATE, Scope.DOMAIN, permanent=False, suppress=False, rule="rate words")
    if RELAY_WORDS.search(text) or TLS_WORDS.search(text):
        return Verdict(
            Kind.CONFIGURATION, Scope.RELAY, permanent=True, suppress=False, rule="relaying or TLS refused"
        )
    if NEWLINE_WORDS.search(text):
        return Verdict(Kind.MESSAGE, Scope.MESSAGE, permanent=True, suppress=False, rule="line ends")
    refused_us = subject in _BLOCK_ENHANCED or (subject.startswith("7.") and BLOCK_WORDS.search(text))
    if (
        refused_us
        or (code == 554 and phase in OPENING_PHASES)
        or (phase == "dot" and BLOCK_WORDS.search(text))
    ):
        return Verdict(Kind.BLOCK, Scope.SENDER, permanent=True, suppress=False, rule="policy about us")
    if phase == RECIPIENT_PHASE and BLOCK_WORDS.search(text) and subject not in _HARD:
        return Verdict(Kind.BLOCK, Scope.SENDER, permanent=True, suppress=False, rule="blocklist words")
    return None


def _by_code(code: int, subject: str, text: str, phase: str) -> Verdict:
    if code in _CONFIGURATION_CODES or subject in _CONFIGURATION_ENHANCED:
        return Verdict(
            Kind.CONFIGURATION, Scope.SENDER, permanent=True, suppress=False, rule="our login or sender"
        )
    if code == 556 or (phase == RECIPIENT_PHASE and (subject in _HARD or NO_MAILBOX_WORDS.search(text))):
        return Verdict(Kind.HARD, Scope.RECIPIENT, permanent=True, suppress=True, rule="no such mailbox")
    if subject in _HOST_ENHANCED:
        return Verdict(
            Kind.UNKNOWN_HOST, Scope.RECIPIENT, permanent=True, suppress=False, rule="no such host"
        )
    if subject in _MESSAGE_ENHANCED:
        return Verdict(
            Kind.MESSAGE, Scope.MESSAGE, permanent=True, suppress=False, rule="size or form of the message"
        )
    if subject == "2.2" or FULL_WORDS.search(text):
        return Verdict(Kind.FULL, Scope.RECIPIENT, permanent=True, suppress=False, rule="mailbox full")
    if subject.startswith("7."):
        return Verdict(
            Kind.BLOCK, Scope.RECIPIENT, permanent=True, suppress=False, rule="5.7.x about one mailbox"
        )
    if phase in OPENING_PHASES or phase == "mail":
        return Verdict(
            Kind.CONFIGURATION, Scope.RELAY, permanent=True, suppress=False, rule="refused before a recipient"
        )
    return Verdict(Kind.SOFT, Scope.RECIPIENT, permanent=True, suppress=False, rule="5xx without evidence")
