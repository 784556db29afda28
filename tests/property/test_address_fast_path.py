"""The fast path for plain ASCII addresses and email-validator's way must not differ in a single verdict."""

from __future__ import annotations

import string

from hypothesis import example, given, settings
from hypothesis import strategies as st

from subscribers import address
from subscribers.address import Address
from subscribers.errors import AddressRefused

ATEXT = string.ascii_letters + string.digits + "!#$%&'*+/=?^_`{|}~-"
PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " \t"

words = st.text(ATEXT, min_size=1, max_size=66)
labels = st.text(string.ascii_letters + string.digits + "-", min_size=1, max_size=65)
endings = st.sampled_from(
    [
        "example",
        "org",
        "test",
        "local",
        "localhost",
        "invalid",
        "onion",
        "arpa",
        "internal",
        "x",
        "1",
        "c0m",
        "xn--p1ai",
        "a--b",
    ]
)
plausible = st.builds(
    lambda local, domain, ending: f"{'.'.join(local)}@{'.'.join([*domain, ending])}",
    st.lists(words, min_size=1, max_size=4),
    st.lists(labels, min_size=0, max_size=6),
    endings | labels,
)
anything = st.text(PRINTABLE, max_size=60) | st.builds(
    "{}@{}".format, st.text(PRINTABLE, max_size=20), st.text(PRINTABLE, max_size=20)
)


def verdict(parse, text: str) -> Address | None:
    try:
        found = parse(text)
    except AddressRefused:
        return None
    assert isinstance(found, Address)
    return found


@settings(max_examples=400)
@given(plausible | anything)
@example("a" * 64 + "@" + ".".join(["b" * 60] * 3) + ".example")
@example("a" * 65 + "@x.example")
@example("a@x" + "y" * 63 + ".example")
@example("a@host.localhost")
@example("a@1.2.3.4")
@example("a@sub.invalid")
def test_both_ways_give_the_same_verdict_and_the_same_address(text: str):
    trimmed = text.strip(" \t")
    slow = verdict(lambda each: address._parse_slowly(each, each), trimmed)
    assert verdict(address.parse, text) == slow


@settings(max_examples=200)
@given(plausible)
def test_what_is_accepted_is_accepted_again_unchanged(text: str):
    first = verdict(address.parse, text)
    if first is not None:
        assert address.parse(first.address) == first


@settings(max_examples=300)
@given(st.text(max_size=300))
def test_any_text_is_an_address_or_refused_by_name(text: str):
    found = verdict(address.parse, text)
    if found is not None:
        assert not set(found.address) & set('\r\n\0 <>,;:"()')
        assert len(found.address.encode()) <= 254
        assert found.domain.isascii()


@given(
    st.lists(
        st.sampled_from(["a.b@c-d.example", "A@x.example", "a@X.example", "a@b.test", "a@b", ""]), min_size=1
    )
)
@example(["a@b.example\nc@d.example"])
def test_many_addresses_at_once_have_the_verdict_of_each(texts: list[str]):
    assert list(address.plain_each(texts)) == [address.plain(text) for text in texts]


def test_what_most_addresses_look_like_is_found_at_the_first_look_by_every_python():
    """Before 3.11.5 a possessive group finds nothing that another one follows: all went the long way there, and no verdict told."""
    assert ")++" not in address._FORM
    assert ")*+" not in address._FORM
    assert address._SHORT_LINES.fullmatch("a.b@c-d.example\n" * 3)
