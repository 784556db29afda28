"""NewsML 1.2 in several languages, without components, and with a NITF document inside that says more than its envelope."""

from dataclasses import replace

import pytest

from publisher.story import EmbargoKind, PubStatus, Rejected
from tests.wirebox import AGENCY, items, one


def item(status, *components, name="WOLF", revision=1, media=""):
    told = f'<Status FormalName="{status}"/>' if status is not None else "<Status/>"
    return (
        f"<NewsML><NewsItem><Identification><NewsIdentifier><ProviderId>hn.example</ProviderId><DateId>2031030{revision}</DateId>"
        f"<NewsItemId>{name}</NewsItemId><RevisionId>{revision}</RevisionId></NewsIdentifier></Identification>"
        f"<NewsManagement>{told}</NewsManagement><NewsComponent>{''.join(components)}{media}</NewsComponent></NewsItem></NewsML>"
    )


def component(language, link="", inner="<p>Text.</p>"):
    more = f"<MoreLink>{link}</MoreLink>" if link else ""
    return (
        f'<NewsComponent><NewsLines><HeadLine>Wolf {language}</HeadLine>{more}</NewsLines><DescriptiveMetadata><Language FormalName="{language}"/>'
        f"</DescriptiveMetadata><ContentItem><DataContent>{inner}</DataContent></ContentItem></NewsComponent>"
    )


def test_each_language_has_the_link_of_its_own_component():
    en, fa = "https://agency.example/en/wolf", "https://agency.example/fa/wolf"
    found = items(item("Usable", component("en", en), component("fa", fa)))
    assert [story.source_url for story in found] == [en, fa]
    shared = items(item("Usable", component("en", en), component("fa", en)))
    assert [isinstance(story, Rejected) for story in shared] == [False, True]


def test_the_place_of_a_story_without_a_link_is_its_own_in_each_language():
    placed = replace(AGENCY, story_url="https://agency.example/{tail}")
    urls = [
        story.source_url
        for name in ("WOLF", "BEAR")
        for story in items(item("Usable", component("en"), component("fa"), name=name), source=placed)
    ]
    assert len(set(urls)) == 4
    assert urls[:2] == ["https://agency.example/WOLF", "https://agency.example/WOLF-fa"]


@pytest.mark.parametrize("name", ["WOLF", "WOLF-20310301"])
@pytest.mark.parametrize("left", [(), (component("en", "https://agency.example/en/wolf"),)])
def test_a_kill_means_every_language_whatever_it_names(name, left):
    links = ("https://agency.example/en/wolf", "https://agency.example/fa/wolf")
    stories = items(item("Usable", component("en", links[0]), component("fa", links[1]), name=name))
    (kill,) = items(item("Canceled", *left, name=name, revision=2 if len(name) > 8 else 1))
    assert kill.pubstatus is PubStatus.CANCELED
    for story in stories:
        assert {story.source_guid, *story.aliases} & {kill.source_guid, *kill.aliases}


@pytest.mark.parametrize("status", ["Withheld", "Perhaps", "Embargoed", None])
def test_a_hold_that_brings_no_text_says_so_of_its_story(status):
    (held,) = items(item(status))
    assert isinstance(held, Rejected)
    assert held.received.source_guid == "urn:newsml:hn.example:20310301:WOLF"
    assert held.received.pubstatus is PubStatus.WITHHELD or held.received.embargo.kind is EmbargoKind.OPEN
    (picture,) = items(item("Usable"))
    assert picture.received is None


@pytest.mark.parametrize(
    ("attributes", "docdata", "status", "kind"),
    [
        ("canceled", "", "canceled", EmbargoKind.NONE),
        ("embargoed", "", "usable", EmbargoKind.OPEN),
        ("embargoed", '<date.release norm="20320101T000000Z"/>', "usable", EmbargoKind.UNTIL),
        ("usable", '<date.release norm="20320101T000000Z"/>', "usable", EmbargoKind.UNTIL),
        ("odd", "", "withheld", EmbargoKind.NONE),
        ("usable", '<date.expire norm="20300101T000000Z"/>', "usable", EmbargoKind.NONE),
    ],
)
def test_what_a_document_inside_says_of_its_use_counts(attributes, docdata, status, kind):
    inner = (
        f'<nitf><head><docdata management-status="{attributes}">{docdata}</docdata></head><body><body.head/>'
        "<body.content><p>Text.</p></body.content></body></nitf>"
    )
    story = one(item("Usable", component("en", "https://agency.example/en/wolf", inner)))
    assert (story.pubstatus.value, story.embargo.kind) == (status, kind)
    assert bool(story.expires) is ("expire" in docdata)


def test_a_picture_keeps_all_that_is_said_of_its_rights():
    picture = (
        "<NewsComponent><NewsLines><CopyrightLine>(c) Photo</CopyrightLine></NewsLines><RightsMetadata><UsageRights><UsageType>May not be published"
        '</UsageType></UsageRights></RightsMetadata><ContentItem Href="https://agency.example/p.jpg"><MediaType FormalName="Photo"/></ContentItem></NewsComponent>'
    )
    (medium,) = one(item("Usable", component("en", "https://agency.example/en/wolf"), media=picture)).media
    assert AGENCY.stated(medium.rights) == "none"
