"""The server process: listens, follows the table of public files, tells hubs, and ends cleanly when it is asked to.

Two tasks run beside the requests, each with its database calls in a thread. What the database announces (it is away, it is locked) is
logged once and tried again; a bug in one of them ends the server instead of letting it serve what is old for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import uvicorn

from publisher.desk import hubs, serving
from publisher.errors import BadInput, PublisherError
from publisher.newsroom import Newsroom
from publisher.web.api import PATH as API
from publisher.web.api import api
from publisher.web.app import Application, application
from publisher.web.readers import PATHS as READERS
from publisher.web.readers import reader_pages
from publisher.web.reports import PATH as REPORTS
from publisher.web.reports import service_reports
from publisher.web.shelf import Entry, Gone, Shelf
from publisher.web.status import Status

__all__ = ["LOOK_SECONDS", "bind", "serve"]

LOOK_SECONDS = 0.5
"""Between two looks at the table: what a reader may be behind, beside the reading itself."""
TELL_SECONDS = 2.0
UNTIL_SECONDS = 0.1
GRACE_SECONDS = 5
"""What answers that are under way may take when the server ends."""

_log = logging.getLogger("publisher.web")


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen at every address of this host, all on one port; 0 takes a free one.

    Raises:
        BadInput: the host has no address here, or the port is taken or not ours to take.
    """
    bound: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, kind, protocol, _, address in dict.fromkeys(found):
            listener = socket.socket(family, kind, protocol)
            bound.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if (
                family == socket.AF_INET6
            ):  # `::` would take the IPv4 port as well, which may have a socket of its own
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            port = port or (bound[0].getsockname()[1] if len(bound) > 1 else 0)
            listener.bind((address[0], port, *address[2:]))
            listener.listen(2048)
    except OSError as error:
        for listener in bound:
            listener.close()
        why = error.strerror or str(error)
        raise BadInput(
            f"cannot listen on {host} port {port} ({why}): choose others with --host and --port"
        ) from error
    return bound


def serve(
    newsroom: Newsroom,
    sockets: Sequence[socket.socket],
    *,
    say: Callable[[str], None],
    log_requests: bool,
    at_home: bool,
    until: threading.Event | None = None,
) -> int:
    """Serve what is public until a signal comes; returns its number.

    Args:
        newsroom: where the public files stand.
        sockets: from `bind`; closed at the end.
        say: is told the address, once it answers.
        log_requests: a line per request in the log `publisher.web`.
        until: end when it is set, and leave signals to the caller: for a thread that is not the main one.
        at_home: links lead to this server instead of the site's address, and no hub is told.

    Raises:
        StoreUnavailable: the database cannot be read at the start.
    """
    here = _url(sockets[0])
    site_url = here if at_home else newsroom.settings.site.url
    shelf = Shelf(site_url=site_url, hubs=newsroom.settings.feeds.hubs)
    look = _Look(newsroom, shelf, here if at_home else "")
    try:
        made, _ = look.read()
        shelf.take(made, instead=True)
        # with others beside it (`until`) one of them builds feeds at once
        nothing = "" if len(shelf) or until else "; nothing is public yet: run `publisher feed build`"
        app = application(
            shelf,
            clock=_clock,
            fetch=look.again,
            doors={
                **dict.fromkeys(READERS, reader_pages(newsroom, root=site_url, clock=_now)),
                API: api(newsroom, root=site_url, clock=_now),
                REPORTS: service_reports(newsroom, clock=_now),
            },
            log=_log.info if log_requests else None,
            ask=Status(newsroom, clock=_now),
        )
        beside = [look.keep()] if at_home else [look.keep(), _tell(newsroom)]
        if until is not None:
            beside.append(_until(until))
        server = _Server(
            app, lambda: say(f"Serving {len(shelf)} public files on {here}/ (Ctrl-C ends it){nothing}")
        )
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(server.to_its_end(sockets, beside, signals=until is None))
    finally:
        for listener in sockets:
            listener.close()


def _clock() -> float:
    return _now().timestamp()


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a door asks the clock


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown as an address that can be asked
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's, where it is installed (extra `speed`)."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop


class _Look:
    """Looks at the table, and puts what changed on the shelf."""

    def __init__(self, newsroom: Newsroom, shelf: Shelf, at_home: str) -> None:
        self._newsroom, self._shelf, self._at_home = newsroom, shelf, at_home

    def read(self) -> tuple[Shelf, bool]:
        """Everything that changed since the last look, prepared, and whether it stands instead of what there was."""
        made, instead, after = self._shelf.prepared(()), False, self._shelf.seq
        while True:
            found = serving.changed(self._newsroom, after=after, at_home=self._at_home)
            if found.anew:
                made, instead = self._shelf.prepared(()), True
            if not found.files:
                return made, instead
            made.take(self._shelf.prepared(found.files), instead=False)
            after = made.seq

    async def again(self, entry: Entry) -> Entry | Gone | None:
        """A file that the shelf had no room for, as it is now; None while the database is away."""
        try:
            made = await asyncio.to_thread(self._one, entry.row)
        except PublisherError as error:
            _log.warning("%s; %s cannot be served meanwhile", error, entry.path)
            return None
        self._shelf.refill(made)
        found = made.entries.get(entry.path.encode())
        return found if isinstance(found, Entry | Gone) else Gone(entry.path)

    def _one(self, row: str) -> Shelf:
        file = serving.one(self._newsroom, row, at_home=self._at_home)
        return self._shelf.prepared([] if file is None else [file])

    async def keep(self) -> None:
        """Look again and again."""
        quiet = _Once("the last bytes stay up")
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            with quiet:
                made, instead = await asyncio.to_thread(self.read)
                self._shelf.take(made, instead=instead)


async def _until(event: threading.Event) -> None:
    """Come to an end soon after it is set."""
    while not event.is_set():  # noqa: ASYNC110 - another thread sets it
        await asyncio.sleep(UNTIL_SECONDS)


async def _tell(newsroom: Newsroom) -> None:
    """Tell hubs what is due, again and again."""
    quiet = _Once("hubs are told later")
    while True:
        await asyncio.sleep(TELL_SECONDS)
        with quiet:
            for line in (await hubs.tell(newsroom, now=_now())).failures:
                _log.warning("%s", line)


class _Once:
    """A block whose announced failure is logged when it begins and when it is over, not every time."""

    def __init__(self, meanwhile: str) -> None:
        self._meanwhile, self._failing = meanwhile, False

    def __enter__(self) -> None:
        """Nothing is held."""

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> bool:
        if error is None:
            if self._failing:
                _log.warning("the database answers again")
            self._failing = False
        elif isinstance(error, PublisherError):
            if not self._failing:
                _log.warning("%s; %s", error, self._meanwhile)
            self._failing = True
            return True
        return False


class _Server(uvicorn.Server):
    """uvicorn, but its signals are ours: it would raise them again at its end, and die of SIGTERM after a clean one."""

    def __init__(self, app: Application, started: Callable[[], None]) -> None:
        parser = "httptools" if importlib.util.find_spec("httptools") else "h11"
        super().__init__(
            uvicorn.Config(
                app,
                http=parser,
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_SECONDS,
            )
        )
        self._say_started = started
        self._signal = 0

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See `to_its_end`."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets=sockets)
        self._say_started()

    async def to_its_end(
        self,
        sockets: Sequence[socket.socket],
        beside: Sequence[Coroutine[Any, Any, None]],
        *,
        signals: bool,
    ) -> int:
        """Serve until one of these tasks beside ends or, with `signals`, SIGINT or SIGTERM comes; returns which. What a task raises is raised."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM) if signals else ():
            loop.add_signal_handler(number, self._end, number)
        tasks = [asyncio.create_task(task) for task in beside]
        for task in tasks:
            task.add_done_callback(lambda _: self._end(0))
        try:
            await self.serve(sockets=list(sockets))
        finally:
            broken = [task.exception() for task in tasks if task.done() and not task.cancelled()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for error in filter(None, broken):
            raise error
        return self._signal

    def _end(self, number: int) -> None:
        self.force_exit = self.force_exit or (self.should_exit and number == signal.SIGINT)
        self._signal = self._signal or number
        self.should_exit = True
