import html
import math
import re
import time
from dataclasses import replace
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher import gate
from publisher.edition import Variant
from publisher.render import digest, message
from publisher.render.places import Place, marker
from publisher.render.quoted import quoted_printable
from tests.editions import HEADERS, LOOK, NOW, PERSONAL, TEMPLATES, edition, item, persian


def compiled(made=None, language="en", **headers):
    made = made or edition(language=language)
    rendered = digest.render(made, Variant(language), look=LOOK, templates=TEMPLATES)
    return message.compile(
        rendered, replace(HEADERS, subject=rendered.subject, **headers), seed=made.content_hash
    )


def parts(raw: bytes) -> tuple[str, str]:
    """(text, html) of a message as another parser reads them, with LF line ends."""
    read = message_from_bytes(raw, policy=policy.default)
    text, page = read.iter_parts()
    return text.get_content().replace("\r\n", "\n"), page.get_content().replace("\r\n", "\n")


@pytest.mark.parametrize("made", [edition(), edition(persian("01A"), persian("01B"), language="fa")])
def test_the_parts_come_back_as_they_were_rendered(made):
    language = made.languages[0]
    built = compiled(made, language)
    page, text = built.bodies(PERSONAL)
    read_text, read_page = parts(built.message(PERSONAL))
    assert read_text.rstrip("\n") == text.decode().rstrip("\n")
    assert read_page.rstrip("\n") == page.decode().rstrip("\n")


def test_one_reader_has_the_same_bytes_each_time_and_another_has_others():
    built = compiled()
    assert built.message(PERSONAL) == b"".join(built.fill(PERSONAL)) == compiled().message(PERSONAL)
    other = replace(PERSONAL, to="other@example.org", message_id="<01abc.fedcba@front.example>")
    assert built.message(other) != built.message(PERSONAL)


def test_it_is_fit_for_the_wire():
    raw = compiled(edition(item("01A", lede=".\n..leading dots\n." + "x" * 5000), item("01B"))).message(
        PERSONAL
    )
    lines = raw.split(b"\r\n")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert not [line for line in lines if line.startswith(b".")]
    body = raw.partition(b"\r\n\r\n")[2].split(b"\r\n")
    assert max(len(line) for line in body) <= 76
    assert max(len(line) for line in lines) <= 998
    assert raw.isascii()


def test_the_one_click_headers_are_literal():
    raw = compiled().message(PERSONAL)
    assert f"\r\nList-Unsubscribe: <{PERSONAL.leave_url}>, <{PERSONAL.leave_mailto}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert message_from_bytes(raw)["Date"] == "Mon, 02 Mar 2026 03:30:00 +0000"


def test_without_a_mailbox_for_leaving_there_is_the_link_alone():
    raw = compiled().message(replace(PERSONAL, leave_mailto=""))
    assert f"\r\nList-Unsubscribe: <{PERSONAL.leave_url}>\r\n".encode() in raw


def test_the_boundary_stands_in_no_body():
    raw = compiled().message(PERSONAL)
    boundary = message_from_bytes(raw).get_boundary()
    text, page = parts(raw)
    assert boundary not in text
    assert boundary not in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "a@example.org\r\nBcc: evil@evil.example"},
        {"to": "a b@example.org"},
        {"to": "<a@example.org>"},
        {"to": ""},
        {"leave_url": 'https://front.example/u/"><b'},
        {"leave_url": "https://front.example/u/\r\n"},
        {"preferences_url": "https://front.example/p/{{"},
        {"message_id": "<a@b>\r\nX: y"},
        {"message_id": "no brackets"},
        {"leave_mailto": "mailto:a@b, <c>"},
    ],
)
def test_a_value_that_could_break_out_is_refused(wrong):
    with pytest.raises(ValueError, match=r"must not|malformed"):
        compiled().fill(replace(PERSONAL, **wrong))


def test_no_marker_is_left_and_no_story_can_forge_one():
    made = edition(item("01A", headline=f"See {marker('guess', Place.LEAVE)} now"), item("01B"))
    raw = compiled(made).message(PERSONAL)
    text, page = parts(raw)
    for place in Place:
        assert marker(made.content_hash, place) not in text + page
    assert marker("guess", Place.LEAVE) in text


def test_an_address_beyond_ascii_is_written_as_it_is_for_servers_that_take_it():
    raw = compiled().message(replace(PERSONAL, to="üser@example.org"))
    assert "\r\nTo: üser@example.org\r\n".encode() in raw


@given(st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=300))
@settings(max_examples=400, deadline=None)
def test_quoted_printable_comes_back_byte_for_byte(text):
    text = text.replace("\r\n", "\n").replace("\r", "")
    raw = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted_printable(text)
    read = message_from_bytes(raw).get_payload(decode=True)
    assert read.replace(b"\r\n", b"\n") == text.encode()
    assert all(
        len(line) <= 76 and not line.startswith(b".") for line in quoted_printable(text).split(b"\r\n")
    )


def test_the_gate_clears_a_finished_message():
    made = edition()
    raw = compiled(made).message(PERSONAL)
    assert gate.check_message(raw, made, Variant("en"), output="m", now=NOW) == ()


def test_each_value_is_escaped_for_the_part_it_stands_in():
    odd = replace(PERSONAL, to="o'brien+a&b@example.org")
    text, page = parts(compiled().message(odd))
    assert "o'brien+a&b@example.org" in text
    assert "o'brien+a&b@example.org" not in page
    assert "o'brien+a&b@example.org" in html.unescape(re.sub(r"<[^>]+>", "", page))


def test_filling_a_compiled_message_is_far_quicker_than_building_one():
    """The aim is 300 times; here only that nobody made it slow by an order of magnitude. The best of some rounds counts: a
    busy machine makes single ones slow."""
    built = compiled(edition(*(item(f"01{n}") for n in "ABCDEFGHJKLM")))
    page, text = (body.decode() for body in built.bodies(PERSONAL))

    def once():
        mail = EmailMessage(policy=policy.SMTP)
        mail["Subject"], mail["To"] = "x", PERSONAL.to
        mail.set_content(text, cte="quoted-printable")
        mail.add_alternative(page, subtype="html", cte="quoted-printable")
        return mail.as_bytes()

    def seconds(function):
        best = math.inf
        for _ in range(5):
            began = time.perf_counter()
            function()
            best = min(best, time.perf_counter() - began)
        return best

    assert seconds(once) > 20 * seconds(lambda: built.fill(PERSONAL))
