"""What a feed says of itself, and what its three formats share. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from publisher.edition import Edition, Item

__all__ = ["Channel", "changed_at", "feed_items", "source_word"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a feed says of itself.

    Attributes:
        title: plain text; "Site: Section". description: plain text, never empty (RSS wants one).
        language: BCP 47 tag of the feed; items in other languages say so themselves.
        home_url: the page a person sees. self_url: the feed's exact public address.
        feed_id: tag: URI of the feed. story_id_prefix: what a story's ULID is appended to ("tag:authority,date:story/").
        source_words: language -> what stands before a source's name ("Source:").
    """

    site_name: str
    title: str
    description: str
    language: str
    home_url: str
    self_url: str
    feed_id: str
    story_id_prefix: str
    source_words: Mapping[str, str]

    def story_id(self, item: Item) -> str:
        """The item's public id: RSS guid, Atom id and JSON Feed id alike (a tag: URI, RFC 4151; it never changes)."""
        return f"{self.story_id_prefix}{item.story_id}"

    def foreign(self, item: Item) -> bool:
        """Whether the item's language is not the feed's."""
        return _base(item.language) != _base(self.language)


def feed_items(edition: Edition) -> list[Item]:
    """The items in the feed's order: newest first, as the edition was frozen."""
    by_id = {item.story_id: item for item in edition.items}
    return [by_id[story_id] for shelf in edition.shelves for story_id in shelf.stories]


def changed_at(edition: Edition) -> datetime:
    """When the feed last changed: the newest change of its items; of an empty feed, when it was frozen. Never the present time."""
    return max((item.modified_at for item in edition.items), default=edition.frozen_at)


def source_word(channel: Channel, item: Item) -> tuple[str, str]:
    """What stands before the source's name and its language: the item's own if the house has it, else the feed's, else English."""
    for language in (item.language, _base(item.language), channel.language, _base(channel.language)):
        if word := channel.source_words.get(language):
            return word, language
    return "Source:", "en"


def _base(language: str) -> str:
    return language.partition("-")[0]
