"""A withdrawn story in a feed: the gate wants the house's notice there, and no word of what the story claimed, wherever it might be left."""

from __future__ import annotations

import json
from dataclasses import replace
from html import escape

import pytest
from lxml import etree

from publisher import gate
from publisher.render import feeds
from tests.feedbox import GONE, ITEMS, NOTICE, NOW, OLD, channel, edition, item
from tests.feedview import NAMES
from tests.gatebox import FEEDS

MADE = edition(GONE, *ITEMS[1:])


def checked(fmt, raw, made=MADE):
    return gate.check_feed(raw, fmt, made, output=fmt, now=NOW)


def spoiled(fmt, element, text):
    """The finished bytes with this text in one more or one other element of the withdrawn item."""
    raw = feeds.render(MADE, channel(fmt), fmt)
    if fmt == "json":
        feed = json.loads(raw)
        entry = feed["items"][0]
        match element:
            case "title" | "summary" | "content_html":
                entry[element] = text
            case "tags":
                entry["tags"] = [text]
            case "_wire":
                entry["_wire"]["original_headline"] = text
            case "attachments":
                entry["attachments"] = [
                    {"url": "https://a.example/x", "mime_type": "image/png", "title": text}
                ]
        return json.dumps(feed).encode()
    root = etree.fromstring(raw)
    (entry,) = root.xpath("/rss/channel/item[1] | /a:feed/a:entry[1]", namespaces=NAMES)
    name, _, attribute = element.partition("@")
    prefix, _, local = name.rpartition(":")
    tag = f"{{{NAMES[prefix]}}}{local}" if prefix else local
    found = entry.find(tag)
    if found is None:
        found = etree.SubElement(entry, tag)
    if attribute:
        found.set(attribute, text)
    else:
        found.text = text
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


@pytest.mark.parametrize(
    "claim", [OLD, "Other claim", f"{OLD.upper()}", "Minister &\n aide “arrested” ‹today›"]
)
@pytest.mark.parametrize(
    ("fmt", "element"),
    [
        *(("rss", name) for name in ("title", "description", "c:encoded", "category", "m:description")),
        *(("rss", name) for name in ("dc:subject", "a:link@title", "m:content@url", "comments")),
        *(("atom", f"a:{name}") for name in ("title", "summary", "content", "rights", "category@label")),
        *(("json", name) for name in ("title", "summary", "content_html", "tags", "_wire", "attachments")),
    ],
)
def test_an_old_headline_is_refused_wherever_it_is_left(fmt, element, claim):
    assert "withdrawn" in {fault.rule for fault in checked(fmt, spoiled(fmt, element, claim))}


@pytest.mark.parametrize("fmt", FEEDS)
def test_an_old_headline_that_is_not_seen_for_certain_is_refused(fmt):
    """A reader program shows it, although nothing on the page does."""
    hidden = f'<div lang="en" dir="ltr"><p title="{escape(OLD)}">{NOTICE.text}</p></div>'
    element = {"rss": "c:encoded", "atom": "a:content", "json": "content_html"}[fmt]
    faint = f'<div><p>{NOTICE.text}</p><p style="opacity:.5">Other<b> </b>claim</p></div>'
    for said in (hidden, faint):
        assert [fault.rule for fault in checked(fmt, spoiled(fmt, element, said))] == ["withdrawn"]


def test_an_old_headline_in_the_tombstone_is_refused():
    raw = feeds.render(MADE, channel("atom"), "atom").decode()
    before, comment, after = raw.partition("<at:comment>")
    for said in (f"{comment}Other claim: ", '<at:comment title="Other claim">'):
        found = checked("atom", f"{before}{said}{after}".encode())
        assert [(fault.story_id, fault.rule) for fault in found] == [("01A", "withdrawn")]


@pytest.mark.parametrize("fmt", FEEDS)
def test_a_notice_that_says_more_or_less_is_refused(fmt):
    element = {"rss": "c:encoded", "atom": "a:content", "json": "content_html"}[fmt]
    for text in ("", "<p>Withdrawn.</p>", f"<p>{NOTICE.text}</p><p>But read this.</p>"):
        assert "withdrawn" in {fault.rule for fault in checked(fmt, spoiled(fmt, element, text))}


@pytest.mark.parametrize("fmt", FEEDS)
def test_a_story_that_stands_there_as_if_nothing_had_happened_is_refused(fmt):
    alive = edition(replace(GONE, withdrawn=None, body="<p>The claim.</p>"), *ITEMS[1:])
    assert "withdrawn" in {f.rule for f in checked(fmt, feeds.render(alive, channel(fmt), fmt))}


@pytest.mark.parametrize("fmt", FEEDS)
def test_words_of_the_house_may_stand_in_a_headline(fmt):
    """A story that was called like the notice is withdrawn like any other."""
    made = edition(item("01A", headline=NOTICE.title, lede="", body="", withdrawn=NOTICE))
    assert checked(fmt, feeds.render(made, channel(fmt), fmt), made) == ()


@pytest.mark.parametrize("fmt", FEEDS)
@pytest.mark.parametrize("word", ["Front", "Meridian", "Story", "Example"])
def test_a_headline_of_one_word_is_not_found_in_our_own_addresses_and_the_sources_name(fmt, word):
    made = edition(item("01A", headline=word, original_headline=word, lede="", body="", withdrawn=NOTICE))
    assert checked(fmt, feeds.render(made, channel(fmt), fmt), made) == ()
