"""A digest: the configured series that editions are numbers of, and who it comes from. PURE."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

__all__ = ["Digest", "Sender"]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a digest comes from in one language: the display name and the address on the DMARC domain."""

    language: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """A configured series of editions, as `digests.toml` has it (decision 10).

    Attributes:
        slug: permanent name; `list_id` (RFC 2919) is the same for every edition of a language.
        number: permanent small number of the digest inside tokens (1 to 65535).
        titles: (language, title) pairs. sections: slugs, in the order of the mail.
        slots: local times of day, in `timezone`. weekdays: ISO numbers, 1 = Monday.
        uncertain: what becomes of rows in doubt: "resend" (nobody lost) or "keep" (no duplicates).
        expires: how long after its opening a dispatch may still deliver.
    """

    slug: str
    number: int
    titles: tuple[tuple[str, str], ...]
    languages: tuple[str, ...]
    sections: tuple[str, ...]
    slots: tuple[time, ...]
    timezone: str
    senders: tuple[Sender, ...]
    list_domain: str
    reply_to: str
    weekdays: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7)
    approval: str = "none"
    uncertain: str = "resend"
    expires: timedelta = timedelta(hours=24)

    def title(self, language: str) -> str:
        """The title in this language, else in the digest's first."""
        titles = dict(self.titles)
        return titles.get(language) or titles[self.languages[0]]

    def sender(self, language: str) -> Sender:
        """The sender in this language, else the first."""
        return next((sender for sender in self.senders if sender.language == language), self.senders[0])

    def list_id(self, language: str) -> str:
        """`<slug>-<language>.<list domain>`: constant for every edition (RFC 2919 section 2)."""
        return f"{self.slug}-{language}.{self.list_domain}"
