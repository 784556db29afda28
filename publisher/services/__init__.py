"""Delivery services that report what became of our mails: one module each, all of one shape (`base.Service`).

PURE. A service stands here with its name; everything else of it stands in its module, and nothing outside knows it by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from publisher.services import mailgun, postmark, sendgrid, ses
from publisher.services.base import Ask, Away, NotProved, Post, Service, Unreadable

__all__ = ["SERVICES", "Ask", "Away", "NotProved", "Post", "Service", "Unreadable", "stamper"]

SERVICES: Mapping[str, Service] = {
    module.SERVICE.name: module.SERVICE for module in (mailgun, postmark, sendgrid, ses)
}


def stamper(name: str) -> Callable[[str], bytes] | None:
    """Return path -> the header lines with which a relay of this service hands its token back; None without a service."""
    if not name:
        return None
    stamp = SERVICES[name].stamp

    def stamped(return_path: str) -> bytes:
        _, tagged, token = return_path.rpartition("@")[0].rpartition("+")
        return stamp(token) if tagged else b""

    return stamped
