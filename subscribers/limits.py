"""How often one address may be written to because somebody typed it into a form, and how much one network may ask.

PURE. A form is a way to make us write to strangers. So an address gets one such mail an hour and three a day, and after three within a
day nothing for a week. Who acts on a page that only a link in their own mails opens is no stranger: such a page has an hour of its own,
so that a reader who has just confirmed is answered, too; a network (an IPv4 /24, an IPv6 /64) may ask ten times an hour, and the whole site so many times as is configured.
Networks are counted under a keyed hash. Whom nobody tells the network of are counted together, and may ask more often.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

__all__ = [
    "REMEMBERED",
    "client_of",
    "is_private",
    "may_ask",
    "may_write",
    "network_key",
    "network_of",
    "unlisted_of",
]

HOUR, DAY, SILENCE = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
A_DAY = 3
NETWORK_AN_HOUR = 10
NOWHERE_AN_HOUR = 100
NOWHERE = "unknown"
"""The network of a client whose address nobody tells us: its limit is everybody's whose address is not told, or cannot be read."""
REMEMBERED = SILENCE + DAY
"""How far back requests have to be known."""


_WITH_PORT = re.compile(r"(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?")
"""How gateways write an address with its port behind it; an IPv6 address stands in brackets then."""

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


def may_ask(network: str, asked: int) -> bool:
    """Whether a network that asked so often within the hour may ask once more."""
    return asked < (NOWHERE_AN_HOUR if network == NOWHERE else NETWORK_AN_HOUR)


def client_of(peer: str, named: Sequence[str], proxies: tuple[str, ...]) -> str:
    """Who asks: whoever is connected, or whom our own web servers (addresses or networks) name last; "" when they name nobody.

    `named`: what X-Forwarded-For says, in its order; some gateways write the port behind an address.
    """
    return _asker(peer, named, proxies)[0]


def unlisted_of(peer: str, named: Sequence[str], proxies: tuple[str, ...]) -> str:
    """Who is taken for a client and names somebody behind it, from a private network: a web server, probably, that `proxies` do not name; or ""."""
    client, unheard = _asker(peer, named, proxies)
    found = _address(client)
    names_somebody = any(name.strip() for name in unheard)
    return str(found) if names_somebody and found is not None and found.is_private else ""


def _asker(peer: str, named: Sequence[str], proxies: tuple[str, ...]) -> tuple[str, list[str]]:
    """Who asks, and what was named behind them: nobody is believed who is no web server of ours."""
    trusted, rest = _networks(proxies), list(named)
    while (found := _address(peer)) is not None and any(found in network for network in trusted):
        nearest = rest.pop().strip() if rest else ""
        written = _WITH_PORT.fullmatch(nearest)
        peer = (written[1] or written[2] or "") if written else nearest
        if _address(peer) is None:
            return "", rest
    return peer, rest


@lru_cache(maxsize=8)
def _networks(texts: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(map(ip_network, texts))


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """An address, an IPv4 one that is written as IPv6 as itself."""
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return found.ipv4_mapped or found if isinstance(found, IPv6Address) else found


def network_of(address: str) -> str:
    """The network of a client's address ("203.0.113.0/24"); `NOWHERE` for what is no address."""
    found = _address(address)
    if found is None:
        return NOWHERE
    return str(ip_network((found, 24 if found.version == 4 else 64), strict=False))


def is_private(network: str) -> bool:
    """Whether it is a network of a house's own; False for `NOWHERE`."""
    try:
        return ip_network(network).is_private
    except ValueError:
        return False


def network_key(network: str, key: bytes) -> bytes:
    """16 bytes by which a network is counted."""
    return hmac.digest(key, f"publisher network {network}".encode(), "sha256")[:16]
