"""Each promise is taken away from each output in turn, in every way that we could think of, and the gate sees it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from html import escape

import pytest

from publisher import gate
from publisher.edition import Edition
from publisher.errors import GateRefused, Violation
from publisher.render.places import Place, marker
from tests.gatebox import FEEDS, ITEMS, MAILS, check, digest, edited, output, rules

OUTPUTS = (*FEEDS, *MAILS)
HTML_OUTPUTS = (*FEEDS, "html", "message")
IDS = [item.story_id for item in ITEMS]
MADE = digest()


def disclaimer(kind: str, made: Edition = MADE) -> str:
    house = made.disclaimer("en")
    return house.full if kind in FEEDS else house.short


def link(story_id: str) -> str:
    """The opening tag of the item's source link."""
    return f'<a href="{escape(MADE.item(story_id).source_url)}">'


@pytest.mark.parametrize("kind", OUTPUTS)
def test_what_is_whole_passes(kind):
    assert check(kind, output(kind, MADE), MADE) == ()
    gate.clear(MADE.edition_id, check(kind, output(kind, MADE), MADE))


@pytest.mark.parametrize("story_id", IDS)
@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_item_without_its_source_link_is_refused(kind, story_id):
    url = MADE.item(story_id).source_url

    def unlinked(text: str) -> str:
        return text.replace(f"{url}\n", "") if kind == "text" else text.replace(link(story_id), "<a>")

    violations = check(kind, edited(kind, MADE, story_id, unlinked), MADE)
    assert [(v.story_id, v.rule) for v in violations if v.rule == "source-link"] == [
        (story_id, "source-link")
    ]
    assert url in violations[0].detail


@pytest.mark.parametrize("story_id", IDS)
@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_item_that_does_not_name_its_source_is_refused(kind, story_id):
    name = MADE.item(story_id).source_name
    violations = check(kind, edited(kind, MADE, story_id, lambda text: text.replace(name, "them")), MADE)
    assert rules(violations) == {"source-name"}
    assert rules(violations, story_id) == {"source-name"}
    assert repr(name) in str(violations[0])


@pytest.mark.parametrize("story_id", IDS)
@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_item_without_the_disclaimer_is_refused(kind, story_id):
    raw = edited(kind, MADE, story_id, lambda text: text.replace(disclaimer(kind), ""))
    violations = check(kind, raw, MADE)
    assert rules(violations) == {"disclaimer"}
    assert rules(violations, story_id) == {"disclaimer"}


HIDINGS = {
    "a comment": ("<!--", "-->"),
    "an attribute": ('<p title="', '"></p>'),
    "a picture's alternative text": ('<img src="https://front.example/x.png" alt="', '">'),
    "a script": ("<script>", "</script>"),
    "a template": ("<template>", "</template>"),
    "noscript": ("<noscript>", "</noscript>"),
    "a text area": ("<textarea>", "</textarea>"),
    "closed details": ("<details><summary>more</summary>", "</details>"),
    "the hidden attribute": ("<span hidden>", "</span>"),
    "aria-hidden": ('<span aria-hidden="true">', "</span>"),
    "what Outlook never sees": ("<!--[if !mso]><!-->", "<!--<![endif]-->"),
    "display": ('<span style="display:none">', "</span>"),
    "display in capitals": ('<span style="DISPLAY : NONE !important">', "</span>"),
    "display after a comment": ('<span style="display:/* */none">', "</span>"),
    "display with an escape": (r'<span style="d\69splay:none">', "</span>"),
    "visibility": ('<span style="visibility:hidden">', "</span>"),
    "opacity": ('<span style="opacity:0">', "</span>"),
    "opacity, nearly": ('<span style="opacity:.04">', "</span>"),
    "a size of zero": ('<span style="font-size:0">', "</span>"),
    "a size of zero in the shorthand": ('<span style="font:0/0 serif">', "</span>"),
    "a tiny size": ('<span style="font-size:8px">', "</span>"),
    "a tiny size in points": ('<span style="font-size:5pt">', "</span>"),
    "a tiny size by steps": ('<span style="font-size:.7em"><span style="font-size:70%">', "</span></span>"),
    "the ground's colour": ('<span style="color:#ffffff">', "</span>"),
    "the ground's colour by name": ('<span style="color:white">', "</span>"),
    "the ground's colour by function": ('<span style="color:rgb(255 255 255)">', "</span>"),
    "nearly the ground's colour": ('<span style="color:#fdfdfe">', "</span>"),
    "no colour at all": ('<span style="color:transparent">', "</span>"),
    "a ground in the text's colour": ('<span style="color:#333;background:#333 none">', "</span>"),
    "an old ground attribute": (
        '<table bgcolor="#222222"><tr><td style="color:#222">',
        "</td></tr></table>",
    ),
    "an old font element": ('<font color="#FFFFFF">', "</font>"),
    "no height": ('<div style="max-height:0;overflow:hidden">', "</div>"),
    "a sliver": ('<div style="height:1px;overflow:hidden">', "</div>"),
    "a place off the screen": ('<div style="position:absolute;left:-9999px">', "</div>"),
    "an indent off the screen": ('<div style="text-indent:-999em">', "</div>"),
    "clipping": ('<div style="position:absolute;clip:rect(0,0,0,0)">', "</div>"),
    "Outlook's own hiding": ('<div style="mso-hide:all">', "</div>"),
}


@pytest.mark.parametrize("way", HIDINGS)
@pytest.mark.parametrize("kind", HTML_OUTPUTS)
def test_a_disclaimer_that_is_hidden_does_not_count(kind, way):
    before, after = HIDINGS[way]
    said = disclaimer(kind)
    raw = edited(kind, MADE, "01B", lambda text: text.replace(said, f"{before}{said}{after}"))
    assert "disclaimer" in rules(check(kind, raw, MADE), "01B")
    assert rules(check(kind, raw, MADE), "01A") == set()


@pytest.mark.parametrize("way", HIDINGS)
@pytest.mark.parametrize("kind", HTML_OUTPUTS)
def test_a_source_link_that_is_hidden_does_not_count(kind, way):
    before, after = HIDINGS[way]

    def hidden(text: str) -> str:
        if 'alt="' in before or "title=" in before:
            return re.sub(rf"{re.escape(link('01B'))}(.*?)</a>", rf"{link('01B')}{before}\1{after}</a>", text)
        return re.sub(rf"({re.escape(link('01B'))}.*?</a>)", lambda m: before + m[1] + after, text)

    assert "source-link" in rules(check(kind, edited(kind, MADE, "01B", hidden), MADE), "01B")


@pytest.mark.parametrize("kind", HTML_OUTPUTS)
@pytest.mark.parametrize(
    "other",
    [
        "https://caspian.example/",
        "https://caspian.example/n/1/",
        "http://caspian.example/n/1",
        "https://caspian.example/n/1#top",
        "https://caspian.example.evil.example/n/1",
        "//caspian.example/n/1",
        "",
    ],
)
def test_a_link_elsewhere_with_the_right_text_is_refused(kind, other):
    raw = edited(kind, MADE, "01B", lambda text: text.replace(link("01B"), f'<a href="{other}">'))
    assert rules(check(kind, raw, MADE), "01B") == {"source-link"}


@pytest.mark.parametrize("kind", HTML_OUTPUTS)
def test_a_source_link_without_words_is_refused(kind):
    raw = edited(kind, MADE, "01B", lambda text: text.replace(link("01B"), f"{link('01B')} </a><a>"))
    assert rules(check(kind, raw, MADE), "01B") == {"source-link"}


@pytest.mark.parametrize("kind", HTML_OUTPUTS)
def test_a_name_that_only_holds_the_sources_name_is_refused(kind):
    raw = edited(kind, MADE, "01B", lambda text: text.replace("Caspian Press<", "The NonCaspian Pressroom<"))
    assert rules(check(kind, raw, MADE), "01B") == {"source-name"}


@pytest.mark.parametrize("kind", HTML_OUTPUTS)
def test_provenance_that_stands_at_the_neighbour_is_missed_where_it_belongs(kind):
    """Link and disclaimer of A are all there in the output, but inside B."""
    line = re.compile(r"<p[^>]*>(?:Source: )?<a href=\"https://meridian.example/2026/01a.*</p>")
    taken: list[str] = []

    def take(text: str) -> str:
        taken.extend(line.findall(text))
        return line.sub("", text)

    without = edited(kind, MADE, "01A", take)
    assert taken
    if kind == "html":
        end = without.index(b'<p class="provenance"')
        raw = without[:end] + taken[0].encode() + without[end:]
        assert rules(check(kind, raw, MADE)) == {"source-link", "source-name", "disclaimer"}
        assert {v.story_id for v in check(kind, raw, MADE)} == {"01A"}
    assert {"source-link", "disclaimer"} <= rules(check(kind, without, MADE), "01A")


@pytest.mark.parametrize("kind", ["html", "message"])
def test_two_items_whose_source_links_are_exchanged_are_both_refused(kind):
    made = digest()
    exchanged = {"01A": made.item("01B"), "01B": made.item("01A")}

    def exchange(story_id: str, text: str) -> str:
        return text.replace(link(story_id), f'<a href="{escape(exchanged[story_id].source_url)}">')

    for story_id in exchanged:
        raw = edited(kind, made, story_id, lambda text, at=story_id: exchange(at, text))
        assert rules(check(kind, raw, made)) == {"source-link"}
        assert rules(check(kind, raw, made), story_id) == {"source-link"}


@pytest.mark.parametrize("kind", FEEDS)
def test_what_a_story_says_itself_is_no_provenance(kind):
    """The body links to its source by name and quotes our disclaimer; ours is gone."""
    said = disclaimer(kind)
    story = MADE.item("01A")
    own = f"<p>{link('01A')}{story.source_name}</a></p><p>{said}</p><p>More of the story.</p>"

    def imitate(text: str) -> str:
        return re.sub(r"<p[^>]*>Source:.*</p>", own, text)

    assert rules(check(kind, edited(kind, MADE, "01A", imitate), MADE), "01A") == {"disclaimer"}


@pytest.mark.parametrize("kind", ["html", "message"])
def test_a_headline_that_names_and_links_the_source_is_no_provenance(kind):
    """01C has no page of ours: its headline links to the original, and here it also names the source."""
    named = digest(
        *ITEMS[:2],
        replace(ITEMS[2], headline="Meridian says so"),
    )
    raw = edited(kind, named, "01C", lambda text: text.replace(f"{link('01C')}", "<a>"))
    assert rules(check(kind, raw, named), "01C") >= {"source-link"}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_item_that_is_missing_is_named(kind):
    without = MADE.without(frozenset({"01B"}), now=MADE.frozen_at)
    violations = check(kind, output(kind, without), MADE)
    assert ("01B", "missing-item") in {(v.story_id, v.rule) for v in violations}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_item_that_is_not_the_editions_is_refused(kind):
    """What a kill took out of the edition but not out of the bytes."""
    without = MADE.without(frozenset({"01B"}), now=MADE.frozen_at)
    assert "unknown-item" in rules(check(kind, output(kind, MADE), without))


@pytest.mark.parametrize("kind", OUTPUTS)
def test_an_item_that_must_not_go_out_is_refused_though_the_edition_has_it(kind):
    violations = check(kind, output(kind, MADE), MADE, barred=frozenset({"01B", "01Z"}))
    assert {(v.story_id, v.rule) for v in violations} == {("01B", "barred")}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_items_in_another_order_are_refused(kind):
    turned = replace(
        MADE, shelves=tuple(replace(shelf, stories=shelf.stories[::-1]) for shelf in MADE.shelves)
    )
    assert rules(check(kind, output(kind, turned), MADE)) == {"order"}


@pytest.mark.parametrize("kind", ["html", "message", "rss", "atom", "json"])
def test_an_item_under_anothers_headline_is_refused(kind):
    items = [replace(item, headline="Another headline") if item.story_id == "01B" else item for item in ITEMS]
    violations = check(kind, output(kind, digest(*items)), MADE)
    assert ("01B", "headline") in {(v.story_id, v.rule) for v in violations}


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize("left", ["{{ entry.lede }}", "{% if lead %}", "{{"])
def test_template_syntax_that_no_story_brought_is_refused(kind, left):
    raw = edited(kind, MADE, "01B", lambda text: text.replace("Lede of B", left).replace("opened", left))
    assert rules(check(kind, raw, MADE)) == {"placeholder"}


@pytest.mark.parametrize("kind", OUTPUTS)
def test_template_syntax_that_a_story_brought_is_its_own_affair(kind):
    brace = 'Use {{ "x" & y }} and {% raw %} or {{'
    items = [replace(ITEMS[0], lede=brace, body=f"<p>{escape(brace)}</p>"), *ITEMS[1:]]
    made = digest(*items)
    assert check(kind, output(kind, made), made) == ()


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_personal_place_that_was_left_open_is_refused(kind):
    open_place = marker("some other seed", Place.LEAVE)
    raw = edited(
        kind, MADE, "01B", lambda text: text.replace("Lede of B", open_place).replace("opened", open_place)
    )
    assert rules(check(kind, raw, MADE)) == {"placeholder"}


@pytest.mark.parametrize("kind", OUTPUTS)
@pytest.mark.parametrize(
    "raw", [b"", b"\x00", b"\xff\xfe<", b"<", b"{}", b"[]", b"null", b"Not found", b"\xd8\x00"]
)
def test_bytes_that_cannot_be_read_are_refused(kind, raw):
    assert check(kind, raw, MADE)


@pytest.mark.parametrize("kind", ["rss", "atom", "json", "html", "message"])
def test_an_edition_from_the_future_is_refused(kind):
    assert rules(check(kind, output(kind, MADE), MADE, now=MADE.frozen_at - timedelta(seconds=1))) == {
        "early"
    }


@pytest.mark.parametrize("kind", OUTPUTS)
def test_a_disclaimer_that_says_nothing_cannot_be_met(kind):
    silent = replace(
        MADE, disclaimers=tuple(replace(house, short=" ", full="\u200f") for house in MADE.disclaimers)
    )
    assert rules(check(kind, output(kind, silent), silent)) >= {"disclaimer"}


def test_every_violation_is_named_at_once():
    found = [
        Violation("a.rss", "01A", "source-link", "has no visible link to its source URL https://a.example/1"),
        Violation("a.rss", None, "placeholder", "a personal place was left unfilled"),
    ]
    with pytest.raises(GateRefused) as refused:
        gate.clear("feed-a-1", iter(found))
    assert str(refused.value) == (
        "edition feed-a-1 not cleared by the provenance gate: "
        "a.rss: story 01A: has no visible link to its source URL https://a.example/1; "
        "a.rss: the output: a personal place was left unfilled"
    )
    assert refused.value.violations == tuple(found)
