r"""The syntax of CSS: style sheets as rules, style attributes as declarations, exactly as a browser parts them. PURE.

Comments count as blanks, escapes in names are resolved (`d\69splay`), strings and parentheses are kept whole. Where two programs could
part a sheet differently (an open string, brackets that do not match), it is `Unreadable`; nothing is guessed. Outside of strings only ASCII
is read: a no-break space parts nothing in CSS, an Arabic digit is no digit and a Kelvin sign no k, so that what is read of the rest may go
by Python's own blanks, digits and small letters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

__all__ = ["Declared", "Rule", "Unreadable", "declarations", "outside", "rules"]

MOST_SELECTORS = 200
"""Of one rule, after nesting is written out: more is no style sheet that a person wrote."""

TOKEN = re.compile(
    r"""
    (?P<comment> /\* .*? (?: \*/ | \Z ) )
  | (?P<address> (?<![\w-]) url\( \s* (?: [^"'()\\\s] | \\. )* \s* \) )
  | (?P<bad> (?<![\w-]) url\( (?! \s* ["'] ) | \\ [^"'{};:]* \( )
  | (?P<whole> "(?: [^"\\\n\r\f] | \\. )*" | '(?: [^'\\\n\r\f] | \\. )*' | \\[^\n\r\f] )
  | (?P<mark> [{}()\[\];"'] )
  | (?P<text> [^{}()\[\];"'\\/u]+ | [/u] )
    """,
    re.ASCII | re.DOTALL | re.IGNORECASE | re.VERBOSE,
)
STRANGE = re.compile(r"[^\t\n\f\r -~]")
"""What is read outside of strings and comments has none of these."""
BLANKS = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|[ \t\n\f\r]+""", re.DOTALL)
"""Blanks, and strings, whose own count."""
ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})[ \t\n\f\r]?|(.))", re.DOTALL)
IMPORTANT = re.compile(r"\s*!\s*important$")
CAPITALS = re.compile(r"--[\w-]+|[A-Z]+")
"""Values are compared in lower case; names of custom properties differ by case."""
PAIRS = {"(": ")", "[": "]"}
NESTED_COMMA = re.compile(
    r"""((?:"[^"]*"|'[^']*'|\((?:[^()]|\([^()]*\))*\)|\[[^\]]*\]|\\.|[^,])+)""", re.DOTALL
)


class Unreadable(ValueError):
    """CSS that two programs could read differently."""


class Declared(NamedTuple):
    """A declaration: the property's name, its value in lower case, whether it is marked important."""

    name: str
    value: str
    important: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """A style rule.

    Attributes:
        scopes: the at-rules around it ("@media (max-width: 480px)"), outermost first, in lower case.
        selectors: what it selects; nesting is written out (`nested` tells that there was some).
    """

    scopes: tuple[str, ...]
    selectors: tuple[str, ...]
    declared: tuple[Declared, ...]
    nested: bool = False

    def __str__(self) -> str:
        return ", ".join(self.selectors) or " ".join(self.scopes)


@lru_cache(maxsize=4096)
def declarations(css: str) -> tuple[Declared, ...]:
    """The declarations of a style attribute or block in order. Raises Unreadable."""
    found: list[Declared] = []
    text = ""
    for mark, part in _tokens(css):
        if mark and part in "{}":
            raise Unreadable("a brace within declarations")
        if mark and part == ";":
            found += _declared(text)
            text = ""
        else:
            text += part
    return (*found, *_declared(text))


def _tokens(css: str) -> Iterator[tuple[bool, str]]:
    """Pieces of CSS without its comments; the first value is true for `{`, `}` and `;` outside of brackets. Raises Unreadable."""
    closing: list[str] = []
    at = 0
    while at < len(css):
        found = TOKEN.match(css, at)
        if not found or found.lastgroup == "bad":
            raise Unreadable("an address or an escape that is not whole")
        at = found.end()
        part = found[0]
        if found.lastgroup != "comment" and part[0] not in "\"'" and STRANGE.search(part):
            raise Unreadable("a sign outside of strings that is not ASCII")
        if found.lastgroup == "mark":
            _bracket(part, closing)
            yield not closing and part in "{};", part
        else:
            yield False, " " if found.lastgroup == "comment" else part
    if closing:
        raise Unreadable("a bracket without an end")


def _bracket(mark: str, closing: list[str]) -> None:
    """Keep what has to close next."""
    if mark in "\"'":
        raise Unreadable("a string without an end")
    if mark in PAIRS:
        closing.append(PAIRS[mark])
    elif mark in ")]":
        if not closing or closing.pop() != mark:
            raise Unreadable("brackets that do not match")
    elif closing and mark in "{}":
        raise Unreadable("a brace within brackets")


def _declared(text: str) -> Iterator[Declared]:
    name, colon, value = text.partition(":")
    if not colon or not name.strip():
        if text.strip():
            raise Unreadable(f"no declaration: {text.strip()[:40]}")
        return
    name = ESCAPE.sub(_unescape, name.strip())
    value = _folded(value)
    plain = CAPITALS.sub(lambda found: found[0] if found[0].startswith("--") else found[0].lower(), value)
    kept = IMPORTANT.sub("", plain)
    yield Declared(name if name.startswith("--") or not name.isascii() else name.lower(), kept, kept != plain)


def _folded(text: str) -> str:
    """The text with one blank where it has several, but for those in strings."""
    return BLANKS.sub(lambda found: found[1] or " ", text).strip()


def _unescape(found: re.Match[str]) -> str:
    if not found[1]:
        return str(found[2])
    code = int(found[1], 16)
    return chr(code) if 0 < code < 0xD800 else "\ufffd"


@lru_cache(maxsize=64)
def rules(css: str) -> tuple[Rule, ...]:
    """The rules of a style sheet in order; a statement ("@import …;") is a rule without selectors and declarations. Raises Unreadable."""
    return tuple(_rules(css))


def _rules(css: str) -> Iterator[Rule]:
    preludes: list[str] = []
    blocks: list[str] = []
    text = ""
    for mark, part in _tokens(css):
        if not mark:
            text += part
        elif part == "{":
            preludes.append(_folded(text))
            blocks.append("")
            text = ""
        elif part == ";" and preludes:
            blocks[-1] += f"{text};"
            text = ""
        elif part == ";":
            yield _statement(text)
            text = ""
        elif preludes:
            yield _rule(preludes, blocks.pop() + text)
            preludes.pop()
            text = ""
        else:
            raise Unreadable("a brace that closes nothing")
    if text.strip() and not preludes:
        yield _statement(text)
    while preludes:  # a browser closes what a sheet left open
        yield _rule(preludes, blocks.pop() + text)
        preludes.pop()
        text = ""


def _statement(text: str) -> Rule:
    return Rule((_folded(text).lower(),), (), ())


def _rule(preludes: list[str], block: str) -> Rule:
    scopes = tuple(prelude.lower() for prelude in preludes if prelude.startswith("@"))
    chosen = [outside(prelude) for prelude in preludes if not prelude.startswith("@")]
    selectors = chosen[0] if chosen else []
    for inner in chosen[1:]:
        selectors = [
            one.replace("&", around) if "&" in one else f"{around} {one}"
            for around in selectors
            for one in inner
        ]
        if len(selectors) > MOST_SELECTORS:
            raise Unreadable("too many selectors")
    return Rule(scopes, tuple(selectors), declarations(block), nested=len(chosen) > 1)


def outside(text: str) -> list[str]:
    """The parts of a list between its commas, those within brackets and strings left alone."""
    return [part.strip() for part in NESTED_COMMA.findall(text)]
