"""The edition of one story that tells its correction."""

from __future__ import annotations

from dataclasses import dataclass

from publisher.desk.mailing import following
from publisher.edition import Edition
from tests.editions import edition
from tests.feedbox import NOW
from tests.gatebox import SHIPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Later(Edition):
    """An edition as it may be one day, with one more thing that an editor says on it."""

    weather: str = ""


def test_a_correction_says_nothing_of_its_editions_morning() -> None:
    """Whatever an edition learns to say, a correction says only what is named there."""
    whole = edition()
    made = Later(**{name: getattr(whole, name) for name in Edition.__slots__}, weather="Fog in the harbour")
    told = following.of_one_story(
        made, made.items[1], edition_id="F" * 26, at=NOW, revision=1, templates=SHIPPED
    )
    assert not hasattr(told, "weather")
    assert told.items == (made.items[1],)
    assert [shelf.title for shelf in told.shelves] == ["World"]
    (note,) = told.note("en")
    assert "It was corrected since" in note
