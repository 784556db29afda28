"""The syntax of CSS by the letter of its standard: what parts what, and what two programs could part differently."""

from __future__ import annotations

import pytest

from publisher.gate.css import Rule, Unreadable, declarations, outside, rules

READ = {
    "": [],
    " ; ;": [],
    "COLOR : Red": ["color|red"],
    "a:b!important;c:d ! IMPORTANT ;e:f important": ["a|b|!", "c|d|!", "e|f important"],
    "--Ink:Var(--Ink, RED)": ["--Ink|var(--Ink, red)"],
    "a:\t b\n\f c  'd  E'": ["a|b c 'd  e'"],
    "a/**/:/* ; } */b/*": ["a|b"],
    'a:\';}"{\';b:"\\"\';"': ["a|';}\"{'", 'b|"\\"\';"'],
    "a:url( //x.example/?y=; );b:URL('(')": ["a|url( //x.example/?y=; )", "b|url('(')"],
    "a:f(b;c[d;e])": ["a|f(b;c[d;e])"],
    r"d\69splay:none;\43 olor:x;\000061 b:c;\-x:y": ["display|none", "color|x", "ab|c", "-x|y"],
    r"\d7ffx:y;\d800 x:y;\0 x:y;\1f600:y": ["\ud7ffx|y", "\ufffdx|y", "\ufffdx|y", "\ufffd|y"],
    "a:'é\u00a0';/* é */b:c": ["a|'é\u00a0'", "b|c"],
    "a:b:c": ["a|b:c"],
    "a:": ["a|"],
}


@pytest.mark.parametrize("css", READ)
def test_declarations_are_parted_as_browsers_part_them(css):
    said = ["|".join((one.name, one.value, *(["!"] if one.important else ()))) for one in declarations(css)]
    assert said == READ[css]


@pytest.mark.parametrize(
    "css",
    [
        *("a", "a b;", ":b", "a:b}", "a:{b}", "{", "a:b;c"),
        *("a:(b", "a:b)", "a:[b", "a:b]", "a:(b]", "a:[b)", "a:[(b])", "a:(})", "a:[{]", "a:({b})"),
        *("a:'b", 'a:"b', "a:'b\n'", "a:'b\\", "a:b\\", "a:b\\\n", "a:url(x y)", "a:url(x", "a:url(x'y)", "a:url(x(y)"),
        *("a:\\75 rl(x)", "é:b", "a:é", "a:b\u00a0", "a:\x0bb", "a:b\x00", "a:(é)"),
    ],
)  # fmt: skip
def test_what_two_programs_could_part_differently_is_not_read(css):
    with pytest.raises(Unreadable):
        declarations(css)


def rule(selectors, declared="x:y", *scopes, nested=False):
    return Rule(scopes, tuple(selectors.split(",")) if selectors else (), declarations(declared), nested)


SHEETS = {
    "": [],
    "a{}": [rule("a", "")],
    "A , b  >\nc{x:y;z:w}": [rule("A,b > c", "x:y;z:w")],
    "a{x:y": [rule("a")],
    "a{b{x:y}": [rule("a b", nested=True), rule("a", "")],
    "@Media Print{a{x:y}b{x:y}": [rule("a", "x:y", "@media print"), rule("b", "x:y", "@media print"), rule("", "", "@media print")],
    "@import 'A.css' ; a{x:y}@charset 'b'": [rule("", "", "@import 'a.css'"), rule("a"), rule("", "", "@charset 'b'")],
    "@media print{@supports (a:b){a{x:y}}}": [
        rule("a", "x:y", "@media print", "@supports (a:b)"),
        rule("", "", "@media print", "@supports (a:b)"),
        rule("", "", "@media print"),
    ],
    "a,b{x:y;c,&.d{z:w}e{}v:u}": [
        rule("a c,a.d,b c,b.d", "z:w", nested=True),
        rule("a e,b e", "", nested=True),
        rule("a,b", "x:y;v:u"),
    ],
    "a[t='};']{x:'}'}": [rule("a[t='};']", "x:'}'")],
}  # fmt: skip


@pytest.mark.parametrize("css", SHEETS)
def test_sheets_are_parted_into_rules(css):
    assert list(rules(css)) == SHEETS[css]


@pytest.mark.parametrize("css", ["}", "a{}}", "a{x}", "a{x:(}", "a[{x:y}", "a{x:y;b}"])
def test_sheets_that_are_not_whole_are_not_read(css):
    with pytest.raises(Unreadable):
        rules(css)


def test_nesting_is_written_out_up_to_200_selectors():
    """A few levels of lists within lists are millions."""
    ten, twenty = ",".join(["a"] * 10), ",".join(["b"] * 20)
    assert len(rules(f"{ten}{{{twenty}{{x:y}}}}")[0].selectors) == 200
    three, many = ",".join("abc"), ",".join(["d"] * 67)
    with pytest.raises(Unreadable):
        rules(f"{three}{{{many}{{x:y}}}}")
    with pytest.raises(Unreadable):
        rules(f"{ten}{{{ten},a{{{ten}{{x:y}}}}}}")


def test_a_rule_is_named_by_what_it_selects_or_where_it_stands():
    assert [str(one) for one in rules("a , b{x:y} @page{x:y}")] == ["a, b", "@page"]


def test_lists_are_parted_outside_of_brackets_and_strings():
    text = r"""a , b(c, d(e, f)), 'g,h' ,"i,j",[k=',' l], m\,n"""
    assert outside(text) == ["a", "b(c, d(e, f))", "'g,h'", '"i,j"', "[k=',' l]", r"m\,n"]
