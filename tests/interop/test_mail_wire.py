"""The digest's message on the wire, read back by parsers that are not the one we test with elsewhere."""

import re
from email import message_from_bytes

import pytest
from selectolax.lexbor import LexborHTMLParser

from tests.digestbox import LANGUAGES, mixed_mails
from tests.editions import LOOK, PERSONAL

ONCE = (
    "From",
    "To",
    "Date",
    "Message-ID",
    "Subject",
    "MIME-Version",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
)
NEVER_ENCODED = re.compile(
    rb"(?im)^(List-(?!Id)[\w-]+|Feedback-ID|Message-ID|Date|To):([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)"
)
WORD = re.compile(r"[^\W_]{2,}")


def faults(raw: bytes) -> set[str]:
    """What of the wire format (RFC 5322 2.1.1, RFC 2045 2.7, RFC 2047 5) a message breaks."""
    found = set()
    if any(len(line) > 998 for line in raw.split(b"\r\n")):
        found.add("long line")
    if re.search(rb"(?<!\r)\n|\r(?!\n)", raw):
        found.add("bare CR or LF")
    if not raw.isascii() or b"\0" in raw:
        found.add("not 7-bit")
    head = raw.partition(b"\r\n\r\n")[0]
    if b"?==?" in head:
        found.add("glued encoded words")
    for name in ONCE:
        if len(re.findall(rf"(?im)^{name}:".encode(), head)) != 1:
            found.add(f"{name} not once")
    found |= {f"{name.decode()} encoded" for name, value in NEVER_ENCODED.findall(head) if b"=?" in value}
    if not re.search(
        rb"(?m)^List-Id:(?:[^<]|\r\n )*<[\w.-]+>\r$", head
    ):  # its name may be encoded, its id may not
        found.add("List-Id malformed")
    return found


@pytest.mark.parametrize("mail", mixed_mails(), ids=LANGUAGES)
def test_a_message_keeps_to_the_wire_format(mail):
    assert faults(mail.raw) == set()


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (b"Precedence: bulk\r\n", b"Precedence: bulk\n", "bare CR or LF"),
        (b"Precedence: bulk", b"Precedence: " + b"x" * 990, "long line"),
        (b"Precedence: bulk", "Precedence: \u06a9".encode(), "not 7-bit"),
        (b"Subject:", b"Subject: x\r\nSubject:", "Subject not once"),
        (b"Date:", b"X-Date:", "Date not once"),
        (b"Precedence: bulk", b"X: =?utf-8?b?2qk=?==?utf-8?b?2qk=?=", "glued encoded words"),
        (b"Post: List", b"Post:\r\n =?utf-8?q?List?= ", "List-Unsubscribe-Post encoded"),
    ],
)
def test_a_spoilt_message_is_told_from_a_good_one(old, new, fault):
    raw = mixed_mails()[0].raw
    assert faults(raw.replace(old, new, 1)) == {fault}


@pytest.mark.parametrize("mail", mixed_mails(), ids=LANGUAGES)
def test_the_text_part_gives_the_same_links_in_the_same_order_and_the_same_words(mail):
    """A reader of the text part misses nothing, and a filter that compares both parts finds no difference."""
    tree = LexborHTMLParser(mail.html)
    ours = {item.link for item in mail.edition.items}
    linked = [url for node in tree.css("a") if (url := node.attributes["href"]) not in ours]
    written = re.findall(r"(?m)^\S+://\S+$", mail.text)
    foot = {PERSONAL.leave_url, PERSONAL.preferences_url, LOOK.archive_url}
    assert [url for url in written if url not in foot] == [url for url in linked if url not in foot]
    assert len([url for url in written if url not in foot]) == len(mail.edition.items) + 1
    assert sorted(written[-3:]) == sorted(linked[-3:]) == sorted(foot)
    assert written[-1] == PERSONAL.leave_url
    shown, said = (set(WORD.findall(text)) for text in (tree.body.text(separator=" "), mail.text))
    assert len(shown & said) >= 0.95 * len(shown | (said - set(WORD.findall(" ".join(written)))))


@pytest.mark.parametrize("mail", mixed_mails(), ids=LANGUAGES)
def test_both_parts_come_back_as_they_were_made(mail):
    text, html = message_from_bytes(mail.raw).get_payload()
    for part, kind, made in ((text, "text/plain", mail.text), (html, "text/html", mail.html)):
        assert part.get_content_type() == kind
        assert part.get_payload(decode=True).replace(b"\r\n", b"\n").decode() == made
