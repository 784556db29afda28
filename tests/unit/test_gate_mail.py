"""The text part's grammar, the message's bytes and headers, and the templates that are shipped."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import escape

import pytest

from publisher import gate
from publisher.edition import Edition, Variant
from publisher.render import digest as digests
from publisher.render import pages
from publisher.render.direction import PDI
from tests.feedbox import ENGLISH as HOUSE
from tests.feedbox import NOW, PERSIAN, item
from tests.gatebox import (
    ENGLISH,
    ITEMS,
    LOOK,
    PERSONAL,
    SCRIPT,
    SHIPPED,
    check,
    compiled,
    digest,
    edited_html,
    output,
    rules,
    text_of,
)

MADE = digest()


def told(text: str) -> set[str]:
    return rules(check("text", text.encode(), MADE))


@pytest.mark.parametrize(
    ("before", "after", "broken"),
    [
        ("https://caspian.example/n/1\n", "https://caspian.example/n/10\n", {"source-link"}),
        ("https://caspian.example/n/1\n", "see https://caspian.example/n/1\n", {"source-link"}),
        ("Source: Caspian Press\n", "Source: Caspian Press and others\n", {"source-name"}),
        ("Source: Caspian Press\n", "Caspian Press\n", {"source-name"}),
        ("Source: Caspian Press\nhttps", "Source: Caspian Press\nA word between.\nhttps", {"source-name"}),
        ("/n/1\nViews are", "/n/1\nA word between.\nViews are", {"disclaimer"}),
        ("/n/1\nViews are", "/n/1\nSome say views are", {"disclaimer"}),
        (
            "* Bridge 01B opens",
            "Bridge 01B opens",
            {"missing-item", "disclaimer", "source-name", "source-link"},
        ),
        ("* Bridge 01B opens", "* Bridge 01B closes", {"missing-item", "unknown-item"}),
        ("* Bridge 01A opens", "* Breaking news\n* Bridge 01A opens", {"unknown-item"}),
    ],
)
def test_the_three_lines_of_provenance_stand_together_in_their_order(before, after, broken):
    text = text_of(MADE)
    assert before in text
    found = told(text.replace(before, after))
    assert found
    assert found <= broken


def test_what_stands_below_the_last_line_of_dashes_is_the_footer_and_no_item():
    text = text_of(MADE)
    rule = "-" * 50 + "\n"
    above, below = text.replace(rule, "").split("* Bridge 01C")
    violations = check("text", f"{above}{rule}* Bridge 01C{below}".encode(), MADE)
    assert [(v.story_id, v.rule) for v in violations] == [("01C", "missing-item")]


@pytest.mark.parametrize(
    "lede", ["* * *", "* AP photo of the bridge.", "------------------------------", "https://a.example/"]
)
def test_a_lede_that_looks_like_grammar_spoils_nothing(lede):
    made = digest(replace(ITEMS[0], lede=lede), *ITEMS[1:])
    assert check("text", text_of(made).encode(), made) == ()


@pytest.mark.parametrize(
    ("lede", "shown", "broken"),
    [
        ("* A photo of the bridge.", "* A photo of the…", set()),
        ("* A photo of the bridge.", "* A photo of the bridges", {"unknown-item", "source-name"}),
        ("* A photo of the bridge.", "* …", {"unknown-item", "source-name"}),
        ("A photo.", "* Note of it", set()),
        ("A photo.", "* Meridian · Monday", set()),
        ("A photo.", "* Meridian Monday", {"unknown-item"}),
    ],
)
def test_a_line_that_looks_like_a_headline_is_told_of_an_item_by_its_own_words(lede, shown, broken):
    name = "* Meridian" if "Meridian" in shown else "Meridian"
    made = digest(replace(ITEMS[0], lede=lede, correction_note="* Note of it", source_name=name), *ITEMS[1:])
    text = text_of(made).replace(lede, shown)
    found = rules(check("text", text.encode(), made))
    assert found >= broken
    assert bool(found) is bool(broken)
    after = text_of(made).replace("01a?a=1&b=2\n", f"01a?a=1&b=2\n{shown}\n", 1)
    assert "unknown-item" in rules(check("text", after.encode(), made)), "below its address all is said"


def test_a_source_is_named_behind_a_label_and_a_colon_of_any_kind():
    text = text_of(MADE)
    for label in ("来源：", "x" * 40 + ":", "Source:  "):
        assert told(text.replace("Source: Caspian", f"{label}Caspian")) == set()
    for label in (":", "：", "x" * 41 + ":", "Source:: ", "Source - "):
        assert told(text.replace("Source: Caspian", f"{label}Caspian")) == {"source-name"}, label


def test_ten_dashes_end_the_items():
    text = text_of(MADE)
    for rule, found in (
        ("-" * 10, {"missing-item"}),
        ("-" * 9, set()),
        ("- " * 10, set()),
        ("=" * 10, set()),
    ):
        above, below = text.replace("-" * 50, "").split("* Bridge 01C")
        assert told(f"{above}{rule}\n* Bridge 01C{below}") == found, rule
    assert told(text.replace("\n* Bridge 01C", f"\n{'-' * 10}\n* Bridge 01C")) == set(), "the last such line"
    twice = text.replace("Source: Caspian Press\n", "https://caspian.example/n/1\nSource: Caspian Press\n")
    assert told(twice) == set(), "the last line of its address is the one that counts"


def test_two_stories_under_one_headline_are_told_apart_by_their_order():
    made = digest(ITEMS[0], replace(ITEMS[1], headline=ITEMS[0].headline))
    assert check("text", text_of(made).encode(), made) == ()
    turned = digest(replace(ITEMS[1], headline=ITEMS[0].headline), ITEMS[0])
    assert "source-link" in rules(check("text", text_of(turned).encode(), made))


def test_a_mark_that_turns_text_round_is_refused():
    assert told(text_of(MADE).replace("Source: ", "Source: \u202e", 1)) == {"hidden"}


def test_text_that_is_no_utf8_is_refused():
    assert rules(check("text", text_of(MADE).encode("utf-16"), MADE)) == {"unreadable"}
    assert rules(check("html", b"<p>\xff", MADE)) == {"unreadable"}


# Messages

MESSAGE = output("message", MADE)


def sent(change: Callable[[bytes], bytes]) -> list[str]:
    """What the gate says of the message after a change to its bytes."""
    raw = change(MESSAGE)
    assert raw != MESSAGE
    return [f"{v.rule}: {v.detail}" for v in check("message", raw, MADE)]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (b"Precedence: bulk\r\n", b"Precedence: bulk\n", "bare CR or LF"),
        (b"Precedence: bulk\r\n", b"Precedence: bu\rlk\r\n", "bare CR or LF"),
        (b"Precedence: bulk", b"Precedence: " + b"x" * 990, "line over 998 octets"),
        (b"The footer.", b"The foo\x00ter.", "holds a NUL"),
        (b"The footer.", b"The f\xc3\xb6\xc3\xb6ter.", "octets over 127"),
        (b"The footer.", b"\r\n.\r\n", "begins with a dot"),
        (b"Precedence: bulk\r\n", b"", "lacks Precedence"),
        (b"Precedence: bulk\r\n", b"Precedence: bulk\r\nPrecedence: bulk\r\n", "holds Precedence twice"),
        (b"Precedence: bulk\r\n", b"Precedence: bulk\r\nBcc: all@front.example\r\n", "not ours: Bcc"),
        (b"List-Unsubscribe: <https://", b"List-Unsubscribe: <http://", "not one literal line"),
        (b"List-Unsubscribe: <https://", b"List-Unsubscribe: =?utf-8?q?=3Chttps://", "not one literal line"),
        (b"/u/abcdefgh>, <mailto", b"/u/abcdefgh>,\r\n <mailto", "not one literal line"),
        (b"/u/abcdefgh>, <mailto", b"/u/abc defgh>, <mailto", "not one literal line"),
        (b"List-Unsubscribe=One-Click", b"list-unsubscribe=one-click", "not exactly the one-click form"),
        (b"Subject: The lead; 2 more", b"Subject: ", "empty Subject"),
        (b"Subject: The lead", b"Subject: =?x-none?q?The?= lead", "cannot be read back"),
        (b"Date: Mon, 02 Mar 2026", b"Date: soon", "cannot be read back"),
        (b"+0000", b"", "Date without a zone"),
        (b"02:30:00 +0000", b"02:30:00 -0000", "Date without a zone"),
        (
            b"To: reader@example.org",
            b"To: reader@example.org, other@example.org",
            "exactly one address in To",
        ),
        (b"<wire@front.example>", b"<>", "exactly one address in From"),
        (b"text/html; charset=utf-8", b"text/html; charset=utf-7", "not quoted-printable UTF-8"),
        (b"text/html; charset", b"text/calendar; charset", "but text/plain, text/calendar"),
        (b"multipart/alternative", b"multipart/mixed", "is not multipart/alternative"),
        (b"Encoding: quoted-printable", b"Encoding: 8bit", "not quoted-printable UTF-8"),
        (
            b"Content-Transfer-Encoding",
            b"Content-Disposition: attachment\r\nContent-Transfer-Encoding",
            "nothing else",
        ),
    ],
)
def test_a_message_with_this_fault_is_refused_by_name(before, after, says):
    assert before in MESSAGE
    assert [found for found in sent(lambda raw: raw.replace(before, after, 1)) if says in found]


def test_a_part_that_a_body_smuggles_in_is_refused():
    """A boundary in a body: the reader's program would show the second HTML part, the gate must not judge the third."""
    boundary = re.search(rb'boundary="([^"]+)"', MESSAGE)
    assert boundary
    part = MESSAGE[MESSAGE.index(b"--" + boundary[1] + b"\r\nContent-Type: text/html") :]
    html = part[: part.index(b"--" + boundary[1] + b"--")]
    found = sent(lambda raw: raw.replace(html, html.replace(b"Caspian", b"Cuspian") + html))
    assert any(line.startswith("structure: ") for line in found)


def test_text_around_the_parts_and_an_unclosed_message_are_refused():
    boundary = re.search(rb'boundary="([^"]+)"', MESSAGE)
    assert boundary
    first, last = b"\r\n\r\n--" + boundary[1], b"--" + boundary[1] + b"--\r\n"
    assert any(
        "outside its parts" in line
        for line in sent(lambda raw: raw.replace(first, b"\r\n\r\nHello" + first, 1))
    )
    assert any("outside its parts" in line for line in sent(lambda raw: raw + b"Hello\r\n"))
    assert any("defects" in line for line in sent(lambda raw: raw.removesuffix(last)))


def test_plain_http_leads_only_to_this_machine():
    assert sent(lambda raw: raw.replace(b"<https://front.example/u/", b"<http://localhost:8080/u/")) == []
    assert sent(lambda raw: raw.replace(b"<https://front.example/u/", b"<http://localhost.evil.example/u/"))


@pytest.mark.parametrize(
    "subject",
    [
        "The lead; 2 more",
        "پل پس از یک سال باز شد؛ S-300 در مرز دیده شد و گزارش کامل آن منتشر شد",
        "a =?utf-8?q?b?= c",
    ],
)
def test_the_subject_says_after_decoding_what_was_wanted(subject):
    html, text = (output(kind, MADE).decode() for kind in ("html", "text"))
    raw = compiled(MADE, digests.Rendered(subject, html, text))
    assert check("message", raw, MADE, subject=subject) == ()
    assert rules(check("message", raw, MADE, subject=subject + "!")) == {"headers"}


# The templates that are shipped

LANGUAGES = ("en", "fa")


def shipped(language: str) -> tuple[Edition, Variant, digests.Rendered]:
    """A digest in this language by the shipped templates, one of its items in another."""
    items = [
        replace(ITEMS[0], language=language, correction_note="The year was wrong.", corrected_at=NOW),
        replace(
            ITEMS[1],
            language="fa",
            headline="S-300 در مرز: گزارش",
            lede="* گزارش از مرز",
            original_headline="—",
        ),
        ITEMS[2],
        item("01D", lede="{{ 7*7 }} & <b>", rights_line="Licence"),
    ]
    made, variant = digest(*items, language=language), Variant(language)
    return made, variant, digests.render(made, variant, look=LOOK, templates=SHIPPED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_digest_passes(language):
    made, variant, rendered = shipped(language)
    raw = compiled(made, rendered, variant)
    assert gate.check_message(raw, made, variant, output="m", now=NOW, subject=rendered.subject) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_digest_is_refused_without_any_one_of_its_promises(language):
    made, variant, rendered = shipped(language)
    short = escape(made.disclaimer(language).short)

    def judged(story_id: str, change: Callable[[str], str]) -> set[tuple[str | None, str]]:
        html = edited_html(rendered.html, story_id, change)
        raw = compiled(made, replace(rendered, html=html), variant)
        return {(v.story_id, v.rule) for v in gate.check_message(raw, made, variant, output="m", now=NOW)}

    for story in made.items:
        url, name = escape(story.source_url), escape(story.source_name)
        assert judged(story.story_id, lambda text, url=url: text.replace(url, "https://other.example/")) == {
            (story.story_id, "source-link")
        }
        named = re.compile(rf"{re.escape(name)}(?={PDI}?</a>)")
        assert judged(story.story_id, lambda text, named=named: named.sub("", text)) == {
            (story.story_id, "source-name")
        }
        assert judged(story.story_id, lambda text: text.replace(short, "")) == {
            (story.story_id, "disclaimer")
        }


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_text_is_refused_without_any_one_of_its_lines(language):
    made, variant, rendered = shipped(language)
    passing = 0
    lines = rendered.text.split("\n")
    for at, line in enumerate(lines):
        text = "\n".join(lines[:at] + lines[at + 1 :]).replace("Place", "")
        violations = gate.check_text(text.encode(), made, variant, output="t")
        owed_ = any(
            line.strip("\u200f") in {f"* {story.headline}", story.source_url}
            or line.rstrip(PDI).endswith(story.source_name)
            for story in made.items
        )
        assert not (owed_ and not violations), line
        passing += not violations
    assert passing > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_personal_place_left_open_in_the_shipped_digest_is_refused(language):
    made, variant, rendered = shipped(language)
    assert rules(gate.check_html(rendered.html.encode(), made, variant, output="h", now=NOW)) == {
        "placeholder"
    }
    assert rules(gate.check_text(rendered.text.encode(), made, variant, output="t")) == {"placeholder"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_shipped_pages_pass_and_are_refused_without_provenance(language):
    made, variant, _ = shipped(language)
    site = pages.Site(
        name="Front",
        url="https://front.example",
        language=language,
        timezone="UTC",
        postal_address="1 Harbour Road",
        sections=(),
        disclaimer=(PERSIAN if language == "fa" else HOUSE).full,
    )
    page = pages.edition_page(made, variant, site, url="https://front.example/e/1/", templates=SHIPPED)
    assert gate.check_html(page, made, variant, output="p", now=NOW, script=SCRIPT) == ()
    spoiled = edited_html(
        page.decode(), "01B", lambda text: text.replace("https://caspian.example/n/1", PERSONAL.leave_url)
    )
    violations = gate.check_html(spoiled.encode(), made, variant, output="p", now=NOW, script=SCRIPT)
    assert {(v.story_id, v.rule) for v in violations} == {("01B", "source-link")}


def test_a_reader_of_some_sections_is_owed_only_those():
    variant = Variant("en", frozenset({"economy"}))
    rendered = digests.render(MADE, variant, look=LOOK, templates=SHIPPED)
    raw = compiled(MADE, rendered, variant)
    assert gate.check_message(raw, MADE, variant, output="m", now=NOW) == ()
    assert rules(gate.check_message(raw, MADE, ENGLISH, output="m", now=NOW)) >= {"missing-item"}
