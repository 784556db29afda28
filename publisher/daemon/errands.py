"""Errands: what is done again and again beside clock and sender, each in a thread of its own, so that a slow server holds up nothing else.

An errand that fails is an account like any other, and tried again at its next time. Two processes may run the same: each is one that does no harm twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from publisher.daemon.steps import Done, Steps, failed
from publisher.desk import postbox, recheck, webhooks
from publisher.desk.clock import ACTOR
from publisher.errors import PublisherError
from publisher.settings import Webhook

__all__ = ["Errand", "errands_of"]

TELL_SECONDS, PAGES_SECONDS = 2.0, 60.0


@dataclass(frozen=True, slots=True)
class Errand:
    """`do` gives an account of what it did, every so many `seconds`."""

    seconds: float
    do: Callable[[], Iterator[Done]]

    def once(self, tell: Callable[[Done], None]) -> None:
        """Do it now; what is announced as an error is an account."""
        try:
            for done in self.do():
                tell(done)
        except PublisherError as error:
            tell(failed(None, error))

    def until_stopped(self, steps: Steps, tell: Callable[[Done], None]) -> None:
        """Do it again and again until `steps.stop` is set."""
        while not steps.stop.is_set():
            self.once(tell)
            steps.stop.wait(self.seconds)


def errands_of(steps: Steps) -> list[Errand]:
    """The errands of this newsroom."""
    settings = steps.newsroom.settings
    found = []
    if settings.mailbox.host:
        found.append(Errand(settings.mailbox.every.total_seconds(), partial(_read_mailbox, steps, set())))
    if any(source.recheck for source in settings.sources):
        found.append(Errand(PAGES_SECONDS, partial(_look_again, steps)))
    return found + [  # each for itself: none waits for another that is slow
        Errand(TELL_SECONDS, partial(_tell_webhook, steps, hook, webhooks.Looked()))
        for hook in settings.webhooks
    ]


def _tell_webhook(steps: Steps, hook: Webhook, looked: webhooks.Looked) -> Iterator[Done]:
    report = webhooks.tell(steps.newsroom, hook, looked, now=steps.clock())
    if report.taken:
        yield Done(step="webhook", subject="", result="done", data={"taken": report.taken})
    if report.failures:
        first, *more = report.failures
        said = f"{first}; likewise {len(more)} more" if more else first
        yield Done(step="webhook", subject="", result="failed", said=said, code="webhook", bad=True)


def _look_again(steps: Steps) -> Iterator[Done]:
    """At the sources' pages of what is out; a finding is for a person to look at, and no failure of ours."""
    for entry in recheck.look(steps.newsroom, actor=ACTOR, now=steps.clock()):
        said = f"{entry.finding.detail}; see `publisher recheck list`"
        yield Done(step="recheck", subject=entry.story_id, result="said", said=said, code=entry.finding.word)


def _read_mailbox(steps: Steps, passed_over: set[str]) -> Iterator[Done]:
    host = steps.newsroom.settings.mailbox.host
    try:
        done = postbox.ingest_mailbox(
            steps.newsroom, actor=ACTOR, now=steps.clock(), passed_over=passed_over, stop=steps.stop
        )
    except PublisherError as error:
        if steps.stop.is_set():
            return  # it was broken off, and what was not read is read at the next start
        yield Done(
            step="mailbox",
            subject=host,
            result="failed",
            said=str(error),
            code=error.code,
            bad=True,
            error=error,
        )
        return
    said = f"not recognised, and left there: {', '.join(done.unrecognised[:5])}" if done.unrecognised else ""
    result = "done" if done.mails else "unchanged"
    data = {"mails": done.mails, **done.effects}
    yield Done(step="mailbox", subject=host, result=result, said=said, bad=bool(said), data=data)
