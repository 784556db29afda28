"""A digest: the configured series that editions are numbers of, and who it comes from. PURE."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import time, timedelta
from typing import Any

from publisher.theme import STANDARD, Theme, theme_from_data
from subscribers.rhythm import Rhythm, RhythmKind

__all__ = ["Alerts", "Canary", "Digest", "Letter", "Sender", "Signature", "Voice", "Weekly"]


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a digest comes from in one language: the display name and the address on the DMARC domain."""

    language: str
    name: str
    address: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """Who gets an edition before everybody else, how long their answers are waited for, and what then stops the rest.

    Attributes:
        addresses: readers by address, or all of a domain as `@news.example`. share: per cent of all readers, drawn for each dispatch anew.
        refusals: per cent of the wave that may be refused or bounce. complaints: how many may complain.
    """

    addresses: tuple[str, ...] = ()
    share: int = 1
    wait: timedelta = timedelta(minutes=10)
    refusals: int = 10
    complaints: int = 0

    def objection(self, *, planned: int, refused: int, complaints: int) -> str:
        """Why the rest must not go out, or nothing."""
        if complaints > self.complaints:
            return f"{complaints} of the first {planned} complained, {self.complaints} may"
        if refused * 100 > planned * self.refusals:
            return (
                f"{refused} of the first {planned} were refused or bounced, {self.refusals} per cent may be"
            )
        return ""

    def data(self) -> dict[str, Any]:
        """What a dispatch keeps of it, JSON-ready; `from_data` reads it back."""
        return {
            "wait": self.wait.total_seconds(),
            "refusals": self.refusals,
            "complaints": self.complaints,
        }

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Canary:
        """The rule whose `data` this is, without its readers."""
        return cls(**{**data, "wait": timedelta(seconds=data["wait"])})


@dataclass(frozen=True, slots=True)
class Weekly:
    """When those who want a digest once a week get an edition of its own, of the last seven days' stories."""

    weekday: int
    at: time
    titles: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Alerts:
    """Which stories are sent at once to those who want nothing else, and how many such mails a day at most."""

    urgency: int
    a_day: int
    titles: tuple[tuple[str, str], ...]


WEEK = timedelta(days=7)


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
        lead: how long before its slot an edition is made that has to be approved.
        deadline: how long after its slot an edition is still made or sent by itself.
        canary: who is sent to first.
        alarm_after: how long after its slot it should have arrived with its readers.
        corrections_at_once: the least urgency (1 is the highest) of which a correction is mailed at once to those who have the
            story; 0: none, the next edition says it.
        public: whether anybody may ask for it on the site; else only whom the desk adds gets it.
        weekly, alerts: editions apart for readers of that rhythm; None: it has none.
        parent: of such a branch, the digest whose subscribers it is for; `rhythm`: those it serves; `window`: how far back it looks,
            in place of every window of its sections; `urgency`: stories of at most this; `a_day`: so many editions at most.
        segment: a rule (`subscribers.segments`) that says which of its subscribers are sent to; "" for all.
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
    lead: timedelta = timedelta(minutes=30)
    deadline: timedelta = timedelta(hours=2)
    canary: Canary | None = None
    alarm_after: timedelta = timedelta(hours=1)
    corrections_at_once: int = 0
    public: bool = True
    segment: str = ""
    weekly: Weekly | None = None
    alerts: Alerts | None = None
    parent: str = ""
    rhythm: RhythmKind | None = None
    window: timedelta | None = None
    urgency: int | None = None
    a_day: int = 0

    @property
    def audience(self) -> str:
        """The digest that its readers subscribed to."""
        return self.parent or self.slug

    def has_rhythm(self, rhythm: Rhythm) -> bool:
        """Whether there are editions of this rhythm, at its hour if it has one."""
        if rhythm.kind is RhythmKind.ALERTS:
            return self.alerts is not None
        apart = self.weekly if rhythm.kind is RhythmKind.WEEKLY else None
        slots = (apart.at,) if apart else self.slots
        return rhythm.hour is None or rhythm.hour in {f"{at:%H:%M}" for at in slots}

    def branches(self) -> Iterator[Digest]:
        """The series apart: their own editions and timetable, the same subscribers, senders and List-Id."""
        own = replace(self, parent=self.slug, weekly=None, alerts=None)
        if self.weekly is not None:
            yield replace(
                own,
                slug=f"{self.slug}-weekly",
                titles=self.weekly.titles,
                slots=(self.weekly.at,),
                weekdays=(self.weekly.weekday,),
                rhythm=RhythmKind.WEEKLY,
                window=WEEK,
            )
        if self.alerts is not None:
            yield replace(
                own,
                slug=f"{self.slug}-alerts",
                titles=self.alerts.titles,
                slots=(),
                rhythm=RhythmKind.ALERTS,
                window=self.deadline,
                urgency=self.alerts.urgency,
                a_day=self.alerts.a_day,
                approval="none",
                canary=None,
            )

    def title(self, language: str) -> str:
        """The title in this language, else in the digest's first."""
        titles = dict(self.titles)
        return titles.get(language) or titles[self.languages[0]]

    def sender(self, language: str) -> Sender:
        """The sender in this language, else the first."""
        return next((sender for sender in self.senders if sender.language == language), self.senders[0])

    def list_id(self, language: str) -> str:
        """`<slug>-<language>.<list domain>`: constant for every edition (RFC 2919 section 2)."""
        return f"{self.audience}-{language}.{self.list_domain}"


@dataclass(frozen=True, slots=True)
class Voice:
    """Who a dispatch's mails in one language come from, and the List-Id that they carry."""

    language: str
    name: str
    address: str
    list_id: str


@dataclass(frozen=True, slots=True)
class Signature:
    """A DKIM signature that a dispatch's mails carry: by which key, under which selector, for which domain (empty: the voice's)."""

    selector: str
    domain: str
    key: str
    """The key's fingerprint: another key under the same selector would sign otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the mails of a dispatch say of the house and the digest, beside the edition's own text.

    Frozen when the dispatch is opened: whatever the configuration says later, a repeat has the same bytes, and the rest of the
    dispatch says the same.

    Attributes:
        number: the digest's, in the tokens of the links. authority: `site.tag_authority`.
        voices: one for each language of the digest, in its order.
        return_path: the envelope's sender; empty: the voice's own address. tagged: a token of the delivery is added to it as
            `+TOKEN`; letters of an older program have none.
        theme: colours, fonts, width and logo.
        signatures: in the order in which they stand in the mail; none: the relay signs, or nobody.
        notice: of a dispatch of notices, which one (`render.notice.Kind`); empty: it mails an edition.
    """

    digest: str
    number: int
    voices: tuple[Voice, ...]
    reply_to: str
    site_name: str
    site_url: str
    authority: str
    contact: str
    postal_address: str
    unsubscribe_address: str
    return_path: str
    tagged: bool = False
    theme: Theme = STANDARD
    signatures: tuple[Signature, ...] = ()
    notice: str = ""

    def voice(self, language: str) -> Voice:
        """The voice in this language, else the first."""
        return next((voice for voice in self.voices if voice.language == language), self.voices[0])

    def signed_as(self, language: str) -> tuple[tuple[str, str], ...]:
        """(domain, selector) of each signature on a mail in this language."""
        own = self.voice(language).address.rpartition("@")[2]
        return tuple((signature.domain or own, signature.selector) for signature in self.signatures)

    def data(self) -> dict[str, Any]:
        """JSON-ready; `from_data` reads it back."""
        return asdict(self)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Letter:
        """The letter whose `data` this is."""
        voices = tuple(Voice(**voice) for voice in data["voices"])
        signatures = tuple(Signature(**signature) for signature in data.get("signatures", ()))
        theme = theme_from_data(data.get("theme"))
        return cls(**{**data, "voices": voices, "theme": theme, "signatures": signatures})
