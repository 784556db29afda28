"""The agencies' own formats on samples of our making: what each field becomes, what stays in the house, what fails closed."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.intake import Document, Unreadable
from publisher.story import EmbargoKind, PubStatus, Reason, Received, Rejected
from tests.unit.test_intake_texts import PAGE, WIRE, mail
from tests.wirebox import AGENCY, SECRET, g2, items, message, one, read, shown

FORMATS = ("ninjs", "newsml-g2", "newsml-1", "nitf", "iptc7901", "mail", "page")


def test_a_g2_item_with_notes_of_both_kinds_and_an_id_of_its_own_for_each_version():
    item = one(
        g2(
            '<pubStatus qcode="stat:usable"/><edNote role="x:public">CORRECTS the number.</edNote>'
            f'<edNote role="x:private">call {SECRET}</edNote><edNote role="x:public" pubconstraint="x:nonpublic">{SECRET}</edNote>'
            f'<edNote>{SECRET}</edNote><signal qcode="sig:correction"/><link guidref="urn:a:0" version="1"/>',
            '<infoSource role="r:distributor"><name>Relay</name></infoSource><infoSource role="cRole:origProv" literal="Origin"/>'
            '<located><name>Testville</name></located><subject qcode="medtop:11000000"><name>politics</name></subject>'
            '<headline role="hl:original">Port talks begin again</headline>',
        )
    )
    assert (item.source_guid, item.source_version, item.language) == ("urn:a:1", "2", "en-GB")
    assert (item.source_name, item.provider, item.located) == ("Origin", "relay.example", "Testville")
    assert item.source_url == "https://agency.example/1"
    assert "urn:a:0" in item.aliases
    assert "https://other.example/x" not in item.aliases
    assert (item.original_headline, item.headline) == ("Port talks begin again", "Port talks resume")
    assert (item.byline, item.dateline, item.urgency) == ("By Jo Doe", "TESTVILLE, March 1", 3)
    assert (item.correction_note, item.signals) == ("CORRECTS the number.", ("sig:correction",))
    assert [(s.scheme, s.code, s.name) for s in item.subjects] == [("medtop", "11000000", "politics")]
    assert SECRET in (item.ednote or "")
    assert SECRET not in shown(item)


def test_a_g2_message_gives_pictures_to_the_text_that_its_package_names():
    picture = g2(guid="urn:p:9", kind="picture").replace(
        "<contentSet>",
        '<contentSet><remoteContent href="https://agency.example/small.jpg" contenttype="image/jpeg" width="10"/>'
        '<remoteContent href="https://agency.example/large.jpg" contenttype="image/jpeg" width="900" height="600"/>',
    )
    package = '<packageItem><groupSet><group><itemRef residref="urn:a:1"/><itemRef residref="urn:p:9"/></group></groupSet></packageItem>'
    first, second = items(message(package, g2(), g2(guid="urn:a:2"), picture))
    assert [medium.url for medium in first.media] == ["https://agency.example/large.jpg"]
    assert first.media[0].rights == "(c) Example"
    assert second.media == ()


def test_of_two_versions_in_one_message_the_later_counts():
    first, later = g2().replace('version="2"', 'version="9"'), g2().replace('version="2"', 'version="10"')
    for news in ((first, later), (later, first)):
        (item,) = items(message(*news))
        assert item.source_version == "10"


@pytest.mark.parametrize(
    ("meta", "status", "kind"),
    [
        ("", PubStatus.USABLE, EmbargoKind.NONE),
        ('<pubStatus qcode="stat:withheld"/>', PubStatus.WITHHELD, EmbargoKind.NONE),
        ('<pubStatus qcode="stat:canceled"/>', PubStatus.CANCELED, EmbargoKind.NONE),
        ('<pubStatus qcode="stat:maybe"/>', PubStatus.WITHHELD, EmbargoKind.NONE),
        (
            '<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/withheld"/>',
            PubStatus.WITHHELD,
            EmbargoKind.NONE,
        ),
        (
            '<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/canceled"/>',
            PubStatus.CANCELED,
            EmbargoKind.NONE,
        ),
        (
            '<pubStatus uri="http://cv.iptc.org/newscodes/pubstatusg2/usable"/>',
            PubStatus.USABLE,
            EmbargoKind.NONE,
        ),
        ("<pubStatus/>", PubStatus.WITHHELD, EmbargoKind.NONE),
        (
            '<pubStatus qcode="stat:usable"/><pubStatus qcode="stat:withheld"/>',
            PubStatus.WITHHELD,
            EmbargoKind.NONE,
        ),
        ("<embargoed>2030-03-08T00:00:00Z</embargoed><embargoed/>", PubStatus.USABLE, EmbargoKind.OPEN),
        ("<embargoed/>", PubStatus.USABLE, EmbargoKind.OPEN),
        ("<embargoed>after the speech</embargoed>", PubStatus.USABLE, EmbargoKind.UNREADABLE),
        ("<embargoed>2031-03-08T00:01:00+03:30</embargoed>", PubStatus.USABLE, EmbargoKind.UNTIL),
    ],
)
def test_status_and_embargo_of_a_g2_item(meta, status, kind):
    item = one(g2(meta))
    assert (item.pubstatus, item.embargo.kind) == (status, kind)
    if item.embargo.until:
        assert item.embargo.until == datetime(2031, 3, 7, 20, 31, tzinfo=UTC)


def newsml1(
    management='<Status FormalName="Usable"/>',
    inner=None,
    public="urn:newsml:a.example:20310301:CRANES-2031:2",
):
    text = (
        "<NewsLines><HeadLine>Council votes (2)</HeadLine><ByLine>By Jo Doe</ByLine><MoreLink>https://a.example/votes</MoreLink></NewsLines>"
        '<DescriptiveMetadata><Language FormalName="EN"/></DescriptiveMetadata><ContentItem><DataContent><nitf><body><body.head>'
        f"<hedline><hl1>Council votes (2)</hl1></hedline></body.head><body.content><p>The council voted for cranes.</p><hl2>Costs</hl2></body.content><body.end>"
        f"<tagline>Jo Doe {SECRET}</tagline></body.end></body></nitf></DataContent></ContentItem>"
    )
    return (
        "<NewsML><NewsItem><Identification><NewsIdentifier><ProviderId>a.example</ProviderId><DateId>20310301T100000Z</DateId>"
        f"<NewsItemId>CRANES-2031-v2</NewsItemId><RevisionId>2</RevisionId><PublicIdentifier>{public}</PublicIdentifier>"
        "</NewsIdentifier></Identification><NewsManagement><ThisRevisionCreated>20310301T120000+0000</ThisRevisionCreated>"
        f'<Urgency FormalName="FLASH"/>{management}</NewsManagement><NewsComponent>{inner or text}</NewsComponent></NewsItem></NewsML>'
    )


def test_newsml_1_reads_nitf_inside_and_takes_versions_out_of_names():
    item = one(newsml1())
    assert item.source_guid == "urn:newsml:a.example:20310301:CRANES-2031"
    assert "urn:newsml:a.example:20310301:CRANES-2031" in item.aliases | {item.source_guid}
    assert (item.original_headline, item.headline) == ("Council votes (2)", "Council votes")
    assert item.body == "<p>The council voted for cranes.</p><h3>Costs</h3>"
    assert item.version_created == datetime(2031, 3, 1, 12, tzinfo=UTC)
    assert (item.urgency, item.language, item.source_url) == (1, "en", "https://a.example/votes")
    assert SECRET not in shown(item)
    assert not any(
        "a.example" in alias
        for alias in one(newsml1(public="urn:newsml:a.example")).aliases
        if alias.startswith("urn")
    )


@pytest.mark.parametrize(
    ("management", "status", "embargo", "expires"),
    [
        ('<Status FormalName="usable"/>', PubStatus.USABLE, EmbargoKind.NONE, False),
        ('<Status FormalName="Embargoed"/>', PubStatus.USABLE, EmbargoKind.OPEN, False),
        ('<Status FormalName="Embargoed"/>{Usable}', PubStatus.USABLE, EmbargoKind.UNTIL, False),
        ('<Status FormalName="Withheld"/>{Usable}', PubStatus.USABLE, EmbargoKind.UNTIL, False),
        ('<Status FormalName="Usable"/>{Canceled}', PubStatus.USABLE, EmbargoKind.NONE, True),
        ('<Status FormalName="Canceled"/>{Usable}', PubStatus.CANCELED, EmbargoKind.NONE, True),
        ('<Status FormalName="Perhaps"/>', PubStatus.WITHHELD, EmbargoKind.NONE, False),
    ],
)
def test_a_newsml_1_status_that_ends_by_itself(management, status, embargo, expires):
    change = '<StatusWillChange><FutureStatus FormalName="%s"/><DateAndTime>20310301T180000+0000</DateAndTime></StatusWillChange>'
    for word in ("Usable", "Canceled"):
        management = management.replace(f"{{{word}}}", change % word)
    item = one(newsml1(management))
    assert (item.pubstatus, item.embargo.kind, bool(item.expires)) == (status, embargo, expires)


def test_two_languages_in_one_newsml_item_are_two_stories():
    part = '<NewsComponent xml:lang="{0}"><NewsLines><HeadLine>{1}</HeadLine></NewsLines><ContentItem><DataContent>{1}.</DataContent></ContentItem></NewsComponent>'
    found = items(newsml1(inner=part.format("en", "Hello") + part.format("fr", "Bonjour")))
    assert [item.headline for item in found] == ["Hello", "Bonjour"]
    assert len({item.source_guid for item in found}) == 2


def nitf(docdata="", attributes="", extra=""):
    return (
        f'<!DOCTYPE nitf SYSTEM "http://dtd.example/nitf.dtd"><nitf baselang="en"><head><title>t</title>{extra}<docdata {attributes}>'
        f'<doc-id id-string="n-2"/><date.issue norm="20310301T100000+0000"/><ed-msg info="call {SECRET}"/><urgency ed-urg="2"/>{docdata}'
        '<du-key key="PORT-TALKS"/></docdata><pubdata ex-ref="https://agency.example/n"/></head><body><body.head><hedline>'
        '<hl1 id="headline">Talks on</hl1><hl2 id="originalHeadline">Talks resume</hl2></hedline><byline>By <person>Jo Doe</person><byttl>Correspondent</byttl></byline>'
        "<dateline><location>TESTVILLE</location></dateline></body.head><body.content><p>Talks resumed.</p>"
        '<media media-type="image"><media-reference source="https://agency.example/p.jpg" mime-type="image/jpeg"/><media-caption>A quay</media-caption></media>'
        f"</body.content><body.end><tagline>{SECRET}</tagline></body.end></body></nitf>"
    )


def test_a_nitf_document_keeps_its_original_headline_and_its_notes_to_itself():
    item = one(nitf())
    assert (item.original_headline, item.headline) == ("Talks resume", "Talks on")
    assert (item.byline, item.dateline, item.urgency) == ("By Jo Doe Correspondent", "TESTVILLE", 2)
    assert item.body == "<p>Talks resumed.</p>"
    assert [(m.url, m.caption) for m in item.media] == [("https://agency.example/p.jpg", "A quay")]
    assert SECRET in (item.ednote or "")
    assert SECRET not in shown(item)


@pytest.mark.parametrize(
    ("attributes", "docdata", "status", "kind"),
    [
        ('management-status="embargoed"', "", PubStatus.USABLE, EmbargoKind.OPEN),
        (
            'management-status="embargoed"',
            '<date.release norm="20310309T000100+0100"/>',
            PubStatus.USABLE,
            EmbargoKind.UNTIL,
        ),
        (
            'management-status="embargoed"',
            '<date.release norm="soon"/>',
            PubStatus.USABLE,
            EmbargoKind.UNREADABLE,
        ),
        ('management-status="canceled" management-doc-idref="n-1"', "", PubStatus.CANCELED, EmbargoKind.NONE),
        ('management-status="odd"', "", PubStatus.WITHHELD, EmbargoKind.NONE),
    ],
)
def test_management_of_a_nitf_document(attributes, docdata, status, kind):
    item = one(nitf(docdata, attributes))
    assert (item.pubstatus, item.embargo.kind) == (status, kind)
    assert ("n-1" in item.aliases) is ("idref" in attributes)


def ninjs(**fields):
    given = {
        "uri": "urn:j:1",
        "type": "text",
        "versionCreated": "2031-03-03T06:00:00Z",
        "headlines": [
            {"role": "main", "value": "Dam reopens"},
            {"role": "original", "value": "Testland dam reopens"},
        ],
        "bodies": [
            {"contentType": "text/plain", "value": "Plain."},
            {"contentType": "text/html", "value": "<p>The dam reopened.</p>"},
        ],
        "altIds": [{"role": "web", "value": "https://agency.example/dam"}],
        "infoSources": [{"name": "Relay", "role": "distributor"}, {"name": "Origin", "role": "originator"}],
        "edNote": f"Call {SECRET}",
    }
    return json.dumps(given | fields)


def test_ninjs_of_three_generations():
    third = one(ninjs())
    assert (third.original_headline, third.headline) == ("Testland dam reopens", "Dam reopens")
    assert (third.body, third.source_name, third.source_url) == (
        "<p>The dam reopened.</p>",
        "Origin",
        "https://agency.example/dam",
    )
    assert SECRET not in shown(third)
    first = one(
        '[{"guid": "urn:j:0", "headline": "Dam reopens", "versioncreated": "2031-03-03T06:00:00+0000", "pubstatus": "usable", "byline": "Jo",'
        ' "body_html": "<p>Open.</p>", "altids": {"web": "https://agency.example/dam"}, "usageterms": ["Summary only", "please"],'
        ' "associations": {"m": {"type": "picture", "byline": "P", "copyrightnotice": "CC", "renditions": {"o": {"href": "https://a.example/o.jpg", "width": 9}}}}}]'
    )
    assert (first.byline, first.usage_terms, first.rights) == ("Jo", "Summary only please", "lede")
    assert [(m.url, m.credit, m.rights) for m in first.media] == [("https://a.example/o.jpg", "P", "CC")]


def test_what_an_items_own_rights_forbid_is_withheld_and_said():
    item = one(ninjs(copyrightNotice="This material MAY not be  published."))
    assert item.pubstatus is PubStatus.WITHHELD
    assert "rights-forbid" in item.flags


def test_an_item_without_a_link_stands_where_its_source_says():
    placed = replace(AGENCY, story_url="https://agency.example/s/{tail}?from={id}")
    item = one(ninjs(uri="urn:x:a b", altIds=[]), source=placed)
    assert item.source_url == "https://agency.example/s/a%20b?from=urn%3Ax%3Aa%20b"
    front = replace(AGENCY, story_url="https://wire.example/{tail}")
    assert isinstance(items(ninjs(uri="urn:x:", altIds=[]), source=front)[0], Rejected)


def test_an_advisory_is_no_story_and_an_address_with_a_key_in_it_no_link():
    assert one(ninjs(genres=[{"name": "Advisory"}])).pubstatus is PubStatus.WITHHELD
    (item,) = items(ninjs(uri="https://api.example/item?key=1", altIds=[]))
    assert isinstance(item, Rejected)
    assert item.reason is Reason.NO_SOURCE_LINK


@pytest.mark.parametrize(
    ("raw", "format_"),
    [
        (g2(), "newsml-g2"),
        (message(g2()), "newsml-g2"),
        (newsml1(), "newsml-1"),
        (nitf(), "nitf"),
        (ninjs(), "ninjs"),
        (WIRE, "iptc7901"),
        (mail("Text."), "mail"),
        (PAGE, "page"),
    ],
)
def test_auto_tells_them_apart(raw, format_):
    assert repr(read(raw)) == repr(read(raw, format=format_))


@pytest.mark.parametrize("format_", FORMATS)
def test_entities_bombs_and_rubbish_are_refused_or_set_aside(format_):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    for raw in (
        bomb + g2(content="<p>&b;</p>"),
        bomb + newsml1().replace("Council", "&b;"),
        bomb + nitf().split("?>")[-1].split('.dtd">')[1].replace("Talks", "&b;"),
        "<a>" * 5000,
        "[" * 50_000,
        "\x01\x02\x03",
        "Subject: =?x?b?!!?=\nFrom: \nDate: x\n\n",
        '<html><script type="application/ld+json">[[[[{"@type":1}]]]]</script>',
        '{"uri": "x", "headlines": 3, "bodies": {"a": 1}, "associations": [1, {"renditions": 7}], "genre": "x", "altids": [null]}',
    ):
        found = read(raw, format=format_)
        if isinstance(found, Document):
            assert not [item for item in found.items if isinstance(item, Received)]
        else:
            assert found.reason


@given(st.sampled_from([g2(), newsml1(), nitf(), ninjs(), WIRE, mail("Text."), PAGE]), st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_document_never_raises(raw, data):
    damaged = bytearray(raw.encode())
    for _ in range(3):
        place = data.draw(st.integers(0, len(damaged) - 2))
        damaged[place : place + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=6))
    assert isinstance(read(bytes(damaged)), (Document, Unreadable))
