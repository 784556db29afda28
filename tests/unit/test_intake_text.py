"""Text, markup, links and times from outside, made fit; needs nothing but the clone."""

import unicodedata
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.intake.links import absolute, canonical
from publisher.intake.markup import sanitise, text_digest, to_text
from publisher.intake.text import clean, clean_block
from publisher.intake.times import parse


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_cleaned_text_is_fit_for_xml_mail_and_terminal(text):
    shown = clean(text)
    assert "\n" not in shown
    assert not any(ord(c) < 32 or 0x7F <= ord(c) <= 0x9F or 0xD800 <= ord(c) <= 0xDFFF for c in shown)
    assert clean(shown) == shown


@given(st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_sanitising_never_changes_the_words(text):
    html = f"<p>{text}</p><div onclick='x'><em>{text}</em></div>"
    assert text_digest(sanitise(html).html) == text_digest(html)


@pytest.mark.parametrize(
    ("html", "kept"),
    [
        ("<p style='x' class='y' id='z'>a</p>", "<p>a</p>"),
        ("<a href='javascript:x'>a</a>", "<a>a</a>"),
        ("<a href='/rel'>a</a>", '<a href="https://front.example/rel">a</a>'),
        ("<a href='//evil.example/x'>a</a>", '<a href="https://evil.example/x">a</a>'),
        ("<img src='http://x.example/p.gif'><p>a</p>", "<p>a</p>"),
        (
            "<img src='https://x.example/p.jpg' onerror='x' alt='A'>",
            '<img src="https://x.example/p.jpg" alt="A">',
        ),
        ("<p dir='rtl' lang='fa'>a</p>", '<p dir="rtl" lang="fa">a</p>'),
        ("<h1>a</h1><form><input></form><!-- c --><style>x</style>", "<h2>a</h2>"),
        ("<svg><script>x</script></svg><p>a", "<p>a</p>"),
        ("<mj-raw>x</mj-raw><p>a</p>", "<p>a</p>"),
    ],
)
def test_only_the_allowed_markup_stays(html, kept):
    assert sanitise(html, base_url="https://front.example/story/").html == kept


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://A.example/x", "https://a.example/x"),
        ("/x", "https://b.example/x"),
        ("https://bücher.example/ä", "https://xn--bcher-kva.example/%C3%A4"),
        ("javascript:x", None),
        ("https://u@a.example/", None),
        ("https://a.example/\nx", None),
        ("http://", None),
        ("https://a.example:99999/", None),
        ("data:text/html,x", None),
        ("", None),
    ],
)
def test_a_link_is_absolute_http_or_none(link, expected):
    assert absolute(link, "https://b.example/y") == expected


def test_a_base_that_is_not_http_is_no_base():
    assert absolute("x", "javascript:alert(1)//") is None


def test_tracking_is_taken_off_and_nothing_else():
    assert canonical("https://a.example/x?utm_source=a&id=1&fbclid=b#c") == "https://a.example/x?id=1"
    assert canonical("https://a.example/x?a=1&b=%20") == "https://a.example/x?a=1&b=%20"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 02 Mar 2026 01:00:00 +0330", datetime(2026, 3, 1, 21, 30, tzinfo=UTC)),
        ("2 Mar 2026 01:00 GMT", datetime(2026, 3, 2, 1, tzinfo=UTC)),
        ("2026-03-02T01:00:00Z", datetime(2026, 3, 2, 1, tzinfo=UTC)),
        ("2026-03-02T01:00:00.1234567+00:00", datetime(2026, 3, 2, 1, 0, 0, 123456, tzinfo=UTC)),
        ("2026-03-02 01:00:00", datetime(2026, 3, 1, 21, 30, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 1, 20, 30, tzinfo=UTC)),
        ("2026-03", datetime(2026, 2, 28, 20, 30, tzinfo=UTC)),
        ("lun, 02 mar 2026", None),
        ("99999-01-01", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_times_are_read_with_their_common_faults(text, expected):
    assert parse(text, zone="Asia/Tehran") == expected


def test_text_of_markup_has_a_line_for_each_block():
    assert to_text("<p>a  b</p><ul><li>c</li><li>d<br>e</li></ul><script>x</script>f") == "a b\nc\nd\ne\nf"


def test_marks_that_pile_up_are_cut_down_to_what_a_language_writes():
    tower = "m" + "".join(map(chr, range(0x316, 0x32A)))
    four = unicodedata.normalize("NFC", tower)[:5]
    assert clean(f"{tower} wins") == f"{four} wins"
    assert clean_block(f"<p>{tower}</p>") == f"<p>{four}</p>"
    assert clean("ส" + "็" * 40) == "ส" + "็" * 4


@pytest.mark.parametrize("text", ["שָּׁלוֹם", "بِسْمِ ٱللَّهِ ٱلرَّحْمَٰنِ", "Việt Nam", "กี่", "é̃"])
def test_marks_that_are_written_stay(text):
    assert clean(text) == unicodedata.normalize("NFC", text)
