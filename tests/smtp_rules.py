"""Rules by which the test server misbehaves, one line of text each; `tests.smtpd` tells the language."""

from __future__ import annotations

import fnmatch
import re
import shlex
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any

SESSION = ["connect", "banner", "ehlo", "starttls", "handshake", "auth", "rset", "quit"]
PHASES = [*SESSION, "mail", "rcpt", "data", "354", "body", "dot", "logged"]
ENDS = ["drop", "reset", "stall", "deaf", "flood"]
DEEDS = [*ENDS, "pass", "hold"]


@dataclass(slots=True)
class Rule:
    """One taught misbehaviour; see the module's text."""

    phase: str
    to: str = ""
    connection: str = ""
    nth: str = ""
    per: str = ""
    reply: str | None = None
    raw: str | None = None
    do: str = "pass"
    then: str = ""
    wait: float = 0.0
    split: int = 0
    pace: float = 0.0
    at: int = 1
    passages: Counter[Any] = field(default_factory=Counter)

    @classmethod
    def parse(cls, text: str) -> Rule:
        """A rule from its one line; ValueError for what it does not know."""
        phase, *words = shlex.split(text)
        known = {f.name: f for f in fields(cls)}
        given: dict[str, Any] = {}
        for word in words:
            name, given_one, value = word.partition("=")
            if name in {"phase", "passages"} or name not in known or not given_one:
                raise ValueError(f"no such word in a rule: {word}")
            kind: Callable[[str], Any] = {"float": float, "int": int}.get(str(known[name].type), str)
            given[name] = kind(value)
        rule = cls(phase, **given)
        if phase not in {*PHASES, "*"} or rule.do not in DEEDS or rule.then not in {*ENDS, ""}:
            raise ValueError(f"no such phase or action: {text}")
        return rule

    def fits(self, connection: int, to: str) -> bool:
        """Whether the rule acts at this passage of its phase; each passage that it selects is counted."""
        if self.to and not fnmatch.fnmatchcase(to, self.to):
            return False
        key = {"to": to, "connection": connection}.get(self.per)
        self.passages[key] += 1
        return _among(self.passages[key], self.nth) and _among(connection, self.connection)


def _among(n: int, wanted: str) -> bool:
    if not wanted:
        return True
    if wanted.startswith("/"):
        return n % int(wanted[1:]) == 0
    first, dash, last = wanted.partition("-")
    return int(first or 1) <= n <= (int(last or sys.maxsize) if dash else int(first))


def wire(text: str) -> bytes:
    """The text as bytes, with its backslash escapes carried out."""
    escapes = {b"r": b"\r", b"n": b"\n", b"0": b"\0"}
    return re.sub(
        rb"\\(r|n|0|x[0-9a-f]{2})",
        lambda m: escapes.get(m[1]) or bytes.fromhex(m[1][1:].decode()),
        text.encode(),
    )
