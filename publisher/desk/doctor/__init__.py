"""The doctor: everything that must be in place before a newsroom may rely on this installation, looked at in one go.

Promises: it asks, and changes nothing; no mail leaves (a relay is greeted, logged in to and left). Each finding says what was looked
at, how it is and, unless that is well, what to do. One examination that fails is a finding and keeps none of the others. It refuses
nothing but a configuration that cannot be read, which is told as by any command.

Order: what is on this machine, the house's own data, the relays, the mailbox of bounces, and last, where asked for, what the world's DNS says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from publisher.desk.doctor import house, machine, mailbox, names, relays
from publisher.desk.doctor.findings import FAULT, OK, SKIPPED, WARNING, Finding
from publisher.settings import Settings

__all__ = ["FAULT", "OK", "SKIPPED", "WARNING", "Finding", "examine"]


def examine(settings: Settings, *, now: datetime, resolver: names.Ask | None) -> Iterator[Finding]:
    """Every finding, as it is made. `resolver`: who answers for the DNS; None: it is not asked."""
    yield from machine.examine(settings)
    yield from house.examine(settings, now=now)
    yield from relays.examine(settings)
    yield from mailbox.examine(settings)
    if resolver is None:
        yield Finding("dns", SKIPPED, "the DNS was not asked for SPF, DKIM, DMARC and MX")
    else:
        yield from names.examine(settings, resolver)
