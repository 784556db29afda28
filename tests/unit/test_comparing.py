"""What a version changed, also of a text that no comparison of all with all would come to an end with."""

from __future__ import annotations

from publisher.desk.comparing import _places


def test_places_are_those_that_differ():
    assert list(_places("a\nb\nc", "a\nx\nc\nd")) == [("b", "x"), ("", "d")]
    assert list(_places("a\nb", "a\nb")) == []
    assert list(_places("a\na\na", "a\na")) == [("a", "")]


def test_a_long_text_of_equal_lines_is_compared_all_the_same():
    """Twenty thousand times the same, between other first and last lines: minutes, where each is held against each."""
    alike = "a\n" * 20_000
    found = list(_places(f"first\n{alike}last", f"begin\n{alike}end"))
    assert found[0][0].startswith("first")
    assert found[-1][1].endswith("end")
