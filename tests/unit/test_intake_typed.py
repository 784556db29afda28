"""Plain text as somebody types it: headline, text and a source line; nothing of the file is lost."""

import pytest

from publisher.intake.markup import text_digest
from publisher.story import Received
from tests.unit.test_intake_formats import AGENCY, HOUSE, one


@pytest.mark.parametrize("source", [HOUSE, AGENCY])
@pytest.mark.parametrize(
    ("headline", "text"),
    [
        ("Four dead in storm", "Four people died in the storm on Thursday."),
        ("Ferry strike ends", "The ferry strike in the sound ended on\nThursday after nine days."),
        ("Two tugs for sale", "The harbour sells two of its tugs, it says\n\nThey are old."),
    ],
)
def test_a_short_headline_over_a_text_is_the_headline(source, headline, text):
    last = "Source: North Fjord Agency (https://northfjord.example/2026/storm)"
    item = one(f"{headline}\n\n{text}\n{last}\n", source, format="text")
    assert isinstance(item, Received), item
    assert item.original_headline == headline
    assert (item.source_name, item.source_url) == (
        "North Fjord Agency",
        "https://northfjord.example/2026/storm",
    )
    words = " ".join(text.split())
    assert item.body_digest == text_digest(item.body) == text_digest(f"<p>{words}</p>")
    assert item.set_aside
    assert "northfjord" in item.set_aside[0]


def test_whatever_is_taken_off_a_copied_page_can_be_looked_at():
    page = (
        "World\n\nBridge over the strait opens to lorries at night\n\nThe bridge opened on Monday.\n\n"
        "Source: Example Agency https://agency.example/bridge\n\nShare\nSomething else\n"
    )
    item = one(page, HOUSE, format="text")
    assert isinstance(item, Received)
    said = " ".join(item.set_aside)
    assert all(part in said for part in ("World", "agency.example", "Share", "Something else"))


def test_a_source_line_that_is_an_address_alone_has_the_agencys_own_name():
    item = one("Tugs sold\n\nTwo tugs were sold.\n\nSource: https://wire.example/tugs\n", format="text")
    assert isinstance(item, Received), item
    assert (item.source_name, item.source_url) == ("Agency", "https://wire.example/tugs")
