"""How the demo ends: a table of its figures, the next commands to try, and its site on loopback if asked."""

from __future__ import annotations

import functools
import http.server
import shlex
from collections.abc import Callable
from pathlib import Path

from publisher.demo import Result
from publisher.errors import BadInput

__all__ = ["serve_site", "summary"]


def summary(result: Result, program: str) -> str:
    """The figures as a table, and what to look at next; `program`: how a person calls us, ready to be typed."""
    report = result.report
    rows = [
        *((f"stories {name}", number) for name, number in report["stories"].items()),
        ("feed files", report["feeds"]),
        ("editions", ", ".join(report["editions"])),
        *((f"deliveries {name}", number) for name, number in report["deliveries"].items()),
        ("outputs read by the gate", report["gate"]["checked"]),
        ("outputs refused by it", report["gate"]["refused"]),
    ]
    width = max(len(name) for name, _ in rows)
    folder = result.folder
    again = f"{program} --config {shlex.quote(str(folder / 'config'))}"
    return "\n".join(
        [
            "",
            *(f"  {name:<{width}}  {value}" for name, value in rows),
            "",
            f"Look at {folder}/preview/digest-en.html, {folder}/feeds/all.atom and {folder}/mail/.",
            "",
            "Next:",
            f"  {again} story list",
            f"  {again} edition show {report['editions'][0]}",
            f"  {again} dispatch show {result.dispatch_id}",
        ]
    )


def serve_site(folder: Path, port: int, *, say: Callable[[str], None]) -> None:
    """Serve the demo's folder on loopback until Ctrl-C: pages under /site/, feeds under /feeds/.

    Raises:
        BadInput: the port is taken.
    """
    handler = functools.partial(_Quiet, directory=str(folder))
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise BadInput(
            f"port {port} cannot be used ({error.strerror}); choose another with --port"
        ) from error
    with server:
        say(f"http://127.0.0.1:{server.server_port}/site/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("stopped")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    """Static files, without a line per request."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing."""
