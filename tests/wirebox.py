"""What tests of wire formats share: one agency, one instant, and what must not leave the house."""

from datetime import UTC, datetime

from publisher import intake
from publisher.intake import Context, Document
from publisher.story import Received, Source

NOW = datetime(2031, 3, 5, tzinfo=UTC)
AGENCY = Source(
    slug="agency",
    name="Agency",
    homepage="https://wire.example/",
    timezone="Europe/Lisbon",
    urgency_map=(("flash", 1),),
    rights_map=(("may not be published", "none"), ("summary only", "lede")),
)
SECRET = "+49 30 555 0100"


def read(raw, source=AGENCY, **options):
    raw = raw.encode() if isinstance(raw, str) else raw
    return intake.read(raw, Context(source=source, now=NOW), **options)


def items(raw, **options):
    found = read(raw, **options)
    assert isinstance(found, Document), found
    return found.items


def one(raw, **options):
    (item,) = items(raw, **options)
    assert isinstance(item, Received), item
    return item


def shown(item):
    """Everything of a version that any output may print."""
    return " ".join(
        [item.original_headline, item.headline, item.lede, item.body, item.byline, item.correction_note or ""]
    )


def g2(
    meta="",
    about="",
    content="<p>Talks resumed on Saturday, officials in the port said.</p>",
    guid="urn:a:1",
    kind="text",
):
    return (
        f'<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="{guid}" version="2" xml:lang="en-GB"><rightsInfo>'
        "<copyrightHolder><name>Example Agency</name></copyrightHolder><copyrightNotice>(c) Example</copyrightNotice></rightsInfo>"
        f'<itemMeta><itemClass qcode="ninat:{kind}"/><provider literal="relay.example"/>'
        f"<versionCreated>2031-03-01T09:10:00+00:00</versionCreated><firstCreated>2031-03-01T08:00:00+00:00</firstCreated>{meta}"
        f'<link rel="irel:seeAlso" href="https://other.example/x"/><link rel="irel:isSameAs" href="https://agency.example/{guid[-1]}"/>'
        f"</itemMeta><contentMeta><urgency>3</urgency>{about}<headline>Port talks resume</headline><by>By Jo Doe</by>"
        '<dateline>TESTVILLE, March 1</dateline></contentMeta><contentSet><inlineXML contenttype="application/xhtml+xml">'
        f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{content}</body></html></inlineXML></contentSet></newsItem>'
    )


def message(*news):
    return (
        '<newsMessage xmlns="http://iptc.org/std/nar/2006-10-01/"><header/><itemSet>'
        + "".join(news)
        + "</itemSet></newsMessage>"
    )
