"""A version as it is stored, read back by hand: equal to what pydantic would read, whatever its fields."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta, timezone

from pydantic import TypeAdapter

from publisher.store.versions import received_from_data, received_to_data
from publisher.story import Embargo, EmbargoKind, Media, PubStatus, Received, Subject
from tests.stories import received

WHEN = datetime(2026, 3, 2, 6, 0, 0, 250_000, tzinfo=timezone(timedelta(hours=3, minutes=30)))
FULL = received(
    lede="Lede",
    aliases=frozenset({"a", "b"}),
    source_version="2",
    first_created=WHEN,
    version_created=WHEN,
    expires=WHEN,
    pubstatus=PubStatus.WITHHELD,
    embargo=Embargo(EmbargoKind.UNTIL, WHEN, "until six"),
    correction_note="note",
    ednote="ed",
    set_aside=("<p>x</p>",),
    slugline="slug",
    byline="by",
    dateline="there",
    page_url="https://front.example/1",
    copyright_notice="©",
    usage_terms="terms",
    urgency=2,
    genre="analysis",
    categories=("World", "Economy"),
    subjects=(Subject("medtop", "1", "one"),),
    media=(Media(url="https://a.example/p.jpg", type="image/jpeg", width=4, size=5, alt="x"),),
    flags=("f",),
)


def stored(version: Received) -> dict[str, object]:
    data: dict[str, object] = json.loads(json.dumps(received_to_data(version)))
    return data


def test_every_field_comes_back_as_it_went():
    assert received_from_data(stored(FULL)) == FULL
    assert received_from_data(stored(FULL)) == TypeAdapter(Received).validate_python(stored(FULL))
    for version in (FULL, received_from_data(stored(FULL))):
        assert all(
            type(getattr(version, field.name)) is type(getattr(FULL, field.name)) for field in fields(FULL)
        )


def test_a_field_that_is_not_given_has_its_default_and_an_unknown_one_is_passed_over():
    least = {
        "source_guid": "1",
        "source_name": "n",
        "source_url": "https://a.example/1",
        "original_headline": "h",
        "language": "en",
        "of a later release": 1,
    }
    assert received_from_data(least) == Received(
        source_guid="1",
        source_name="n",
        source_url="https://a.example/1",
        original_headline="h",
        language="en",
    )


def test_an_embargo_of_each_kind_comes_back():
    for embargo in (
        Embargo(),
        Embargo(text="odd"),
        Embargo(EmbargoKind.OPEN),
        Embargo(EmbargoKind.UNREADABLE, text="soon"),
        Embargo(EmbargoKind.UNTIL, datetime(2026, 1, 1, tzinfo=UTC)),
    ):
        assert received_from_data(stored(received(embargo=embargo))).embargo == embargo
