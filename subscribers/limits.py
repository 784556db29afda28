"""How often one address may be written to because somebody typed it into a form, and how much one network may ask.

PURE. A form is a way to make us write to strangers. So an address gets one such mail an hour and three a day, and after three within a
day nothing for a week. Who acts on a page that only a link in their own mails opens is no stranger: such a page has an hour of its own,
so that a reader who has just confirmed is answered, too; a network (an IPv4 /24, an IPv6 /64) may ask ten times an hour, and the whole site so many times as is configured.
Networks are counted under a keyed hash.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

__all__ = ["NETWORK_AN_HOUR", "NOWHERE", "REMEMBERED", "may_write", "network_key", "network_of"]

HOUR, DAY, SILENCE = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
A_DAY = 3
NETWORK_AN_HOUR = 10
NOWHERE = "unknown"
"""The network of a client whose address nobody tells us: a limit would be everybody's."""
REMEMBERED = SILENCE + DAY
"""How far back requests have to be known."""


OWN_PAGES = frozenset({"back", "preferences"})
"""Forms that only a link in a reader's own mails opens, and that make us write to that same address."""


def may_write(written: Sequence[tuple[datetime, str]], now: datetime, *, form: str) -> bool:
    """Whether one more mail may go, for this form, to an address that was written to at these instants for these forms."""
    kind = form if form in OWN_PAGES else ""
    if any(at > now - HOUR and kind == (other if other in OWN_PAGES else "") for at, other in written):
        return False
    times = sorted(at for at, _ in written if at > now - REMEMBERED)
    return not any(
        times[last] - times[last - A_DAY + 1] < DAY and now < times[last] + SILENCE
        for last in range(A_DAY - 1, len(times))
    )


def network_of(address: str) -> str:
    """The network of a client's address ("203.0.113.0/24"); `NOWHERE` for what is no address."""
    try:
        found = ip_address(address)
    except ValueError:
        return NOWHERE
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return str(ip_network((found, 24 if found.version == 4 else 64), strict=False))


def network_key(network: str, key: bytes) -> bytes:
    """16 bytes by which a network is counted."""
    return hmac.digest(key, f"publisher network {network}".encode(), "sha256")[:16]
