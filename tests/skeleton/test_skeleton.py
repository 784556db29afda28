"""The test that goes with tests/skeleton/format.py, to copy with it; replace `format` by your module and `NOTE` by a sample of your own making."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from publisher.intake import Context, Document, Unreadable
from publisher.story import PubStatus, Received, Rejected, Source
from tests.skeleton import format as skeleton

CONTEXT = Context(
    source=Source(slug="agency", name="Agency", homepage="https://wire.example/"),
    now=datetime(2026, 3, 2, tzinfo=UTC),
)
NOTE = (
    "Story-Note: 1\nId: n-1\nHeadline: Ferry line opens\nLink: https://wire.example/ferry\nVersion: 2\nUrgency: 3\n"
    "Note: call the desk\n\nThe line opened on Monday.\n"
)


def one(note):
    found = skeleton.read(note.encode(), CONTEXT)
    assert isinstance(found, Document)
    (item,) = found.items
    return item


def test_every_field_has_its_place():
    item = one(NOTE)
    assert isinstance(item, Received)
    assert (item.source_guid, item.source_version, item.urgency) == ("n-1", "2", 3)
    assert (item.original_headline, item.source_url) == ("Ferry line opens", "https://wire.example/ferry")
    assert (item.body, item.ednote) == ("<p>The line opened on Monday.</p>", "call the desk")


def test_what_it_says_of_its_use_fails_closed():
    assert one(NOTE.replace("Id:", "Status: perhaps\nId:")).pubstatus is PubStatus.WITHHELD
    assert one(NOTE.replace("Id:", "Embargo:\nId:")).embargo.holds(CONTEXT.now)


def test_without_a_link_it_waits():
    assert isinstance(one(NOTE.replace("Link:", "Lnk:")), Rejected)


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_no_bytes_raise(raw):
    assert isinstance(skeleton.read(b"Story-Note: 1\n" + raw, CONTEXT), (Document, Unreadable))
