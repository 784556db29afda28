"""The configured mailbox, as fetching takes it."""

from __future__ import annotations

from publisher import fetch
from publisher.settings import Settings

__all__ = ["mailbox_of"]


def mailbox_of(settings: Settings) -> fetch.MailboxOptions | None:
    """Where bounces are read from; None when nothing is configured."""
    wanted = settings.mailbox
    if not wanted.host:
        return None
    return fetch.MailboxOptions(
        host=wanted.host,
        port=wanted.port,
        username=wanted.username,
        password=settings.secrets.mailbox_password.get_secret_value(),
        folder=wanted.folder,
        moved_to=wanted.moved_to,
        ca_file=wanted.ca_file,
    )
