"""Addresses: one rule for everybody, what is accepted goes on the wire as it stands."""

from __future__ import annotations

import hmac
import json
from pathlib import Path

import pytest
from email_validator import SPECIAL_USE_DOMAIN_NAMES

from subscribers import address
from subscribers.address import Address, key, mask, parse, same_mailbox
from subscribers.errors import AddressRefused

KEY = b"k" * 32


def test_every_hostile_address_gets_the_verdict_beside_it(samples: Path):
    cases = json.loads((samples / "hostile-samples" / "addresses.json").read_text("utf-8"))
    assert len(cases) > 20
    for case in cases:
        try:
            parse(case["address"])
        except AddressRefused:
            verdict = "refuse"
        else:
            verdict = "accept"
        assert case["expect"].startswith(verdict), case


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("reader@news.example", "reader@news.example"),
        (" reader@news.example\t", "reader@news.example"),
        ("Reader@NEWS.Example", "Reader@news.example"),
        ("o'brien+wire@news.example", "o'brien+wire@news.example"),
        ("a@b\u00fccher.example", "a@xn--bcher-kva.example"),
        ("a@\u0645\u062b\u0627\u0644.example", "a@xn--mgbh0fb.example"),
        ("a@\u65e5\u672c\u8a9e\u30c9\u30e1\u30a4\u30f3.example", "a@xn--eckwd4c7c5976acvb2w6i.example"),
    ],
)
def test_the_local_part_is_sent_as_typed_and_the_domain_in_lower_case_ascii(typed: str, sent: str):
    assert parse(typed).address == sent


@pytest.mark.parametrize(
    "text",
    [
        "",
        "reader",
        "reader@",
        "reader@news..example",
        "reader@news.example.",
        "reader@news_desk.example",
        "reader(comment)@news.example",
        "reader@news.example\u200b",
        "reader@host.local",
        "reader@127.0.0.1",
        "x" * 100_000,
        "\u0430dmin@news.example",  # a Cyrillic letter that looks Latin
        "reader@" + "b" * 64 + ".example",
        "\ud800@news.example",
        "andr\ufffd@news.example",  # a form in Latin-1
    ],
)
def test_what_is_no_mailbox_of_a_person_is_refused_with_a_reason(text: str):
    with pytest.raises(AddressRefused) as refused:
        parse(text)
    assert refused.value.why
    assert refused.value.why[0].islower()
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 400


def test_only_a_local_part_beyond_ascii_needs_smtputf8():
    assert parse("\u00fcser@news.example").needs_smtputf8
    assert not parse("user@b\u00fccher.example").needs_smtputf8


def test_length_is_counted_in_octets_as_the_server_counts():
    assert parse("\u00fc" * 32 + "@news.example").local == "\u00fc" * 32
    with pytest.raises(AddressRefused):
        parse("\u00fc" * 33 + "@news.example")


def test_one_mailbox_has_one_key_however_it_is_typed():
    keys = {
        key(parse(text), KEY)
        for text in ("reader@news.example", "READER@News.Example", " Reader@news.EXAMPLE ")
    }
    assert len(keys) == 1
    assert len(keys.pop()) == 16


def test_plus_tags_and_dots_may_be_other_mailboxes():
    texts = ("ab@news.example", "a.b@news.example", "ab+wire@news.example", "ab@other.example")
    assert len({key(parse(text), KEY) for text in texts}) == len(texts)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("anna", "ANNA", True),
        ("νίκος", "ΝΊΚΟΣ", True),
        ("strasse", "straße", False),
        ("lisa", "liſa", False),
        ("fish", "ﬁsh", False),
    ],
)
def test_one_key_may_be_two_mailboxes_which_the_addresses_themselves_tell(one: str, other: str, same: bool):
    keys = {key(Address(f"{local}@news.example", local, "news.example"), KEY) for local in (one, other)}
    assert (len(keys), same_mailbox(f"{one}@news.example", f"{other}@news.example")) == (1, same)


def test_the_key_is_keyed():
    assert key(parse("reader@news.example"), KEY) != key(parse("reader@news.example"), b"x" * 32)


def test_the_key_is_the_documented_hmac_and_cannot_change():
    """Suppressions are found by it for as long as the house stands."""
    assert (
        key(Address("Reader@news.example", "Reader", "news.example"), KEY).hex()
        == "e94421b8ea6704981774ed40af522b55"
    )


@pytest.mark.parametrize("size", [1, 32, 64, 65, 200])
def test_the_key_is_an_hmac_whatever_the_length_of_its_key(size: int):
    secret = bytes(range(size))
    expected = hmac.digest(secret, b"reader@news.example", "sha256")[:16]
    assert key(parse("Reader@news.example"), secret) == expected


def test_a_mask_names_nobody_but_tells_two_apart():
    one, other = (mask(parse(text), KEY) for text in ("reader@news.example", "rachel@news.example"))
    assert one.startswith("r***@news.example#")
    assert one != other
    assert "reader" not in one
    assert len(one.partition("#")[2]) == 8


def test_the_names_that_need_a_closer_look_are_those_of_the_library():
    assert {name.rpartition(".")[2] for name in SPECIAL_USE_DOMAIN_NAMES} == address._SPECIAL
