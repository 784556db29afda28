"""Selectors as Selectors 3 and 4 define them, and which conditions are tried together."""

from __future__ import annotations

import pytest

from publisher.gate.plan import Source, plan
from tests.sightbox import SAID, looked_at, shown


def planned(css, schemes="", condition=""):
    return plan((Source(css, condition),), schemes)


def entry(selector):
    (only,) = planned(f"{selector} {{ color: red }}").entries
    return only


@pytest.mark.parametrize(
    ("selector", "strength"),
    [
        ("*", (0, 0, 0)),
        ("LI", (0, 0, 1)),
        ("UL LI", (0, 0, 2)),
        ("UL OL+LI", (0, 0, 3)),
        ("H1 + *[REL=up]", (0, 1, 1)),
        ("UL OL LI.red", (0, 1, 3)),
        ("LI.red.level", (0, 2, 1)),
        ("#x34y", (1, 0, 0)),
        ("#a~b>#c", (2, 0, 1)),
        ("a:hover", (0, 1, 1)),
        ("html>body .x:focus-visible", (0, 2, 2)),
    ],
)
def test_a_selector_is_as_strong_as_the_standards_examples_say(selector, strength):
    """Selectors 3, section 9; the last three follow from it."""
    assert entry(selector).strength[:3] == strength


def test_what_has_brackets_of_its_own_counts_as_strongest_and_may_hold_or_not():
    found = entry("#s12:not(FOO)")
    assert found.strength[:3] > (9, 9, 9)
    assert not found.sure


def test_of_equal_strength_the_later_rule_is_the_stronger():
    first, second = planned("a{color:red} b{color:red}").entries
    assert first.strength < second.strength


@pytest.mark.parametrize(
    "place",
    [
        *("root", "first-child", "last-child", "only-child", "nth-child(2n + 1)", "nth-last-child(odd)"),
        *("is(a, b)", "where(.x)", "not(.x)"),
    ],
)
def test_a_place_in_the_document_is_looked_for_as_it_is_written(place):
    """Selectors 4, sections 4 and 13; but older programs do not know them all."""
    found = entry(f"p:{place}")
    assert found.query == f"p:{place}"
    assert found.sure is (place == "root")


@pytest.mark.parametrize(
    ("selector", "query", "states"),
    [
        ("p.x > a", "p.x > a", set()),
        ("*.x #y+z", "*.x #y+z", set()),
        ("a:hover", "a", {":hover"}),
        ("a:hover:focus-within", "a", {":hover", ":focus-within"}),
        ("nav a:visited:active", "nav a", {":visited", ":active"}),
        (":target", "*", {":target"}),
        ("a:hover b", "a b", {"a:hover b"}),
        ("a:link(b)", "a", {"a:link(b)"}),
        ("a:hovering", "a", {"a:hovering"}),
        ("p:not(:hover)", "p", {"p:not(:hover)"}),
        ("p:nth-child(1 of .x)", "p", {"p:nth-child(1 of .x)"}),
        ("p:first-of-type", "p", {"p:first-of-type"}),
        ("p:lang(en)", "p", {"p:lang(en)"}),
        ("p > :lang(en)", "p > *", {"p > :lang(en)"}),
        ("p :is(a, :hover)", "p *", {"p :is(a, :hover)"}),
        ("a[title=':hover']:lang(en)", "a[title=':hover']", {"a[title=':hover']:lang(en)"}),
        ("a[title=x]", "a[title=x]", {"a[title=x]"}),
        (r".\78", "*", {r".\78"}),
        ("p::first-line", "p", {"p::first-line"}),
    ],
)
def test_a_query_finds_whatever_the_selector_may_ever_match(selector, query, states):
    found = entry(selector)
    assert (found.query, found.states) == (query, states)
    assert found.sure is (not states)


def test_who_cannot_read_one_selector_of_a_list_leaves_the_rule_out():
    for css, sure in (("a, b", True), ("a, b:lang(en)", False), ("a { b", False), ("a, b { c", False)):
        found = planned(f"{css} {{ color: red }}").entries
        assert [one.sure for one in found if one.query in {"a", "a b", "a c"}] == [sure], css


@pytest.mark.parametrize(
    "selector",
    [
        *("p::selection", "p::-moz-selection", "li::marker", "input::placeholder", "::backdrop"),
        *("input::file-selector-button", "button::-moz-focus-inner", "p::before", "p:after"),
    ],
)
def test_what_is_no_text_of_the_document_has_no_colour_of_it(selector):
    assert planned(f"{selector} {{ color: red }}").entries == ()


def scopes(css, schemes=""):
    """What is tried together, each with whether the page may be dark then."""
    return [
        (set(case.on) if case.on is not None else None, case.dark) for case in planned(css, schemes).cases
    ]


PRINT, NARROW, WIDE = "@media print", "@media (max-width:599px)", "@media (min-width:600px)"
DARK, LIGHT = "@media (prefers-color-scheme:dark)", "@media (prefers-color-scheme:light)"


def test_every_combination_of_what_changes_a_colour_is_tried():
    assert scopes("") == [(set(), False)]
    for ink in ("color", "background", "background-color"):
        assert scopes(f"{PRINT}{{p{{{ink}:#000}}}}") == [(set(), False), ({PRINT}, False)]
    for root in (":root", "html"):
        assert len(scopes(f"{PRINT}{{{root}{{--x:#000}}}}")) == 2
    assert len(scopes(f"{PRINT}{{p{{--x:#000;font-size:20px}}}}")) == 1
    many = [f"@media (min-width:{at}px){{p{{color:#000}}}}" for at in range(5)]
    assert len(scopes("".join(many[:4]))) == 16
    assert scopes("".join(many)) == [(None, False)]


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (NARROW, WIDE, False),
        (NARROW, "@media screen and (min-width:599px)", True),
        (NARROW, "@media print,(min-width:600px)", True),
        (NARROW, "@media not all and (min-width:600px)", True),
        (NARROW, "@media (min-width:600px) or (hover)", True),
        (NARROW, "@supports (min-width:600px)", True),
        (DARK, LIGHT, False),
        (DARK, "@media not all and (prefers-color-scheme:light)", True),
        (DARK, PRINT, True),
        (LIGHT, WIDE, True),
    ],
)
def test_what_cannot_hold_at_once_is_not_tried_together(one, other, together):
    tried = [on for on, _ in scopes(f"{one}{{p{{color:#000}}}}{other}{{p{{color:#000}}}}")]
    assert ({one, other} in tried) is together
    assert len(tried) == 3 + together


def test_a_page_is_dark_where_its_scheme_may_be():
    assert scopes("", "light") == [(set(), False)]
    assert scopes("", "dark") == scopes("", "light dark") == [(set(), False), (set(), True)]
    assert scopes(":root{color-scheme:dark}")[-1] == (set(), True)
    night = f"{DARK}{{p{{color:#fff}}}}"
    assert scopes(night, "light dark") == [(set(), False), ({DARK}, False), ({DARK}, True)]
    assert (set(), True) in scopes(night, "dark"), "it is dark whatever the reader prefers"
    many = "".join(f"@media (min-width:{at}px){{p{{color:#000}}}}" for at in range(4))
    assert scopes(night + many, "light dark") == [(None, False), (None, True)]
    for said in ("dim", "dark;", "only,light"):
        assert bool(planned("", said).faults) is (said == "dim"), said


@pytest.mark.parametrize(
    ("css", "value"),
    [
        (":root{--x:a}", "a"),
        ("html{--x:a}", "a"),
        (":root{--x:a}html{--x:b}", "a"),
        ("html{--x:a}html{--x:b}", "b"),
        ("html{--x:a!important}:root{--x:b}", "a"),
        (":root{--x:a}p{--x:b}", None),
        (":root{--x:a}.x:hover{--x:b}", None),
        (":root{--x:a}:root:hover{--x:b}", None),
        (":root{--x:a}@media print{:root{--x:b}}", "a"),
        (":root{--y:a}", None),
    ],
)
def test_a_custom_property_has_the_value_that_is_certain(css, value):
    assert planned(css).cases[0].variables.get("--x") == value
    if "print" in css:
        assert [case.variables["--x"] for case in planned(css).cases] == ["a", "b"]
        many = "".join(f"@media (min-width:{at}px){{p{{color:#000}}}}" for at in range(4))
        assert "--x" not in planned(css + many).cases[0].variables


def test_a_condition_around_a_sheet_counts_for_every_rule_of_it():
    plain, within = planned("p{color:red}@media screen{p{color:red}}", condition=PRINT).entries
    assert (plain.scope, within.scope) == (PRINT, f"{PRINT} @media screen")


@pytest.mark.parametrize(
    ("passes", "refused"),
    [
        ("@charset 'utf-8';", "@import 'x';"),
        ("@counter-style x{system:cyclic;symbols:'x'}", "@font-face{font-family:x}"),
        ("@supports (a:b){.x{color:#000}}", "@layer x{.x{color:#000}}"),
        ("@keyframes x{to{color:#fff}}", "@keyframes x{to{opacity:0}}"),
        ("@-webkit-keyframes x{to{color:#fff}}", "@-ms-keyframes x{to{color:#fff}}"),
        ("@-moz-keyframes p{p{color:#fff}}", "@media print{p{color:#fff}}"),
        ("@-o-keyframes p{p{color:#fff}}", "@page{size:a4}"),
        (".x:focus{position:fixed}", ".x:focus,.x{position:fixed}"),
        (".x:focus-visible{position:fixed}", ".x:hover{position:fixed}"),
        (".x::before{content:'x';line-height:.8}", ".x::before{content:'x';line-height:.79}"),
        (".x::before{content:'x';line-height:normal}", ".x::before{content:'x';line-height:20px}"),
        (".x:after{content:'x';padding:4px}", ".x:after{content:'x';padding:4.5px}"),
        (".x::after{content:'x';padding:90px;display:block}", ".x::after{content:'x';padding:90px}"),
        (".x{height:1px}", ".x::before{height:1px}"),
        (".x-outlooks{color:#000}", ".x-outlook{color:#000}"),
        ("p::selection{color:#fff}", "p::first-letter{color:#000}"),
    ],
)
def test_what_a_rule_may_do_whatever_it_selects(passes, refused):
    assert shown(looked_at(f"<p>{SAID}</p>", passes))
    assert not shown(looked_at(f"<p>{SAID}</p>", refused))
