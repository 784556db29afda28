"""The watch: not the sender, and not the clock. It asks once a minute whether digests have arrived, and has it said when one has not.

It also looks whether the files of the configuration were written since the process began, which goes by what it read then.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from publisher.daemon.steps import Done, failed
from publisher.desk import alarms
from publisher.errors import PublisherError
from publisher.newsroom import Newsroom
from publisher.schedule import OVERDUE
from publisher.settings import written

__all__ = ["Watch"]

EVERY = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """Looks, tells whoever is to be told, and gives an account of it."""

    newsroom: Newsroom
    clock: Callable[[], datetime]
    stop: threading.Event
    tell: Callable[[Done], None]

    def once(self) -> bool:
        """Look once; whether all is well. Raises when the database cannot be asked."""
        now = self.clock()
        overdue = alarms.look(self.newsroom, now=now)
        for late in overdue:
            told = alarms.tell(self.newsroom, late, now=now)
            if late.fresh:
                self.tell(
                    Done(
                        step="overdue",
                        subject=late.edition,
                        result="said",
                        said=late.reason,
                        code=OVERDUE,
                        bad=True,
                    )
                )
            for entry in told:
                self._account(late.edition, entry)
        if not overdue and (heard := alarms.ping(self.newsroom, now=now)) is not None:
            self._account("", heard)
        return not overdue

    def _account(self, subject: str, entry: alarms.Told) -> None:
        if entry.channel == "ping" and not entry.failure:
            result = "unchanged"
        else:
            result = "failed" if entry.failure else "done"
        step = "ping" if entry.channel == "ping" else f"alarm-{entry.channel}"
        self.tell(
            Done(step=step, subject=subject, result=result, said=entry.failure, bad=bool(entry.failure))
        )

    def _outdated(self, names: Iterable[str]) -> None:
        said = "written since this process began, which goes by what it read then: restart it (`publisher config check` first)"
        self.tell(
            Done(
                step="configuration", subject=", ".join(sorted(names)), result="outdated", said=said, bad=True
            )
        )

    def until_stopped(self) -> None:
        """Look once a minute until `stop` is set; what is announced as an error is an account like any other."""
        settings = self.newsroom.settings
        read = told = settings.stamps if settings.stamps is not None else written(settings.folder)
        while not self.stop.is_set():
            present = written(settings.folder)
            if present not in (read, told):
                self._outdated(name for name in {*read, *present} if read.get(name) != present.get(name))
            told = present
            try:
                self.once()
            except PublisherError as error:
                self.tell(failed(None, error))
            self.stop.wait(EVERY)
