"""A section: which stories belong together by rule, how many, how recent, in which order.

PURE. How far back a section reaches is said here and in `feed.Feed` alone (`reach`): what is fetched from the store and what is selected
ask the same property, so that a rule about time that widens it finds its stories, and `narrowed` takes every such rule back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

__all__ = ["Section", "Term"]


@dataclass(frozen=True, slots=True)
class Term:
    """One condition of a section rule: kind is source, category, subject, word, language or genre."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Which stories belong together, how many, how recent, in which order: as `sections.toml` has it (decision 4).

    Attributes:
        slug: permanent name in commands, paths and feed ids. titles: (language, title) pairs.
        any, none: a story belongs when one of `any` and none of `none` matches; an empty `any` takes every story.
        max, window: how many items a digest shows at most, and how long a story stays a candidate.
        feed_max, feed_window: the same for the section's feed.
        per_source: at most this many items of one source in a digest. order: "urgency" (then newest eligible, then id) or "newest".
        languages: "edition" (only stories in the edition's language), "all", or a tuple of languages.
        merge: whether of several agencies' reports of one event one leads and names the others, or each is printed.
    """

    slug: str
    titles: tuple[tuple[str, str], ...]
    any: tuple[Term, ...] = ()
    none: tuple[Term, ...] = ()
    max: int = 6
    window: timedelta = timedelta(hours=36)
    feed_max: int = 50
    feed_window: timedelta = timedelta(days=14)
    per_source: int | None = None
    order: str = "urgency"
    languages: str | tuple[str, ...] = "edition"
    merge: bool = True

    def title(self, language: str) -> str:
        """The title in this language, else in the first that the configuration names."""
        titles = dict(self.titles)
        return titles.get(language) or next(iter(titles.values()), self.slug)

    @property
    def reach(self) -> timedelta:
        """The longest that any story stays a candidate for a digest: nothing older is fetched, none is taken."""
        return self.window

    def narrowed(self, window: timedelta) -> Section:
        """The same with this window in place of every one that it has: what a branch sees of it."""
        return replace(self, window=window)
