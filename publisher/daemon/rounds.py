"""A look at what is due, and doing it: again and again in a thread, or until nothing is due."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from publisher.daemon.steps import Done, Steps, failed
from publisher.desk import clock as desk_clock
from publisher.desk import mailing
from publisher.errors import PublisherError
from publisher.schedule import (
    Alarm,
    Answer,
    Build,
    Facts,
    Intent,
    Make,
    Poll,
    Reading,
    Resume,
    Send,
    Skip,
    Tell,
    behind,
    decide,
    jump,
    next_look,
)

__all__ = ["ALL", "CLOCK", "FOLLOWUPS", "NOTICES", "SENDER", "WORKER", "WORKERS_THREADS", "Rounds"]

CLOCK: tuple[type[Intent], ...] = (Poll, Make, Build, Skip, Alarm)
SENDER: tuple[type[Intent], ...] = (Send, Resume)
NOTICES: tuple[type[Intent], ...] = (Answer,)
"""In a thread of their own: a confirmation does not wait for the end of a digest."""
FOLLOWUPS: tuple[type[Intent], ...] = (Tell,)
"""The same: that a story was killed is told at once, and a confirmation does not wait for that."""
WORKER: tuple[type[Intent], ...] = (Answer, Tell, Resume)
WORKERS_THREADS: tuple[tuple[type[Intent], ...], ...] = ((Answer, Resume), FOLLOWUPS)
ALL = CLOCK + SENDER + NOTICES + FOLLOWUPS
LOOK, LOOK_AND_SEND = timedelta(seconds=15), timedelta(seconds=2)
"""How long somebody else's act may wait until it is seen: of a desk, and of the other thread, which has made an edition."""
AWAY = timedelta(seconds=30)
"""How long a database that cannot be read is left alone."""
QUIET_EVERY = timedelta(hours=1)
"""Between two looks at which sources are quiet: it reads through the stories of a month."""


@dataclass(slots=True, kw_only=True)
class Rounds:
    """Looks for some kinds of intents, and has them carried out."""

    steps: Steps
    kinds: tuple[type[Intent], ...] = ALL
    tell: Callable[[Done], None]
    quiet_at: datetime | None = None
    facts: Facts = field(default_factory=Facts)
    reading: Reading | None = None

    def look(self) -> tuple[Intent, ...]:
        """What is due now."""
        now = self.steps.clock()
        quiet = self.quiet_at is None or now - self.quiet_at >= QUIET_EVERY
        self.facts = self._facts(now, arrivals=quiet)
        intents = tuple(intent for intent in decide(self.facts, now) if isinstance(intent, self.kinds))
        if quiet and not any(isinstance(intent, Poll) for intent in intents):
            self.quiet_at = now  # otherwise it is judged once they have been asked
        return intents

    def _facts(self, now: datetime, *, arrivals: bool) -> Facts:
        newsroom = self.steps.newsroom
        timetable = not set(self.kinds) <= set(WORKER)
        digests = desk_clock.series(newsroom, now=now) if timetable else ()
        return Facts(
            sources=desk_clock.polled(newsroom, now=now, arrivals=arrivals) if Poll in self.kinds else (),
            digests=digests,
            due=mailing.due(newsroom, now=now, kinds=mailing.OF_EDITIONS) if Resume in self.kinds else (),
            notices=mailing.due(newsroom, now=now, kinds=mailing.OF_NOTICES) if Answer in self.kinds else (),
            followups=mailing.due(newsroom, now=now, kinds=mailing.OF_FOLLOWUPS)
            if Tell in self.kinds
            else (),
            said=desk_clock.said(newsroom, digests, now=now) if timetable else {},
            held=dict(self.steps.held),
            feeds_at=self.steps.feeds_at,
            news=self.steps.news,
            key=newsroom.address_key,
            doubt=self._doubt(now),
        )

    def _doubt(self, now: datetime) -> str:
        """Why the wall clock is in doubt: it was found to be so before, or it has been moved since the last look."""
        newsroom, before = self.steps.newsroom, self.reading
        if self.steps.steady is not None:
            self.reading = Reading(now, self.steps.steady())
            if before:
                moved = jump(before, self.reading, confirmed=desk_clock.confirmed_at(newsroom))
            else:
                moved = behind(desk_clock.newest(newsroom), now)
            if moved and desk_clock.put_in_doubt(newsroom, moved, now=now):
                why = f"{moved}; nothing leaves by itself until `publisher clock confirm`"
                self.tell(
                    Done(
                        step="clock",
                        subject="clock",
                        result="said",
                        said=why,
                        code=desk_clock.DOUBT,
                        bad=True,
                    )
                )
        return desk_clock.doubt(newsroom)

    def do(self, intents: tuple[Intent, ...]) -> None:
        """Carry them out, one at a time, until somebody wants us to stop."""
        for intent in intents:
            if self.steps.stop.is_set():
                return
            for done in self.steps.perform(intent):
                self.tell(done)

    def until_nothing_is_due(self) -> None:
        """Look and do, each thing once, until there is nothing else or `stop` is set; raises when the database cannot be read."""
        seen: set[Intent] = set()
        while not self.steps.stop.is_set():
            intents = tuple(intent for intent in self.look() if intent not in seen)
            if not intents:
                return
            seen |= set(intents)
            self.do(intents)

    def until_stopped(self) -> None:
        """Look and do until `stop` is set; between two looks wait until something is due."""
        steps = self.steps
        while not steps.stop.is_set():
            try:
                intents = self.look()
            except PublisherError as error:
                self.tell(failed(None, error))
                steps.stop.wait(AWAY.total_seconds())
                continue
            self.do(intents)
            if not intents:
                now = steps.clock()
                at_most = LOOK_AND_SEND if {Resume, Answer, Tell} & set(self.kinds) else LOOK
                wait = next_look(self.facts, now, at_most=at_most) - now
                steps.stop.wait(wait.total_seconds())
