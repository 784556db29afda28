"""Tokens: good for one purpose, for ever, and for nobody else."""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256

import pytest

from subscribers.tokens import (
    LENGTH,
    Claim,
    Purpose,
    TokenKeys,
    fingerprint,
    form_shown,
    form_token,
    mint,
    mint_bounce,
    mint_once,
    read,
    read_bounce,
)

OLD, NEW = bytes(range(32)), bytes(range(32, 64))
KEYS = TokenKeys(keys={2: NEW, 1: OLD}, signing=2)


def test_a_token_says_which_subscriber_and_digest():
    token = mint(KEYS, Purpose.LEAVE, subscriber=70_000, digest=3)
    assert read(KEYS, Purpose.LEAVE, token) == Claim(subscriber=70_000, digest=3)


def test_a_token_is_short_enough_for_an_unfolded_header_and_needs_no_escaping():
    token = mint(KEYS, Purpose.LEAVE, subscriber=2**40 - 1, digest=2**16 - 1)
    assert re.fullmatch(r"[A-Za-z0-9_-]{32}", token)
    assert read(KEYS, Purpose.LEAVE, token) == Claim(subscriber=2**40 - 1, digest=2**16 - 1)


def test_a_resent_mail_carries_the_same_token():
    first = mint(KEYS, Purpose.LEAVE, subscriber=1, digest=1, key_id=1)
    assert first == mint(KEYS, Purpose.LEAVE, subscriber=1, digest=1, key_id=1)
    assert first != mint(KEYS, Purpose.LEAVE, subscriber=1, digest=1)


def test_a_token_of_one_purpose_is_nothing_under_another():
    token = mint(KEYS, Purpose.PREFERENCES, subscriber=1, digest=1)
    assert read(KEYS, Purpose.LEAVE, token) is None


def test_a_token_survives_the_rotation_of_keys():
    before = TokenKeys(keys={1: OLD}, signing=1)
    token = mint(before, Purpose.LEAVE, subscriber=5, digest=1)
    assert read(KEYS, Purpose.LEAVE, token) == Claim(subscriber=5, digest=1)


def test_a_token_of_a_removed_key_is_nothing():
    token = mint(KEYS, Purpose.LEAVE, subscriber=5, digest=1)
    assert read(TokenKeys(keys={1: OLD}, signing=1), Purpose.LEAVE, token) is None


@pytest.mark.parametrize(
    "text",
    ["", "x", "A" * LENGTH, "A" * 33, "\u00fc" * LENGTH, "A" * 31 + "\n", "AAAA====" * 4, "." * LENGTH],
)
def test_what_is_no_token_is_nothing(text: str):
    assert read(KEYS, Purpose.LEAVE, text) is None


def test_one_token_has_one_spelling():
    """Else a filter that knows one spelling lets the other through."""
    token = next(
        minted
        for number in range(1000)
        if "-" in (minted := mint(KEYS, Purpose.LEAVE, subscriber=number, digest=1)) or "_" in minted
    )
    assert read(KEYS, Purpose.LEAVE, token.replace("-", "+").replace("_", "/")) is None


def test_numbers_that_do_not_fit_are_refused_not_cut():
    with pytest.raises(OverflowError):
        mint(KEYS, Purpose.LEAVE, subscriber=2**40, digest=1)
    with pytest.raises(OverflowError):
        mint(KEYS, Purpose.LEAVE, subscriber=1, digest=2**16)


def test_a_token_of_a_bounce_says_which_delivery_and_opens_nothing_else():
    token = mint_bounce(KEYS, 2**56 - 1)
    assert len(token) == LENGTH
    assert read_bounce(KEYS, token) == 2**56 - 1
    assert read_bounce(KEYS, mint_bounce(KEYS, 7, key_id=1)) == 7
    for purpose in (Purpose.LEAVE, Purpose.PREFERENCES):
        assert read(KEYS, purpose, token) is None
        assert read_bounce(KEYS, mint(KEYS, purpose, subscriber=0, digest=7)) is None
    assert read_bounce(KEYS, token[:-1] + ("A" if token[-1] != "A" else "B")) is None


@pytest.mark.parametrize("word", ["leave", "preferences", "bounce", "confirm", "account", "address"])
def test_tokens_in_old_mails_are_read_for_ever(word: str):
    """The form, written once more with the standard library: another one would break the links of every mail that was sent."""
    own = hmac.digest(NEW, f"publisher token {word}".encode(), "sha256")
    said = b"\x02" + b"\x00\x00\x01\x11\x70" + b"\x01\x02"
    token = urlsafe_b64encode(said + hmac.digest(own, said, "sha256")[:16]).decode()
    assert mint(KEYS, Purpose(word), subscriber=70_000, digest=258) == token
    once = urlsafe_b64encode(hmac.digest(own, b"<a@b.example>", "sha256")[:24]).decode()
    assert mint_once(KEYS, Purpose(word), "<a@b.example>", key_id=2) == once
    assert fingerprint(Purpose(word), once) == sha256(f"{word} {once}".encode()).digest()


def test_a_token_of_one_use_that_no_request_can_hold_has_a_fingerprint_too():
    assert len(fingerprint(Purpose.CONFIRM, "\ud800")) == 32


def test_a_form_says_when_it_was_shown_to_whoever_has_its_key():
    shown = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    said = int(shown.timestamp()).to_bytes(8, "big")
    token = urlsafe_b64encode(said + hmac.digest(OLD, b"publisher form " + said, "sha256")[:16]).decode()
    assert form_token(OLD, shown) == token
    assert form_shown(OLD, token) == shown
    assert form_shown(NEW, token) is None
    for at in range(LENGTH):
        other = "A" if token[at] != "A" else "B"
        assert form_shown(OLD, token[:at] + other + token[at + 1 :]) is None


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 28, "A" * LENGTH, "\u00fc" * LENGTH, "A" * 29 + "===", "AAAA====" * 4]
)
def test_what_is_no_token_of_a_form_was_never_shown(text: str):
    assert form_shown(OLD, text) is None
