"""POST /reports/SERVICE: what delivery services tell is taken in like mails that come back, once, and only with their proof."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from publisher.desk import readers
from publisher.desk import reports as desk_reports
from publisher.ledger import Counts
from publisher.newsroom import Newsroom
from publisher.services.base import Post
from publisher.settings.keys import Secrets
from publisher.store import schema
from publisher.store.db import Database
from publisher.web.reports import BODY_MAX, service_reports
from subscribers import audience
from subscribers.tokens import mint_bounce
from tests.mailroom import begun, keeping, send
from tests.newsrooms import KEYS, settings
from tests.readerpages import Client, Page
from tests.servicebox import CERTIFICATE, SIGN, certificate, event, forged, keys, ses, spoilt

SERVICES = sorted(SIGN)
READERS = [f"{what}@{service}.example" for service in SERVICES for what in ("bounce", "complaint", "leave")]
STAMPS = {
    "postmark": "X-PM-Metadata-publisher: {}",
    "sendgrid": 'X-SMTPAPI: {{"unique_args": {{"publisher": "{}"}}}}',
}


def with_services(room: Newsroom) -> Newsroom:
    secrets = Secrets(**KEYS, report_keys=keys())
    return replace(room, settings=replace(room.settings, secrets=secrets))


class Services(Client):
    """Delivery services in front of the door."""

    def __post_init__(self) -> None:
        self.app = service_reports(self.room, clock=lambda: self.at)

    def tell(self, service: str, post: Post) -> Page:
        return self.ask(f"/reports/{service}", "POST", post.body, headers=list(post.headers.items()))


def test_services_tell_and_are_believed_once(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(desk_reports.certificates, CERTIFICATE, certificate())
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS)
        assert send(room, dispatch_id).counts == Counts(accepted=len(READERS))
    with database.read() as connection:
        rows = {row.rcpt: row for row in connection.execute(select(schema.delivery))}
    door = Services(with_services(room))

    def post(service: str, what: str, rcpt: str, n: str) -> Post:
        row = rows[rcpt]
        token = mint_bounce(room.token_keys, row.id)
        return SIGN[service](event(service, what, rcpt=rcpt, token=token, message_id=row.message_id), n)

    for service in SERVICES:
        assert (
            b'"nothing": 1'
            in door.tell(service, post(service, "delivery", f"leave@{service}.example", "d")).body
        )
        for what, effect in (("bounce", "suppressed"), ("complaint", "suppressed"), ("leave", "left")):
            if event(service, what, rcpt="", token="", message_id="") is None:
                continue
            told = post(service, what, f"{what}@{service}.example", what)
            assert door.tell(service, forged(told)).status == 401
            assert door.tell(service, told).body == b'{"effects": {"%s": 1}}' % effect.encode(), (
                service,
                what,
            )
            assert door.tell(service, told).body == b'{"effects": {"known": 1}}'
    with database.read() as connection:
        causes = {row.address: row.cause for row in audience.suppressions(connection, limit=100)}
    assert causes == {
        f"{w}@{s}.example": c
        for s in SERVICES
        for w, c in (("bounce", "bounced"), ("complaint", "complained"))
    }
    assert readers.record(room, "leave@mailgun.example")["digests"] == []
    assert readers.record(room, "leave@ses.example")["digests"] == ["morning"]

    # nothing that a proved service hands on is more than a database bears
    for number, (service, odd) in enumerate(
        (service, odd) for service in SERVICES for odd in ("\0", "\ud800")
    ):
        rcpt = f"bounce@{service}.example"
        sound = event(
            service,
            "bounce",
            rcpt=rcpt,
            token=mint_bounce(room.token_keys, rows[rcpt].id),
            message_id="<a@b>",
        )
        for n, told in enumerate(spoilt(sound, odd)):
            assert door.tell(service, SIGN[service](told, f"odd {number} {n}")).status == 200, told

    # a claim about somebody else's address, a token of nobody, another's Message-ID
    ours = rows["leave@ses.example"]
    for claim in (
        event(
            "ses",
            "bounce",
            rcpt="friend@else.example",
            token=mint_bounce(room.token_keys, ours.id),
            message_id="",
        ),
        event("ses", "bounce", rcpt=ours.rcpt, token="A" * 32, message_id=""),
    ):
        assert door.tell("ses", ses(claim, f"{claim['mail']}")).body == b'{"effects": {"untrusted": 1}}'

    # the relay's answer is not recorded yet: nothing is taken in, and the service is asked to tell again
    early = post("ses", "bounce", ours.rcpt, "early")
    with database.write() as connection:
        (outcome,) = connection.execute(select(schema.outcome).where(schema.outcome.c.delivery_id == ours.id))
        connection.execute(delete(schema.outcome).where(schema.outcome.c.delivery_id == ours.id))
    again = door.tell("ses", early)
    assert (again.status, again.headers["retry-after"]) == (503, "60")
    with database.write() as connection:
        connection.execute(schema.outcome.insert().values(**outcome._mapping))
    assert door.tell("ses", early).body == b'{"effects": {"suppressed": 1}}'


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_who_is_no_service_gets_no_further(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    room = Newsroom(settings=settings(), database=database)
    assert Services(room).tell("mailgun", Post({}, b"{}")).status == 404, "no key, no service"
    door = Services(with_services(room))
    assert door.tell("elsewhere", Post({}, b"{}")).status == 404
    assert door.ask("/reports/ses").status == 405
    assert door.tell("ses", Post({}, b"x" * (BODY_MAX + 1))).status == 413
    assert door.tell("postmark", SIGN["postmark"]([1], "")).body == b'{"effects": {"unrecognised": 1}}'
    asked: list[str] = []

    async def away(url: str, **_: object) -> desk_reports.fetch.Failed:
        asked.append(url)
        return desk_reports.fetch.Failed("connect", "no")

    monkeypatch.setattr(desk_reports.fetch, "fetch", away)
    monkeypatch.setattr(desk_reports, "failed", {})
    other = CERTIFICATE.replace("0a1b", "ffff")
    statuses = {door.tell("ses", ses({}, str(n), SigningCertURL=other)).status for n in range(3)}
    assert (statuses, asked) == ({503}, [other]), "after a failure it is not asked for a while"
    assert door.tell("ses", ses({}, "4")).status == 503
    assert asked == [other, CERTIFICATE], (
        "whoever names another does not keep the true one from being asked for"
    )
    for n in range(100):
        door.tell("ses", ses({}, "5", SigningCertURL=CERTIFICATE.replace("0a1b", f"{n:04x}")))
    assert len(asked) == desk_reports.FAILURES_MAX
    for body in (b"", b"garbage", b"\x1f\x8b"):
        assert {door.tell(name, Post({}, body)).status for name in ("mailgun", "ses")} == {401}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("service", ["mailgun", "postmark", "sendgrid"])
def test_relay_of_a_service_gets_the_token_on_top_and_nobody_else(
    database: Database, tmp_path: Path, service: str
) -> None:
    with keeping(tmp_path) as server:
        relay = settings(relay_port=server.port).tables.relay[0].model_dump(mode="json") | {
            "service": service
        }
        room, _, dispatch_id = begun(database, server, "ada@list.example", tables={"relay": [relay]})
        assert send(room, dispatch_id).counts == Counts(accepted=1)
        (taken,) = server.messages()
        lines = (server.folder / f"{taken.n:06d}.eml").read_bytes().decode().split("\r\n")
    token = taken.sender.partition("@")[0].partition("+")[2]
    stamp = STAMPS.get(service, 'From: "The Morning Wire"').format(token)
    assert (lines[0], len(token)) == (stamp, 32)
