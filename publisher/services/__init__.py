"""Delivery services that report what became of our mails: one module each, all of one shape (`base.Service`).

PURE. A service stands here with its name; everything else of it stands in its module, and nothing outside knows it by name. A module is loaded
when it is asked for: cryptography comes with some, and most commands need none.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from publisher.services.base import Service

__all__ = ["NAMES", "service", "stamper"]

NAMES = ("mailgun", "postmark", "sendgrid", "ses")


def service(name: str) -> Service | None:
    """The service of this name, or None."""
    if name not in NAMES:
        return None
    found: Service = import_module(f"publisher.services.{name}").SERVICE
    return found


def stamper(name: str) -> Callable[[str], bytes] | None:
    """Return path -> the header lines with which a relay of this service hands its token back; None without a service."""
    found = service(name)
    if found is None:
        return None
    stamp = found.stamp

    def stamped(return_path: str) -> bytes:
        _, tagged, token = return_path.rpartition("@")[0].rpartition("+")
        return stamp(token) if tagged else b""

    return stamped
