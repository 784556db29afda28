"""What a clock has to do at an instant: configuration, facts read from the database and `now` in, intents out. PURE.

Order: sources are polled first, so that an edition holds what has just come in; then editions, feeds, mail. For every slot of the
last eight days exactly one thing comes about: an edition that is sent, a skip with its reason, or an alarm. An edition is made at its
slot, or `lead` before it when somebody has to approve it; up to `deadline` after the slot it is caught up, later it is not. Deciding
twice, or in two processes, is harmless: whoever carries an intent out asks the database once more.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeAlias

from publisher.schedule.slots import edition_id, slots_between
from publisher.series import Digest

__all__ = [
    "LATE",
    "LOOKBACK",
    "QUIET",
    "SKIPPED",
    "UNSENT",
    "Alarm",
    "Answer",
    "Build",
    "Facts",
    "Held",
    "Intent",
    "Made",
    "Make",
    "Poll",
    "Polled",
    "Resume",
    "Send",
    "Series",
    "Skip",
    "Tell",
    "decide",
    "next_look",
    "poll_due",
    "silence",
]

SKIPPED, UNSENT, LATE, QUIET = "clock.skip", "clock.unsent", "clock.late", "clock.quiet"
"""What the clock says once in the house's record. The first settles a slot that has no edition, the second one that has."""
LOOKBACK = timedelta(days=8)
"""How far back slots are looked at: what was missed before is not told any more."""
LATE_AFTER = timedelta(minutes=5)
FEEDS_EVERY = timedelta(minutes=5)
"""How long feeds wait for what time alone changes: the end of an embargo, of a story's time, of a window."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
FAILING_AT_MOST = timedelta(hours=1)
QUIET_TIMES, QUIET_GAP, QUIET_ARRIVALS = 10, timedelta(hours=1), 5
"""A source is quiet after so many times its usual gap (an hour at least, or every night would count), known from so many arrivals."""


@dataclass(frozen=True, slots=True)
class Poll:
    """Ask these sources: (slug, when it was asked last)."""

    sources: tuple[tuple[str, datetime | None], ...]


@dataclass(frozen=True, slots=True)
class Build:
    """Bring feeds and pages up to date."""


@dataclass(frozen=True, slots=True)
class Make:
    """Make a digest's edition of a slot."""

    digest: str
    slot: datetime
    edition: str


@dataclass(frozen=True, slots=True)
class Send:
    """Open the dispatch of an edition."""

    edition: str


@dataclass(frozen=True, slots=True)
class Resume:
    """Send what is due of a dispatch."""

    dispatch: str


@dataclass(frozen=True, slots=True)
class Skip:
    """Give a slot up, and say why."""

    edition: str
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Say something that a person has to look at: `what` is UNSENT, LATE or QUIET."""

    what: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Send what is due of a dispatch of notices: somebody waits for it at a form, and not behind a digest."""

    dispatch: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Send what is due of a follow-up's dispatch: readers have a story that was killed or corrected."""

    dispatch: str


Intent: TypeAlias = Poll | Build | Make | Send | Resume | Answer | Tell | Skip | Alarm


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """A source, and what is remembered of its polls.

    Attributes:
        not_before: until when it asked to be left alone.
        arrivals: when stories last came, newest first; empty when nobody looked.
    """

    slug: str
    every: timedelta
    polled_at: datetime | None = None
    not_before: datetime | None = None
    failures: int = 0
    arrivals: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """An edition that is there: whether exactly its content was approved, and whether it has a dispatch."""

    edition: str
    approved: bool
    dispatched: bool


@dataclass(frozen=True, slots=True)
class Series:
    """A digest with the editions of its last slots; `since` is when the clock first saw this timetable: it missed nothing before.

    `slots`: those of a series that has no timetable, because news decide.
    """

    digest: Digest
    since: datetime
    made: Mapping[datetime, Made]
    slots: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """An intent that failed: when it is tried again, and why it failed."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known when something is decided.

    Attributes:
        due: dispatches of editions with something to send. notices: those of notices. followups: those of follow-ups.
        said: (what, subject) -> when the record last got it.
        held: what failed in this process and waits.
        feeds_at: when this process last brought the feeds up to date. news: whether something changed since.
        key: draws the jitter of polls.
        doubt: why the wall clock is in doubt: then nothing is made, sent, given up or gone on with until a person has confirmed it.
    """

    sources: Sequence[Polled] = ()
    digests: Sequence[Series] = ()
    due: Sequence[str] = ()
    notices: Sequence[str] = ()
    followups: Sequence[str] = ()
    said: Mapping[tuple[str, str], datetime] = field(default_factory=dict)
    held: Mapping[Intent, Held] = field(default_factory=dict)
    feeds_at: datetime | None = None
    news: bool = True
    key: bytes = b""
    doubt: str = ""


def decide(facts: Facts, now: datetime) -> tuple[Intent, ...]:
    """Everything that is due at `now`, in the order in which it is to be done."""
    waiting = {intent for intent, held in facts.held.items() if held.until > now}
    return tuple(intent for intent in _all(facts, now) if intent not in waiting)


def _all(facts: Facts, now: datetime) -> Iterator[Intent]:
    due = tuple(
        (source.slug, source.polled_at) for source in facts.sources if poll_due(source, facts.key) <= now
    )
    if due:
        yield Poll(due)
    for series in () if facts.doubt else facts.digests:
        for slot in _slots(series, now):
            yield from _slot(facts, series, slot, now)
    if facts.news or facts.feeds_at is None or now - facts.feeds_at >= FEEDS_EVERY:
        yield Build()
    yield from map(Answer, () if facts.doubt else facts.notices)
    yield from map(Tell, () if facts.doubt else facts.followups)
    yield from map(Resume, () if facts.doubt else facts.due)
    for source in facts.sources:
        yield from _quiet(facts, source, now)


def _slots(series: Series, now: datetime) -> list[datetime]:
    if series.slots:
        return [slot for slot in series.slots if now - LOOKBACK <= slot <= now]
    lead = series.digest.lead if series.digest.approval == "required" else timedelta()
    return slots_between(series.digest, now - LOOKBACK, now + lead)


def _slot(facts: Facts, series: Series, slot: datetime, now: datetime) -> Iterator[Intent]:
    digest, made = series.digest, series.made.get(slot)
    name = made.edition if made else edition_id(digest, slot)
    settled = UNSENT if made else SKIPPED
    if (made and made.dispatched) or (settled, name) in facts.said:
        return
    over = now > slot + digest.deadline
    if over and slot < series.since:
        return
    waits = made is not None and digest.approval == "required" and not made.approved
    in_time = f"within {_length(digest.deadline)} of its slot {slot:%Y-%m-%d %H:%M}Z"
    if over and made is None:
        yield Skip(name, f"it was not made {in_time}; its stories wait for the next edition")
    elif over:
        did_not = "nobody approved it" if waits else "it could not be sent"
        yield Alarm(UNSENT, name, f"{did_not} {in_time}: only a person sends it now, with `publisher send`")
    else:
        intent = Make(digest.slug, slot, name) if made is None else Send(name)
        if now >= slot + LATE_AFTER and (LATE, name) not in facts.said:
            failed = facts.held.get(intent)
            why = (
                "it waits for approval" if waits else failed.why if failed else "nobody was there to make it"
            )
            yield Alarm(LATE, name, f"not sent {_length(now - slot)} after its slot: {why}")
        if made is None or (slot <= now and not waits):
            yield intent


def poll_due(source: Polled, key: bytes) -> datetime:
    """When a source is asked next: up to a tenth before its interval is over, later while it fails, never before it allows it."""
    if source.polled_at is None:
        return source.not_before or LONG_AGO
    wait = source.every
    if source.failures:
        wait = max(wait, min(wait * 2 ** min(source.failures, 10), FAILING_AT_MOST))
    drawn = hmac.digest(key, f"poll {source.slug} {source.polled_at.timestamp()}".encode(), "sha256")
    due = source.polled_at + wait * (1 - int.from_bytes(drawn[:2], "big") / 0xFFFF / 10)
    return max(due, source.not_before or due)


def _quiet(facts: Facts, source: Polled, now: datetime) -> Iterator[Alarm]:
    said = silence(source, now)
    told = facts.said.get((QUIET, source.slug))
    if said is not None and (told is None or told < source.arrivals[0]):
        yield Alarm(QUIET, source.slug, said)


def silence(source: Polled, now: datetime) -> str | None:
    """Nothing new for long: of a source that answers, for one that fails says so itself, and one that was not asked cannot have news."""
    asked = (
        source.polled_at is not None and not source.failures and now - source.polled_at <= 2 * source.every
    )
    if not asked or len(source.arrivals) < QUIET_ARRIVALS:
        return None
    newest = source.arrivals[0]
    gaps = sorted(later - earlier for later, earlier in pairwise(source.arrivals))
    usual = gaps[len(gaps) // 2]
    if now - newest <= QUIET_TIMES * max(usual, QUIET_GAP):
        return None
    usually = f"usually something comes every {_length(usual)}"
    return f"nothing new for {_length(now - newest)}; {usually}: does it still publish there?"


def next_look(facts: Facts, now: datetime, *, at_most: timedelta) -> datetime:
    """When something is due next, as far as these facts tell; `at_most` later somebody may have changed them."""
    found = [now + at_most, *(held.until for held in facts.held.values())]
    found += [poll_due(source, facts.key) for source in facts.sources]
    for series in facts.digests:
        ahead = series.digest.lead + at_most
        for slot in slots_between(series.digest, now - series.digest.deadline - at_most, now + ahead):
            found += [slot, slot - series.digest.lead, slot + series.digest.deadline + timedelta(seconds=1)]
    return min(moment for moment in found if moment > now)


def _length(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"
