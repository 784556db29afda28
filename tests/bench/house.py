"""A ledger with many readers and a digest of a newspaper's size, for measuring how fast it is sent."""

from __future__ import annotations

import hmac
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from publisher import dkim
from publisher.desk.mailing import send
from publisher.dispatch import Prepared, Work
from publisher.ledger import Policy
from publisher.render.message import Compiled, compile  # noqa: A004 - the word of the trade
from publisher.store import deliveries, schema
from publisher.store.db import Database
from publisher.store.deliveries import NewDelivery
from subscribers.schema import subscriber, subscription
from subscribers.tokens import TokenKeys
from tests.dispatchbox import ADDRESS_KEY, DISPATCH, HEADERS, NOW, SEED, fresh, frozen, present, rendered

SIZE = 50_000
SLICE = 10_000
KEYS = TokenKeys({1: b"t" * 32}, 1)


def opened(folder: Path, readers: int) -> Database:
    """A new database with a dispatch to so many readers, ready to be sent."""
    database = fresh(folder)
    frozen(database, [])
    now = present()
    with database.write() as connection:
        connection.execute(schema.dispatch.update().values(frozen_at=None, state="freezing"))
        for start in range(0, readers, SLICE):
            people = [
                (number, hmac.digest(ADDRESS_KEY, b"%d" % number, "sha256")[:16], address(number))
                for number in range(start + 1, min(start + SLICE, readers) + 1)
            ]
            common = {"status": "confirmed", "created_at": now, "changed_at": now, "mailable": True}
            connection.execute(
                subscriber.insert(),
                [{"id": id_, "addr_key": key, "address": mail, **common} for id_, key, mail in people],
            )
            asked = {"digest": "morning", "language": "en", "sections": "", "status": "confirmed"}
            connection.execute(
                subscription.insert(),
                [{"subscriber_id": id_, "active": True, "since": now, **asked} for id_, _, _ in people],
            )
            rows = [
                NewDelivery(
                    variant="en",
                    subscriber_id=id_,
                    addr_key=key,
                    rcpt=mail,
                    message_id=f"<{DISPATCH.lower()}.{key.hex()[:24]}@front.example>",
                )
                for id_, key, mail in people
            ]
            deliveries.add_deliveries(connection, DISPATCH, rows, due_at=now)
        deliveries.finish_freeze(connection, DISPATCH, now=now)
        connection.execute(schema.dispatch.update().values(expires_at=now + timedelta(hours=24)))
    return database


def address(number: int) -> str:
    return f"reader{number}@list{number % 50}.example"


def message(*, signed: bool) -> Compiled:
    """The digest, with every personal place, of a good 60 KB."""
    key = dkim.read_key(dkim.new_key(dkim.RSA), selector="bench", algorithm=dkim.RSA)
    sign = dkim.Signer((key,), "front.example", NOW).over if signed else None
    return compile(rendered(size=SIZE), HEADERS, seed=SEED, sign=sign)


def work(*, signed: bool, **changes: Any) -> Work:
    """As `desk.mailing.run` would have it sent: with each reader's own links and return path."""
    letter: Any = SimpleNamespace(
        site_url="https://front.example",
        unsubscribe_address="leave@front.example",
        number=1,
        return_path="bounce@front.example",
        tagged=True,
    )
    office: Any = SimpleNamespace(token_keys=KEYS)
    sender = send._return_path(office, letter, "en", key_id=1)
    prepared = Prepared(message(signed=signed), sender)
    given: dict[str, Any] = {
        "dispatch_id": DISPATCH,
        "revision": 1,
        "policy": Policy.RESEND,
        "prepare": lambda _variant: prepared,
        "personal": send._personal(office, letter, key_id=1),
        "read_back": lambda _variant, _raw: None,
        "retry_key": ADDRESS_KEY,
        "clock": present,
    }
    return Work(**(given | changes))
