"""The quick ways of writing a personal value are the slow way, byte for byte."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from publisher.render import message
from publisher.render.quoted import quoted_printable, quoted_text
from tests.dispatchbox import compiled
from tests.editions import PERSONAL

BUILT = compiled()
NEVER = re.compile(r"(?!)")
FEW = st.text("AZaz09._~:/?@+-&=<>' \n", max_size=75)


@given(
    st.one_of(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90), st.text(max_size=40))
)
def test_value_is_quoted_the_same_whichever_way_is_taken(value: str) -> None:
    assert quoted_text(value) == quoted_printable(value)


@given(
    st.sampled_from(message.FIELDS),
    st.one_of(
        FEW, FEW.map("{}@list.example".format), FEW.map("<{}@front.example>".format), st.text(max_size=9)
    ),
)
@example("to", f"{'a' * 61}@list.example")
@example("to", f"{'a' * 62}@list.example")
@example("to", ".a@list.example")
@example("leave_url", "h" * 73)
@example("leave_url", "h" * 74)
@example("action_url", ".x")
@example("leave_mailto", "")
@example("message_id", "<a@b>\n")
def test_message_is_the_same_or_refused_the_same_whichever_way_is_taken(field: str, value: str) -> None:
    reader = replace(PERSONAL, **{field: value})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(message, "PLAIN_VALUES", NEVER)
        try:
            slow = BUILT.message(reader)
        except ValueError as error:
            slow = None
            refused = str(error)
    if slow is None:
        with pytest.raises(ValueError, match=re.escape(refused)):
            BUILT.message(reader)
    else:
        assert BUILT.message(reader) == slow
