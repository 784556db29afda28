"""The named places that a mail leaves for each reader: found by markers that no story can contain.

A marker is made of the edition's content hash, which covers every word of every story in it: no story can hold the markers of an
edition that holds the story. What has only their shape (an older edition's, or one made up) is text: nothing fills it, and the gate
lets it pass as a story's own words. A marker has letters and digits only, so that it passes escaping, MJML and quoted-printable
unchanged. render knows no reader: dispatch fills the places.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum

__all__ = ["Place", "marker", "markers"]


class Place(StrEnum):
    """What differs from reader to reader in the body of a mail."""

    ADDRESS = "address"
    LEAVE = "leave"
    PREFERENCES = "preferences"
    ACTION = "action"
    """Of a notice: the one link that it is sent for."""


def marker(seed: str, place: Place) -> str:
    """The marker of a place in the renderings of one edition."""
    return f"Place{hashlib.sha256(f'{place} {seed}'.encode()).hexdigest()[:24]}Ends"


def markers(seed: str) -> dict[Place, str]:
    """All markers of an edition."""
    return {place: marker(seed, place) for place in Place}
