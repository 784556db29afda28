"""What a feed says of itself, and what its three formats share. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from publisher.edition import Edition, Item
from publisher.feed import base

__all__ = [
    "Archive",
    "Channel",
    "also_word",
    "changed_at",
    "feed_items",
    "published",
    "rights_of",
    "source_word",
]

POLICIES = ("link", "lede", "full")
"""How much of a text may be shown, from least to most; any other word allows the link only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """Where a document stands in its feed's archive (RFC 5005 section 4).

    Attributes:
        prev: address of the archive document before this one. current: address of the subscription document, given by
            archive documents only; a document that has none is the subscription document itself.
    """

    prev: str = ""
    current: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a feed says of itself.

    Attributes:
        title: plain text; "Site: Section". description: plain text, never empty (RSS wants one).
        language: BCP 47 tag of the feed; items in other languages say so themselves.
        home_url: the page a person sees. self_url: the feed's exact public address.
        feed_id: tag: URI of the feed. story_id_prefix: what a story's ULID is appended to ("tag:authority,date:story/").
        source_words: language -> what stands before a source's name ("Source:"). also_words: the same before others that report an event.
        icon: address of a square picture of the house, or "". hubs: WebSub hubs of the feed.
        text: the most that is shown of a story's text: "full", "lede" or "link"; its own rights may allow less.
        source: "link"; "text" for a consumer that forbids links: then the name stands in the text, the address in the metadata.
        redate_withdrawn: a kill moves the item's publication date.
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
    icon: str = ""
    hubs: tuple[str, ...] = ()
    archive: Archive = Archive()
    text: str = "full"
    source: str = "link"
    redate_withdrawn: bool = False
    also_words: Mapping[str, str] = field(default_factory=dict)

    def story_id(self, item: Item) -> str:
        """The item's public id: RSS guid, Atom id and JSON Feed id alike (a tag: URI, RFC 4151; it never changes)."""
        return f"{self.story_id_prefix}{item.story_id}"

    def foreign(self, item: Item) -> bool:
        """Whether the item's language is not the feed's."""
        return base(item.language) != base(self.language)


def feed_items(edition: Edition) -> list[Item]:
    """The items in the feed's order: newest first, as the edition was frozen."""
    by_id = {item.story_id: item for item in edition.items}
    return [by_id[story_id] for shelf in edition.shelves for story_id in shelf.stories]


def changed_at(edition: Edition) -> datetime:
    """When the feed last changed: the edition's slot, which only moves forward, also when a story is taken out. Never the present time."""
    return edition.slot


def published(item: Item, channel: Channel) -> datetime:
    """The item's publication date; of a withdrawn one, for consumers that look at nothing else, when it was withdrawn."""
    return item.withdrawn.at if item.withdrawn and channel.redate_withdrawn else item.first_published


def rights_of(item: Item, channel: Channel) -> str:
    """How much of the item's text this feed shows: the lesser of what the source grants and the consumer gets."""
    ranks = [POLICIES.index(word) if word in POLICIES else 0 for word in (item.rights, channel.text)]
    return POLICIES[min(ranks)]


def source_word(channel: Channel, item: Item) -> tuple[str, str]:
    """What stands before the source's name and its language: the item's own if the house has it, else the feed's, else English."""
    return _word(channel, item, channel.source_words) or ("Source:", "en")


def also_word(channel: Channel, item: Item) -> tuple[str, str]:
    """The same for what stands before those who also report the event."""
    return _word(channel, item, channel.also_words) or ("Also reported by:", "en")


def _word(channel: Channel, item: Item, words: Mapping[str, str]) -> tuple[str, str] | None:
    for language in (item.language, base(item.language), channel.language, base(channel.language)):
        if word := words.get(language):
            return word, language
    return None
