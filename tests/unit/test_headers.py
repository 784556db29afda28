import json
import re
from email import message_from_bytes
from email.header import decode_header, make_header
from email.policy import default

import mailparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.render.headers import LINE_MAX, mailbox, safe, structured, text_header

SCRIPTS = (
    "abcdefghij klmnop qrstuv",
    "خبرگزاری کویر بامداد می‌شود ثابت ماند گزارش",
    "وكالة الرافدين للأنباء صباح اليوم",
    "נמל אשדוד יפעל גם בלילה",
    "Сезон начался рано ледокол",
    "新聞 早上 港口 開放",
    "Ünïcödé façade naïve — “quoted”",
)
WORDS = st.sampled_from([word for script in SCRIPTS for word in script.split()])
TITLES = st.lists(WORDS, min_size=1, max_size=14).map(" ".join)


def parsed(raw: bytes, name: str) -> str:
    """The value as the standard library's legacy parser reads it."""
    value = message_from_bytes(raw + b"\r\n")[name]
    return str(make_header(decode_header(value)))


def second_opinion(raw: bytes) -> str:
    """The subject as another mail parser reads it."""
    return mailparser.parse_from_bytes(raw + b"\r\nbody\r\n").subject


@given(TITLES)
@settings(max_examples=2500, deadline=None)
def test_a_subject_in_any_script_comes_back_word_for_word(title):
    raw = text_header("Subject", title)
    assert parsed(raw, "Subject") == title
    assert second_opinion(raw) == title
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))


@given(TITLES)
@settings(max_examples=2500, deadline=None)
def test_a_display_name_in_any_script_comes_back_and_the_address_is_untouched(name):
    raw = mailbox("From", name, "wire@front.example")
    value = message_from_bytes(raw + b"\r\n")["From"]
    shown = re.sub(r"\s*\r?\n\s*<.*$", "", value, flags=re.DOTALL)
    assert str(make_header(decode_header(shown))).strip('"') == name
    assert value.endswith("<wire@front.example>")
    ((_, address),) = mailparser.parse_from_bytes(raw + b"\r\nbody\r\n").from_
    assert address == "wire@front.example"


@given(st.text(max_size=400))
@settings(max_examples=500, deadline=None)
def test_no_text_can_leave_its_header(text):
    raw = text_header("Subject", text) + mailbox("From", text, "wire@front.example") + b"\r\n"
    message = message_from_bytes(raw)
    assert message.keys() == ["Subject", "From"]
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert raw.isascii()
    assert parsed(raw, "Subject") == safe(text)


@pytest.mark.parametrize(
    "special", ["a@b.example", "one, two", "(aside)", 'the "wire"', "desk; night:", "<x@y.example>"]
)
def test_a_long_plain_name_with_signs_of_grammar_leaves_the_address_alone(special):
    """Too long to be quoted on one line, it once stood there bare, and `a@b.example` in it was read as the sender."""
    name = f"{special} of the newsroom that never sleeps, in Port Alma by the sea"
    raw = mailbox("From", name, "wire@front.example") + b"\r\nbody\r\n"
    assert parsed(raw.partition(b"\r\n <")[0] + b"\r\n", "From") == name
    (address,) = message_from_bytes(raw, policy=default)["From"].addresses
    assert address.addr_spec == "wire@front.example"


def test_the_hostile_values_stay_literal(samples):
    for value in json.loads((samples / "hostile-samples" / "header-values.json").read_text()):
        raw = text_header("Subject", value) + mailbox("List-Id", value, "morning-en.lists.front.example")
        message = message_from_bytes(raw + b"\r\n")
        assert message.keys() == ["Subject", "List-Id"]
        assert not message.defects
        assert max(len(line) for line in raw.split(b"\r\n")) <= LINE_MAX
        assert parsed(raw, "Subject") == safe(value)


def test_what_looks_encoded_is_shown_as_it_was_written():
    attack = "=?utf-8?q?LITERAL=0D=0ABcc=3A_evil=40evil.example?="
    assert parsed(text_header("Subject", attack), "Subject") == attack


@pytest.mark.parametrize("value", ["a\r\nBcc: x", "naïve", "a\x00b", "x" * 1000])
def test_a_structured_value_is_one_short_line_of_ascii_or_refused(value):
    with pytest.raises(ValueError, match=r"one line|longer"):
        structured("List-Unsubscribe", value)


def test_a_long_link_is_written_as_it_stands():
    url = "<https://front.example/u/" + "A" * 300 + ">"
    assert structured("List-Unsubscribe", url) == f"List-Unsubscribe: {url}\r\n".encode()


def test_a_line_may_be_as_long_as_the_rfc_allows_and_no_longer():
    full = "x" * (998 - len("List-Unsubscribe: "))
    assert structured("List-Unsubscribe", full) == f"List-Unsubscribe: {full}\r\n".encode()
    with pytest.raises(ValueError, match="998 octets"):
        structured("List-Unsubscribe", full + "x")
    many = mailbox("List-Id", "ü" * 500, "morning.lists.front.example")
    assert len(many) > 998 > max(map(len, many.split(b"\r\n")))


def test_text_is_folded_at_76_and_a_word_that_cannot_be_folded_is_encoded():
    fits = "a" * 30 + " " + "b" * (76 - len("Subject: ") - 31)
    assert text_header("Subject", fits) == f"Subject: {fits}\r\n".encode()
    assert text_header("Subject", fits + "b").count(b"\r\n ") == 1
    for value in ("w" * 60, "short " + "w" * 60):
        assert b"=?" not in text_header("Subject", value)
        assert b"=?" in text_header("Subject", value + "w")
    assert mailbox("From", "w" * 60, "a@b.example").startswith(b'From: "www')
    assert mailbox("From", "w" * 61, "a@b.example").startswith(b"From: =?")


def test_a_name_is_quoted_sign_for_sign_and_never_read_as_encoded():
    assert mailbox("From", 'the "wire" \\ desk', "a@b.example") == (
        b'From: "the \\"wire\\" \\\\ desk"\r\n <a@b.example>\r\n'
    )
    attack = "=?utf-8?q?Bank?="
    raw = mailbox("From", attack, "a@b.example")
    assert parsed(raw.partition(b"\r\n <")[0] + b"\r\n", "From") == attack


def test_what_no_header_can_hold_is_replaced_and_the_rest_is_cut():
    assert safe("a\ud800b\r\n\u2028 c") == "a\ufffdb c"
    assert safe("x" * 1001) == "x" * 1000
