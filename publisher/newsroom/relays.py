"""The configured relays as the transport takes them."""

from __future__ import annotations

from publisher.services import stamper
from publisher.settings import Relay as RelayTable
from publisher.settings import Settings, parse_rate
from publisher.transport import Limits, Rate, RelayOptions

__all__ = ["relays_of"]


def relays_of(settings: Settings) -> tuple[RelayOptions, ...]:
    """The configured relays, as the transport takes them; none when none is configured."""
    return tuple(_relay(settings, wanted) for wanted in settings.relays)


def _relay(settings: Settings, wanted: RelayTable) -> RelayOptions:
    seconds = wanted.timeouts
    return RelayOptions(
        name=wanted.name,
        host=wanted.host,
        port=wanted.port,
        tls=wanted.tls,
        ca_file=wanted.ca_file,
        username=wanted.username,
        password=settings.secrets.relay_password(wanted.name),
        helo=wanted.helo,
        connections=wanted.connections,
        start=wanted.start,
        weight=wanted.weight,
        order=wanted.order,
        stamp=stamper(wanted.service),
        rate=Rate(*parse_rate(wanted.rate)) if wanted.rate else None,
        domain_rates={domain: Rate(*parse_rate(rate)) for domain, rate in wanted.domain_rates.items()},
        messages=wanted.messages,
        lifetime=wanted.lifetime.total_seconds(),
        limits=Limits(
            connect=seconds.connect.total_seconds(),
            banner=seconds.banner.total_seconds(),
            command=seconds.command.total_seconds(),
            data=seconds.data.total_seconds(),
            block=seconds.block.total_seconds(),
            dot=seconds.dot.total_seconds(),
        ),
    )
