"""The quick way of writing a personal value is the slow way, byte for byte."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from publisher.render.message import _quoted_text, quoted_printable


@given(
    st.one_of(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90), st.text(max_size=40))
)
def test_value_is_quoted_the_same_whichever_way_is_taken(value: str) -> None:
    assert _quoted_text(value) == quoted_printable(value)
