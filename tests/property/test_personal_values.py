"""The quick ways of writing a personal value are the slow way, byte for byte."""

from __future__ import annotations

import html

from hypothesis import given
from hypothesis import strategies as st

from publisher.render.quoted import is_plain, quoted_printable, quoted_text


@given(
    st.one_of(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90), st.text(max_size=40))
)
def test_value_is_quoted_the_same_whichever_way_is_taken(value: str) -> None:
    assert quoted_text(value) == quoted_printable(value)


@given(st.text("AZaz09._~:/?@+-&=<>' \n", max_size=75))
def test_plain_value_is_written_as_it_is_everywhere(value: str) -> None:
    if is_plain(value.encode()):
        assert value.encode() == quoted_printable(value) == quoted_printable(html.escape(value))


def test_the_longest_plain_value_fits_on_a_line() -> None:
    assert is_plain(b"a" * 73)
    assert quoted_printable("a" * 73) == b"a" * 73
    assert not is_plain(b"a" * 74)
