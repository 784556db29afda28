"""What a picture says of its own use: one that may not be shown is left out, and its withdrawal is seen."""

import json
from dataclasses import replace

import pytest

from publisher.intake import standing
from publisher.revise import Change, change, content_hash
from publisher.story import Media, Reason, Rejected, Subject
from tests.stories import received, story
from tests.unit.test_intake_standing import rss
from tests.wirebox import AGENCY, g2, items, message, one

PICTURE = '<contentSet><remoteContent href="https://agency.example/p.jpg" contenttype="image/jpeg"/>'
BARRED = [
    ('<pubStatus qcode="stat:canceled"/>', {"pubStatus": "canceled"}),
    ('<pubStatus qcode="stat:withheld"/>', {"pubstatus": "withheld"}),
    ('<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/withheld"/>', {"pubStatus": "Withheld"}),
    ("<pubStatus/>", {"pubStatus": "perhaps"}),
    ("<embargoed/>", {"embargoed": ""}),
    ("<embargoed>2032-01-01T00:00:00Z</embargoed>", {"embargoed": "2032-01-01T00:00:00Z"}),
    ("<embargoed>after the speech</embargoed>", {"embargoedUntil": "after the speech"}),
    ("<expires>2031-01-01T00:00:00Z</expires>", {"expires": "2031-01-01T00:00:00Z"}),
]


def picture(meta="", rights="(c) Example"):
    found = g2(meta, guid="urn:p:9", kind="picture").replace("<contentSet>", PICTURE)
    return found.replace("(c) Example", rights)


def associated(said, *, listed):
    entry = {
        "uri": "urn:p:9",
        "type": "picture",
        "renditions": {"o": {"href": "https://agency.example/p.jpg"}},
    }
    entry |= said
    return one(
        json.dumps(
            {
                "uri": "urn:j:1",
                "type": "text",
                "pubStatus": "usable",
                "headline": "Port talks resume",
                "body_html": "<p>Text.</p>",
                "altIds": [{"role": "web", "value": "https://agency.example/1"}],
                "associations": [entry] if listed else {"main": entry},
            }
        ),
        format="ninjs",
    )


@pytest.mark.parametrize(("meta", "said"), BARRED)
def test_a_picture_that_may_not_be_used_is_left_out_and_the_text_stays(meta, said):
    for item in (
        one(message(g2(), picture(meta))),
        associated(said, listed=True),
        associated(said, listed=False),
    ):
        assert (item.media, item.pubstatus.value) == ((), "usable")
        assert standing.MEDIUM_LEFT_OUT in item.flags


def test_a_picture_that_says_nothing_against_it_is_shown():
    for meta, said in (("", {}), ('<pubStatus uri="x/usable"/>', {"embargoed": "2030-01-01T00:00:00Z"})):
        for item in (one(message(g2(), picture(meta))), associated(said, listed=True)):
            assert [medium.url for medium in item.media] == ["https://agency.example/p.jpg"]
            assert item.flags == ()


def test_all_of_a_pictures_statements_of_its_rights_count():
    terms = "(c) Example</copyrightNotice><usageTerms>Ask first.</usageTerms><copyrightNotice>May not be published"
    (medium,) = one(message(g2(), picture(rights=terms))).media
    assert AGENCY.stated(medium.rights) == "none"


@pytest.mark.parametrize("meta", [meta for meta, _ in BARRED[:2]])
def test_a_picture_withdrawn_without_its_text_is_shown_to_the_desk(meta):
    other = g2(guid="urn:a:2"), g2(guid="urn:a:3")
    for news in ((picture(meta),), (*other, picture(meta))):
        (*_, item) = items(message(*news))
        assert isinstance(item, Rejected)
        assert (item.reason, item.source_guid) == (Reason.UNPUBLISHED, "urn:p:9")
        assert "https://agency.example/p.jpg" in item.detail
    assert len(items(message(g2(), picture(meta)))) == 1


@pytest.mark.parametrize(
    ("inner", "shown"),
    [
        ('<media:content url="{0}" medium="image"/>', True),
        ('<media:content url="{0}"><media:status state="active"/></media:content>', True),
        ('<media:content url="{0}"><media:status state="blocked"/></media:content>', False),
        ('<media:group><media:content url="{0}"/><media:status state="deleted"/></media:group>', False),
        ('<enclosure url="{0}"/><media:content url="{0}"><media:status state="x"/></media:content>', False),
        (
            '<media:content url="{0}"><dcterms:valid>start=2020-01-01; end=2021-01-01</dcterms:valid></media:content>',
            False,
        ),
        (
            '<media:content url="{0}"><media:restriction relationship="deny" type="country">pt</media:restriction></media:content>',
            False,
        ),
        (
            '<media:content url="{0}"><media:restriction relationship="allow" type="country">all</media:restriction></media:content>',
            True,
        ),
    ],
)
def test_media_of_a_feed_say_whether_they_may_be_used(inner, shown):
    item = one(rss(inner.format("https://wire.example/p.jpg")))
    assert (bool(item.media), standing.MEDIUM_LEFT_OUT in item.flags) == (shown, not shown)
    assert item.pubstatus.value == "usable"


@pytest.mark.parametrize(
    "inner",
    [
        "<media:content url='{0}'><media:copyright>May not be published</media:copyright></media:content><enclosure url='{0}'/>",
        "<media:group><media:content url='{0}'/><media:copyright>May not be published</media:copyright></media:group>",
        "<media:copyright>May not be published</media:copyright><media:content url='{0}'/>",
    ],
)
def test_media_of_a_feed_keep_their_own_statement_of_rights(inner):
    for medium in one(rss(inner.format("https://wire.example/p.jpg"))).media:
        assert AGENCY.stated(medium.rights) == "none"


def test_what_is_said_of_a_picture_or_chooses_a_section_is_part_of_a_version():
    medium = Media(url="https://wire.example/p.jpg", caption="A thief")
    present = story("A", guid="m-1", item={"media": (medium,)})
    for later in (
        {"media": (replace(medium, caption="A passer-by"),)},
        {"media": (replace(medium, credit="Jo Doe"),)},
        {"media": (replace(medium, rights="May not be published"),)},
        {"media": (medium,), "genre": "opinion"},
        {"media": (medium,), "slugline": "port"},
        {"media": (medium,), "subjects": (Subject("medtop", "1"),)},
    ):
        known = {content_hash(present.received)}
        assert change(present, received("m-1", **later), known=known) is Change.UPDATE, later
    assert change(present, received("m-1", media=(medium,)), known=set()) is Change.UNCHANGED
