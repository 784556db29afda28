"""Lists as other programs export them: which column holds the address, who of them may be mailed, and by what such a file is known. PURE.

A file is taken for a program's own only when it has headings that no other has; everything else needs our names, or the person's word.
What such a program says of a reader who has left or bounced keeps them out, line by line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

__all__ = ["PRESETS", "Preset", "attribute_name", "plain_heading", "recognised"]


@dataclass(frozen=True, slots=True)
class Preset:
    """How a program writes its lists; all headings in small letters.

    Attributes:
        sure: headings that make it certain. columns: its heading -> what we call it.
        only: (heading, the values of readers who may be mailed, why the others are refused).
        never: headings of a list that holds none but those who have left.
    """

    name: str
    sure: frozenset[str]
    columns: Mapping[str, str]
    only: tuple[tuple[str, frozenset[str], str], ...] = ()
    never: frozenset[str] = frozenset()


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "listmonk",
            frozenset({"uuid", "email", "attributes", "status"}),
            {"email": "email"},
            (("status", frozenset({"enabled"}), "listmonk says: not enabled"),),
        ),
        Preset(
            "mailchimp",
            frozenset({"email address", "leid", "euid"}),
            {"email address": "email"},
            never=frozenset({"unsub_time", "clean_time"}),
        ),
        Preset(
            "ghost",
            frozenset({"email", "subscribed_to_emails", "complimentary_plan"}),
            {"email": "email"},
            (
                ("subscribed_to_emails", frozenset({"true"}), "Ghost says: gets no mails"),
                ("deleted_at", frozenset({""}), "Ghost says: deleted"),
            ),
        ),
        Preset(
            "substack",
            frozenset({"email", "active_subscription", "email_disabled"}),
            {"email": "email"},
            (("email_disabled", frozenset({"false", ""}), "Substack says: mails are disabled"),),
        ),
    )
}


def recognised(headings: Iterable[str]) -> Preset | None:
    """The program whose export a file with these headings certainly is."""
    there = frozenset(headings)
    return next((preset for preset in PRESETS.values() if preset.sure <= there), None)


def plain_heading(text: str) -> str:
    """A heading as it is compared."""
    return text.strip().strip('"').strip().casefold()


def attribute_name(heading: str) -> str:
    """The attribute that a heading may stand for: "First Name" for `first_name`."""
    return re.sub(r"\W+", "_", heading).strip("_")
