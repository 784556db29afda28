"""One message after the other over a connection, and what a server's refusals mean for it."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any, cast
from unittest.mock import Mock

import pytest

from publisher.ledger import Action, Outcome, Reply, State
from publisher.transport import Answer, Connection, Envelope, Limits, RelayOptions
from publisher.transport.commands import xtext
from publisher.transport.wire import Wire
from tests.smtpd import Server
from tests.transportbox import (
    ENVELOPE,
    MESSAGE,
    UNSTUFFED,
    clear,
    connected,
    either_way,
    no,
    one,
    relay,
    until,
    yes,
)

__all__ = ["either_way"]


@pytest.mark.parametrize("implicit", [False, True])
def test_message_arrives_under_tls_byte_for_byte(tmp_path: Path, implicit: bool) -> None:
    with Server(folder=tmp_path, implicit=implicit) as server:
        outcome = one(server, tls="implicit" if implicit else "required")
        (message,) = server.messages()
    assert outcome is not None
    assert (outcome.state, outcome.code, outcome.enhanced, outcome.relay) == (
        State.ACCEPTED,
        250,
        "2.0.0",
        "main",
    )
    assert message.tls
    assert (message.rcpt, message.sender) == ("reader@list.example", "bounce@front.example")
    assert message.sha256 == hashlib.sha256(UNSTUFFED).hexdigest()


def test_mark_is_asked_for_after_the_body_and_before_the_dot(tmp_path: Path) -> None:
    seen: list[int] = []
    with clear(folder=tmp_path) as server:

        def mark(answer: Answer) -> None:
            def look() -> None:
                seen.append(len(server.messages()))
                answer(True)

            # time for a dot to arrive, if one had been sent
            asyncio.get_running_loop().call_later(0.05, look)

        outcome = one(server, before_dot=mark)
    assert seen == [0]
    assert outcome is not None
    assert outcome.state is State.ACCEPTED


@pytest.mark.usefixtures("either_way")
def test_refused_mark_sends_no_dot_and_ends_the_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        connection = await connected(relay(server))
        assert await connection.send(ENVELOPE, [MESSAGE], before_dot=no) is None
        assert not connection.usable
        await connection.close()

    with clear(folder=tmp_path) as server:
        asyncio.run(scenario())
    assert not server.messages()


def test_failing_mark_sends_no_dot(tmp_path: Path) -> None:
    def full(answer: Answer) -> None:
        answer(OSError("disk full"))

    with clear(folder=tmp_path) as server, pytest.raises(OSError, match="disk full"):
        one(server, before_dot=full)
    assert not server.messages()


def test_connection_is_used_again_and_given_up_after_its_number_of_messages(tmp_path: Path) -> None:
    async def scenario() -> list[bool]:
        connection = await connected(relay(server, messages=3))
        usable = []
        for _ in range(3):
            await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)
            usable.append(connection.usable)
        await connection.close()
        return usable

    with clear(folder=tmp_path) as server:
        assert asyncio.run(scenario()) == [True, True, False]
        assert {message.connection for message in server.messages()} == {1}
        assert "1 QUIT" in server.heard()


def test_connection_is_given_up_after_its_lifetime(tmp_path: Path) -> None:
    async def scenario() -> bool:
        connection = await connected(relay(server, lifetime=0.0))
        usable = connection.usable
        await connection.close()
        return usable

    with clear(folder=tmp_path) as server:
        assert asyncio.run(scenario()) is False


def test_large_body_arrives_whole(tmp_path: Path) -> None:
    long = b"Message-ID: <m.1@front.example>\r\n\r\n" + (b"x" * 70 + b"\r\n") * 20_000
    with Server(folder=tmp_path) as server:
        outcome = one(server, message=long)
        (message,) = server.messages()
    assert outcome is not None
    assert outcome.state is State.ACCEPTED
    assert message.sha256 == hashlib.sha256(long).hexdigest()


@pytest.mark.usefixtures("either_way")
def test_refused_recipient_is_followed_by_rset_and_the_next_message_passes(tmp_path: Path) -> None:
    async def scenario() -> list[Outcome | None]:
        connection = await connected(relay(server))
        outcomes = [
            await connection.send(Envelope("b@front.example", rcpt), [MESSAGE], before_dot=yes)
            for rcpt in ("gone@list.example", "reader@list.example")
        ]
        await connection.close()
        return outcomes

    with clear("rcpt to=gone@* reply='550 5.1.1 No such user'", folder=tmp_path) as server:
        refused, passed = asyncio.run(scenario())
        heard = [line for line in server.heard() if line.startswith("1 ")]
    assert refused is not None
    assert (refused.state, refused.action, refused.code) == (State.FAILED, Action.SUPPRESS, 550)
    assert passed is not None
    assert passed.state is State.ACCEPTED
    asked = [line.split(" ", 2)[1] for line in heard[2:] if not line.endswith("lost")]
    assert asked in (
        ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA", "QUIT"],
        ["MAIL", "RCPT", "DATA", "RSET", "MAIL", "RCPT", "DATA", "QUIT"],
    )


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("how", ["reply='500 5.5.1 What'", "do=drop", "do=stall"])
def test_connection_is_not_used_again_after_a_failed_rset(tmp_path: Path, how: str) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server, limits=Limits(reset=0.2)))
        await connection.send(Envelope("", "gone@list.example"), [MESSAGE], before_dot=yes)
        outcome = await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)
        assert not connection.usable
        await connection.close()
        return outcome

    rules = ("rcpt to=gone@* reply='550 5.1.1 No such user'", f"rset {how}")
    with clear(*rules, folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)
    assert not server.messages()


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_421_ends_the_connection(tmp_path: Path, phase: str) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        outcome = await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)
        assert not connection.usable
        await connection.close()
        return outcome

    with clear(f"{phase} reply='421 4.7.0 Enough'", folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.code) == (State.QUEUED, False, 421)


@pytest.mark.usefixtures("either_way")
def test_421_that_ends_a_session_in_use_is_no_answer_to_the_next_row(tmp_path: Path) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)
        return await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)

    with clear("mail nth=2 reply='421 4.7.0 Enough' then=drop", folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)


def test_server_that_hung_up_between_messages_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> None:
        connection = await connected(relay(server))
        await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)
        await until(lambda: not connection.usable)

    rule = r"logged raw='250 2.0.0 Ok\r\n421 4.4.2 Idle too long\r\n' then=drop"
    with clear(rule, folder=tmp_path) as server:
        asyncio.run(scenario())


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "dot"])
def test_temporary_refusal_queues_the_row_again(tmp_path: Path, phase: str) -> None:
    with clear(f"{phase} reply='451 4.3.0 Not now'", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.code) == (State.QUEUED, 451)


def test_address_in_another_script_needs_a_server_that_takes_it(tmp_path: Path) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        envelope = Envelope("bounce@front.example", "خواننده@list.example")
        outcome = await connection.send(envelope, [MESSAGE], before_dot=yes)
        assert connection.usable
        await connection.close()
        return outcome

    with clear(folder=tmp_path, offer="PIPELINING,8BITMIME") as server:
        refused = asyncio.run(scenario())
        assert not any("MAIL" in line for line in server.heard())
    assert refused is not None
    assert (refused.state, refused.cause, refused.action) == (State.FAILED, "needs-smtputf8", Action.NONE)
    (tmp_path / "2").mkdir()
    with clear(folder=tmp_path / "2") as server:
        passed = asyncio.run(scenario())
        assert any(
            line.endswith("MAIL FROM:<bounce@front.example> SMTPUTF8") or "SMTPUTF8" in line
            for line in server.heard()
        )
    assert passed is not None
    assert passed.state is State.ACCEPTED


@pytest.mark.parametrize("rcpt", ["", "a@b.example>\r\nRSET", "a b@c.example", "a@b.example> X=<"])
def test_address_that_would_end_the_command_is_never_sent(tmp_path: Path, rcpt: str) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        outcome = await connection.send(Envelope("b@front.example", rcpt), [MESSAGE], before_dot=yes)
        await connection.close()
        return outcome

    with clear(folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
        assert not any("MAIL" in line for line in server.heard())
    assert outcome is not None
    assert (outcome.state, outcome.cause) == (State.FAILED, "malformed-address")


class Silent:
    """A wire on which nothing is said, only noted."""

    def __init__(self, *, alive: bool) -> None:
        self.alive, self.asked = alive, list[bytes]()

    async def ask(self, command: bytes, seconds: float) -> None:
        self.asked.append(command)

    def end(self, why: str) -> None:
        self.alive = False


@pytest.mark.parametrize(
    ("extensions", "messages", "ahead", "usable"),
    [({"pipelining": ""}, 1, True, True), ({}, 1, False, True), ({"pipelining": ""}, 0, False, False)],
)
def test_a_message_is_announced_ahead_only_where_it_may_and_has_room(
    extensions: dict[str, str], messages: int, ahead: bool, usable: bool
):
    options = RelayOptions(name="main", host="relay.example", port=25, messages=messages)
    for alive in (True, False):
        connection: Any = Connection(cast("Any", Silent(alive=alive)), options, extensions)
        assert (connection.looks_ahead, connection.usable) == (ahead, usable and alive)
        connection._announced = ENVELOPE
        assert connection.usable == alive, "what was announced has its place"


@pytest.mark.parametrize("alive", [True, False])
@pytest.mark.parametrize("announced", [None, ENVELOPE])
def test_goodbye_is_said_to_a_server_that_listens_and_waits_for_no_message(alive: bool, announced: Any):
    wire: Any = Silent(alive=alive)
    connection = Connection(wire, RelayOptions(name="main", host="relay.example", port=25), {})
    connection._announced = announced
    asyncio.run(connection.close())
    assert wire.asked == ([b"QUIT\r\n"] if alive and announced is None else [])
    assert not wire.alive


def test_a_wire_bears_a_line_of_4096_bytes_and_is_broken_where_the_server_hung_up() -> None:
    async def wire(*, closing: bool) -> Wire:
        return Wire(Mock(is_closing=Mock(return_value=closing)))

    async def fed(*sizes: int) -> str | None:
        fresh = await wire(closing=False)
        for size in sizes:
            fresh.get_buffer(size)[:size] = b"2" * size
            fresh.buffer_updated(size)
        return fresh.fault

    assert asyncio.run(wire(closing=True)).fault == "the server hung up"
    assert asyncio.run(fed(4096)) is None
    assert asyncio.run(fed(4096, 1)) == "a reply line without end"


def test_a_parameter_is_written_in_visible_ascii() -> None:
    """RFC 3461, section 4: from "!" to "~" but for "+" and "="; all else in hexadecimal."""
    assert xtext("!a*9<>Z~@x.example") == "!a*9<>Z~@x.example"
    assert xtext("!~ +=\x7f") == "!~+20+2B+3D+7F"


def test_a_reply_is_read_line_by_line_up_to_32768_bytes_and_a_lost_wire_says_why() -> None:
    async def heard(*packets: bytes) -> Wire:
        fresh = Wire(Mock(is_closing=Mock(return_value=False)))
        for packet in packets:
            for some in (packet[:2000], packet[2000:]):
                fresh.get_buffer(len(some))[: len(some)] = some
                fresh.buffer_updated(len(some))
        return fresh

    async def lost(error: Exception | None) -> str | None:
        wire = await heard()
        wire.connection_lost(error)
        return wire.fault

    for end in (b"\r\n", b"\n"):
        wire = asyncio.run(heard(b"250-2.1.0 Hello" + end + b"25", b"0 there" + end))
        assert wire.unasked == Reply(250, "2.1.0", "2.1.0 Hello there")
        assert wire.fault == "a reply to nothing: 250 2.1.0 Hello there"
    part = b"x" * 4092
    whole = asyncio.run(heard(*[b"250-" + part + b"\r\n"] * 7, b"250 " + part + b"\r\n"))
    assert whole.unasked is not None
    more = asyncio.run(heard(*[b"250-" + part + b"\r\n"] * 8, b"250\r\n"))
    assert (more.unasked, more.fault) == (None, "what the server said is no reply")
    assert asyncio.run(lost(None)) == "connection lost"
    assert asyncio.run(lost(ConnectionResetError())) == "connection lost: the connection was reset"
