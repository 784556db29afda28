"""How the demo ends: a table of its figures, the next commands to try, and its site on loopback if asked."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

from publisher import web
from publisher.demo import Result
from publisher.newsroom import open_newsroom
from publisher.settings import load

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


def serve_site(folder: Path, port: int, *, say: Callable[[str], None]) -> int:
    """Serve what the demo made public on loopback, its links leading there, until a signal comes; returns its number.

    Nothing but the table of public files is served: the folder holds keys and mails as well.

    Raises:
        BadInput: the port is taken.
    """
    sockets = web.bind("127.0.0.1", port)
    newsroom = open_newsroom(load(folder / "config", {}))
    try:
        return web.serve(newsroom, sockets, say=say, log_requests=False, at_home=True)
    finally:
        newsroom.close()
