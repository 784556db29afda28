"""A token key is needed as long as a dispatch that names it has somebody to send to (decision 30)."""

from __future__ import annotations

from pathlib import Path

import pytest

from publisher.desk import mailing
from publisher.desk.mailing import freeze
from publisher.errors import ConfigurationInvalid
from publisher.ledger import Counts
from publisher.store import deliveries
from publisher.store.db import Database
from tests import newsrooms
from tests.mailroom import WHO, begun, ingest, keeping, mails, make, send, subscribe
from tests.newsrooms import line, newsroom

READER = "reader@list.example"
OTHER = {"2": "Yk3m1n5p7s8v0x2z4B6q4jJ4n9gqz0cR0uQd3yq4bqk"}


def test_key_that_is_gone_is_said_before_anything_is_sent_and_again_used_when_it_is_back(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path) as server:
        _room, _, dispatch_id = begun(database, server, READER)
        before = newsrooms.KEYS["token_keys"]
        monkeypatch.setitem(newsrooms.KEYS, "token_keys", OTHER)
        with pytest.raises(ConfigurationInvalid, match=rf"token_keys.1: .*{dispatch_id}.*put it back"):
            send(newsroom(database, relay_port=server.port), dispatch_id)
        assert not server.messages()
        monkeypatch.setitem(newsrooms.KEYS, "token_keys", OTHER | before)
        assert send(newsroom(database, relay_port=server.port), dispatch_id).counts == Counts(accepted=1)
        monkeypatch.setitem(newsrooms.KEYS, "token_keys", OTHER)
        assert send(newsroom(database, relay_port=server.port), dispatch_id).state == "done"
    assert len(mails(server)[READER]) == 1


def test_freeze_that_was_cut_short_does_not_go_on_without_its_key(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Death(Exception):
        pass

    def die(_: str) -> None:
        raise Death

    room = newsroom(database)
    ingest(room, line(1))
    subscribe(room, READER)
    made = make(room)
    with monkeypatch.context() as patch:
        patch.setattr(freeze, "crashpoint", die)
        with pytest.raises(Death):
            mailing.begin(room, made, **WHO)
    monkeypatch.setitem(newsrooms.KEYS, "token_keys", OTHER)
    with pytest.raises(ConfigurationInvalid, match=r"token_keys.1"):
        mailing.begin(newsroom(database), made, **WHO)


def test_keys_are_asked_for_by_dispatches_that_go_on(database: Database, tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        room = newsroom(database, relay_port=server.port)
        ingest(room, line(1))
        subscribe(room, READER)

        def named() -> dict[int, str]:
            with database.read() as connection:
                return deliveries.token_keys(connection)

        assert named() == {}
        dispatch_id = mailing.begin(room, make(room), **WHO)
        assert named() == {1: dispatch_id}
        send(room, dispatch_id)
        assert named() == {}
