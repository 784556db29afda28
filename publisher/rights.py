"""How much of a text may be published, and where. PURE."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["RIGHTS", "Channel", "strictest"]

RIGHTS = ("full", "lede", "link", "none")
"""How much of a text may be published, from all to nothing."""


def strictest(*policies: str) -> str:
    """The one of these policies that allows least."""
    return max(policies, key=RIGHTS.index)


class Channel(StrEnum):
    """Where a text is published; rights may differ."""

    FEEDS = "feeds"
    """Feeds and our own pages."""
    MAIL = "mail"
