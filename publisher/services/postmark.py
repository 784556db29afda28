"""Postmark: one event in each request as JSON, proved by the name and password in the address that Postmark was given.

Postmark sets a return path and a Message-ID of its own, so the token goes along as metadata (`X-PM-Metadata-…`, taken off before the mail leaves) and comes back
with every event. It tries again for hours on every answer but 200 and 403.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from datetime import datetime

from publisher.services.base import FIELD, Ask, NotProved, Post, Service, Unreadable, parsed, report, text
from subscribers.reports import Report, Said, What, told

__all__ = ["SERVICE"]

NAME = "postmark"
_WHAT = {
    "Transient": What.DELAYED,
    "Unsubscribe": What.LEFT,
    "Subscribe": What.OTHER,
    "AutoResponder": What.AUTOMATIC,
    "AddressChange": What.AUTOMATIC,
    "ChallengeVerification": What.AUTOMATIC,
    "SpamComplaint": What.COMPLAINT,
    "OpenRelayTest": What.OTHER,
}
"""Types of bounces that are none; all others are failures."""
_GIVEN_UP = frozenset({"ManuallyDeactivated"})


def wrong(key: str) -> str:
    """What is wrong with `name:password`, or ""."""
    name, parted, password = key.partition(":")
    good = name and parted and len(password) >= 16
    return "" if good else 'has to be "name:password", with 16 characters or more as the password'


def read(post: Post, key: str, _now: datetime, _ask: Ask) -> Sequence[Report]:
    """The one event of a request."""
    kind, _, shown = post.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(shown.strip(), validate=True) if kind.lower() == "basic" else b""
    except (binascii.Error, ValueError):
        given = b""
    if not hmac.compare_digest(given, key.encode()):
        raise NotProved("its name and password are not those of the configuration")
    data = parsed(post.body)
    record = text(data, "RecordType")
    if not record:
        raise Unreadable("no RecordType")
    what, said = _what(record, data)
    when = text(data, "BouncedAt") or text(data, "ChangedAt") or text(data, "DeliveredAt")
    event = " ".join((record, text(data, "ID"), text(data, "MessageID"), when))
    return (report(NAME, event, what, token=text(data, "Metadata", FIELD), said=said),)


def _what(record: str, data: object) -> tuple[What, Said | None]:
    match record:
        case "SpamComplaint":
            return What.COMPLAINT, None
        case "Delivery":
            return What.DELIVERED, None
        case "SubscriptionChange":
            reason, by = text(data, "SuppressionReason"), text(data, "Origin")
            left = (reason, by) == (
                "ManualSuppression",
                "Recipient",
            )  # bounces and complaints come by themselves
            return (What.LEFT if left else What.OTHER), None
        case "Bounce":
            kind = text(data, "Type")
            if kind in _WHAT:
                return _WHAT[kind], None
            words = text(data, "Details") or text(data, "Description")
            return What.FAILED, told(text(data, "Email"), words, given_up=kind in _GIVEN_UP)
    return What.OTHER, None


def stamp(token: str) -> bytes:
    """The metadata."""
    return f"X-PM-Metadata-{FIELD}: {token}\r\n".encode("ascii")


SERVICE = Service(name=NAME, wrong=wrong, read=read, stamp=stamp)
