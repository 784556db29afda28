"""What a document's style sheets do to its elements, under each of their conditions. PURE.

Rules that take text away outright are refused whatever they select: a selector may match tomorrow what it does not today. Rules that
colour it, or push it off the screen, are held against the elements they match, in the order of the cascade.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

from publisher.gate.css import SMALLEST_PX, Look, Rule, rules

__all__ = ["Sheets"]

BLUNT = ("display", "visibility", "content-visibility", "opacity", "mso-hide")
STATES = re.compile(r"::?(?!root\b)[\w-]+(?:\((?:[^()]|\([^()]*\))*\))?")
"""Pseudo-classes and pseudo-elements of a selector."""
PASSING = re.compile(r":(?:hover|focus(?:-visible|-within)?|active|target)\b|::")
"""A rule with one of these holds only while a person does something, or for something that is no text."""
COMMAS = re.compile(r"(?:\([^()]*(?:\([^()]*\)[^()]*)*\)|[^,])+")
"""The selectors of a list, parted at commas outside parentheses."""


class Sheets:
    """The style sheets of one document; keys are lexbor's element numbers.

    Attributes:
        conditions: for no condition and then for each one that the sheets name, element -> looks, the strongest last.
        inked: elements for which any condition has a look. hidden: elements that some rule takes away.
        faults: rules that are refused, and what cannot be judged.
    """

    def __init__(self, parser: LexborHTMLParser) -> None:
        self.conditions: list[dict[int, list[Look]]] = [{}]
        self.inked: set[int] = set()
        self.hidden: set[int] = set()
        self.faults: list[str] = []
        self._parser = parser
        for link in parser.css("link"):
            if "stylesheet" in (link.attributes.get("rel") or "").lower().split():
                self.faults.append("an outside style sheet is linked")
        found = [rule for style in parser.css("style") for rule in self._rules(style)]
        if found:
            scopes = dict.fromkeys(rule.scope for rule in found if rule.scope and _shows(rule))
            self.conditions = [self._condition(found, scope) for scope in ("", *scopes)]

    def _rules(self, style: LexborNode) -> Iterable[Rule]:
        media = style.attributes.get("media")
        for rule in rules(style.text(deep=True)):
            if rule.selector.lower().startswith("@import"):
                self.faults.append("an outside style sheet is imported")
            self._judge(rule)
            yield replace(rule, scope=f"@media {media} {rule.scope}") if media else rule

    def _judge(self, rule: Rule) -> None:
        does, name = rule.does, rule.selector or rule.scope
        if does.hides.startswith(BLUNT):
            self.faults.append(f"a style rule could hide text: {name} {{ {does.hides} }}")
        elif does.tiny:
            self.faults.append(f"a style rule could hide text: {name} sets a size below {SMALLEST_PX:g} px")

    def _condition(self, found: Sequence[Rule], scope: str) -> dict[int, list[Look]]:
        """The looks that hold when this condition and no other does."""
        holding = [rule for rule in found if rule.scope in {"", scope}]
        variables = {
            name: value.removesuffix("!important")
            for rule in holding
            for name, value in rule.declared.items()
            if name.startswith("--")
        }
        ranked: dict[int, list[tuple[tuple[int, int, int], int, Look]]] = {}
        for place, rule in enumerate(holding):
            does = rule.does_with(variables)
            if not (does.hides or does.tiny or does.inks):
                continue
            for selector in COMMAS.findall(rule.selector):
                keys = self._matching(selector.strip())
                if does.hides or does.tiny:
                    self.hidden.update(keys)
                for key in keys:
                    ranked.setdefault(key, []).append((_specificity(selector), place, does))
        self.inked.update(ranked)
        return {
            key: [does for _, _, does in sorted(looks, key=lambda entry: entry[:2])]
            for key, looks in ranked.items()
        }

    def _matching(self, selector: str) -> list[int]:
        """The elements of a selector; what lexbor cannot read is tried without its pseudo-classes, so that it matches too much."""
        if not selector or PASSING.search(selector):
            return []
        for attempt in (selector, STATES.sub("", selector).strip() or "*"):
            try:
                return [node.mem_id for node in self._parser.css(attempt)]
            except SelectolaxError:
                continue
        self.faults.append(f"the style rule {selector!r} cannot be read")
        return []


def _shows(rule: Rule) -> bool:
    """Whether a rule can change what is seen: otherwise its condition need not be tried."""
    own = any(name.startswith("--") for name in rule.declared)
    return own or rule.varies or rule.does.inks or bool(rule.does.hides)


@lru_cache(maxsize=1024)
def _specificity(selector: str) -> tuple[int, int, int]:
    """Ids, classes, types (Selectors 3, section 9), near enough for putting the rules of a mail in order."""
    return (
        selector.count("#"),
        len(re.findall(r"\.[\w-]|\[|:", selector)),
        len(re.findall(r"(?:^|[\s>+~])[a-zA-Z]", selector)),
    )
