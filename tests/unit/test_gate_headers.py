"""A finished mail's headers by the standards that ask for them: each one there, once, and covered by what is signed."""

from __future__ import annotations

import re
from email import message_from_bytes

import pytest

from publisher import gate
from publisher.dkim import Signer
from publisher.gate.mail import seal_faults
from tests.dkimbox import BOTH, DOMAIN
from tests.feedbox import NOW
from tests.gatebox import check, digest, output

MADE = digest()
WHOLE = output("message", MADE)
HEAD, _, BODY = WHOLE.partition(b"\r\n\r\n")
FIELDS = {found[1].decode(): found[0] for found in re.finditer(rb"(?m)^([\w-]+):.*\r\n(?:[ \t].*\r\n)*", HEAD + b"\r\n")}  # fmt: skip
LISTS = {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Archive", "List-Owner", "Precedence"}  # fmt: skip
"""RFC 2369, 2919, 8058, and what mailing lists have always said."""
ANY = {"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "Auto-Submitted", "X-Auto-Response-Suppress", "Content-Language"}  # fmt: skip
ROOT = "https://front.example"
LINK = b"https://front.example/c/x"
NOTICE = b"".join(field for name, field in FIELDS.items() if name not in LISTS) + b"\r\n" + BODY
NOTICE = NOTICE.replace(b"The footer.", LINK, 1).replace(b"<p>The footer.</p>", b'<p><a href=3D"' + LINK + b'">Confirm</a></p>')  # fmt: skip


def told(raw: bytes, **options: object) -> list[str]:
    return [violation.detail for violation in check("message", raw, MADE, **options)]


def noticed(raw: bytes, **options: object) -> list[str]:
    found = gate.check_notice(raw, output="confirm", root=ROOT, **options)  # type: ignore[arg-type]  # options of one test
    assert {(one.output, one.story_id, one.rule) for one in found} <= {("confirm", None, "notice")}
    return [one.detail for one in found]


@pytest.mark.parametrize("name", sorted(LISTS | ANY))
def test_each_header_is_wanted_and_wanted_once(name):
    assert f"lacks {name}" in told(WHOLE.replace(FIELDS[name], b"", 1))
    assert f"holds {name} twice" in told(FIELDS[name] + WHOLE)
    if name in ANY:
        assert f"lacks {name}" in noticed(NOTICE.replace(FIELDS[name], b"", 1))
        assert f"holds {name} twice" in noticed(FIELDS[name] + NOTICE)
    else:
        assert f"holds headers that are not ours: {name}" in noticed(FIELDS[name] + NOTICE)


def test_the_parts_own_headers_are_wanted_and_a_feedback_id_is_not():
    assert "lacks MIME-Version" in told(WHOLE.replace(FIELDS["MIME-Version"], b"", 1))
    assert "lacks Content-Type" in told(WHOLE.replace(FIELDS["Content-Type"], b"", 1))
    assert "lacks Date, Subject" in told(WHOLE.replace(FIELDS["Date"] , b"").replace(FIELDS["Subject"], b""))  # fmt: skip
    assert told(WHOLE.replace(FIELDS["Feedback-ID"], b"")) == []
    assert "holds Feedback-ID twice" in told(FIELDS["Feedback-ID"] + WHOLE)


def test_a_line_has_998_octets_at_most():
    """RFC 5322, 2.1.1."""
    for more, seen in ((0, False), (1, True)):
        raw = WHOLE.replace(b"Precedence: bulk", b"Precedence: " + b"x" * (998 - len("Precedence: ") + more))
        assert ("has a line over 998 octets" in told(raw)) is seen
    assert "does not end with a line's end" in told(WHOLE.removesuffix(b"\r\n"))
    assert "holds octets over 127 in its body" not in told(WHOLE.replace(b"The Morning", "Thé".encode(), 1))


def test_a_mail_that_follows_another_names_it_in_both_ways():
    """RFC 5322, 3.6.4: for a first answer both are the one id."""
    said = "<morning.0a1b@front.example>"
    both = f"In-Reply-To: {said}\r\nReferences: {said}\r\n".encode()
    assert told(both + WHOLE, follows=True) == []
    assert told(both + WHOLE) == ["holds headers that are not ours: In-Reply-To, References"]
    wrong = "does not name the mail that it follows"
    for spoiled in (both.replace(b"<", b"", 1), both.replace(b"0a1b", b"0a1c", 1), both.replace(b"0a1b", b"0a 1b"), both.replace(b"@", b"")):  # fmt: skip
        assert wrong in told(spoiled + WHOLE, follows=True)
    lacking = told(WHOLE, follows=True)
    assert wrong in lacking
    assert "lacks In-Reply-To, References" in lacking


def test_an_address_or_a_date_that_nobody_can_use_is_refused():
    for field, spoiled, says in (
        ("From", b"From: Wire\r\n", "does not have exactly one address in From"),
        ("From", b"From: a@x.example, b@x.example\r\n", "does not have exactly one address in From"),
        ("To", b"To: reader\r\n", "does not have exactly one address in To"),
        ("Date", b"Date: Mon, 02 Mar 2026 02:30:00\r\n", "has a Date without a zone"),
    ):
        assert says in told(WHOLE.replace(FIELDS[field], spoiled))
        assert says in noticed(NOTICE.replace(FIELDS[field], spoiled))


SEALED = ("from", "to", "subject", "date", "message-id", "content-type", "list-unsubscribe", "list-unsubscribe-post")  # fmt: skip
WANTED = ((DOMAIN, "wire"), (DOMAIN, "wire-ed"))


def sealed(raw: bytes) -> bytes:
    return Signer(BOTH, DOMAIN, NOW).over([raw])([raw]) + raw


@pytest.mark.parametrize("name", SEALED)
def test_a_signature_covers_all_that_a_receiver_has_to_be_sure_of(name):
    """RFC 6376, 5.4.1, and the two of RFC 8058, section 4."""
    leaves_out = re.compile(rb"(?<=[=:])" + name.encode() + rb"(?=[:;])")

    def uncovered(raw: bytes) -> bytes:
        at = raw.index(b"From:")
        return leaves_out.sub(b"x", raw[:at]) + raw[at:]

    said = f"has a signature that leaves out {name}"
    assert said in told(uncovered(sealed(WHOLE)), signed=WANTED)
    assert (said in noticed(uncovered(sealed(NOTICE)), signed=WANTED)) is not name.startswith("list-")
    assert noticed(sealed(NOTICE), signed=WANTED) == []


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        ("d=d; s=s; h=from; bh=x; b=y", ""),
        ("d = d ;\r\n\ts= s;h=To:\r\n From ; bh=x; b=\r\n y;", ""),
        ("d=d; s=s; h=from; bh=x", "less than the whole text"),
        ("d=d; s=s; h=from; bh=x; b=", "less than the whole text"),
        ("d=d; s=s; h=from; bh=; b=y", "less than the whole text"),
        ("d=d; s=s; h=from; l=0; bh=x; b=y", "less than the whole text"),
        ("d=d; s=s; h=xfrom; bh=x; b=y", "leaves out from"),
        ("d=d; s=s; bh=x; b=y", "leaves out from"),
        ("d=e; s=s; h=from; bh=x; b=y", "exactly the signatures of s for d"),
        ("d=d; h=from; bh=x; b=y", "exactly the signatures of s for d"),
    ],
)
def test_a_signature_is_read_by_its_tags(tags, says):
    """RFC 6376, 3.2 and 3.5."""
    message = message_from_bytes(f"DKIM-Signature: {tags}\r\n\r\n".encode())
    found = list(seal_faults(message, [("d", "s")], frozenset({"from"})))
    assert len(found) == bool(says)
    assert all(says in fault for fault in found)


def test_a_notice_has_one_link_of_ours_in_both_its_parts():
    assert noticed(NOTICE) == []
    says = "does not have one link of ours, on a line of its own in its text and in its HTML"
    html = NOTICE.replace(b'"' + LINK, b'"' + LINK + b"y")
    twice = NOTICE.replace(LINK, LINK + b"\r\n" + LINK, 1)
    for raw in (NOTICE.replace(LINK, b"Hello", 1), html, twice, NOTICE.replace(LINK, b"see " + LINK, 1)):
        assert raw != NOTICE
        assert says in noticed(raw)
    assert "is not multipart/alternative" in noticed(
        NOTICE.replace(b"multipart/alternative", b"multipart/mixed")
    )
    assert "has an empty Subject" in noticed(NOTICE.replace(b"The lead; 2 more", b""))
    assert "holds a NUL" in noticed(NOTICE.replace(b"Confirm", b"Conf\x00irm"))
    assert "carries a signature, and none is wanted" in noticed(sealed(NOTICE))


def test_each_fault_says_where_it_is():
    def told(raw):
        return {(one.output, one.rule) for one in check("message", raw, MADE)}

    assert told(WHOLE.replace(b"Precedence: bulk\r\n", b"")) == {("message", "headers")}
    assert told(WHOLE.replace(b"Precedence: bulk", b"Precedence:\x00bulk")) == {("message", "wire-form")}
    assert told(sealed(WHOLE)) == {("message", "signature")}
    assert told(WHOLE.replace(b"alternative", b"mixed", 1)) == {("message", "structure")}
    assert told(WHOLE.replace(b"Caspian Press", b"Nobody Press")) == {
        ("message#text", "source-name"),
        ("message#html", "source-name"),
    }


@pytest.mark.parametrize("subject", ["=?utf-8?q?=FF?=", "=?utf-8?b?a?=", "=?x-none?q?x?="])
def test_a_subject_that_cannot_be_decoded_is_refused(subject):
    raw = WHOLE.replace(FIELDS["Subject"], f"Subject: {subject}\r\n".encode())
    assert "has a Subject that cannot be read back" in told(raw)


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (b"text/plain; charset=utf-8", b"text/plain; charset=us-ascii", "not quoted-printable UTF-8"),
        (b"text/plain; charset=utf-8", b"text/html; charset=utf-8", "but text/html, text/html"),
        (b"Encoding: quoted-printable", b"Encoding: Quoted-Printable", "not quoted-printable UTF-8"),
        (b"Content-Type: text/plain; charset=utf-8\r\n", b"", "not quoted-printable UTF-8"),
        (b"multipart/alternative;", b"multipart/alternative; x=y;", ""),
        (b"multipart/alternative", b"text/plain", "is not multipart/alternative"),
        (b" boundary=", b" bound=", "is not multipart/alternative"),
    ],
)
def test_the_parts_are_two_of_one_form(before, after, says):
    found = told(WHOLE.replace(before, after, 1))
    assert [one for one in found if says in one] if says else found == []


@pytest.mark.parametrize(
    ("address", "passes"),
    [
        (b"https://front.example/u/x", True),
        (b"http://127.0.0.1:8080/u/x", True),
        (b"http://localhost/u/x", True),
        (b"http://127.0.0.10/u/x", False),
        (b"http://127x0y0z1/u/x", False),
        (b"ftp://front.example/u/x", False),
        (b"https://front.example/u/x>,<https://front.example/", False),
        (b"https://", False),
    ],
)
def test_a_reader_leaves_over_https_or_on_this_machine(address, passes):
    raw = WHOLE.replace(b"https://front.example/u/abcdefgh", address)
    assert (told(raw) == []) is passes
    assert told(FIELDS["List-Unsubscribe"] + raw) != []
