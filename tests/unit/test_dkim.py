"""Signatures that another verifier accepts, and that nothing can be changed under."""

from __future__ import annotations

import base64
import re
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from publisher import dkim
from publisher.edition import Variant
from publisher.render import digest, message
from tests.digestbox import LANGUAGES, mixed
from tests.dkimbox import BOTH, DOMAIN, key, pem, published, signatures, verified
from tests.editions import HEADERS, LOOK, NOW, PERSONAL, TEMPLATES

SIGNER = dkim.Signer(BOTH, DOMAIN, NOW)
NAMES = published(*BOTH)


def compiled(language="en", signer=SIGNER):
    made = mixed(language)
    rendered = digest.render(made, Variant(language), look=LOOK, templates=TEMPLATES)
    headers = replace(HEADERS, subject=rendered.subject, language=language)
    return message.compile(rendered, headers, seed=made.content_hash, sign=signer.over if signer else None)


@pytest.fixture(scope="module")
def raw():
    return compiled().message(PERSONAL)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_signatures_hold_in_every_language_and_for_every_reader(language):
    built = compiled(language)
    for to in (
        "reader@example.org",
        f"a.{'long' * 15}+tag@{'sub.' * 20}example.org",
        "o'brien&co=x@example.org",
    ):
        mail = built.message(replace(PERSONAL, to=to))
        assert verified(mail, NAMES) == [True, True]
    assert verified(built.message(replace(PERSONAL, leave_mailto="")), NAMES) == [True, True]


def test_an_address_beyond_ascii_is_signed_as_it_stands():
    assert verified(compiled().message(replace(PERSONAL, to="üser@example.org")), NAMES) == [True, True]


def test_one_key_makes_one_signature():
    mail = compiled(signer=dkim.Signer((key(),), DOMAIN, NOW)).message(PERSONAL)
    assert verified(mail, NAMES) == [True]


def test_a_signed_message_is_the_unsigned_one_below_its_signatures(raw):
    unsigned = compiled(signer=None).message(PERSONAL)
    assert raw == b"".join(signatures(raw)) + unsigned


def test_the_same_message_has_the_same_signatures_and_another_reader_others(raw):
    assert compiled().message(PERSONAL) == raw
    assert signatures(compiled().message(replace(PERSONAL, to="other@example.org"))) != signatures(raw)


def test_how_long_signatures_are_is_known_before_they_are_made_and_nothing_can_be_sent_without_them(raw):
    pieces, make = compiled().begin(PERSONAL)
    assert sum(map(len, pieces)) == len(raw)
    with pytest.raises(TypeError):
        b"".join(pieces)
    assert b"".join([make(), *pieces[1:]]) == raw


def test_what_is_signed_and_how_is_told_in_the_field(raw):
    first, second = (dict(re.findall(r"(\w+)=([^;]*)", field.decode())) for field in signatures(raw))
    assert (first["v"], first["c"], first["d"], first["s"]) == ("1", "relaxed/relaxed", DOMAIN, "wire")
    assert (first["a"], second["a"]) == ("rsa-sha256", "ed25519-sha256")
    assert first["t"] == str(int(NOW.timestamp()))
    assert not {"l", "x", "i"} & set(first)
    names = re.sub(r"\s", "", first["h"]).split(":")
    for twice in ("from", "subject", "to", "date", "reply-to"):
        assert names.count(twice) == 2
    assert {"list-unsubscribe", "list-unsubscribe-post", "message-id", "feedback-id", "list-id"} <= set(names)


def test_its_lines_are_of_an_ordinary_length_and_ascii(raw):
    lines = b"".join(signatures(raw)).split(b"\r\n")
    assert max(map(len, lines)) <= 78
    assert not [line for line in lines if line.strip() == b"" and line]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"From: ", b"From: x"),
        (b"Subject: ", b"Subject: x"),
        (b"To: reader", b"To: rider"),
        (b"Date: Mon", b"Date: Tue"),
        (b"Reply-To: desk", b"Reply-To: disk"),
        (b"List-Unsubscribe: <https://front", b"List-Unsubscribe: <https://back"),
        (b"One-Click", b"Two-Click"),
        (b"Feedback-ID: ", b"Feedback-ID: x"),
        (b"Content-Type: multipart/alternative", b"Content-Type: multipart/mixed"),
        (b"meridian.example/2026", b"meridian.example/2027"),
        (b"To: reader", b"Reply-To: x@evil.example\r\nTo: reader"),
        (b"To: reader", b"Subject: x\r\nTo: reader"),
        (b"--\r\n", b"--\r\nmore\r\n"),
    ],
)
def test_a_message_that_was_changed_fails(raw, old, new):
    assert old in raw
    head, found, tail = raw.rpartition(old) if old.startswith(b"--") else raw.partition(old)
    assert verified(head + new + tail, NAMES) == [False, False], found


def test_what_a_relay_may_do_to_blanks_does_no_harm(raw):
    refolded = raw.replace(b"Precedence: bulk", b"Precedence:\t bulk ").replace(
        b"Auto-Submitted: ", b"AUTO-Submitted:\r\n  "
    )
    assert refolded != raw
    assert verified(refolded + b"\r\n\r\n", NAMES) == [True, True]


def test_a_record_names_the_key_in_strings_that_dns_can_hold():
    made = dkim.record(key(), DOMAIN)
    assert made.name == f"wire._domainkey.{DOMAIN}"
    assert re.fullmatch(r"v=DKIM1; k=rsa; p=[A-Za-z0-9+/=]+", made.text)
    assert len(made.strings) == 2
    assert max(map(len, made.strings)) <= 255
    assert "".join(made.strings) == made.text
    assert made.zone_line.startswith(f'wire._domainkey.{DOMAIN}. IN TXT ( "v=DKIM1; ')
    small = dkim.record(key(dkim.ED25519), DOMAIN)
    assert len(small.strings) == 1
    assert len(base64.b64decode(small.text.rpartition("p=")[2])) == 32


SHORT = rsa.generate_private_key(65537, 1024)  # noqa: S505 - to be refused


def _pem(private, encryption=None):
    encryption = encryption or NoEncryption()
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption).decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no private key in PEM form; an RSA key is wanted"),
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n", "no private key in PEM form"),
        (pem(dkim.ED25519), "another kind; an RSA key is wanted"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), "another kind"),
        (_pem(SHORT), "1024 bits"),
        (_pem(SHORT, BestAvailableEncryption(b"x")), "under a password"),
    ],
    ids=["empty", "spoilt", "ed25519", "curve", "short", "password"],
)
def test_what_is_no_key_for_rsa_is_refused_without_being_repeated(text, why):
    with pytest.raises(ValueError, match=re.escape(why)) as caught:
        dkim.read_key(text, selector="s", algorithm=dkim.RSA)
    assert "c2VjcmV0" not in str(caught.value)


def test_an_rsa_key_is_no_ed25519_key():
    with pytest.raises(ValueError, match="an Ed25519 key is wanted"):
        dkim.read_key(pem(dkim.RSA), selector="s", algorithm=dkim.ED25519)


def test_a_key_does_not_show_itself():
    one = key()
    assert "PRIVATE" not in repr(one)
    assert set(re.findall(r"(\w+)=", repr(one))) == {"selector", "algorithm", "fingerprint"}


def test_which_key_it_is_does_not_hang_on_its_name():
    assert key().fingerprint == key(selector="other").fingerprint != key(number=1).fingerprint


HEAD = b"From: a@b.example\r\nTo: "
BODY = b"\r\n\r\nwords=\r\n"


@pytest.mark.parametrize(
    "layout",
    [
        [b"From: a\r\n"],
        [HEAD, None, BODY, None],
        [HEAD, None, BODY, None, b"\r\n"],
        [HEAD, None, b"\r\n\r\nwords ", None, b"=\r\nend\r\n"],
        [HEAD, None, b"\r\nTo: b@b.example\r\n\r\nend\r\n"],
        [None, b"From: a\r\n\r\nend\r\n"],
    ],
    ids=[
        "no body",
        "ends in a value",
        "ends in nothing",
        "blank before a value",
        "twice",
        "begins with a value",
    ],
)
def test_a_message_that_could_not_be_signed_in_pieces_is_refused(layout):
    with pytest.raises(ValueError, match=r"message|value"):
        SIGNER.over(layout)


@pytest.mark.parametrize("value", [b"a b", b"a\t", b"a\r"])
def test_a_value_that_its_neighbours_could_change_is_refused(value):
    seal = SIGNER.over([HEAD, None, BODY, None, b"=\r\nend\r\n"])
    with pytest.raises(ValueError, match="blank"):
        seal([HEAD, b"c@d.example", BODY, value, b"=\r\nend\r\n"])
