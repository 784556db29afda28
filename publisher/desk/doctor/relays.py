"""The relays: each is greeted as for sending, with TLS and login, and left. No mail leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

from publisher.desk.doctor.findings import FAULT, OK, SKIPPED, WARNING, Finding
from publisher.ledger import Outcome
from publisher.newsroom.relays import relays_of
from publisher.settings import Settings
from publisher.settings.mail import is_loopback
from publisher.transport import Limits, Relay, RelayOptions

__all__ = ["examine"]

LIMITS = Limits(connect=10, banner=10, command=10, quit=2)
"""A person waits."""


def examine(settings: Settings) -> Iterator[Finding]:
    """Each relay."""
    if not settings.relays:
        level = FAULT if settings.digests else SKIPPED
        do = "Add a [[relay]] to publisher.toml" if settings.digests else ""
        yield Finding("relays", level, "none is configured: nothing can be sent", do)
    for options in relays_of(settings):
        yield asyncio.run(_greeted(options))


async def _greeted(options: RelayOptions) -> Finding:
    name = f"relay {options.name}"
    opened = await Relay(replace(options, limits=LIMITS)).connect()
    where = f"{options.host}:{options.port}"
    if isinstance(opened, Outcome):
        said = " ".join(str(part) for part in (opened.code, opened.reply or opened.cause) if part)
        return Finding(
            name, FAULT, f"{where} cannot be used: {said}", f"See [[relay]] {options.name} in publisher.toml"
        )
    await opened.close()
    if options.tls == "none" and not is_loopback(options.host):
        do = 'Set tls = "required": everybody on the way can read addresses and mails'
        return Finding(name, WARNING, f"{where} takes mail, without TLS", do)
    login = ", logged in" if options.username else ""
    return Finding(name, OK, f"{where} takes mail (TLS {options.tls}{login})")
