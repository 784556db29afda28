"""A ledger with a dispatch to invented readers on a real SQLite file, and the work of sending it."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import text

from publisher.dispatch import Prepared, Work
from publisher.ledger import Policy
from publisher.render import message
from publisher.render.digest import Rendered
from publisher.render.places import Place, marker
from publisher.store import deliveries, schema
from publisher.store.db import Database, open_database
from publisher.store.deliveries import NewDelivery, NewDispatch, Row
from publisher.transport import Limits, Relay, RelayOptions
from subscribers import audience
from subscribers import schema as people
from subscribers.address import key, parse

NOW = datetime(2026, 3, 2, 3, 30, tzinfo=UTC)
DISPATCH = "01KJPD5W00DISPATCH00000001"
EDITION = "morning-2026-03-02"
ADDRESS_KEY = b"a" * 32
SEED = "5eed" * 16
SENDER = "bounce@front.example"
SHORT = Limits(connect=5, banner=5, command=5, data=5, block=5, dot=5, reset=1, quit=0.5)


def present() -> datetime:
    """The machine's clock: what is tested here is tested in real time."""
    return datetime.now(UTC)  # noqa: TID251 - a door of the tests


def readers(count: int, domain: str = "list.example") -> list[str]:
    return [f"reader{number:04}@{domain}" for number in range(1, count + 1)]


def addr_key(address: str) -> bytes:
    return key(parse(address), ADDRESS_KEY)


def fresh(folder: Path) -> Database:
    """An empty database with all tables."""
    database = open_database(f"sqlite:///{folder / 'publisher.sqlite3'}")
    with database.write() as connection:
        schema.metadata.create_all(connection)
        people.metadata.create_all(connection)
        connection.execute(text(schema.DELIVERY_STATE))
    return database


def frozen(
    database: Database,
    addresses: Sequence[str],
    *,
    policy: Policy = Policy.RESEND,
    dispatch_id: str = DISPATCH,
    edition_id: str = EDITION,
    now: datetime | None = None,
    lasts: timedelta = timedelta(hours=24),
) -> None:
    """Readers who asked for the digest, an edition, and its dispatch to all of them, ready to be sent."""
    now = now or present()
    with database.write() as connection:
        connection.execute(
            schema.edition.insert().values(
                id=edition_id,
                kind="digest",
                series="morning",
                slot=now,
                local_date=date(2026, 3, 2),
                number=int.from_bytes(edition_id.encode()[-2:], "big"),
                revision=1,
                content_hash=SEED,
                frozen_at=now,
                actor="test",
            )
        )
        deliveries.open_dispatch(
            connection,
            NewDispatch(
                id=dispatch_id,
                edition_id=edition_id,
                kind="digest",
                digest="morning",
                revision=1,
                policy=policy.value,
                token_key=1,
                date=now,
                expires_at=now + lasts,
                actor="test",
                created_at=now,
            ),
        )
        rows = []
        for address in addresses:
            parsed, digest = parse(address), addr_key(address)
            subscriber = audience.add(
                connection,
                parsed,
                digest,
                digest="morning",
                language="en",
                sections=None,
                basis="asked for it",
                actor="test",
                now=now - timedelta(days=1),
            )
            drawn = hmac.digest(ADDRESS_KEY, dispatch_id.encode() + digest, "sha256").hex()[:24]
            rows.append(
                NewDelivery(
                    variant="en",
                    subscriber_id=subscriber,
                    addr_key=digest,
                    rcpt=parsed.address,
                    message_id=f"<{dispatch_id.lower()}.{drawn}@front.example>",
                )
            )
        deliveries.add_deliveries(connection, dispatch_id, rows, due_at=now)
        deliveries.finish_freeze(connection, dispatch_id, now=now)


HEADERS = message.Headers(
    from_name="The Morning Wire",
    from_address="wire@front.example",
    subject="Morning",
    list_name="The Morning Wire",
    list_id="morning-en.lists.front.example",
    language="en",
    reply_to="desk@front.example",
    help_url="https://front.example/help",
    archive_url="https://front.example/e/morning-2026-03-02",
    owner="desk@front.example",
    feedback_id="1:morning:digest:front",
    date=NOW,
)


def rendered(*, size: int = 0) -> Rendered:
    """A rendering with every personal place, of about `size` bytes."""
    mark = {place: marker(SEED, place) for place in Place}
    padding = "\n".join(f".line {number} of the morning's news = {'x' * 60}" for number in range(size // 84))
    return Rendered(
        subject="Morning",
        text=f"To {mark[Place.ADDRESS]}\n{padding}\nLeave: {mark[Place.LEAVE]}\n",
        html=f'<p>News</p><a href="{mark[Place.LEAVE]}">Leave</a><a href="{mark[Place.PREFERENCES]}">Choose</a>',
    )


def compiled(*, size: int = 0) -> message.Compiled:
    """The message of it."""
    return message.compile(rendered(size=size), HEADERS, seed=SEED)


def personal(row: Row) -> message.Personal:
    return message.Personal(
        to=row.rcpt,
        message_id=row.message_id,
        leave_url=f"https://front.example/u/{row.subscriber_id}",
        leave_mailto="mailto:leave@front.example",
        preferences_url=f"https://front.example/p/{row.subscriber_id}",
    )


def accept_all(_variant: str, _raw: bytes) -> None:
    """A gate that clears everything: what the gate refuses is tested elsewhere."""


def work(**changes: Any) -> Work:
    """The work of sending the dispatch."""
    prepared = Prepared(changes.pop("compiled", None) or compiled(), lambda _row: SENDER)
    given: dict[str, Any] = {
        "dispatch_id": DISPATCH,
        "revision": 1,
        "policy": Policy.RESEND,
        "prepare": lambda _variant: prepared,
        "personal": personal,
        "read_back": accept_all,
        "retry_key": ADDRESS_KEY,
        "clock": present,
    }
    return Work(**(given | changes))


def relay(server: Any, **changes: Any) -> Relay:
    """The way to a server of `tests.smtpd`."""
    options: dict[str, Any] = {
        "name": "main",
        "host": server.host,
        "port": server.port,
        "helo": "front.example",
        "limits": SHORT,
        "connections": 4,
        "tls": "none",
    }
    return Relay(RelayOptions(**(options | changes)))


class Clock:
    """A clock that a test moves."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def states(database: Database, dispatch_id: str = DISPATCH) -> dict[str, str]:
    """Address -> state of its delivery."""
    query = (
        "SELECT d.rcpt, s.state FROM delivery d JOIN delivery_state s ON s.delivery_id = d.id"
        " WHERE d.dispatch_id = :dispatch"
    )
    with database.read() as connection:
        return {row.rcpt: row.state for row in connection.execute(text(query), {"dispatch": dispatch_id})}


def history(database: Database, address: str) -> list[Any]:
    """The outcomes of the delivery to this address, oldest first."""
    query = (
        "SELECT o.* FROM outcome o JOIN delivery d ON d.id = o.delivery_id"
        ' WHERE d.rcpt = :rcpt ORDER BY o."try"'
    )
    with database.read() as connection:
        return list(connection.execute(text(query), {"rcpt": address}))


Act = Callable[[], None]
