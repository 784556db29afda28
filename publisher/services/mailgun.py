"""Mailgun: events as JSON, with an HMAC over a time and a token.

The signature does not cover the event, so its token stands for the event: a token that came before changes nothing, whatever comes with it. Mailgun
keeps our Message-ID, and tells it; no header is needed. It tries again for some hours on every answer but 200 and 406.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from publisher.services.base import Ask, NotProved, Post, Service, claimed, fresh, inside, report, text
from subscribers.reports import Report, Said, What, told

__all__ = ["SERVICE"]

NAME = "mailgun"
_GIVEN_UP = frozenset({"suppress-bounce"})
"""It mails the address no more, because of what it heard before."""
_OTHERS = {"suppress-complaint": What.COMPLAINT, "suppress-unsubscribe": What.LEFT}


def wrong(key: str) -> str:
    """What is wrong with an HTTP webhook signing key, or ""."""
    return "" if len(key) >= 16 else "is no webhook signing key: Mailgun shows it under API security"


def read(post: Post, key: str, now: datetime, _ask: Ask) -> Sequence[Report]:
    """The one event of a request."""
    data = claimed(post.body)
    stamp, token = text(data, "signature", "timestamp"), text(data, "signature", "token")
    good = hmac.new(key.encode(), f"{stamp}{token}".encode("utf-8", "replace"), "sha256").hexdigest()
    shown = text(data, "signature", "signature")
    if not token or not hmac.compare_digest(good.encode(), shown.encode("utf-8", "replace")):
        raise NotProved("its signature is not that of the signing key")
    if not fresh(stamp, now):
        raise NotProved("its signature is too old, or ahead of the clock")
    event = inside(data, "event-data")
    what, said = _what(event)
    message_id = text(event, "message", "headers", "message-id")
    return (report(NAME, token, what, message_id=message_id, said=said),)


def _what(event: object) -> tuple[What, Said | None]:
    reason = text(event, "reason")
    match text(event, "event"):
        case "complained":
            return What.COMPLAINT, None
        case "unsubscribed":
            return What.LEFT, None
        case "delivered":
            return What.DELIVERED, None
        case "failed" if text(event, "severity") == "temporary":
            return What.DELAYED, None
        case "failed" if reason in _OTHERS:
            return _OTHERS[reason], None
        case "failed":
            status = inside(event, "delivery-status")
            words = f"{text(status, 'code')} {text(status, 'message') or text(status, 'description')}"
            return What.FAILED, told(
                text(event, "recipient"),
                words,
                status=text(status, "enhanced-code"),
                given_up=reason in _GIVEN_UP,
            )
    return What.OTHER, None


SERVICE = Service(name=NAME, wrong=wrong, read=read)
