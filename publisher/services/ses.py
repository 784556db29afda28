"""Amazon SES by way of SNS: one notification in each request, signed with the key of a certificate that Amazon publishes.

The key in the configuration is the topic's ARN: a message of any other topic is nobody's, however well it is signed. Order: the topic, the certificate's address
(https, the very host of that topic's region, no more than a file name), the certificate, the signature, its time, and only then what the message says. A subscription is
confirmed at an address that is made here from the topic and the message's token; an address that stands in a message is never
called. SES hands our return path back with every event; no header is needed. SNS does not try again after 4xx.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from publisher.services.base import (
    Ask,
    NotProved,
    Post,
    Service,
    Unreadable,
    claimed,
    inside,
    parsed,
    report,
    text,
    timely,
)
from subscribers.reports import Report, Said, What, told

__all__ = ["SERVICE"]

NAME = "ses"
TOPIC = re.compile(
    r"arn:aws(?P<part>-cn|-us-gov)?:sns:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d):\d{12}:[\w-]{1,256}"
)
CERTIFICATE = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,64}\.pem")
SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": (
        "Message",
        "MessageId",
        "SubscribeURL",
        "Timestamp",
        "Token",
        "TopicArn",
        "Type",
    ),
}
"""Fields of each type, in the order in which they are signed."""
HASHES: dict[str, hashes.HashAlgorithm] = {
    "1": hashes.SHA1(),  # noqa: S303 - Amazon's first version; the signature is over what only Amazon composes
    "2": hashes.SHA256(),
}
_TOKEN = re.compile(r"[0-9a-f]{64,512}")
_GIVEN_UP = frozenset({"Suppressed", "OnAccountSuppressionList"})


def wrong(key: str) -> str:
    """What is wrong with a topic's ARN, or ""."""
    good = TOPIC.fullmatch(key)
    return (
        "" if good else "is no ARN of an SNS topic, such as arn:aws:sns:eu-central-1:123456789012:publisher"
    )


def read(post: Post, key: str, now: datetime, ask: Ask) -> Sequence[Report]:
    """The notification of a request; the confirmation of a subscription says nothing of mails."""
    message = claimed(post.body)
    topic = TOPIC.fullmatch(key)
    if topic is None or text(message, "TopicArn") != key:
        raise NotProved("it is of another topic than the configured one")
    kind = text(message, "Type")
    if kind not in SIGNED:
        raise NotProved("it is neither a notification nor a confirmation")
    host = f"sns.{topic['region']}.amazonaws.com{'.cn' if topic['part'] == '-cn' else ''}"
    _verify(message, kind, host, now, ask)
    if kind == "SubscriptionConfirmation":
        token = text(message, "Token")
        if not _TOKEN.fullmatch(token):
            raise Unreadable("a confirmation without a token")
        query = urlencode({"Action": "ConfirmSubscription", "TopicArn": key, "Token": token})
        ask(f"https://{host}/?{query}")
        return ()
    return _events(parsed(text(message, "Message")), text(message, "MessageId"))


def _verify(message: object, kind: str, host: str, now: datetime, ask: Ask) -> None:
    url = text(message, "SigningCertURL")
    before = f"https://{host}"
    if not url.startswith(before) or not CERTIFICATE.fullmatch(url.removeprefix(before)):
        raise NotProved(f"its certificate does not lie at {host}")
    algorithm = HASHES.get(text(message, "SignatureVersion"))
    if algorithm is None:
        raise NotProved("its signature is of a version that we do not know")
    signed = "".join(
        f"{name}\n{value}\n"
        for name in SIGNED[kind]
        if isinstance(value := inside(message, name), str)  # a notification may have no Subject
    )
    try:
        certificate = x509.load_pem_x509_certificate(ask(url))
        public = certificate.public_key()
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise NotProved("its certificate is not valid at this time")
        if not isinstance(public, rsa.RSAPublicKey):
            raise NotProved("its certificate has a key of another kind")
        signature = base64.b64decode(text(message, "Signature"), validate=True)
        public.verify(signature, signed.encode("utf-8", "replace"), padding.PKCS1v15(), algorithm)
    except (binascii.Error, ValueError, InvalidSignature, UnsupportedAlgorithm) as error:
        raise NotProved("its signature is not that of the certificate") from error
    try:
        at = datetime.fromisoformat(text(message, "Timestamp"))
    except ValueError as error:
        raise NotProved("its signature has no time") from error
    if at.tzinfo is None or not timely(at.timestamp(), now):
        raise NotProved("its signature is too old, or ahead of the clock")


def _events(event: object, notification: str) -> list[Report]:
    """What SES says, by the name that it has in notifications of an identity or of a configuration set."""
    kind = text(event, "notificationType") or text(event, "eventType")
    if not kind:
        return []  # what SNS or SES say of themselves when all is set up
    source = text(event, "mail", "source")
    headers = inside(event, "mail", "headers")
    ids = [
        text(header, "value")
        for header in (headers if isinstance(headers, list) else ())
        if text(header, "name").lower() == "message-id"
    ]
    return [
        report(
            NAME, f"{notification} {number}", what, token=source, message_id=ids[0] if ids else "", said=said
        )
        for number, (what, said) in enumerate(_what(kind, event))
    ]


def _what(kind: str, event: object) -> list[tuple[What, Said | None]]:
    match kind:
        case "Complaint" if text(event, "complaint", "complaintFeedbackType") == "not-spam":
            return [(What.OTHER, None)]
        case "Complaint":
            return [(What.COMPLAINT, None)]
        case "Delivery":
            return [(What.DELIVERED, None)]
        case "DeliveryDelay":
            return [(What.DELAYED, None)]
        case "Bounce":
            given_up = text(event, "bounce", "bounceSubType") in _GIVEN_UP
            named = inside(event, "bounce", "bouncedRecipients")
            return [
                (
                    What.FAILED,
                    told(
                        text(one, "emailAddress"),
                        text(one, "diagnosticCode"),
                        status=text(one, "status"),
                        given_up=given_up,
                    ),
                )
                for one in (named if isinstance(named, list) else ())
            ]
    return [(What.OTHER, None)]


SERVICE = Service(name=NAME, wrong=wrong, read=read)
