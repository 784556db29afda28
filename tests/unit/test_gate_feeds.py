"""What is particular to feeds: how the bytes are read, ids, metadata, the order of the closing lines."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from publisher.intake.markup import sanitise
from publisher.render import feeds
from tests.feedbox import ITEMS, channel, edition, item
from tests.gatebox import FEEDS, check, edited, rules

MADE = edition()
XML = ("rss", "atom")
FINISHED = {fmt: feeds.render(MADE, channel(fmt), fmt) for fmt in FEEDS}


def changed(fmt: str, before: str, after: str) -> set[str]:
    """The rules broken after a change to the finished bytes."""
    text = FINISHED[fmt].decode()
    assert before in text
    return rules(check(fmt, text.replace(before, after, 1).encode(), MADE))


@pytest.mark.parametrize("fmt", FEEDS)
def test_a_feed_with_one_of_everything_passes(fmt):
    assert check(fmt, FINISHED[fmt], MADE) == ()


@pytest.mark.parametrize("fmt", FEEDS)
def test_a_feed_without_items_passes_for_an_edition_without_items(fmt):
    empty = replace(MADE, items=(), shelves=tuple(replace(shelf, stories=()) for shelf in MADE.shelves))
    assert check(fmt, feeds.render(empty, channel(fmt), fmt), empty) == ()
    assert rules(check(fmt, FINISHED[fmt], empty)) >= {"unknown-item"}


@pytest.mark.parametrize("fmt", FEEDS)
def test_one_format_is_not_read_as_another(fmt):
    for other in FEEDS:
        if other != fmt:
            assert rules(check(fmt, FINISHED[other], MADE)) == {"unreadable"}


@pytest.mark.parametrize("fmt", XML)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("?>", "?><!DOCTYPE x [<!ENTITY e 'x'>]>"),
        ("</title>", "&e;</title>"),
        ("</title>", "&nbsp;</title>"),
        ("</title>", "&#0;</title>"),
        ("</title>", ""),
        ("</title>", "\x01</title>"),
        ("encoding='UTF-8'", "encoding='UTF-7'"),
    ],
)
def test_xml_that_is_not_well_formed_or_has_a_doctype_is_unreadable(fmt, before, after):
    assert before in FINISHED[fmt].decode()
    raw = FINISHED[fmt].decode().replace(before, after, 1).encode()
    if "UTF-7" in after:  # what the bytes say of themselves does not change how they are read
        assert check(fmt, raw, MADE) == ()
    else:
        assert rules(check(fmt, raw, MADE)) == {"unreadable"}


@pytest.mark.parametrize("fmt", FEEDS)
def test_bytes_in_another_encoding_are_unreadable(fmt):
    for encoding in ("utf-16", "utf-32"):
        assert rules(check(fmt, FINISHED[fmt].decode().encode(encoding), MADE)) == {"unreadable"}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"urgency": 5', '"urgency": 5, "urgency": 5'),
        ('"urgency": 5', '"urgency": NaN'),
        ('"urgency": 5', '"urgency": Infinity'),
        ('"urgency": 5', '"urgency": ' + "9" * 5000),
        ('"urgency": 5', '"urgency": ' + "[" * 100_000),
        ('"summary": "', '"content_html": "<p>other</p>", "summary": "'),
        ('"title": "Bridge', '"title": "\\ud800Bridge'),
        ('"id": "tag', '"id": "\\ud800tag'),
        ('"content_html": "', '"content_html": "\\ud800'),
        ('"external_url": "', '"external_url": "\\ud800'),
        ('"source_url": "', '"source_url": "\\udfff'),
        ('"content_html"', '"content_text"'),
        ('"external_url"', '"outside_url"'),
        ('"_wire"', '"_wires"'),
        ('"version": "https://jsonfeed.org', '"version": "https://other.example'),
        ('"items": [', '"items": [null, '),
        ('"items": [', '"items": [[], '),
        ('"items": [', '"items": 5, "others": ['),
        ('"title": "Bridge', '"title": 5, "x": "Bridge'),
    ],
)
def test_json_that_two_readers_could_read_differently_is_unreadable(before, after):
    assert changed("json", before, after) == {"unreadable"}


@pytest.mark.parametrize("fmt", FEEDS)
@pytest.mark.parametrize(
    "other",
    [
        "01A",
        "https://front.example/story/01A",
        "tag:front.example,2026:feed/01A",
        "tag:front.example,2026:story/01A x",
    ],
)
def test_an_item_whose_id_is_no_storys_is_unknown(fmt, other):
    assert changed(fmt, "tag:front.example,2026:story/01A", other) == {"unknown-item", "missing-item"}


@pytest.mark.parametrize("fmt", XML)
def test_an_item_with_two_ids_is_unknown(fmt):
    end, again = {"rss": ("</item>", "<guid>x</guid>"), "atom": ("</entry>", "<id>x</id>")}[fmt]
    assert changed(fmt, end, again + end) == {"unknown-item", "missing-item"}


@pytest.mark.parametrize("fmt", XML)
def test_an_item_with_two_texts_is_refused_because_readers_would_choose(fmt):
    end = {"rss": "</content:encoded>", "atom": "</content>"}[fmt]
    again = {"rss": "<content:encoded>x</content:encoded>", "atom": '<content type="html">x</content>'}[fmt]
    assert changed(fmt, end, end + again) >= {"source-link", "disclaimer"}


@pytest.mark.parametrize("fmt", FEEDS)
def test_an_item_that_stands_twice_is_refused(fmt):
    twice = edition(*ITEMS, shelves=(replace(MADE.shelves[0], stories=("01A", "01B", "01A", "01C", "01D")),))
    violations = check(fmt, feeds.render(twice, channel(fmt), fmt), MADE)
    assert {(v.story_id, v.rule) for v in violations} == {("01A", "repeated-item")}


def test_an_item_outside_the_channel_is_unreadable():
    text = FINISHED["rss"].decode()
    assert rules(check("rss", text.replace("</channel>", "<x><item/></x></channel>").encode(), MADE)) == {
        "unreadable"
    }
    assert rules(check("rss", text.replace("</channel>", "</channel><item/>").encode(), MADE)) == {
        "unreadable"
    }


def test_atom_text_that_readers_would_show_as_source_code_is_unreadable():
    for given in (
        ' type="text"',
        ' type="xhtml"',
        "",
    ):  # text is what it is by RFC 4287, 3.1.1, where nothing is said
        assert changed("atom", '<content type="html">', f"<content{given}>") == {"unreadable"}


@pytest.mark.parametrize("fmt", XML)
def test_a_place_that_was_left_behind_the_items_is_no_items(fmt):
    end = {"rss": "</channel>", "atom": "</feed>"}[fmt]
    raw = FINISHED[fmt].decode().replace(end, f"<x y='{{{{ z }}}}'>{{{{ z }}}}</x>{end}")
    assert [(v.story_id, v.rule) for v in check(fmt, raw.encode(), MADE)] == [(None, "placeholder")]


@pytest.mark.parametrize(
    ("fmt", "before", "after"),
    [
        ("rss", '<atom:link rel="via"', '<atom:link rel="related"'),
        ("rss", "<dc:source>https://meridian.example", "<dc:source>https://other.example"),
        ("rss", 'rel="via" href="https://meridian.example', 'rel="via" href="https://other.example'),
        ("atom", 'rel="via"', 'rel="related"'),
        (
            "atom",
            '<link rel="via" href="https://meridian.example',
            '<link rel="via" href="https://other.example',
        ),
        ("json", '"external_url": "https://meridian.example', '"external_url": "https://other.example'),
        ("json", '"source_url": "https://meridian.example', '"source_url": "https://other.example'),
    ],
)
def test_the_metadata_names_the_same_original_as_the_text(fmt, before, after):
    broken = changed(fmt, before, after)
    assert broken == (set() if fmt == "rss" and "related" in after else {"source-metadata"})


@pytest.mark.parametrize("fmt", FEEDS)
def test_the_disclaimer_is_owed_in_the_items_own_language(fmt):
    english, persian = (house.full for house in MADE.disclaimers)
    raw = edited(fmt, MADE, "01B", lambda text: text.replace(persian, english))
    assert [(v.story_id, v.rule) for v in check(fmt, raw, MADE)] == [("01B", "disclaimer")]


@pytest.mark.parametrize("fmt", FEEDS)
def test_nothing_may_stand_behind_the_disclaimer(fmt):
    raw = edited(fmt, MADE, "01A", lambda text: text.replace("</div>", "<p>Read more.</p></div>"))
    assert [(v.story_id, v.rule) for v in check(fmt, raw, MADE)] == [("01A", "disclaimer")]


@pytest.mark.parametrize("fmt", FEEDS)
def test_a_style_sheet_inside_an_item_is_judged_like_one_of_ours(fmt):
    raw = edited(
        fmt, MADE, "01A", lambda text: text.replace("</div>", "<style>p{display:none}</style></div>")
    )
    assert "hidden" in rules(check(fmt, raw, MADE), "01A")


@pytest.mark.parametrize("fmt", FEEDS)
def test_names_and_addresses_of_every_kind_pass(fmt):
    made = edition(
        item("01A", source_name="A & B <News>", source_url="https://a.example/?q=%7B%7B&x='\"<>é"),
        item("01B", source_name="新华 · Ñandú"),
        item("01C", source_name="منبع S-300", language="ar"),
    )
    assert check(fmt, feeds.render(made, channel(fmt), fmt), made) == ()


def test_every_story_of_the_json_feed_is_looked_at():
    data = json.loads(FINISHED["json"])
    assert len(data["items"]) == len(ITEMS)
    for at, story in enumerate(ITEMS):
        spoiled = json.loads(FINISHED["json"])
        spoiled["items"][at]["content_html"] = "<p>Nothing.</p>"
        violations = check("json", json.dumps(spoiled).encode(), MADE)
        assert {v.story_id for v in violations} == {story.story_id}


@pytest.mark.parametrize("fmt", FEEDS)
def test_no_markup_of_a_story_stops_the_feed_that_holds_it(fmt):
    """Whatever intake leaves of a body: what it may not hold is gone, and what it may is the story's own affair."""
    tags = "p a em ul li blockquote h2 h3 figure figcaption table caption tr th td sup sub dl dt dd pre code bdi q cite mark s del"
    hostile = "".join(
        f'<{tag} dir=rtl lang=x style="position:fixed;display:none" class=x id=end hidden onclick=x width=99999 height=1 rowspan=2 '
        f'colspan=9999 bgcolor=white href="https://a.example/x" popover>\u202ebody</{tag}>'
        for tag in tags.split()
    )
    body = sanitise(
        f"<style>*{{display:none}}</style><script>x</script><template shadowrootmode=open>x</template><dialog open>x</dialog>"
        f'<img src="https://a.example/x.png" width=99999 height=-1 alt="{{{{">{hostile}<details><p>x</details><plaintext>x'
    ).html
    assert "<table" in body
    made = edition(*ITEMS[:2], item("01E", body=body), item("01F", body=body, language="fa"))
    assert [str(v) for v in check(fmt, feeds.render(made, channel(fmt), fmt), made)] == []
