"""No token but the minted one is read, and it is read as what was minted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from subscribers.tokens import Claim, Purpose, TokenKeys, mint, read

KEYS = TokenKeys(keys={1: b"a" * 32, 200: b"b" * 32}, signing=200)
purposes = st.sampled_from(Purpose)
subscribers = st.integers(0, 2**40 - 1)
digests = st.integers(0, 2**16 - 1)


@given(purposes, subscribers, digests, st.sampled_from([1, 200]))
def test_minted_is_read_under_its_own_purpose_only(
    purpose: Purpose, subscriber: int, digest: int, key_id: int
):
    token = mint(KEYS, purpose, subscriber=subscriber, digest=digest, key_id=key_id)
    for asked in Purpose:
        expected = Claim(subscriber, digest) if asked is purpose else None
        assert read(KEYS, asked, token) == expected


@given(subscribers, digests, st.integers(0, 31), st.sampled_from("ABab01-_+/=.\u00e9\n"))
def test_a_token_changed_in_one_place_is_nothing(subscriber: int, digest: int, place: int, other: str):
    token = mint(KEYS, Purpose.LEAVE, subscriber=subscriber, digest=digest)
    forged = token[:place] + other + token[place + 1 :]
    assert (read(KEYS, Purpose.LEAVE, forged) is not None) == (forged == token)


@given(st.text(max_size=40))
def test_any_text_is_read_without_harm(text: str):
    assert read(KEYS, Purpose.LEAVE, text) is None
