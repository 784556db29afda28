"""The gate asks for exactly the signatures that are configured, each over what a receiver has to be sure of."""

from __future__ import annotations

import re

import pytest

from publisher.dkim import Signer
from tests.dkimbox import BOTH, DOMAIN
from tests.feedbox import NOW
from tests.gatebox import check, digest, output

MADE = digest()
PLAIN = output("message", MADE)
WANTED = ((DOMAIN, "wire"), (DOMAIN, "wire-ed"))
SIGNED = Signer(BOTH, DOMAIN, NOW).over([PLAIN])([PLAIN]) + PLAIN


def faults(raw, signed=WANTED):
    return {violation.detail for violation in check("message", raw, MADE, signed=signed)}


def test_a_signed_message_passes_where_signatures_are_configured():
    assert faults(SIGNED) == set()


def test_an_unsigned_one_passes_where_none_is():
    assert faults(PLAIN, ()) == set()


def test_a_signature_that_nobody_configured_is_refused():
    assert faults(SIGNED, ()) == {"carries a signature, and none is wanted"}


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        (PLAIN, WANTED),
        (SIGNED, WANTED[:1]),
        (SIGNED, WANTED[::-1]),
        (SIGNED.replace(b"s=wire;", b"s=wirf;"), WANTED),
        (SIGNED.replace(b"d=front.example", b"d=evil.example", 1), WANTED),
        (SIGNED.replace(b"DKIM-Signature", b"X-Signature", 1), WANTED),
    ],
    ids=["none", "one too many", "order", "selector", "domain", "renamed"],
)
def test_others_than_the_configured_ones_are_refused(raw, wanted):
    assert any("does not carry exactly the signatures of wire" in fault for fault in faults(raw, wanted))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (rb":list-unsubscribe:", b":", "leaves out list-unsubscribe"),
        (rb"list-unsubscribe-post:", b"", "leaves out list-unsubscribe-post"),
        (rb"h=from:", b"h=", None),
        (rb"(?s)h=from:(.*?):from:", rb"h=\1:", "leaves out from"),
        (rb" bh=", b" l=5; bh=", "less than the whole text"),
        (rb" bh=[^;]*;", b"", "less than the whole text"),
    ],
)
def test_a_signature_over_too_little_is_refused(old, new, says):
    raw, changed = re.subn(old, new, SIGNED, count=1)
    assert changed
    found = faults(raw)
    assert found == set() if says is None else any(says in fault for fault in found)
