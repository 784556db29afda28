"""The test that goes with tests/skeleton/format.py, to copy with it; replace `format` by your module and `NOTE` by a sample of your own making."""

from dataclasses import replace
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
    for said, meant in (("LIVE", "usable"), ("Held", "withheld"), ("", "withheld"), ("usable", "withheld")):
        assert one(NOTE.replace("Id:", f"Status: {said}\nId:")).pubstatus is PubStatus(meant)
    assert one(NOTE.replace("Id:", "Embargo:\nId:")).embargo.holds(CONTEXT.now)


def test_a_broken_note_waits_and_its_neighbours_live_and_a_kill_counts_all_the_same():
    broken, killed = "Id: n-2\nHeadline: No text", "Id: n-3\nStatus: KILL"
    found = skeleton.read(f"{NOTE}\n--\n{broken}\n--\n{killed}".encode(), CONTEXT)
    assert isinstance(found, Document)
    assert [type(item) for item in found.items] == [Received, Rejected, Received]
    assert found.items[2].pubstatus is PubStatus.CANCELED
    few = skeleton.read(f"{NOTE}\n--\n{NOTE}".encode(), replace(CONTEXT, max_items=1))
    assert isinstance(few, Document)
    assert (len(few.items), few.left_out) == (1, 1)


def test_without_a_link_it_waits():
    assert isinstance(one(NOTE.replace("Link:", "Lnk:")), Rejected)


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
def test_no_bytes_raise(raw):
    assert isinstance(skeleton.read(b"Story-Note: 1\n" + raw, CONTEXT), (Document, Unreadable))
