"""Requests of delivery services as they are told of in their documentation, signed with keys of this file's own.

A further service needs a function that signs a request (`sign(data, number)`), a row for each event that it tells, and its key; one that
posts lists is named in the last line of `event`.
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from publisher.services.base import Post
from publisher.services.ses import HASHES, SIGNED
from tests.newsrooms import NOW

TOPIC = "arn:aws:sns:eu-central-1:123456789012:publisher"
HOST = "https://sns.eu-central-1.amazonaws.com"
CERTIFICATE = f"{HOST}/SimpleNotificationService-0a1b2c.pem"
GONE = "550 5.1.1 no such user here"


@cache
def ec_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@cache
def certificate() -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.example")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(rsa_key().public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=90))
        .sign(rsa_key(), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.PEM)


def keys() -> dict[str, str]:
    """`report_keys` of the configuration."""
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    public = ec_key().public_key().public_bytes(serialization.Encoding.DER, spki)
    return {
        "mailgun": "key-0123456789abcdef",
        "postmark": "publisher:a-long-enough-password",
        "sendgrid": base64.b64encode(public).decode(),
        "ses": TOPIC,
    }


def mailgun(data: dict[str, Any], token: str, *, at: datetime = NOW) -> Post:
    stamp = str(int(at.timestamp()))
    good = hmac.new(keys()["mailgun"].encode(), f"{stamp}{token}".encode(), "sha256").hexdigest()
    body = {"signature": {"timestamp": stamp, "token": token, "signature": good}, "event-data": data}
    return Post({"content-type": "application/json"}, json.dumps(body).encode())


def postmark(data: Any, _token: str = "", *, secret: str | None = None) -> Post:
    shown = base64.b64encode((secret or keys()["postmark"]).encode()).decode()
    return Post({"authorization": f"Basic {shown}"}, json.dumps(data).encode())


def sendgrid(data: Any, _token: str = "", *, at: datetime = NOW) -> Post:
    body, stamp = json.dumps(data).encode(), str(int(at.timestamp()))
    signed = ec_key().sign(stamp.encode() + body, ec.ECDSA(hashes.SHA256()))
    before = "x-twilio-email-event-webhook-"
    return Post({f"{before}signature": base64.b64encode(signed).decode(), f"{before}timestamp": stamp}, body)


def ses(data: Any, token: str, *, version: str = "2", **changed: Any) -> Post:
    message = {
        "Type": "Notification",
        "MessageId": token,
        "TopicArn": TOPIC,
        "Message": json.dumps(data),
        "Timestamp": "2026-03-02T02:30:00.000Z",
        "SignatureVersion": version,
        "SigningCertURL": CERTIFICATE,
        **changed,
    }
    names = SIGNED.get(message["Type"], ())
    said = "".join(f"{name}\n{message[name]}\n" for name in names if name in message).encode()
    algorithm = HASHES[version]
    signature = rsa_key().sign(said, padding.PKCS1v15(), algorithm)
    return Post({}, json.dumps({"Signature": base64.b64encode(signature).decode(), **message}).encode())


SIGN = {"mailgun": mailgun, "postmark": postmark, "sendgrid": sendgrid, "ses": ses}


def event(service: str, what: str, *, rcpt: str, token: str, message_id: str) -> Any:
    """How this service tells of a "bounce", a "complaint", a "leave" or a "delivery"; None where it has no such event."""
    mail = {"source": f"bounce+{token}@front.example", "headers": []}
    by_id = {"recipient": rcpt, "message": {"headers": {"message-id": message_id.strip("<>")}}}
    of_pm = {"Metadata": {"publisher": token}, "Email": rcpt, "Recipient": rcpt, "MessageID": "m-1", "ID": 7}
    of_sg = {"email": rcpt, "publisher": token, "sg_event_id": f"{what} {rcpt}"}
    status = {"code": 550, "message": "5.1.1 no such user here"}
    told: dict[tuple[str, str], Any] = {
        ("mailgun", "bounce"): by_id
        | {"event": "failed", "severity": "permanent", "reason": "bounce", "delivery-status": status},
        ("mailgun", "complaint"): by_id | {"event": "complained"},
        ("mailgun", "leave"): by_id | {"event": "unsubscribed"},
        ("mailgun", "delivery"): by_id | {"event": "delivered"},
        ("postmark", "bounce"): of_pm | {"RecordType": "Bounce", "Type": "HardBounce", "Details": GONE},
        ("postmark", "complaint"): of_pm | {"RecordType": "SpamComplaint", "Type": "SpamComplaint"},
        ("postmark", "leave"): of_pm
        | {
            "RecordType": "SubscriptionChange",
            "SuppressionReason": "ManualSuppression",
            "Origin": "Recipient",
        },
        ("postmark", "delivery"): of_pm | {"RecordType": "Delivery"},
        ("sendgrid", "bounce"): of_sg | {"event": "bounce", "reason": GONE, "status": "5.1.1"},
        ("sendgrid", "complaint"): of_sg | {"event": "spamreport"},
        ("sendgrid", "leave"): of_sg | {"event": "group_unsubscribe"},
        ("sendgrid", "delivery"): of_sg | {"event": "delivered"},
        ("ses", "bounce"): {
            "notificationType": "Bounce",
            "mail": mail,
            "bounce": {
                "bounceType": "Permanent",
                "bouncedRecipients": [{"emailAddress": rcpt, "diagnosticCode": f"smtp; {GONE}"}],
            },
        },
        ("ses", "complaint"): {"eventType": "Complaint", "mail": mail, "complaint": {}},
        ("ses", "delivery"): {"eventType": "Delivery", "mail": mail},
    }
    found = told.get((service, what))
    return [found] if service == "sendgrid" else found


def spoilt(told: Any, with_: str) -> Iterator[Any]:
    """The same event with this behind one of its texts, each in turn: services hand on what any server said."""
    if isinstance(told, str):
        yield told + with_
    for place in told if isinstance(told, dict) else range(len(told)) if isinstance(told, list) else ():
        for one in spoilt(told[place], with_):
            copy = told.copy()
            copy[place] = one
            yield copy


def forged(post: Post) -> Post:
    """The same from somebody who has no key: neither headers nor a field prove anything."""
    return Post({}, post.body.replace(b"signature", b"sig").replace(b"Signature", b"Sig"))
