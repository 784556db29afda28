"""One intent carried out with the desk: always an account of it, and a time for the next try where it failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from publisher.desk import clock as desk_clock
from publisher.desk import editions, mailing
from publisher.desk.clock import ACTOR
from publisher.desk.wire import SourceReport
from publisher.errors import (
    AlreadyMade,
    AlreadySent,
    ConfigurationOutdated,
    FolderUnwritable,
    NothingToPublish,
    PublisherError,
    RelayUnavailable,
)
from publisher.newsroom import Newsroom
from publisher.schedule import (
    SKIPPED,
    UNSENT,
    Alarm,
    Answer,
    Build,
    Held,
    Intent,
    Make,
    Poll,
    Resume,
    Send,
    Skip,
    Tell,
)
from subscribers.errors import SubscribersError

__all__ = ["Done", "Steps"]

RETRY, RETRY_AT_MOST = timedelta(minutes=1), timedelta(minutes=15)
NO_NEWS = frozenset({"unchanged", "stale", "after-kill", "quarantined", "still-quarantined"})
"""What an intake may bring without changing a feed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of a step.

    Attributes:
        result: "done", "unchanged", "already" (by another clock), "empty" and "waits" (to be looked at again), "skipped", "unsent", "said", "outdated" or "failed".
        code: of the error. error: itself, where one was raised. bad: whether somebody should look.
        report: of a dispatch.
    """

    step: str
    subject: str
    result: str
    said: str = ""
    code: str = ""
    bad: bool = False
    data: dict[str, Any] = field(default_factory=dict)
    error: Exception | None = None
    report: mailing.Report | None = None


@dataclass(slots=True, kw_only=True)
class Steps:
    """The hands of one process; `held`, `feeds_at` and `news` are what it remembers between two looks.

    Attributes:
        faults: of the last build, which are told when they change and not every five minutes.
        clock: the present instant; asked once for each step.
        stop: nothing is begun once it is set, and sending drains. hurry: open connections are dropped.
        sender: sends what is due of a dispatch.
        steady: seconds of a clock that nobody sets; without one the wall clock is not doubted.
    """

    newsroom: Newsroom
    clock: Callable[[], datetime]
    stop: threading.Event = field(default_factory=threading.Event)
    hurry: threading.Event = field(default_factory=threading.Event)
    held: dict[Intent, Held] = field(default_factory=dict)
    failures: dict[Intent, int] = field(default_factory=dict)
    feeds_at: datetime | None = None
    news: bool = True
    faults: list[str] = field(default_factory=list)
    sender: mailing.Sender = mailing.run
    steady: Callable[[], float] | None = None

    def perform(self, intent: Intent) -> list[Done]:
        """Carry it out; what is announced as an error is an account like any other."""
        now = self.clock()
        try:
            accounts = list(self._carried_out(intent, now))
        except ConfigurationOutdated as error:
            accounts = [self._outdated(intent, error)]
        except (PublisherError, SubscribersError) as error:
            accounts = [failed(intent, error)]
        waits = next((done for done in accounts if _to_be_tried_again(done)), None)
        if waits is None:
            self.held.pop(intent, None)
            self.failures.pop(intent, None)
        else:
            self._hold(intent, waits, now)
        return accounts

    def _outdated(self, intent: Intent, error: ConfigurationOutdated) -> Done:
        """What waits for the restart of this process: that is told once, and again when it waits for something else."""
        done = failed(intent, error)
        before = self.held.get(intent)
        fresh = before is None or before.why != done.said
        return replace(done, result="outdated" if fresh else "unchanged", bad=fresh)

    def _hold(self, intent: Intent, done: Done, now: datetime) -> None:
        trouble = done.bad or done.error is not None
        count = self.failures[intent] = self.failures.get(intent, 0) + 1 if trouble else 1
        self.held[intent] = Held(now + min(RETRY * 2 ** min(count - 1, 10), RETRY_AT_MOST), done.said)

    def _carried_out(self, intent: Intent, now: datetime) -> Iterator[Done]:
        match intent:
            case Poll(sources):
                for report in desk_clock.poll(self.newsroom, dict(sources), now=now):
                    self.news = self.news or bool(report.counts.keys() - NO_NEWS)
                    yield _polled(report)
            case Build():
                yield self._build(now)
            case Make(digest, slot, name):
                yield self._make(digest, slot, name, now)
            case Send(name):
                made = self._public(now)
                if made.result != "unchanged":
                    yield made
                yield self._send(name, now)
            case Resume(dispatch) | Answer(dispatch) | Tell(dispatch):
                yield self._resume(dispatch)
            case Skip(name, reason):
                yield self._say("skip", SKIPPED, name, reason, now, result="skipped", bad=True)
            case Alarm(what, subject, reason):
                yield self._say(what.removeprefix("clock."), what, subject, reason, now, bad=True)

    def _build(self, now: datetime) -> Done:
        self.news = False
        made = desk_clock.publish(self.newsroom, now=now)
        self.feeds_at = now
        changed = sum(len(report.changed) for report in made.feeds) + len(made.pages.changed)
        faults = made.faults
        fresh = faults != self.faults and bool(faults)
        self.faults = faults
        return Done(
            step="build",
            subject="feeds",
            result="outdated" if fresh and made.unknown else "done" if changed or fresh else "unchanged",
            said="; ".join(faults + made.hubs.failures),
            bad=fresh,
            data={"changed": changed, "files": len(made.files)},
        )

    def _public(self, now: datetime) -> Done:
        """What the mails about to leave lead to, in public; whatever keeps it from that keeps no mail back."""
        try:
            return self._build(now)
        except FolderUnwritable as error:
            return replace(failed(Build(), error), error=None)

    def _make(self, digest: str, slot: datetime, name: str, now: datetime) -> Done:
        try:
            made = editions.make(self.newsroom, digest, slot=slot, actor=ACTOR, now=now)
        except AlreadyMade as error:
            return Done(step="make", subject=name, result="already", said=str(error))
        except NothingToPublish as error:
            if now < slot:  # it is made ahead, to be approved: until its slot something may come in
                return Done(step="make", subject=name, result="empty", said=str(error))
            return self._say("make", SKIPPED, name, str(error), now, result="skipped")
        data = {"number": made.number, "items": len(made.items)}
        return Done(step="make", subject=made.edition_id, result="done", data=data)

    def _send(self, name: str, now: datetime) -> Done:
        made = editions.edition(self.newsroom, name)
        try:
            dispatch = mailing.begin(self.newsroom, made, actor=ACTOR, now=now)
        except AlreadySent as error:
            return Done(step="send", subject=name, result="already", data={"dispatch": error.dispatch_id})
        except NothingToPublish as error:
            return self._say("send", UNSENT, name, str(error), now, result="unsent", bad=True)
        return Done(step="send", subject=name, result="done", data={"dispatch": dispatch})

    def _resume(self, dispatch: str) -> Done:
        report = mailing.go_on(
            self.newsroom,
            dispatch,
            actor=ACTOR,
            clock=self.clock,
            stop=self.stop,
            hurry=self.hurry,
            sender=self.sender,
        )
        trouble = RelayUnavailable(*report.relay_trouble) if report.relay_trouble and report.goes_on else None
        counts = report.data()["counts"]
        return Done(
            step="dispatch",
            subject=report.subject,
            result="failed" if trouble else "waits" if report.goes_on else "done",
            said=str(trouble) if trouble else report.halt or report.canary_said,
            code=trouble.code if trouble else "",
            bad=trouble is not None or report.needs_a_look,
            data={"dispatch": dispatch, **{key: value for key, value in counts.items() if value}},
            error=trouble,
            report=report,
        )

    def _say(
        self,
        step: str,
        what: str,
        subject: str,
        reason: str,
        now: datetime,
        *,
        result: str = "said",
        bad: bool = False,
    ) -> Done:
        fresh = desk_clock.say(self.newsroom, what, subject, reason, now=now)
        told = result if fresh else "already"
        return Done(step=step, subject=subject, result=told, said=reason, code=what, bad=bad and fresh)


def failed(intent: Intent | None, error: PublisherError | SubscribersError) -> Done:
    """The account of an announced error; without an intent, of looking at what is due."""
    match intent:
        case Make(_, _, name) | Send(name) | Skip(name, _):
            subject = name
        case Resume(dispatch) | Answer(dispatch) | Tell(dispatch):
            subject = dispatch
        case Alarm(_, about, _):
            subject = about
        case _:
            subject = ""
    step = type(intent).__name__.lower() if intent else "look"
    code = getattr(error, "code", "error")
    return Done(
        step=step, subject=subject, result="failed", said=str(error), code=code, bad=True, error=error
    )


def _to_be_tried_again(done: Done) -> bool:
    """A poll has a time of its own for its next try; what another clock did is seen at the next look."""
    return (
        done.error is not None
        or done.result in {"empty", "waits"}
        or (done.step == "make" and done.result == "already")
    )


def _polled(report: SourceReport) -> Done:
    data = {**report.counts, **({"withdrawn": len(report.withdrawals)} if report.withdrawals else {})}
    changed = bool(report.counts.keys() - {"unchanged", "stale", "still-quarantined"})
    changed |= report.first and bool(report.remarks)  # as that its folder had to be made
    return Done(
        step="poll",
        subject=report.source,
        result="failed" if report.failed else "done" if changed else "unchanged",
        said=report.failed
        or "; ".join([*report.quarantined, *report.remarks, *report.unread, *report.behind]),
        bad=report.failed is not None or bool(report.unread or report.behind),
        data=data,
    )
