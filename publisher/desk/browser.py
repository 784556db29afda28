"""Pictures of a page, taken by a Chromium that is on this machine: as readers see it, and as poor mail programs show it.

One browser, spoken to over a pair of pipes (Chrome DevTools Protocol, `--remote-debugging-pipe`), takes all pictures and ends with them.
It has a profile of its own that is thrown away, and no network: every request of a page is refused. What it cannot do is `NoPictures`
with one sentence: pictures are a help, and nothing hangs on them.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from selectolax.lexbor import LexborHTMLParser

__all__ = ["Browser", "NoPictures", "browser", "installed", "stripped"]

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--no-first-run",
    "--remote-debugging-pipe",
)
PATIENCE = 20.0
"""Seconds for one answer of the browser."""
TALLEST = 16_000
"""Pixels; a browser refuses pictures that are much taller."""


class NoPictures(Exception):
    """The browser cannot be started, or does not answer; with one sentence."""


def installed() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def stripped(html: str) -> str:
    """A page as the poorest webmail shows it: without style sheets, ids, classes, `bdi`, and what `html` and `body` say."""
    tree = LexborHTMLParser(html)
    for node in tree.css("style, link, script"):
        node.decompose()
    tree.unwrap_tags(["bdi"])
    for node in tree.css("[id], [class]"):
        for name in ("id", "class"):
            if name in node.attributes:
                del node.attrs[name]
    for node in tree.css("html, body"):
        for name in tuple(node.attributes):
            del node.attrs[name]
    return tree.html or ""


class Browser:
    """A running browser with one empty page."""

    def __init__(self, to_it: int, from_it: int) -> None:
        self._to, self._from = to_it, from_it
        self._calls = 0
        self._kept = b""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._frame = self._call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        self._call("Network.enable")
        self._call("Network.setBlockedURLs", urls=["*"])

    def picture(self, html: str, *, width: int, dark: bool = False) -> bytes:
        """A PNG of the whole page at this width in CSS pixels, two of the picture's to each."""
        self._call(
            "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=2, mobile=False
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._call("Emulation.setEmulatedMedia", features=[scheme])
        self._call("Page.setDocumentContent", frameId=self._frame, html=html)
        height = min(self._call("Page.getLayoutMetrics")["cssContentSize"]["height"], TALLEST / 2)
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        taken = self._call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(taken["data"])

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._calls += 1
        message: dict[str, Any] = {"id": self._calls, "method": method, "params": params}
        if hasattr(self, "_session"):
            message["sessionId"] = self._session
        raw = json.dumps(message).encode() + b"\0"
        try:
            while raw:
                raw = raw[os.write(self._to, raw) :]
            for answer in self._answers():
                if answer.get("id") == self._calls:
                    break
        except OSError as error:
            raise NoPictures(f"the browser has ended ({error.strerror})") from error
        if "error" in answer:
            raise NoPictures(f"the browser refused {method}: {answer['error'].get('message')}")
        return dict(answer["result"])

    def _answers(self) -> Iterator[dict[str, Any]]:
        end = time.monotonic() + PATIENCE
        while True:
            raw, found, rest = self._kept.partition(b"\0")
            if found:
                self._kept = rest
                yield json.loads(raw)
                continue
            if not select.select([self._from], [], [], max(end - time.monotonic(), 0))[0]:
                raise NoPictures(f"the browser has not answered within {PATIENCE:.0f} s")
            read = os.read(self._from, 1 << 20)
            if not read:
                raise NoPictures("the browser has ended")
            self._kept += read


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """Start this browser, and end it with the block.

    Raises:
        NoPictures: it cannot be started, or does not answer.
    """
    its_input, to_it = map(_out_of_the_way, os.pipe())
    from_it, its_output = map(_out_of_the_way, os.pipe())
    with tempfile.TemporaryDirectory(prefix="publisher-browser-", ignore_cleanup_errors=True) as profile:
        try:
            process = _started([path, *FLAGS, f"--user-data-dir={profile}"], its_input, its_output)
        finally:
            os.close(its_input)
            os.close(its_output)
        try:
            yield Browser(to_it, from_it)
        finally:
            os.close(to_it)
            os.close(from_it)
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)
            os.waitpid(process, 0)


def _out_of_the_way(descriptor: int) -> int:
    """The same above the numbers that the browser's own ends get."""
    higher = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return higher


def _started(command: list[str], its_input: int, its_output: int) -> int:
    """The browser's process, leader of its own group; it reads from its descriptor 3 and writes to 4, and says nothing else."""
    silent = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in (0, 1, 2)]
    spoken = [(os.POSIX_SPAWN_DUP2, its_input, 3), (os.POSIX_SPAWN_DUP2, its_output, 4)]
    try:
        return os.posix_spawn(command[0], command, os.environ, file_actions=[*silent, *spoken], setpgroup=0)
    except OSError as error:
        raise NoPictures(f"the browser cannot be started: {error.strerror}") from error
