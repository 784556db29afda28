"""Delivery services' reports: no proof, no event; whose mail it is by our own token or Message-ID."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from publisher.services import NAMES, service
from publisher.services.base import Away, NotProved, Post, Unreadable
from subscribers.bounces import Kind
from subscribers.reports import What
from tests.house.tree import texts
from tests.newsrooms import NOW
from tests.servicebox import CERTIFICATE, HOST, SIGN, TOPIC, certificate, event, forged, keys, ses

TOKEN, ID = "T" * 32, "<d.abc@front.example>"
KIND = {
    "bounce": What.FAILED,
    "complaint": What.COMPLAINT,
    "leave": What.LEFT,
    "delivery": What.DELIVERED,
}


def read(name, post, *, now=NOW, key=None, asked=None):
    def ask(url: str) -> bytes:
        if asked is not None:
            asked.append(url)
        return certificate()

    return service(name).read(post, keys()[name] if key is None else key, now, ask)


def post_of(name: str, what: str, *, number: str = "n-1") -> Post:
    return SIGN[name](event(name, what, rcpt="ada@list.example", token=TOKEN, message_id=ID), number)


@pytest.mark.parametrize("name", NAMES)
def test_service_tells_what_became_of_a_mail_once_it_is_proved(name: str) -> None:
    assert service(name).wrong(keys()[name]) == ""
    assert service(name).wrong("x")
    for what, kind in KIND.items():
        if event(name, what, rcpt="", token="", message_id="") is None:
            continue
        post = post_of(name, what)
        (report,) = read(name, post)
        assert (report.what, report.vouched) == (kind, True)
        assert report.tokens == (TOKEN,) or report.returned_id == ID
        assert read(name, post)[0].fingerprint == report.fingerprint
        if what == "bounce":
            (said,) = report.said
            assert (said.addresses, said.verdict.kind, said.proved) == (
                ("ada@list.example",),
                Kind.HARD,
                True,
            )
        with pytest.raises(NotProved):
            read(name, forged(post))
        with pytest.raises(NotProved):
            read(name, post, key="another-key-of-16-characters")
    stamp = service(name).stamp(TOKEN)
    assert stamp == b"" or (TOKEN.encode() in stamp and stamp.endswith(b"\r\n") and len(stamp) < 100)


TIMELESS = {"postmark": "a password has no time"}
EVENT_UNSIGNED = {
    "mailgun": "its signature covers a token alone, so the token is the event",
    "postmark": "a password covers nothing",
}


@pytest.mark.parametrize("name", sorted(set(NAMES) - TIMELESS.keys()))
def test_signature_is_taken_while_services_try_again_and_no_longer(name: str) -> None:
    post = post_of(name, "bounce")
    assert read(name, post, now=NOW + timedelta(days=1))
    for now in (NOW + timedelta(days=3), NOW - timedelta(hours=1)):
        with pytest.raises(NotProved):
            read(name, post, now=now)


@pytest.mark.parametrize("name", NAMES)
def test_what_another_signature_covers_is_not_believed_of_this_event(name: str) -> None:
    here, there = post_of(name, "delivery", number="n-1"), post_of(name, "bounce", number="n-2")
    if name in EVENT_UNSIGNED:
        same = [post_of(name, what, number="n-1") for what in ("delivery", "bounce")]
        told = {read(name, post)[0].fingerprint for post in same}
        assert len(told) == (1 if name == "mailgun" else 2)
        return
    with pytest.raises(NotProved):
        read(name, Post(here.headers, spliced(here.body, there.body)))


def spliced(signed: bytes, other: bytes) -> bytes:
    """The second body under what the first has of a proof in itself (nothing, where the proof stands in a header)."""
    first, second = json.loads(signed), json.loads(other)
    if not isinstance(first, dict) or "Signature" not in first:
        return other
    return json.dumps(second | {"Signature": first["Signature"]}).encode()


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_documented_wherever_one_looks_for_it(name: str) -> None:
    page = texts()[Path("docs/services.md")]
    assert f"/reports/{name}" in page
    assert f"{name} = " in page
    for place in ("docs/configuration.md", "config/publisher.toml"):
        assert f'"{name}"' in texts()[Path(place)] or f"`{name}`" in texts()[Path(place)], place


def test_amazon_is_asked_for_nothing_but_its_certificate_and_our_own_confirmation() -> None:
    asked: list[str] = []
    for version in ("1", "2"):
        assert read("ses", ses({"eventType": "Send"}, "n", version=version), asked=asked)
    assert asked == [CERTIFICATE] * 2
    confirmed: list[str] = []
    fields = {"Token": "ab" * 40, "SubscribeURL": "https://elsewhere.example/", "Message": "x"}
    assert read("ses", ses({}, "n", Type="SubscriptionConfirmation", **fields), asked=confirmed) == ()
    made = urlsplit(confirmed[-1])
    assert f"{made.scheme}://{made.netloc}" == HOST
    assert parse_qs(made.query)["TopicArn"] == [TOPIC]
    assert confirmed[:-1] == [CERTIFICATE]

    asked.clear()
    for url in (
        "https://sns.eu-central-1.amazonaws.com.evil.example/SimpleNotificationService-a.pem",
        "https://evil.example/sns.eu-central-1.amazonaws.com/SimpleNotificationService-a.pem",
        "http://sns.eu-central-1.amazonaws.com/SimpleNotificationService-a.pem",
        f"{HOST}@evil.example/SimpleNotificationService-a.pem",
        f"{HOST}:8443/SimpleNotificationService-a.pem",
        f"{HOST}/bucket/SimpleNotificationService-a.pem",
        f"{HOST}/SimpleNotificationService-a.pem?x",
        "https://sns.us-east-1.amazonaws.com/SimpleNotificationService-a.pem",
    ):
        with pytest.raises(NotProved):
            read("ses", ses({}, "n", SigningCertURL=url), asked=asked)
    for changed in (
        {"TopicArn": TOPIC + "x"},
        {"Type": "UnsubscribeConfirmation"},
        {"SignatureVersion": "3"},
    ):
        with pytest.raises(NotProved):
            read("ses", ses({}, "n", **changed), asked=asked)
    assert asked == []
    with pytest.raises(NotProved):
        read("ses", ses({}, "n"), now=NOW + timedelta(days=91))

    def away(_url: str) -> bytes:
        raise Away("no")

    with pytest.raises(Away):
        service("ses").read(ses({}, "n"), TOPIC, NOW, away)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_a_service_may_send_is_a_crash(name: str) -> None:
    shapes = [None, [], {}, 7, "x", [[]], [{}], {"event": {}}, {"eventType": "Bounce", "bounce": [1]}]
    for shape in shapes:
        try:
            reports = read(name, SIGN[name](shape, "n"))
        except (NotProved, Unreadable):
            continue
        assert {report.what for report in reports} <= {What.OTHER, What.FAILED}
    for body in (b"", b"{", b"[" * 100_000, b"\xff", json.dumps({"Type": 1}).encode()):
        with pytest.raises((NotProved, Unreadable)):
            read(name, Post({}, body))


def test_address_that_a_service_gave_up_wants_a_second_report() -> None:
    dropped = [
        {"event": "dropped", "email": "ada@list.example", "reason": "Bounced Address", "sg_event_id": "1"}
    ]
    (said,) = read("sendgrid", SIGN["sendgrid"](dropped, ""))[0].said
    assert (said.verdict.kind, said.proved) == (Kind.HARD, False)
    full = [{"event": "bounce", "reason": "552 5.2.2 mailbox full", "status": "5.2.2", "sg_event_id": "2"}]
    (said,) = read("sendgrid", SIGN["sendgrid"](full, ""))[0].said
    assert said.verdict.kind is Kind.FULL
