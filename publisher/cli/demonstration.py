"""`demo`: the main job, end to end, on a newsroom made for it."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from signal import SIGINT

import click

from publisher.cli.context import Door, door
from publisher.cli.exits import INTERRUPTED

__all__ = ["COMMANDS"]

NAME = "publisher"


@click.command()
@click.option(
    "--dir",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default="var/demo",
    show_default=True,
    metavar="DIR",
)
@click.option("--serve", is_flag=True, help="Keep the site up on loopback afterwards, until Ctrl-C.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="For --serve; 0 takes a free one.",
)
@door
def demo(door_: Door, folder: Path, serve: bool, port: int) -> int:
    """Run the whole way with invented agencies and readers.

    Stories in, feeds and digest out, mail over real SMTP: it takes the sample stories that come with the product, makes
    feeds and a digest in three languages, has the provenance gate read them, and sends the digest to a mail catcher on
    loopback. Everything lands in DIR; a second run ingests nothing new and mails nobody twice. When DIR's newsroom was used
    in between, the demo begins anew. With --serve, the site's links lead to this machine.

    \b
    Example:
      publisher demo --dir /tmp/wire-demo --serve
    """
    from publisher.demo import run
    from publisher.demo.show import serve_site, summary

    result = run(folder, say=door_.say)
    door_.show(result.report, summary(result, _called()))
    if not serve:
        return 0
    return INTERRUPTED if serve_site(result.folder, port, say=door_.say) == SIGINT else 0


def _called() -> str:
    """This program as it was called; by its bare name where that finds the same file."""
    path = Path(sys.argv[0])
    if path.name != NAME:  # not by its script: from a test, or `python -c`
        return NAME
    found = shutil.which(NAME)
    same = found is not None and path.exists() and path.samefile(found)
    return NAME if same else shlex.quote(str(path))


COMMANDS = (demo,)
