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
