"""Segments: rules that say which readers are meant, such as `country in (de, at) and not plan = free`.

PURE. Nothing is evaluated but comparisons of known names with written values, joined by `and`, `or`, `not` and brackets; a rule that
names something unknown, or compares what cannot be compared, is refused when it is read, and not when a digest is due.

A value with blanks or signs stands in quotes of either kind; a quote of that kind within it is written twice.
A comparison with an attribute that a reader does not have is false; so is `!=`. `not country = de` takes those in who have none.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from subscribers.attributes import Attribute, Value
from subscribers.errors import AttributeRefused, SegmentUnreadable

__all__ = ["All", "Any", "Compare", "Not", "Rule", "Sources", "parse"]

Sources = ("form", "import", "desk")
"""Where a subscription came from: a form of ours, a list, or somebody at the desk."""
TOKEN = re.compile(
    r"""\s*(?:(?P<sign>[()=,]|!=|<=|>=|<|>)|'(?P<single>(?:[^']|'')*)'|"(?P<double>(?:[^"]|"")*)"|(?P<word>[\w.+:@-]+))"""
)
SIGNS = ("=", "!=", "<", "<=", ">", ">=")
LONGEST, DEEPEST, MOST = 1000, 20, 50


@dataclass(frozen=True, slots=True)
class Compare:
    """A name compared with values: `sign` is "in" (one of them), or one of the signs with one value."""

    name: str
    sign: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Whoever is not meant by a rule."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class All:
    """Whoever every one of these rules means."""

    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Any:
    """Whoever one of these rules means."""

    rules: tuple[Rule, ...]


Rule: TypeAlias = "Compare | Not | All | Any"


def parse(
    text: str,
    attributes: Sequence[Attribute],
    *,
    languages: Collection[str] = (),
    sections: Collection[str] = (),
) -> Rule:
    """The rule that a text writes. `languages`, `sections`: those that there are, where that is known.

    Raises:
        SegmentUnreadable: with what is wrong, and where.
    """
    if len(text) > LONGEST:
        raise SegmentUnreadable(f"it is longer than {LONGEST} characters")
    known = {attribute.name: attribute for attribute in attributes}
    known["source"] = Attribute("source", "choice", Sources)
    known["language"] = (
        Attribute("language", "choice", tuple(languages)) if languages else Attribute("language")
    )
    known["section"] = Attribute("section", "choice", tuple(sections)) if sections else Attribute("section")
    reader = _Reader(list(_tokens(text)), known)
    rule = reader.any(0)
    if reader.left():
        raise SegmentUnreadable(f"{reader.peek()[1]!r} is too much; `and` or `or` joins conditions")
    return rule


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    place = 0
    text = text.rstrip()
    while place < len(text):
        found = TOKEN.match(text, place)
        if found is None:
            raise SegmentUnreadable(f"{text[place:][:20].strip()!r} cannot be read")
        place = found.end()
        kind = str(found.lastgroup)
        quote = {"single": "'", "double": '"'}.get(kind)
        yield ("value", found[kind].replace(quote * 2, quote)) if quote else (kind, found[kind])


class _Reader:
    """Reads tokens from left to right: `or` joins what `and` joins, and `not` stands before one condition."""

    def __init__(self, tokens: list[tuple[str, str]], known: dict[str, Attribute]) -> None:
        self._tokens, self._known, self._place, self._count = tokens, known, 0, 0

    def left(self) -> bool:
        return self._place < len(self._tokens)

    def peek(self) -> tuple[str, str]:
        return self._tokens[self._place] if self.left() else ("end", "")

    def _takes(self, kind: str, *texts: str) -> bool:
        if self.peek()[0] == kind and self.peek()[1] in texts:
            self._place += 1
            return True
        return False

    def any(self, depth: int) -> Rule:
        rules = [self._all(depth)]
        while self._takes("word", "or"):
            rules.append(self._all(depth))
        return rules[0] if len(rules) == 1 else Any(tuple(rules))

    def _all(self, depth: int) -> Rule:
        rules = [self._one(depth)]
        while self._takes("word", "and"):
            rules.append(self._one(depth))
        return rules[0] if len(rules) == 1 else All(tuple(rules))

    def _one(self, depth: int) -> Rule:
        if depth > DEEPEST:
            raise SegmentUnreadable("brackets and `not` lie too deep in one another")
        if self._takes("word", "not"):
            return Not(self._one(depth + 1))
        if self._takes("sign", "("):
            rule = self.any(depth + 1)
            if not self._takes("sign", ")"):
                raise SegmentUnreadable("a bracket is opened and not closed")
            return rule
        return self._compare()

    def _compare(self) -> Compare:
        self._count += 1
        if self._count > MOST:
            raise SegmentUnreadable(f"it has more than {MOST} conditions")
        kind, name = self.peek()
        if kind != "word" or name not in self._known:
            there = ", ".join(sorted(self._known))
            said = f"{name!r} is no name here" if name else "a condition is missing at its end"
            raise SegmentUnreadable(f"{said}; there are {there}")
        self._place += 1
        attribute = self._known[name]
        if self._takes("word", "in"):
            return Compare(name, "in", tuple(self._list(attribute)))
        kind, sign = self.peek()
        if kind != "sign" or sign not in SIGNS:
            raise SegmentUnreadable(f"after {name} one of {' '.join(SIGNS)} or `in (…)` is wanted")
        if sign[0] in "<>" and attribute.kind not in {"number", "date"}:
            raise SegmentUnreadable(f"{name} is no number and no date: {sign} does not compare it")
        self._place += 1
        return Compare(name, sign, (self._value(attribute),))

    def _list(self, attribute: Attribute) -> Iterator[Value]:
        if not self._takes("sign", "("):
            raise SegmentUnreadable(f"after `{attribute.name} in` a list in brackets is wanted")
        yield self._value(attribute)
        while self._takes("sign", ","):
            yield self._value(attribute)
        if not self._takes("sign", ")"):
            raise SegmentUnreadable("a list is opened and not closed")

    def _value(self, attribute: Attribute) -> Value:
        kind, text = self.peek()
        if kind not in {"word", "value"}:
            raise SegmentUnreadable(f"a value for {attribute.name} is missing")
        self._place += 1
        try:
            return attribute.read(text)
        except AttributeRefused as refusal:
            raise SegmentUnreadable(str(refusal)) from None
