"""Feeds for consumers with conditions of their own, through the renderer and the gate; hubs, icon and archive in their places."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import pytest
from lxml import etree

from publisher import gate
from publisher.edition import Notice
from publisher.gate.sight import plain, see
from publisher.render import feeds
from publisher.render.feeds import Archive
from tests.feedbox import ITEMS, NOW, channel, edition, item
from tests.feedview import NAMES, atom, data, rss, tree

FORMATS = tuple(feeds.FORMATS)
GONE = replace(
    item("01E"),
    lede="",
    body="",
    withdrawn=Notice(NOW, "en", "Withdrawn: a story from Meridian", "Withdrawn."),
)
MADE = edition(*ITEMS, GONE)
PROFILES = list(itertools.product(["full", "lede", "link"], ["link", "text"], [False, True]))


def made_for(fmt, text, source, redate=False, made=MADE):
    own = channel(fmt, text=text, source=source, redate_withdrawn=redate)
    return feeds.render(made, own, fmt)


def judged(fmt, raw, source, made=MADE):
    return gate.check_feed(raw, fmt, made, output=fmt, now=NOW, source=source)


def texts(fmt, raw):
    """Each item's HTML by story id."""
    if fmt == "json":
        return {entry["id"][-3:]: entry["content_html"] for entry in json.loads(raw)["items"]}
    root = etree.fromstring(raw)
    entries = root.xpath("/rss/channel/item | /a:feed/a:entry", namespaces=NAMES)
    return {
        entry.xpath("string(guid | a:id)", namespaces=NAMES)[-3:]: entry.xpath(
            "string(c:encoded | a:content)", namespaces=NAMES
        )
        for entry in entries
    }


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize(("text", "source", "redate"), PROFILES)
def test_every_profile_passes_the_gate_under_its_own_terms(fmt, text, source, redate):
    raw = made_for(fmt, text, source, redate)
    assert judged(fmt, raw, source) == ()
    shown = texts(fmt, raw)
    assert ("It had been closed for a year." in shown["01A"]) is (text == "full")
    assert ("opened on Monday" in shown["01A"]) is (text != "link")
    assert ("Prices rose" in shown["01C"]) is (text != "link")  # its source grants the lede
    assert "opened on Monday" not in shown["01D"]  # its source grants the link
    for story in ITEMS:
        runs = [run for run in see(shown[story.story_id]).runs if plain(run.text)]
        assert plain(runs[-1].text) == plain(MADE.disclaimer_for(story).full)
        assert [run.link for run in runs[:-1]][-1] == (story.source_url if source == "link" else None)
        assert story.source_name in runs[-2].text
    linked = any(story.source_url.replace("&", "&amp;") in shown[story.story_id] for story in ITEMS)
    assert linked is (source == "link")


# What the channel says of itself


def test_hubs_stand_in_each_formats_own_slot():
    hubs = ("https://hub.example/", "https://other.example/hub")
    assert rss("a:link[@rel='hub']/@href", hubs=hubs) == list(hubs)
    assert atom("a:link[@rel='hub']/@href", hubs=hubs) == list(hubs)
    assert data(hubs=hubs)["hubs"] == [{"type": "WebSub", "url": hub} for hub in hubs]
    assert rss("a:link[@rel='hub']") == atom("a:link[@rel='hub']") == []
    assert "hubs" not in data()


def test_hubs_do_not_become_the_channels_link():
    assert rss("link/text()", hubs=("https://hub.example/",)) == ["https://front.example/s/world/"]


def test_the_icon_stands_in_each_formats_own_slot():
    icon = "https://front.example/icon.png"
    (image,) = rss("image", icon=icon)
    assert {child.tag: child.text for child in image} == {
        "url": icon,
        "title": "Front: World",
        "link": "https://front.example/s/world/",
    }
    assert atom("a:icon/text()", icon=icon) == [icon]
    assert data(icon=icon)["icon"] == icon
    assert rss("image") == atom("a:icon") == []
    assert "icon" not in data()


OLDER = "https://front.example/feeds/archive/world/2026-02"
FH = {**NAMES, "fh": "http://purl.org/syndication/history/1.0"}


@pytest.mark.parametrize("fmt", ["rss", "atom"])
def test_a_subscription_document_names_the_archive_before_it_and_is_none(fmt):
    root = tree(fmt, archive=Archive(prev=f"{OLDER}.{fmt}"))
    (feed,) = root.xpath("/rss/channel | /a:feed", namespaces=NAMES)
    assert feed.xpath("a:link[@rel='prev-archive']/@href", namespaces=NAMES) == [f"{OLDER}.{fmt}"]
    assert feed.xpath("a:link[@rel='current']", namespaces=NAMES) == []
    assert feed.xpath("fh:archive", namespaces=FH) == []


@pytest.mark.parametrize("fmt", ["rss", "atom"])
def test_an_archive_document_says_so_and_names_the_subscription_document(fmt):
    current = f"https://front.example/feeds/world.{fmt}"
    root = tree(fmt, archive=Archive(prev=f"{OLDER}.{fmt}", current=current))
    (feed,) = root.xpath("/rss/channel | /a:feed", namespaces=NAMES)
    assert feed.xpath("a:link[@rel='current']/@href", namespaces=NAMES) == [current]
    assert len(feed.xpath("fh:archive", namespaces=FH)) == 1
    names = [etree.QName(child).localname for child in feed]
    first = names.index("entry" if fmt == "atom" else "item")
    assert max(place for place, name in enumerate(names) if name in {"archive", "link"}) < first


def test_only_json_pages_backwards():
    assert data(archive=Archive(prev=f"{OLDER}.json"))["next_url"] == f"{OLDER}.json"
    assert "next_url" not in data()
    for fmt in ("rss", "atom"):
        assert b'rel="next"' not in feeds.render(MADE, channel(fmt, archive=Archive(prev=OLDER)), fmt)


def test_without_an_archive_its_namespace_does_not_stand_there():
    for fmt in ("rss", "atom"):
        assert b"syndication/history" not in feeds.render(MADE, channel(fmt), fmt)


def test_an_rss_source_names_the_agencys_own_feed_where_it_has_one():
    feed = "https://meridian.example/rss.xml"
    made = edition(item("01A", source_feed=feed), item("01B"))
    assert rss("item/source/@url", made) == [feed, "https://meridian.example/"]
    assert rss("item/source/text()", made) == ["Meridian", "Meridian"]
