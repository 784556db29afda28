"""What comes back: bounces, complaints, and mails that ask to leave; and what a delivery service tells of the same. One mail is judged at a time, in one transaction.

Order: what stands in the mail (`subscribers.reports`), whose it is, what follows. A bounce is believed when the token of its return path is of a delivery
that was accepted, and the report speaks of that address or of none. A complaint is believed by such a token, by the leave token in the
returned List-Unsubscribe, or by the returned Message-ID, which nobody can guess. A service that proved itself may name the mail by either, token or Message-ID. Whoever mails the leave address with a reader's token
ends what the token names. Everything else changes nothing; what claims to be a report and proves nothing is kept as a fact. The
ledger is never rewritten: `accepted` says what the relay did.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from publisher.errors import Unstorable
from publisher.ledger import State
from publisher.newsroom import Newsroom
from publisher.store import relays, returned
from subscribers import audience
from subscribers.address import key, parse, unnamed
from subscribers.bounces import Kind
from subscribers.consent import Origin
from subscribers.errors import AddressRefused, UnknownSubscriber
from subscribers.reports import Report, Said, What, read
from subscribers.thresholds import COUNTED, REMEMBERED, enough
from subscribers.tokens import Claim, Purpose, read_bounce
from subscribers.tokens import read as read_token

__all__ = ["StillSending", "Taken", "take", "take_told"]

BURST_ROWS, BURST_SHARE = 20, 0.05
DISBELIEVED_FOR = timedelta(hours=4)
DISBELIEVED = "too many hard bounces to be believed"
DETAIL_MAX = 512
RULE = "rule:bounce"


@dataclass(frozen=True, slots=True)
class Taken:
    """What one mail was, and what it changed.

    Attributes:
        kind: what came back ("hard", "full", "complaint", …), or "delayed", "automatic", "other".
        effect: "suppressed", "counted", "disbelieved", "left", "untrusted", "known" (no news), "nothing", "unrecognised".
    """

    kind: str
    effect: str
    dispatch_id: str | None = None


class StillSending(Exception):
    """A service tells of a mail whose answer we have not recorded yet: it has to tell again."""


def take(newsroom: Newsroom, raw: bytes, *, actor: str, now: datetime) -> Taken:
    """Take in one mail that came back; twice is the same as once. One that cannot be kept is unrecognised: it holds up no other."""
    report = read(raw)
    try:
        with newsroom.database.write() as connection:
            taken = _taken(newsroom, connection, report, actor=actor, now=now)
    except Unstorable:
        return Taken("other", "unrecognised")
    if taken.effect == "nothing" and report.what is What.OTHER:
        return Taken("other", "unrecognised")
    return taken


def take_told(newsroom: Newsroom, reports: Sequence[Report], *, actor: str, now: datetime) -> list[Taken]:
    """Take in what a service that proved itself tells, all or nothing; twice is the same as once.

    Raises:
        StillSending: one of the mails is at its dot; nothing was taken in.
    """
    with newsroom.database.write() as connection:
        return [
            _taken(newsroom, connection, report, actor=actor, now=now)
            if returned.first_told(connection, report.fingerprint, now=now)
            else Taken(report.what.value, "known")
            for report in reports
        ]


def _taken(newsroom: Newsroom, connection: Connection, report: Report, *, actor: str, now: datetime) -> Taken:
    if returned.known(connection, report.fingerprint):
        return Taken(report.what.value, "known")
    desk = _Desk(newsroom, connection, report, actor, now)
    if report.what in {What.OTHER, What.AUTOMATIC} and (claim := desk.asks_to_leave()) is not None:
        return desk.leave(claim)
    match report.what:
        case What.COMPLAINT:
            return desk.complaint()
        case What.FAILED:
            return desk.failure()
        case What.LEFT:
            return desk.left()
    return Taken(report.what.value, "nothing")


@dataclass(frozen=True, slots=True)
class _Desk:
    """One mail at hand, in its transaction."""

    newsroom: Newsroom
    connection: Connection
    report: Report
    actor: str
    now: datetime

    def asks_to_leave(self) -> Claim | None:
        """What a good leave token in its addresses or its subject names."""
        return self._claim(self.report.asked)

    def leave(self, claim: Claim) -> Taken:
        """End this digest for its reader. Kept, so that an old mail that is read again ends nothing that was asked for later."""
        digest = {entry.number: entry.slug for entry in self.newsroom.settings.digests}.get(claim.digest)
        return self._end(claim.subscriber, digest, "mail")

    def left(self) -> Taken:
        """The same, where a service tells that its reader left there."""
        sent = self._sent()
        if sent is None or sent.state != State.ACCEPTED:
            return self._untrusted("leave", "it names no mail of ours that was accepted")
        digest = sent.digest if sent.digest in self.newsroom.digests else None
        return self._end(sent.subscriber_id, digest, "service")

    def _end(self, subscriber_id: int | None, digest: str | None, way: str) -> Taken:
        try:
            person = None if subscriber_id is None else audience.get(self.connection, subscriber_id)
        except UnknownSubscriber:
            person = None
        if digest is None or person is None:
            return self._untrusted("leave", "its digest is configured no more, or its reader is unknown")
        audience.leave(
            self.connection, person.id, digest=digest, actor="reader", now=self.now, origin=Origin(way)
        )
        self._keep("leave", "left", addr_key=person.addr_key, detail=digest)
        return Taken("leave", "left")

    def complaint(self) -> Taken:
        """Whoever calls a mail spam is mailed no more, at once."""
        sent = self._sent() or self._complained_of()
        if sent is None or sent.state != State.ACCEPTED:
            return self._untrusted("complaint", "it names no mail of ours that was accepted")
        whose = self._whose(sent)
        news = self._about(sent, "complaint", "suppressed", detail="feedback report")
        # another report about the same mail is news once the suppression by the first was taken back
        if not news and audience.suppressed(self.connection, whose) is not None:
            return Taken("complaint", "known", sent.dispatch_id)
        self._suppress(sent, "complained", "feedback report", addr_key=whose)
        return Taken("complaint", "suppressed", sent.dispatch_id)

    def failure(self) -> Taken:
        """A bounce: suppressed on evidence, counted otherwise."""
        sent = self._sent()
        if sent is None:
            return self._untrusted("bounce", "it has no token of ours")
        if sent.state != State.ACCEPTED:
            return self._untrusted("bounce", f"the delivery of its token is {sent.state}")
        said = self._of(sent)
        if said is None:
            return self._untrusted("bounce", "it is about another address than its token")
        kind, detail = (
            said.verdict.kind,
            f"{said.code} {said.enhanced or ''} {unnamed(said.text)}"[:DETAIL_MAX],
        )
        before: Sequence[datetime] = ()
        if kind in COUNTED:
            since = self.now - REMEMBERED
            before = returned.times(self.connection, sent.addr_key, kind.value, since=since)
        suppresses = enough(kind, proved=said.proved, before=before, now=self.now)
        effect = "suppressed" if suppresses else "counted"
        if suppresses and kind is Kind.HARD and self._incredible(sent):
            effect = "disbelieved"
        facts = {"code": said.code, "enhanced": said.enhanced, "detail": detail}
        if not self._about(sent, kind.value, effect, **facts):
            return Taken(kind.value, "known", sent.dispatch_id)
        if effect == "suppressed":
            self._suppress(sent, "bounced", f"{said.code} {said.enhanced or ''}".strip())
        return Taken(kind.value, effect, sent.dispatch_id)

    def _claim(self, tokens: Sequence[str]) -> Claim | None:
        claims = (read_token(self.newsroom.token_keys, Purpose.LEAVE, token) for token in tokens)
        return next((claim for claim in claims if claim is not None), None)

    def _sent(self) -> Any:
        """The delivery that a return path's token is of, or None; who proved themselves may name it by its Message-ID.

        Raises:
            StillSending: they tell of it before our relay's answer is recorded.
        """
        numbers = (read_bounce(self.newsroom.token_keys, token) for token in self.report.tokens)
        number = next((number for number in numbers if number is not None), None)
        sent = None if number is None else returned.delivery_of(self.connection, delivery_id=number)
        if self.report.vouched and sent is None and self.report.returned_id:
            sent = returned.delivery_of(self.connection, message_id=self.report.returned_id)
        if self.report.vouched and sent is not None and sent.state == State.COMMITTING:
            raise StillSending
        return sent

    def _complained_of(self) -> Any:
        """The delivery that the returned header tells of: by its leave token, or by its Message-ID."""
        digests = {entry.number: entry.slug for entry in self.newsroom.settings.digests}
        claim = self._claim(self.report.returned_tokens)
        if claim is not None and claim.digest in digests:
            try:
                person = audience.get(self.connection, claim.subscriber)
            except UnknownSubscriber:
                return None
            sent = returned.latest_of(self.connection, person.addr_key, digests[claim.digest])
            if sent is not None:
                return sent
        message_id = self.report.returned_id
        return returned.delivery_of(self.connection, message_id=message_id) if message_id else None

    def _of(self, sent: Any) -> Said | None:
        """What is said of the address that was written to; a report without any address is about its token's."""
        for said in self.report.said:
            if not said.addresses or any(self._is(address, sent.addr_key) for address in said.addresses):
                return said
        return None

    def _is(self, address: str, addr_key: bytes) -> bool:
        try:
            return key(parse(address), self.newsroom.address_key) == addr_key
        except AddressRefused:
            return False

    def _incredible(self, sent: Any) -> bool:
        """Whether so many mailboxes of a domain are called dead within one dispatch that no further one is believed."""
        domain = _domain(sent)
        burst = f"burst:{sent.dispatch_id}:{domain}"
        if burst in relays.breakers(self.connection):
            return True
        hard = returned.hard_of_domain(self.connection, sent.dispatch_id, domain) + 1
        if hard <= BURST_ROWS:
            return False
        if hard <= BURST_SHARE * returned.domain_rows(self.connection, sent.dispatch_id, domain):
            return False
        until = relays.Breaker(self.now + DISBELIEVED_FOR, 1, DISBELIEVED)
        for name in (
            burst,
            f"domain:{domain}",
        ):  # senders read both: they suppress nobody there, and leave it alone
            relays.leave_alone(self.connection, name, until, now=self.now)
        return True

    def _whose(self, sent: Any) -> bytes:
        """The address of whoever got a mail, as it is now: they may have moved, and somebody else may have the former one."""
        try:
            return bytes(audience.get(self.connection, sent.subscriber_id).addr_key)
        except UnknownSubscriber:
            return bytes(sent.addr_key)

    def _suppress(self, sent: Any, cause: str, detail: str, *, addr_key: bytes | None = None) -> None:
        audience.suppress(
            self.connection,
            addr_key or sent.addr_key,
            cause,
            actor=RULE,
            now=self.now,
            dispatch_id=sent.dispatch_id,
            detail=detail,
        )

    def _about(self, sent: Any, kind: str, effect: str, **facts: Any) -> bool:
        """Keep a fact about a delivery; False when it is no news."""
        return self._keep(
            kind,
            effect,
            delivery_id=sent.id,
            dispatch_id=sent.dispatch_id,
            addr_key=sent.addr_key,
            domain=_domain(sent) or None,
            **facts,
        )

    def _untrusted(self, kind: str, why: str) -> Taken:
        self._keep(kind, "untrusted", detail=why)
        return Taken(kind, "untrusted")

    def _keep(self, kind: str, effect: str, **values: Any) -> bool:
        return returned.keep(
            self.connection,
            now=self.now,
            fingerprint=self.report.fingerprint,
            kind=kind,
            effect=effect,
            actor=self.actor,
            **values,
        )


def _domain(sent: Any) -> str:
    return str(sent.rcpt).rpartition("@")[2]
