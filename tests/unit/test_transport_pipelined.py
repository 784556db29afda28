"""Commands that travel together: one journey a message, every status read, and nothing that is announced is delivered by that."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from publisher.ledger import Action, Outcome, State
from publisher.transport import Answer, Connection, Envelope, Limits, Mail
from publisher.transport.wire import Wire
from tests.smtpd import OFFER, Server
from tests.transportbox import MESSAGE, clear, connected, late, no, one, relay, yes

FIRST, SECOND, THIRD = (
    Envelope("b@front.example", f"{name}@list.example", "01KJ+D") for name in ("first", "second", "third")
)


async def pair(
    server: Server,
    *,
    before_second: Callable[[Answer], None] = yes,
    limits: Limits | None = None,
) -> tuple[Outcome | None, Outcome | None, Connection]:
    """Two messages, the second one announced with the dot of the first."""
    connection = await connected(relay(server, **({"limits": limits} if limits else {})))
    ahead: Mail = SECOND, [MESSAGE]
    first = await connection.send(FIRST, [MESSAGE], before_dot=yes, following=lambda: ahead)
    second = None
    if connection.usable:
        second = await connection.send(SECOND, [MESSAGE], before_dot=before_second)
    return first, second, connection


def states(*outcomes: Outcome | None) -> list[State | None]:
    return [outcome and outcome.state for outcome in outcomes]


def test_envelope_travels_with_the_dot_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[bytes] = []
    waits: list[bool] = []
    put = Wire.put

    def note(self: Wire, data: bytes) -> None:
        written.append(data)
        put(self, data)

    def note_all(self: Wire, pieces: Sequence[bytes], size: int, *, more: bool) -> None:
        written.append(b"".join(pieces))
        waits.append(more)
        put_all(self, pieces, size, more=more)

    put_all = Wire.put_all
    monkeypatch.setattr(Wire, "put", note)
    monkeypatch.setattr(Wire, "put_all", note_all)

    async def scenario() -> None:
        first, second, connection = await pair(server)
        assert states(first, second) == [State.ACCEPTED, State.ACCEPTED]
        await connection.close()

    with clear(folder=tmp_path) as server:
        asyncio.run(scenario())
        assert [message.rcpt for message in server.messages()] == [FIRST.recipient, SECOND.recipient]
    size, body = len(MESSAGE), MESSAGE
    mail = f"MAIL FROM:<b@front.example> SIZE={size} RET=HDRS ENVID=01KJ+2BD\r\n"
    asked = [
        f"{mail}RCPT TO:<{name}@list.example> NOTIFY=FAILURE ORCPT=rfc822;{name}@list.example\r\nDATA\r\n".encode()
        for name in ("first", "second")
    ]
    assert written == [asked[0], body, b".\r\n" + asked[1], body, b".\r\n", b"QUIT\r\n"]
    assert waits == [
        False,
        True,
    ]  # the first body is on its way before its mark, whatever the server does with it


@pytest.mark.parametrize("phase", ["mail", "rcpt", "data", "354"])
@pytest.mark.parametrize("how", ["do=drop", "do=reset", "raw=25 then=drop", "reply='421 4.7.0 No' then=drop"])
def test_cut_within_an_announced_envelope_is_free_for_it_and_no_doubt_for_the_one_before(
    tmp_path: Path, phase: str, how: str
) -> None:
    if phase == "354" and how.startswith("reply"):
        how = "raw='421 4.7.0 No' then=drop"

    async def scenario() -> None:
        first, second, connection = await pair(server, before_second=late)
        assert first is not None
        assert (
            first.state is State.ACCEPTED or how == "do=reset"
        )  # a reset may overtake the answers before it
        if second is not None:
            assert (second.state, second.charged) == (State.QUEUED, False)
        assert not connection.usable
        await connection.close()

    with clear(f"{phase} to=second@* {how}", f"mail nth=2 {how}", folder=tmp_path) as server:
        asyncio.run(scenario())
        assert [message.rcpt for message in server.messages()] == [FIRST.recipient]


@pytest.mark.parametrize("rule", ["dot nth=1 do=drop", "dot nth=1 do=stall", "logged nth=1 raw=25 then=drop"])
def test_lost_dot_is_one_doubt_and_what_was_announced_with_it_is_free(tmp_path: Path, rule: str) -> None:
    async def scenario() -> None:
        first, second, connection = await pair(server, limits=Limits(dot=0.2))
        assert states(first, second) == [State.UNCERTAIN, None]
        assert not connection.usable
        await connection.close()

    with clear(rule, folder=tmp_path) as server:
        asyncio.run(scenario())
        assert SECOND.recipient not in {message.rcpt for message in server.messages()}


def test_refused_dot_is_no_matter_of_the_envelope_behind_it(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second, connection = await pair(server)
        assert states(first, second) == [State.QUEUED, State.ACCEPTED]
        await connection.close()

    with clear("dot nth=1 reply='451 4.3.0 Later'", folder=tmp_path) as server:
        asyncio.run(scenario())
        assert "1 RSET" not in server.heard(), "it would end the transaction that was announced"


@pytest.mark.parametrize("announced", [False, True])
def test_refused_recipient_whose_data_is_taken_is_ended_with_a_lone_dot_and_counts_as_refused(
    tmp_path: Path, announced: bool
) -> None:
    async def scenario() -> list[Outcome | None]:
        if announced:
            _, second, connection = await pair(server)
        else:
            connection = await connected(relay(server))
            second = await connection.send(SECOND, [MESSAGE], before_dot=no)
        third = await connection.send(THIRD, [MESSAGE], before_dot=yes)
        await connection.close()
        return [second, third]

    rule = "rcpt to=second@* reply='550 5.1.1 No such user'"
    with clear(rule, folder=tmp_path, lenient=True) as server:
        second, third = asyncio.run(scenario())
        taken = [message.rcpt for message in server.messages()]
    assert second is not None
    assert (second.state, second.action, second.code) == (State.FAILED, Action.SUPPRESS, 550)
    assert states(third) == [State.ACCEPTED]
    assert taken == ([FIRST.recipient] if announced else []) + [THIRD.recipient]


def test_data_taken_with_a_recipient_though_mail_was_refused_is_never_ended(tmp_path: Path) -> None:
    """There a lone dot might be a message, and nothing was marked."""
    rules = ("mail reply='550 5.7.0 No'", "rcpt reply='250 2.1.5 Ok'")
    with clear(*rules, folder=tmp_path, lenient=True) as server:
        outcome = one(server)
        heard = server.heard()
    assert outcome is not None
    assert outcome.code == 550
    assert "1 QUIT" not in heard
    assert not server.messages()


@pytest.mark.parametrize("rules", [("rcpt reply='550 5.1.1 No'",), ("mail reply='550 5.7.0 No'",)])
def test_refusal_with_refused_data_keeps_the_connection(tmp_path: Path, rules: tuple[str, ...]) -> None:
    async def scenario() -> None:
        connection = await connected(relay(server))
        assert (refused := await connection.send(FIRST, [MESSAGE], before_dot=no)) is not None
        assert refused.code == 550
        server.teach()
        assert states(await connection.send(SECOND, [MESSAGE], before_dot=yes)) == [State.ACCEPTED]
        await connection.close()

    with clear(*rules, folder=tmp_path) as server:
        asyncio.run(scenario())


def test_mark_that_says_no_to_an_announced_message_sends_no_dot(tmp_path: Path) -> None:
    async def scenario() -> None:
        first, second, connection = await pair(server, before_second=no)
        assert states(first, second) == [State.ACCEPTED, None]
        assert not connection.usable

    with clear(folder=tmp_path) as server:
        asyncio.run(scenario())
        assert [message.rcpt for message in server.messages()] == [FIRST.recipient]


def test_announced_message_that_is_not_sent_ends_the_connection_and_nothing_else(tmp_path: Path) -> None:
    async def scenario(*, another: bool) -> None:
        connection = await connected(relay(server))
        await connection.send(FIRST, [MESSAGE], before_dot=yes, following=lambda: (SECOND, [MESSAGE]))
        if another:
            third = await connection.send(THIRD, [MESSAGE], before_dot=yes)
            assert third is not None
            assert (third.state, third.charged) == (State.QUEUED, False)
        await connection.close()

    with clear(folder=tmp_path) as server:
        asyncio.run(scenario(another=False))
        asyncio.run(scenario(another=True))
        assert [message.rcpt for message in server.messages()] == [FIRST.recipient] * 2
        assert not any(line.endswith("QUIT") for line in server.heard())


def test_surplus_reply_is_never_taken_for_an_acceptance_or_a_dead_mailbox(tmp_path: Path) -> None:
    rules = (r"mail raw='250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n'", "rcpt reply='550 5.1.1 No such user'")
    with clear(*rules, folder=tmp_path, lenient=True) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.state is not State.ACCEPTED
    assert outcome.action is not Action.SUPPRESS


def test_three_answers_in_one_packet_are_three_answers() -> None:
    async def scenario() -> Outcome | None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"220 relay.example\r\n")
            await reader.readuntil(b"\r\n")
            writer.write(b"250-relay.example\r\n250 PIPELINING\r\n")
            await reader.readuntil(b"DATA\r\n")
            writer.write(b"250 2.1.0 Ok\r\n250-2.1.5 Two\r\n250 2.1.5 lines\r\n354 Go\r\n")
            await reader.readuntil(b"\r\n.\r\n")
            writer.write(b"250 2.0.0 Taken\r\n")
            await reader.readuntil(b"QUIT\r\n")
            writer.write(b"221 2.0.0 Bye\r\n")
            await reader.read()
            writer.close()
            gone.set()

        gone = asyncio.Event()
        listening = await asyncio.start_server(serve, "127.0.0.1", 0)
        server = Server(folder=Path("/"), starttls=False, port=listening.sockets[0].getsockname()[1])
        connection = await connected(relay(server))
        outcome = await connection.send(FIRST, [MESSAGE], before_dot=yes)
        await connection.close()
        await gone.wait()
        listening.close()
        return outcome

    assert states(asyncio.run(scenario())) == [State.ACCEPTED]


WELCOME = b"250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n354 Go\r\n"


async def three(*answers: bytes, accepted: Callable[[Outcome], bool], apart: bool) -> Outcome | None:
    """Three messages in one call, to a server that says this to the dots: in one packet, or the reply to the dot in one of its own."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 relay.example\r\n")
        await reader.readuntil(b"\r\n")
        writer.write(b"250-relay.example\r\n250 PIPELINING\r\n")
        for answer in (WELCOME, *answers):
            await reader.readuntil(b"DATA\r\n")
            first, end, others = answer.partition(b"\r\n") if apart else (answer, b"", b"")
            writer.write(first + end)
            await asyncio.sleep(0.01 if apart else 0)
            writer.write(others)
        await reader.read()
        writer.close()
        gone.set()

    ahead: list[Mail] = [(SECOND, [MESSAGE]), (THIRD, [MESSAGE])]
    gone = asyncio.Event()
    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    server = Server(folder=Path("/"), starttls=False, port=listening.sockets[0].getsockname()[1])
    connection = await connected(relay(server))
    try:
        return await connection.send(
            FIRST, [MESSAGE], before_dot=late, following=lambda: ahead.pop(0), accepted=accepted
        )
    finally:
        connection.abort()
        await gone.wait()
        listening.close()


@pytest.mark.parametrize("apart", [False, True])
def test_the_next_message_begins_where_its_welcome_came_and_a_refusal_is_its_own(apart: bool) -> None:
    settled: list[Outcome] = []

    def accepted(outcome: Outcome) -> bool:
        settled.append(outcome)
        return True

    refused = b"250 2.0.0 second\r\n250 2.1.0 Ok\r\n550 5.1.1 No such user\r\n503 5.5.1 No\r\n"
    last = asyncio.run(three(b"250 2.0.0 first\r\n" + WELCOME, refused, accepted=accepted, apart=apart))
    assert [(one.state, one.reply, one.relay) for one in settled] == [
        (State.ACCEPTED, "2.0.0 first", "main"),
        (State.ACCEPTED, "2.0.0 second", "main"),
    ]
    assert last is not None
    assert (last.state, last.code) == (State.FAILED, 550)


def test_what_goes_wrong_between_two_messages_is_raised_where_they_are_waited_for() -> None:
    def accepted(outcome: Outcome) -> bool:
        raise ValueError(outcome.reply)

    with pytest.raises(ValueError, match=r"2\.0\.0 first"):
        asyncio.run(three(b"250 2.0.0 first\r\n" + WELCOME, accepted=accepted, apart=False))


def test_message_over_the_announced_size_halts_before_anything_is_sent(tmp_path: Path) -> None:
    with clear(folder=tmp_path, offer="PIPELINING,SIZE 20") as server:
        outcome = one(server)
        assert not any("MAIL" in line for line in server.heard())
    assert outcome is not None
    assert (outcome.state, outcome.action, outcome.scope, outcome.charged) == (
        State.QUEUED,
        Action.HALT,
        "message",
        False,
    )
    assert "limit of 20" in outcome.cause


@pytest.mark.parametrize("offer", [OFFER, "PIPELINING", "SIZE"])
def test_only_what_was_announced_is_asked_for(tmp_path: Path, offer: str) -> None:
    eight = b"Message-ID: <m.1@front.example>\r\n\r\n" + "Ä\r\n".encode()
    with clear(folder=tmp_path, offer=offer) as server:
        seven_bit = one(server)
        eight_bit = one(server, message=eight)
        mails = [line for line in server.heard() if "MAIL" in line]
    assert states(seven_bit) == [State.ACCEPTED]
    assert ("BODY=8BITMIME" in mails[0], "SIZE=" in mails[0], "RET=" in mails[0]) == (
        False,
        "SIZE" in offer,
        "DSN" in offer,
    )
    if "8BITMIME" in offer:
        assert "BODY=8BITMIME" in mails[1]
    else:
        assert eight_bit is not None
        assert (eight_bit.state, eight_bit.cause) == (State.FAILED, "needs-8bitmime")


def test_end_of_a_mail_travels_with_its_dot() -> None:
    """A packet of its own for the last bytes would wake the relay once more, for nothing: it waits for the dot."""

    async def scenario() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            transport, _ = await asyncio.get_running_loop().create_connection(
                asyncio.Protocol, *listening.getsockname()
            )
            wire = Wire(transport)
            relay, _ = listening.accept()
            with relay:
                relay.setblocking(False)
                wire.put_all([b"the body", b" of a mail\r\n"], 20, more=True)
                assert wire.drained
                with pytest.raises(BlockingIOError):
                    relay.recv(100)
                wire.put(b".\r\n")
                assert relay.recv(100) == b"the body of a mail\r\n.\r\n"
            wire.end("enough")

    asyncio.run(scenario())
