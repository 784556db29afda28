"""Style sheets as what may hold: their rules by selector, and every case of conditions under which text has to be read. PURE.

Kept apart from the documents: the same sheets stand in every mail of an edition.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

from publisher.gate.css import Declared, Rule, Unreadable, rules
from publisher.gate.judging import look_of, varies
from publisher.gate.look import PLAIN, Look
from publisher.gate.properties import SCHEME_WORDS

__all__ = ["LEAST_LINE", "MOST_RISE_PX", "Case", "Entry", "Plan", "Source", "plan"]

MOST_CONDITIONS = 4
"""Of media and the like, which hold for the whole document: all their combinations are tried, sixteen."""
LEAST_LINE = 0.8
"""Of the letters' size: on lower lines they lie over the neighbours of their text."""
MOST_RISE_PX = 4.0
"""How far an inline element may paint above and below its line."""

CONDITIONAL = frozenset({"media", "supports"})
IDLE = frozenset({"charset", "counter-style"})
"""At-rules that do nothing to the text of a screen, or are judged by themselves."""
MOVING = frozenset({"keyframes", "-webkit-keyframes", "-moz-keyframes", "-o-keyframes"})
INKED = frozenset({"color", "background", "background-color"})
ROOTS = frozenset({":root", "html"})

NAME = r"-?[a-z_A-Z][\w-]*"
ONE = rf"(?:(?:{NAME}|\*)(?:[.#]{NAME}|:root\b)*|(?:[.#]{NAME}|:root\b)+)"
JOINT = r"(?: ?[>+~] ?| )"
SURE = re.compile(rf"{ONE}(?:{JOINT}{ONE})*", re.ASCII)
"""A selector that every program reads alike and that matches always or never."""
STRUCTURE = frozenset(
    {"root", "first-child", "last-child", "only-child", "nth-child", "nth-last-child", "is", "not", "where"}
)
"""Pseudo-classes that stand for a place in the document and not for a state; older programs do not know them all. Of those by type none:
what has an "of" is looked for without it."""
STATES = re.compile(
    rf"((?:{ONE}{JOINT})*(?:{ONE})?)((?::(?:link|visited|hover|active|focus|focus-visible|focus-within|target)(?![\w(-]))+)",
    re.ASCII,
)
"""A selector that is sure but for states of the very element that it selects."""
PSEUDO = re.compile(
    r"""("[^"]*"|'[^']*'|\[(?:"[^"]*"|'[^']*'|[^\]])*\])|::?[\w-]+(?:\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\))?"""
)
"""Strings and attributes, which stay, and pseudo-classes with what is in their brackets."""
NO_TEXT = re.compile(
    r"::?(?:before|after)\s*$|::(?:selection|-moz-selection|marker|placeholder|backdrop|file-selector-button|-moz-focus-inner)\s*$"
)
"""Generated boxes, and parts that are no text of the document. What the boxes may cover is judged with every rule."""
LETTERS = re.compile(r"::[\w-]+|:first-(?:line|letter)\b")
"""Parts of a text."""
BOXES = re.compile(r"::?(?:before|after)\s*$")
NIGHT = re.compile(r"@media (?:(?:only )?(?:all|screen) and )?\(prefers-color-scheme:dark\)")
"""What holds in every dark scheme; with a width or a `not` it may not."""
OUTLOOK = re.compile(r"-outlook(?![\w-])", re.IGNORECASE)
"""A class that the MJML engine gives to what only Outlook reads (see `outlook`)."""
FOCUSED = re.compile(r":focus(?:-visible)?$")
"""A person is at exactly this element, and for a moment."""


class Source(NamedTuple):
    """A style sheet's text, and the condition under which it counts ("@media print"), "" for none."""

    css: str
    condition: str


class Case(NamedTuple):
    """What may hold at once.

    Attributes:
        on: the scopes that hold; None when each of them may, because there are too many to try.
        dark: whether a browser starts from light text on a dark ground.
        variables: the custom properties of the root.
    """

    on: frozenset[str] | None
    dark: bool
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One selector of a rule.

    Attributes:
        query: what finds every element that it may ever match.
        scope: the condition that it has from around it ("@media print"), which holds for the whole document, "" for none.
        states: what else must hold, at each element for itself: its states, and that a program can read it.
        strength: what beats what, weakest first. looks: what the rule does in each case.
    """

    selector: str
    query: str
    scope: str
    states: frozenset[str]
    strength: tuple[int, int, int, int]
    looks: tuple[Look, ...] = ()

    @property
    def sure(self) -> bool:
        """Whether it always holds."""
        return not self.scope and not self.states

    def left(self, case: Case) -> frozenset[str] | None:
        """What must hold besides for it to hold in this case; None when it does not."""
        if not self.scope or (case.on is not None and self.scope in case.on):
            return self.states
        return None if case.on is not None else self.states | {self.scope}


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What to try, what to look for, and what is refused outright.

    `memory` is for the eye: what elements hand down under these sheets, which is the same in every document that has them.
    """

    cases: tuple[Case, ...]
    entries: tuple[Entry, ...]
    faults: tuple[str, ...]
    memory: dict[tuple[object, ...], Any] = field(default_factory=dict)


@lru_cache(maxsize=64)
def plan(sources: tuple[Source, ...], schemes: str) -> Plan:
    """The plan of these sheets; `schemes` is what the document itself says of colour schemes ("light dark")."""
    found, faults = _read(sources)
    faults += [fault for rule in found for fault in _at_faults(rule)]
    selected = [
        (entry, rule)
        for place, rule in enumerate(found)
        if not any(_at(scope) in MOVING for scope in rule.scopes)
        for entry in _entries(rule, place)
    ]
    schemes = " ".join(
        [schemes, *(o.value for _, r in selected for o in r.declared if o.name == "color-scheme")]
    )
    if not SCHEME_WORDS.issuperset(re.sub("[,;]", " ", schemes).split()):
        faults.append(f"a color-scheme that cannot be read: {schemes}")
    cases = _cases(selected, schemes)
    entries: list[Entry] = []
    for rule in found:
        faults += _faults(rule, _looks(rule.declared, cases))
    for entry, rule in selected:
        declared = rule.declared
        if entry.selector in ROOTS:
            declared = tuple(one for one in declared if not one.name.startswith("--"))
        looks = _looks(declared, cases)
        if part := LETTERS.search(
            entry.selector
        ):  # it is painted within the element, whose own colours come second
            looks = tuple(one if one == PLAIN else replace(one, hides=part[0]) for one in looks)
        if FOCUSED.search(entry.selector):
            looks = tuple(one if one.light else replace(one, light=True) for one in looks)
        if BOXES.search(entry.selector):  # it counts only for what it may add to an element that is put aside
            looks = tuple(Look(light=one.light) for one in looks)
        elif NO_TEXT.search(entry.selector):
            continue
        if any(one != PLAIN for one in looks):
            entries.append(replace(entry, looks=looks))
    return Plan(cases, tuple(entries), tuple(dict.fromkeys(faults)))


def _read(sources: Iterable[Source]) -> tuple[list[Rule], list[str]]:
    found: list[Rule] = []
    faults: list[str] = []
    for source in sources:
        try:
            around = (source.condition,) if source.condition else ()
            found += [replace(rule, scopes=(*around, *rule.scopes)) for rule in rules(source.css)]
        except Unreadable as error:
            faults.append(f"a style sheet cannot be read: {error}")
    return found, faults


def _at(scope: str) -> str:
    """The name of an at-rule, "" for another condition."""
    found = re.match(r"@([\w-]+)", scope)
    return found[1] if found else ""


def _at_faults(rule: Rule) -> Iterator[str]:
    for name in filter(None, map(_at, rule.scopes)):
        if name == "import":
            yield "an outside style sheet is imported"
        elif name == "font-face":
            yield "a font that is brought along could have blank letters: @font-face"
        elif name not in CONDITIONAL | IDLE | MOVING:
            yield f"a style rule cannot be judged: @{name}"


def _faults(rule: Rule, looks: Sequence[Look]) -> Iterator[str]:
    """What is refused whatever the rule selects."""
    if any(_at(scope) in IDLE for scope in rule.scopes):
        return
    if any(map(OUTLOOK.search, rule.selectors)):
        yield f"a style rule is for Outlook alone, where nobody sees it: {rule}"
    boxes = any(map(BOXES.search, rule.selectors))
    focused = bool(rule.selectors) and all(map(FOCUSED.search, rule.selectors))
    for found in looks:
        if found.away:
            yield f"a style rule could hide text: {rule} {{ {found.away} }}"
        if found.reaches and not focused:
            yield f"a style rule could cover or move text: {rule} {{ {found.reaches} }}"
        low = any(0 < factor < LEAST_LINE or not factor for factor, _ in found.lines)
        high = found.rise.usual > MOST_RISE_PX and found.inline is not False
        if boxes and (found.spills or low or high):
            said = found.spills or ("line-height" if low else "padding or border of an inline box")
            yield f"a style rule could cover text: {rule} {{ {said} }}"


def _entries(rule: Rule, place: int) -> Iterator[Entry]:
    sure = [SURE.fullmatch(selector) is not None for selector in rule.selectors]
    scope = " ".join(re.sub(r"\s*:\s*", ":", scope) for scope in rule.scopes)
    # Who cannot read one selector of a list leaves the whole rule out.
    read = {f"read {rule}"} if rule.nested or (len(sure) > 1 and not all(sure)) else set[str]()
    for selector, plain in zip(rule.selectors, sure, strict=True):
        states = frozenset(read if plain else read | _states(selector))
        query = selector if plain else _query(selector)
        yield Entry(selector, query, scope, states, (*_strength(selector), place))


def _states(selector: str) -> set[str]:
    """What must hold at an element that the selector's query matches: its states by name, else the selector as a whole."""
    found = STATES.fullmatch(selector)
    return set(re.findall(r":[\w-]+", found[2])) if found else {selector}


def _query(selector: str) -> str:
    """A selector that matches whatever this one may ever match."""
    if "\\" in selector:
        return "*"
    names = {found[0].strip(":").partition("(")[0] for found in PSEUDO.finditer(selector) if not found[1]}
    inner = set(re.findall(r":([\w-]+)", PSEUDO.sub(lambda found: "" if found[1] else found[0], selector)))
    if names | inner <= STRUCTURE and not re.search(r"\bof\b|::|[^\[~*^$|]\|", selector):
        return selector
    return PSEUDO.sub(_left_out, selector)


def _left_out(found: re.Match[str]) -> str:
    if found[1]:
        return found[1]
    before = found.string[found.start() - 1 : found.start()]
    return "*" if not before or before in " >+~," else ""


def _strength(selector: str) -> tuple[int, int, int]:
    """Ids, classes, types (Selectors 3, section 9); what has brackets of its own counts as strongest, for it is tried on and off."""
    if "(" in selector:
        return 99, 99, 99
    return (
        selector.count("#"),
        len(re.findall(r"\.[\w-]|\[|(?<!:):\w", selector)),
        len(re.findall(r"(?:^|[\s>+~])[^\W_]", selector)),
    )


def _looks(declared: tuple[Declared, ...], cases: Sequence[Case]) -> tuple[Look, ...]:
    if not varies(declared):
        return (look_of(declared, {}),) * len(cases)
    return tuple(look_of(declared, case.variables) for case in cases)


def _cases(selected: Sequence[tuple[Entry, Rule]], schemes: str) -> tuple[Case, ...]:
    """Every combination of scopes that change a colour; with too many, one case in which each may hold.

    States are no part of it: they are many, and each element has its own. What they may do to it is tried at each.
    """
    scopes = dict.fromkeys(entry.scope for entry, rule in selected if entry.scope and _colours(entry, rule))
    tried: list[frozenset[str] | None] = [None]
    if len(scopes) <= MOST_CONDITIONS:
        chosen = (frozenset(some) for count in range(len(scopes) + 1) for some in combinations(scopes, count))
        tried = [on for on in chosen if _together(on)]
    night = [scope for scope in scopes if NIGHT.fullmatch(scope)]
    words = schemes.split()
    cases: list[Case] = []
    for on in tried:
        dark = "dark" in words and (
            "light" not in words or on is None or not night or not on.isdisjoint(night)
        )
        variables = _variables(selected, on)
        cases += [Case(on, shade, variables) for shade in ((False, True) if dark else (False,))]
    return tuple(cases)


def _colours(entry: Entry, rule: Rule) -> bool:
    return any(
        one.name in INKED or (one.name.startswith("--") and entry.selector in ROOTS) for one in rule.declared
    )


def _together(on: frozenset[str]) -> bool:
    """Whether these conditions can hold at once; False only when it is certain that they cannot."""
    plain = [key for key in on if not re.search(r",|\bnot\b|\bor\b|@supports", key)]
    said = " ".join(plain)
    if re.search(r"prefers-color-scheme:dark", said) and re.search(r"prefers-color-scheme:light", said):
        return False
    least = [int(width) for width in re.findall(r"\(min-width:(\d+)px\)", said)]
    most = [int(width) for width in re.findall(r"\(max-width:(\d+)px\)", said)]
    return not (least and most and max(least) > min(most))


def _variables(selected: Sequence[tuple[Entry, Rule]], on: frozenset[str] | None) -> dict[str, str]:
    """The custom properties of the root. What is set elsewhere too, or by a condition that may hold, has no certain value."""
    case = Case(on, dark=False, variables={})
    found: dict[str, list[tuple[bool, tuple[int, int, int, int], bool, str]]] = {}
    lost: set[str] = set()
    for entry, rule in selected:
        own = [one for one in rule.declared if one.name.startswith("--")]
        left = entry.left(case)
        if entry.selector not in ROOTS:
            lost.update(one.name for one in own)
        elif left is not None:
            for one in own:
                found.setdefault(one.name, []).append((one.important, entry.strength, not left, one.value))
    certain: dict[str, str] = {}
    for name, values in found.items():
        if name not in lost and all(sure for _, _, sure, _ in values):
            certain[name] = max(values, key=lambda value: value[:2])[3]
    return certain
