"""What the gate lets pass can be read whatever holds: any scheme and window, any state of any element, any rule that is not understood."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.gate.colour import colour, legible
from tests.sightbox import SAID, looked_at, shown

TAGS = ("div", "p", "b")
STATES = ("hover", "focus")
SELECTORS = (
    "div",
    "p",
    "b",
    *(f"{tag}:{state}" for tag, state in product(TAGS, STATES)),
    "p:hover:focus",
    ".x",
    ".x:hover",
)
LISTS = (*((one,) for one in SELECTORS), ("p:hover", "b:focus"), ("div", "p:focus"))
MEDIA = ("", "print", "(max-width: 600px)")
INKS = ("#000", "#fff", "#777", "#ffc")
DECLARED = st.tuples(st.sampled_from(("", *INKS)), st.sampled_from(("", *INKS)), st.booleans())
RULES = st.lists(st.tuples(st.sampled_from(MEDIA), st.sampled_from(LISTS), DECLARED), max_size=5)
HOLDS = [dict(zip(product(TAGS, STATES), bits, strict=True)) for bits in product((False, True), repeat=6)]


def written(rule):
    media, selectors, (text, ground, important) = rule
    mark = " !important" if important else ""
    body = "".join(
        f"{name}: {value}{mark}; " for name, value in (("color", text), ("background", ground)) if value
    )
    css = f"{', '.join(selectors)} {{ {body}}}"
    return f"@media {media} {{ {css} }}" if media else css


def matches(selector, tag, holds):
    name, *states = selector.split(":")
    return (name == tag or (name == ".x" and tag == "p")) and all(holds[tag, state] for state in states)


def cascade(rules, tag, holds, media, unread):
    """The winning colour of the text and of the ground of an element, None where nothing is declared."""
    found = []
    for place in (1, 2):
        best = None
        for order, (scope, selectors, declared) in enumerate(rules):
            if (scope and scope not in media) or (len(selectors) > 1 and unread) or not declared[place - 1]:
                continue
            for selector in selectors:
                if matches(selector, tag, holds):
                    strength = (
                        declared[2],
                        selector.count(":") + selector.count("."),
                        selector[0] != ".",
                        order,
                    )
                    best = max(best or (strength, ""), (strength, declared[place - 1]))
        found.append(best[1] if best else None)
    return found


def readable(rules):
    for media, holds, unread in product([set(), {MEDIA[1]}, {MEDIA[2]}, set(MEDIA)], HOLDS, (False, True)):
        text, ground = "#000", "#fff"
        for tag in TAGS:
            own, under = cascade(rules, tag, holds, media, unread)
            text, ground = own or text, under or ground
        if not legible(colour(text), colour(ground)):
            return False
    return True


@settings(max_examples=100, deadline=None)
@given(RULES)
def test_what_passes_can_be_read_whatever_holds(rules):
    sheet = " ".join(map(written, rules))
    if shown(looked_at(f"<div><p class=x><b>{SAID}</b></p></div>", sheet)):
        assert readable(rules), sheet
