"""Attributes and segments: values in one form, rules that are read or refused with a reason, and nothing that runs."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.errors import ConfigurationInvalid
from subscribers.attributes import Attribute, Value
from subscribers.errors import AttributeRefused, SegmentUnreadable
from subscribers.segments import All, Any, Compare, Not, parse
from tests import newsrooms

KNOWN = (
    Attribute("country", "choice", ("de", "at")),
    Attribute("visits", "number"),
    Attribute("born", "date"),
    Attribute("member", "yes-no"),
    Attribute("town"),
)


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("visits", " 03.0 ", Value("3", 3.0)),
        ("born", "2026-03-02", Value("2026-03-02")),
        ("member", "TRUE", Value("yes")),
        ("town", "Bad  Ischl", Value("Bad Ischl")),
        ("town", "کتاب\u200cها", Value("کتاب\u200cها")),
        *(
            (name, bad, None)
            for name in ("visits", "born", "member", "country")
            for bad in ("x", "", "nan", "٣")
        ),
        ("town", "a\u0000b", None),
        ("town", "\u200c", None),
        ("town", "a\u202eb", None),
        ("town", "x" * 201, None),
    ],
)
def test_a_value_has_one_form_or_is_refused(name, typed, value):
    attribute = next(one for one in KNOWN if one.name == name)
    if value is None:
        with pytest.raises(AttributeRefused, match=name):
            attribute.read(typed)
    else:
        assert attribute.read(typed) == value


def test_and_binds_more_than_or_and_not_stands_before_one_condition():
    rule = parse('country in (de, at) and not member = yes or town = "Bad Ischl"', KNOWN)
    both = All(
        (Compare("country", "in", (Value("de"), Value("at"))), Not(Compare("member", "=", (Value("yes"),))))
    )
    assert rule == Any((both, Compare("town", "=", (Value("Bad Ischl"),))))


def test_a_quote_within_a_value_is_written_twice_or_stands_in_the_other_kind():
    said = """5" of the baker's"""
    for written in ('"5"" of the baker\'s"', "'5\" of the baker''s'"):
        assert parse(f"town in ({written}, x)", KNOWN) == Compare("town", "in", (Value(said), Value("x")))
    with pytest.raises(SegmentUnreadable, match="cannot be read"):
        parse('town = "a"" or member = yes', KNOWN)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "a condition is missing"),
        ("plan = x", "'plan' is no name here; there are born"),
        ("country = fr", "one of de, at"),
        ("town < x", "no number and no date"),
        ("visits > many", "a number"),
        ("(country = de", "not closed"),
        ("country = de at", "'at' is too much"),
        ("country in de", "a list in brackets"),
        ("section = sport", "one of world"),
        ("country = de; drop table", "cannot be read"),
        ("not " * 30 + "member = yes", "too deep"),
        (" or ".join(["member = yes"] * 51), "more than 50"),
        ("x" * 1001, "longer than"),
    ],
)
def test_a_rule_that_cannot_be_read_says_why(text, said):
    with pytest.raises(SegmentUnreadable, match=said):
        parse(text, KNOWN, sections=["world"])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "country",
                "visits",
                "=",
                "<",
                "in",
                "(",
                ")",
                ",",
                "and",
                "or",
                "not",
                "de",
                "3",
                "'a",
                "b'",
                '"',
                "'",
                "x",
            ]
        )
    )
)
def test_any_words_are_a_rule_or_a_reason(words):
    with suppress(SegmentUnreadable):
        parse(" ".join(words), KNOWN)


@pytest.mark.parametrize(
    ("attribute", "segment", "said"),
    [
        ({"name": "plan", "kind": "choice"}, "", 'what a "choice" may be'),
        ({"name": "plan"}, "plan = x and plat = y", "'plat' is no name here"),
        ({"name": "email"}, "", "use this name themselves"),
    ],
)
def test_the_configuration_is_checked(attribute, segment, said):
    with pytest.raises(ConfigurationInvalid, match=said):
        newsrooms.settings(tables={"attribute": [attribute]}, segment=segment)
