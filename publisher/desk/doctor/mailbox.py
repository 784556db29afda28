"""The mailbox that bounces come to, where one is configured: logged in to, looked into, and left as it was."""

from __future__ import annotations

from collections.abc import Iterator

from publisher import fetch
from publisher.desk.doctor.findings import FAULT, OK, Finding
from publisher.errors import MailboxUnavailable
from publisher.newsroom.mailbox import mailbox_of
from publisher.settings import Settings

__all__ = ["examine"]


def examine(settings: Settings) -> Iterator[Finding]:
    """Whether it can be read; nothing where none is configured."""
    options = mailbox_of(settings)
    if options is None:
        return
    try:
        with fetch.opened(options) as box:
            waiting = len(box.unseen())
    except MailboxUnavailable as error:
        do = "See [mailbox] in publisher.toml: until then bounces are not taken in"
        yield Finding("mailbox", FAULT, str(error), do)
    else:
        yield Finding(
            "mailbox", OK, f"{options.folder} on {options.host} can be read; unseen mails: {waiting}"
        )
