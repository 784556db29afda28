from __future__ import annotations

from lxml import etree

from publisher.render.opml import Outline, render

WORLD = Outline(
    "Front: World", "https://front.example/feeds/world.rss", "https://front.example/s/world/", "en"
)
PERSIAN = Outline("جهان", "https://front.example/feeds/world.fa.rss", "https://front.example/s/world/", "fa")


def test_feeds_of_one_language_stand_in_one_list():
    root = etree.fromstring(render("Front & Co", [WORLD]))
    assert (root.tag, root.get("version"), root.findtext("head/title")) == ("opml", "2.0", "Front & Co")
    (outline,) = root.findall("body/outline")
    assert dict(outline.attrib) == {
        "type": "rss",
        "text": "Front: World",
        "title": "Front: World",
        "xmlUrl": "https://front.example/feeds/world.rss",
        "htmlUrl": "https://front.example/s/world/",
        "language": "en",
    }


def test_feeds_of_several_languages_are_grouped_under_the_languages_own_names():
    root = etree.fromstring(render("Front", [WORLD, PERSIAN, WORLD]))
    groups = [(group.get("text"), len(group)) for group in root.findall("body/outline")]
    assert groups == [("English", 2), ("فارسی", 1)]


def test_a_list_of_nothing_and_names_that_xml_cannot_hold_are_well_formed():
    assert etree.fromstring(render("Front", [])).find("body") is not None
    odd = Outline("\x00A <b>", "https://front.example/?a=1&b=2", "https://front.example/", "x\x01-none")
    (outline,) = etree.fromstring(render("\ud800Front", [odd])).findall("body/outline")
    assert (outline.get("text"), outline.get("xmlUrl")) == ("A <b>", "https://front.example/?a=1&b=2")
