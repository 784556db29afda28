"""`bounce`: mails that come back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from publisher.cli.context import Door, cell, counted, door, now
from publisher.cli.exits import PARTLY

__all__ = ["COMMANDS"]

SAID = {
    "suppressed": "suppressed",
    "counted": "counted",
    "disbelieved": "not believed (too many of one domain)",
    "left": "left a digest",
    "untrusted": "without proof that it is about a mail of ours",
    "known": "known already",
    "nothing": "no bounce (an answering machine, or a delay)",
    "unrecognised": "not recognised",
}
PIPE = Path("-")


@click.group()
def bounce() -> None:
    """Mails that come back: bounces, complaints, leaving by mail."""


@bounce.command()
@click.argument("path", metavar="[PATH|-]", required=False, type=click.Path(path_type=Path, allow_dash=True))
@door
def ingest(door_: Door, path: Path | None) -> int:
    """Take in mails that came back.

    PATH is a file, an mbox, a folder or a Maildir; `-` is one mail on standard input, as a mail server pipes it; without a PATH the mailbox of
    [mailbox] is read. A bounce counts only with the token that its mail's return path had; what proves nothing changes nothing. The same mail
    twice is no news. Nothing is deleted: in a Maildir what was understood moves from `new` to `cur`, in a mailbox it is marked as seen or moved, and
    what is not recognised stays and is named (exit code 5); of a pipe it is kept in the data folder. A piped mail that cannot be taken in, whatever
    the reason, ends with 75, so that the mail server keeps it.

    \b
    Examples:
      publisher bounce ingest /var/mail/bounces/
      publisher bounce ingest - < report.eml
      publisher -q bounce ingest          # the mailbox; cron, every five minutes
    """
    from publisher.desk import postbox
    from publisher.errors import MailNotTaken, PublisherError

    piped = path == PIPE
    try:
        with door_.newsroom() as newsroom:
            if path is None:
                done = postbox.ingest_mailbox(newsroom, actor=door_.who, now=now())
            elif piped:
                done = postbox.ingest_piped(newsroom, sys.stdin.buffer, actor=door_.who, now=now())
            else:
                done = postbox.ingest(newsroom, path, actor=door_.who, now=now())
    except PublisherError as error:
        if piped:  # to a mail server every other code of ours is final
            raise MailNotTaken(error) from error
        raise
    lines = [counted(done.mails, "mail") + (":" if done.mails else ".")]
    lines += [f"  {number:>6,} {SAID[effect]}" for effect, number in sorted(done.effects.items())]
    stays = "kept in the data folder" if piped else "left where it is"
    lines += [f"Not recognised, {stays}: {cell(name)}" for name in done.unrecognised]
    door_.show(done.data(), "\n".join(lines))
    return PARTLY if done.unrecognised and not piped else 0


COMMANDS = (bounce,)
