"""An edition as data: the form in which the store keeps it.

PURE. What was frozen once has to be read for ever: a field that came later has a default and is missing in what is older. It needs no
migration, but the way back is closed: a program from before the field refuses an edition that has it, so name it in the changelog.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from publisher.canonical import plain
from publisher.edition import Also, Disclaimer, Edition, Item, Kind, LeftOut, Notice, Shelf, Why
from publisher.story import Media, Subject

__all__ = ["from_data", "item_from_data", "to_data"]


def to_data(edition: Edition) -> dict[str, Any]:
    """The edition as JSON-ready data; `from_data` gives an equal edition back."""
    data: dict[str, Any] = plain(edition)
    return data


def from_data(data: Mapping[str, Any]) -> Edition:
    """An edition from `to_data`'s form."""
    fields = dict(data)
    fields["kind"] = Kind(fields["kind"])
    fields["slot"] = datetime.fromisoformat(fields["slot"])
    fields["frozen_at"] = datetime.fromisoformat(fields["frozen_at"])
    fields["local_date"] = date.fromisoformat(fields["local_date"])
    fields["languages"] = tuple(fields["languages"])
    fields["titles"] = tuple((language, title) for language, title in fields["titles"])
    fields["shelves"] = tuple(
        Shelf(**{**shelf, "stories": tuple(shelf["stories"])}) for shelf in fields["shelves"]
    )
    fields["items"] = tuple(item_from_data(item) for item in fields["items"])
    fields["disclaimers"] = tuple(Disclaimer(**disclaimer) for disclaimer in fields["disclaimers"])
    fields["notes"] = tuple((language, text) for language, text in fields.get("notes", ()))
    fields["left_out"] = tuple(LeftOut(**{**entry, "why": Why(entry["why"])}) for entry in fields["left_out"])
    return Edition(**fields)


def item_from_data(data: Mapping[str, Any]) -> Item:
    """An item from its part of `to_data`'s form."""
    fields = dict(data)
    for key in ("time", "first_published", "modified_at", "corrected_at", "headline_at"):
        if fields.get(key):
            fields[key] = datetime.fromisoformat(fields[key])
    fields["categories"] = tuple(fields["categories"])
    fields["subjects"] = tuple(Subject(**subject) for subject in fields["subjects"])
    fields["media"] = tuple(Media(**media) for media in fields["media"])
    fields["also"] = tuple(Also(**other) for other in fields.get("also", ()))
    fields["told"] = tuple(fields.get("told", ()))
    if notice := fields.get("withdrawn"):
        fields["withdrawn"] = Notice(**{**notice, "at": datetime.fromisoformat(notice["at"])})
    return Item(**fields)
