"""SendGrid: batches of events as JSON, signed with ECDSA over a time and the body ("Signed Event Webhook").

The token goes along as a unique argument (`X-SMTPAPI`, taken off before the mail leaves) and stands in every event; our Message-ID stands in those about
delivery as well. SendGrid tries again for a day on every answer that is not 2xx.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from datetime import datetime

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from publisher.services.base import (
    FIELD,
    Ask,
    NotProved,
    Post,
    Service,
    Unreadable,
    fresh,
    parsed,
    report,
    text,
)
from subscribers.reports import Report, Said, What, told

__all__ = ["SERVICE"]

NAME = "sendgrid"
SIGNATURE = "x-twilio-email-event-webhook-signature"
TIMESTAMP = "x-twilio-email-event-webhook-timestamp"
EVENTS_MAX = 10_000


def wrong(key: str) -> str:
    """What is wrong with a verification key, or ""."""
    if _public(key) is None:
        return "is no verification key: SendGrid shows it beside its signed event webhook"
    return ""


def _public(key: str) -> ec.EllipticCurvePublicKey | None:
    try:
        found = load_der_public_key(base64.b64decode(key.strip(), validate=True))
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        return None
    return found if isinstance(found, ec.EllipticCurvePublicKey) else None


def read(post: Post, key: str, now: datetime, _ask: Ask) -> Sequence[Report]:
    """The events of a request."""
    public, at = _public(key), post.headers.get(TIMESTAMP, "")
    try:
        signature = base64.b64decode(post.headers.get(SIGNATURE, ""), validate=True)
        if public is None:
            raise NotProved("the key of the configuration is none")
        public.verify(signature, at.encode("utf-8", "replace") + post.body, ec.ECDSA(SHA256()))
    except (binascii.Error, ValueError, InvalidSignature) as error:
        raise NotProved("its signature is not that of the verification key") from error
    if not fresh(at, now):
        raise NotProved("its signature is too old, or ahead of the clock")
    events = parsed(post.body)
    if not isinstance(events, list) or len(events) > EVENTS_MAX:
        raise Unreadable("no list of events")
    return [_event(event) for event in events]


def _event(event: object) -> Report:
    what, said = _what(event)
    ids = ("sg_event_id",) if text(event, "sg_event_id") else ("email", "smtp-id", "timestamp")
    named = " ".join(text(event, name) for name in (*ids, "event"))
    return report(NAME, named, what, token=text(event, FIELD), message_id=text(event, "smtp-id"), said=said)


def _what(event: object) -> tuple[What, Said | None]:
    reason = text(event, "reason").lower()
    match text(event, "event"):
        case "spamreport":
            return What.COMPLAINT, None
        case "unsubscribe" | "group_unsubscribe":
            return What.LEFT, None
        case "delivered":
            return What.DELIVERED, None
        case "deferred":
            return What.DELAYED, None
        case "dropped" if reason.startswith("spam reporting"):
            return What.COMPLAINT, None
        case "dropped" if reason.startswith("unsubscribed"):
            return What.LEFT, None
        case "dropped" | "bounce" as kind:
            given_up = kind == "dropped" and reason.startswith(("bounced", "invalid"))
            said = told(
                text(event, "email"),
                text(event, "reason"),
                status=text(event, "status"),
                given_up=given_up,
            )
            return What.FAILED, said
    return What.OTHER, None


def stamp(token: str) -> bytes:
    """The unique argument."""
    return f'X-SMTPAPI: {{"unique_args": {{"{FIELD}": "{token}"}}}}\r\n'.encode("ascii")


SERVICE = Service(name=NAME, wrong=wrong, read=read, stamp=stamp)
