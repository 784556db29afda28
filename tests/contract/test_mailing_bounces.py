"""Where mails bounce to: an address of its own for each delivery, the same at each try, and short enough for every server."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from publisher.desk import mailing
from publisher.ledger import Counts
from publisher.store import schema
from publisher.store.db import Database
from subscribers.tokens import read_bounce
from tests.mailroom import WHO, begun, keeping, killed_after_a_reply, send
from tests.newsrooms import newsroom

READERS = [f"reader{number}@list.example" for number in range(1, 5)]
MAILBOX = {"list_domain": "lists.front.example", "unsubscribe_address": "leave@front.example"}


def test_each_delivery_bounces_to_an_address_that_names_it_at_each_try(
    database: Database, tmp_path: Path
) -> None:
    longest = "b" * 31
    tables = {"mail": {**MAILBOX, "bounce_address": f"{longest}@bounce.front.example"}}
    with keeping(tmp_path) as server:
        room, _, dispatch_id = begun(database, server, *READERS, tables=tables)
        killed_after_a_reply(room, dispatch_id)
        mailing.resume(room, dispatch_id, **WHO)
        assert send(room, dispatch_id).counts == Counts(accepted=len(READERS))
        senders = [(taken.rcpt, taken.sender) for taken in server.messages()]
    assert len(senders) > len(READERS) == len(set(senders))
    with database.read() as connection:
        known = select(schema.delivery.c.rcpt, schema.delivery.c.id)
        deliveries = {row.rcpt: row.id for row in connection.execute(known)}
    for rcpt, sender in senders:
        local, _, domain = sender.partition("@")
        mailbox, _, token = local.partition("+")
        assert (mailbox, domain) == (longest, "bounce.front.example")
        assert len(local) <= 64
        assert read_bounce(room.token_keys, token) == deliveries[rcpt]


def test_dispatch_of_an_older_program_keeps_the_address_it_had(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        _, _, dispatch_id = begun(database, server, READERS[0])
        with database.write() as connection:
            (letter,) = connection.execute(select(schema.dispatch.c.letter)).scalars()
            older = {name: value for name, value in letter.items() if name != "tagged"}
            connection.execute(schema.dispatch.update().values(letter=older))
        send(newsroom(database, relay_port=server.port), dispatch_id)
        (taken,) = server.messages()
    assert taken.sender == "bounce@front.example"
