"""An item held against its promises: which link counts, what is quoted of it, and how each thing that lacks is said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from publisher.edition import Notice
from publisher.gate.item import Found, in_order, named_in, owed, unfilled, withdrawn
from publisher.gate.sight import Seen, plain, see
from tests.feedbox import NOW, item

URL = "https://meridian.example/2026/01"
ITEM = item("01A", source_url=URL, headline="Bridge opens", original_headline="The bridge is open")
SAID = "Views are the source’s."
LINE = f'<p><a href="{URL}">Source: Meridian</a></p><p>{SAID}</p>'


def found(html: str, headline: str = "Bridge opens") -> Found:
    return Found("01A", headline, list(see(html).runs))


def lacks(
    html: str, headline: str = "Bridge opens", made=ITEM, said: str = SAID, **options: bool
) -> dict[str, str]:
    """What lacks by its rule."""
    entry = found(html, headline)
    return {one.rule: one.detail for one in owed(entry, made, said, output="x", **options)}


def test_of_several_links_the_first_that_names_the_source_counts():
    html = f'<a href="{URL}">Read</a> on <a href="{URL}"><b>Meri</b>dian</a> or <a href="{URL}">Meridian again</a> or <a href="x">Meridian</a>'
    entry = found(html)
    place, text = entry.link(URL, "Meridian")
    assert (place, text) == (3, "Meridian")
    assert entry.link(URL, "Nobody") == (5, "Meridian again"), "else the last that shows anything"
    assert entry.link("https://other.example/", "Meridian") is None
    assert found(f'<a href="{URL}"> </a>').link(URL, "Meridian") is None


def test_the_text_of_an_item_parts_its_blocks():
    entry = found("<p>one<b>two</b></p><p>three</p>four<br>five")
    assert entry.text() == "onetwo three four five"
    assert entry.text(2) == "three four five"
    hidden = found("<p>one</p><p> </p><div hidden>two</div><p>three</p>")
    assert ["".join(run.text + run.unseen for run in runs) for runs in hidden.blocks()] == [
        "one",
        "two",
        "three",
    ]


def test_whole_items_lack_nothing():
    assert lacks(LINE) == {}
    assert lacks(f"<p>Story.</p>{LINE}", closing=True) == {}
    assert lacks(f"<p>Source: Meridian</p><p>{SAID}</p>", closing=True, linked=False) == {}


def test_what_lacks_is_said_with_what_may_hide_it():
    hidden = f"<div hidden>{LINE}</div><p style='opacity:0'>{SAID}</p>"
    why = ": the attribute hidden= may hide it"
    assert lacks(hidden, "Bridge closes") == {
        "headline": "does not stand under its headline 'Bridge opens'",
        "source-link": f"has no visible link to its source URL {URL}{why}",
        "source-name": f"does not name its source 'Meridian' in the link to it{why}",
        "disclaimer": f"has no visible disclaimer '{SAID}'{why[: -len(' may hide it')]}, opacity:0 may hide it",
    }
    many = "".join(f"<p style='opacity:.{at}'>{SAID}</p>" for at in range(1, 6))
    assert lacks(many)["disclaimer"].endswith(": opacity:.1, opacity:.2, opacity:.3 may hide it")
    part = lacks(f"{LINE.removesuffix(f'<p>{SAID}</p>')}<p style='opacity:0'>Well: {SAID} Indeed.</p>")
    assert part == {"disclaimer": f"has no visible disclaimer '{SAID}': opacity:0 may hide it"}
    other = lacks(f"{LINE.removesuffix(f'<p>{SAID}</p>')}<p style='opacity:0'>Another text.</p>")
    assert other == {"disclaimer": f"has no visible disclaimer '{SAID}'"}


def test_a_headline_that_may_not_be_seen_is_not_said_to_hide_the_link():
    runs = [
        Seen("", 1, URL, 1, heading=True, hidden="display:none", unseen="Bridge opens"),
        Seen("", 2, URL, 2, hidden="opacity:0", unseen="Meridian"),
    ]
    said = {one.rule: one.detail for one in owed(Found("01A", "", runs), ITEM, SAID, output="x")}
    assert said["headline"].endswith("headline 'Bridge opens': display:none may hide it")
    assert said["source-link"].endswith(f"{URL}: opacity:0 may hide it")


@pytest.mark.parametrize(
    ("html", "rules"),
    [
        (f"{LINE}<p>{SAID}</p>", {"source-name", "source-link"}),
        (f"{LINE}<p>More.</p>", {"disclaimer"}),
        (f"<p>{SAID}</p>", {"source-link", "source-name", "disclaimer"}),
        (f'<p>Meridian</p><p><a href="{URL}">Read</a></p><p>{SAID}</p>', {"source-name"}),
        (f'<p><a href="{URL}">Meridian</a></p><p>Story.</p><p>{SAID}</p>', {"source-link", "source-name"}),
    ],
)
def test_a_whole_text_ends_with_its_source_and_the_disclaimer(html, rules):
    assert set(lacks(html, closing=True)) == rules


def test_the_disclaimer_follows_the_link():
    assert set(lacks(f'<p>{SAID}</p><p><a href="{URL}">Meridian</a></p>')) == {"disclaimer"}
    assert lacks(f'<p><a href="{URL}">Meridian</a> {SAID}</p>') == {}
    assert set(lacks(f'<p><a href="{URL}">Meridian {SAID}</a></p>')) == {"disclaimer"}


def test_headlines_are_alike_with_their_brackets_as_guillemets():
    made = replace(ITEM, headline="A <b> & c")
    for said in (
        "A <b> & c",
        "A ‹b› & c",
        "A &lt;b&gt; & c",
        "A &#60;b&#x3E; & c",
        "A &#0060;b&#062 & c",
        "A \u200f&LT;b&gt  & c",
    ):
        assert lacks(LINE, said, made) == {}, said
    for said in ("A b & c", "A &lt;b & c", "A &ltb&gt; & c", "a <b> & c", "A &#600;b> & c"):
        assert set(lacks(LINE, said, made)) == {"headline"}, said
    for length, quoted in ((60, "x" * 60), (61, "x" * 59 + "…")):
        assert repr(quoted) in lacks(LINE, "", replace(ITEM, headline="x" * length))["headline"]


@pytest.mark.parametrize(
    ("text", "name", "named"),
    [
        ("by AP, today", "AP", True),
        ("by MAP", "AP", False),
        ("by APA", "AP", False),
        ("by 1AP1", "AP", False),
        ("新华AP社", "AP", True),
        ("by MA.P.", "A.P.", False),
        ("by A.P.s", "A.P.", True),
        ("(AP)s", "(AP)", True),
        ("x \u200fA  P", " A P ", True),
        ("by A*P", "A.P", False),
        ("新华社讯", "新华", True),
        ("x(AP)y", "(AP)", True),
        ("A新华b", "新华", True),
        ("x·77", "x·7", False),
        ("7·xx", "7·x", False),
        ("77·x", "7·x", False),
        ("any", "", False),
        ("any \u200d", "\u200d", False),
    ],
)
def test_a_name_is_found_as_words_of_its_own(text, name, named):
    assert named_in(text, name) is named


def test_items_are_those_of_the_edition_in_its_order_each_once():
    def told(*story_ids, wanted=("1", "2"), barred=frozenset()):
        return [
            (one.output, one.story_id, one.rule, one.detail)
            for one in in_order(story_ids, wanted, output="x", barred=barred)
        ]

    assert told("1", "2") == []
    assert told("2", "1") == [("x", None, "order", "the items are not in the edition's order")]
    assert told("1") == [
        ("x", "2", "missing-item", "is an item of this edition but cannot be seen in the output")
    ]
    assert told("2", "1", "3") == [("x", "3", "unknown-item", "is not an item of this edition")]
    assert told("1", "2", "2") == [("x", "2", "repeated-item", "stands there 2 times")]
    assert told("1", "2", barred=frozenset({"2", "9"})) == [
        ("x", "2", "barred", "was killed, held or put under embargo and must not go out")
    ]


def test_a_place_that_was_left_is_quoted_and_looked_for():
    def told(text, items=(), parts=()):
        return [
            (one.story_id, one.rule, one.detail)
            for one in unfilled(text, items, output="x", parts=lambda: parts)
        ]

    left = "template syntax was left in the output: {{ place"
    assert told("no { place } % here") == []
    assert told("<p>Leave here: {{ place.leave }}") == [(None, "placeholder", f"{left} after 'Leave here:'")]
    assert told("{{place}}") == [(None, "placeholder", f"{left} at its beginning")]
    assert told("a {%") == [(None, "placeholder", "template syntax was left in the output: {% after 'a'")]
    assert told("{{ place }} {{ place }}", parts=[("1", "no"), ("2", "x {{ place"), ("3", "{{place")]) == [
        ("2", "placeholder", left),
        ("3", "placeholder", left),
    ]
    marker = f"Place{'0a' * 12}Ends"
    assert told(f"a {marker} b")[0][2] == f"a personal place was left unfilled: {marker} after 'a'"
    assert told(f"a Place{'0A' * 12}Ends") == []
    own = replace(ITEM, lede=f"{{{{ placename }}}} and {marker} {{%", categories=("{% for",))
    assert told(f"{{{{ place {marker} {{% {{{{ placename {{% fo", [own]) == []
    assert [rule for _, rule, _ in told("{{ placenames {% placename {{", [own])] == [
        "placeholder",
    ]
    assert [detail for _, _, detail in told("{{ placename {{ other", [own])] == [
        "template syntax was left in the output: {{ other after '{{ placename'"
    ]
    assert told("x" * 99 + " {{ a")[0][2].endswith(f"{{{{ a after '{'x' * 60}'")


def test_a_withdrawn_item_is_the_houses_notice_alone():
    notice = Notice(NOW, "en", "Withdrawn: a story", "It was withdrawn.")

    def told(headline=notice.title, html="<p>It was withdrawn.</p>", words=(), made=ITEM):
        entry = found(html, headline)
        return [(one.rule, one.detail) for one in withdrawn(entry, made, notice, words, output="x")]

    other = ("withdrawn", "was withdrawn, but does not read 'Withdrawn: a story' and nothing else")
    assert told() == []
    assert told("Withdrawn") == told(html="<p>It was withdrawn.</p>More") == [other]
    for said in ("Bridge opens!", "<b>BRIDGE\n opens</b>", "Bridge&#32;opens"):
        assert told(words=["x", said]) == [
            ("withdrawn", "was withdrawn, but its old headline 'bridge opens' can still be read")
        ]
    assert told(words=["The bridge is open"])[0][1].endswith("'the bridge is open' can still be read")
    assert told(words=["Bridge", "opensome"]) == []
    assert len(told(words=["x bridge opens"], made=replace(ITEM, original_headline="BRIDGE opens"))) == 1
    named = replace(ITEM, headline="Meridian", original_headline="withdrawn")
    assert told(words=["Meridian", named.link, "It was withdrawn."], made=named) == []
    assert told(words=["Meridian says"], made=named) != []


def test_blanks_and_marks_say_nothing():
    assert plain(" a\u200e\u202b\t b\x00\ufeff\u2066\n") == "a b"
