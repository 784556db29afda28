"""The transport against a real server taught to misbehave: whatever happens is an outcome, and the phase decides which."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from publisher.ledger import Action, Outcome, State
from publisher.transport import Connection, Envelope, Limits, Relay, RelayOptions
from tests.smtpd import Server

SHORT = Limits(connect=2, banner=2, command=2, data=2, block=2, dot=2, reset=1, quit=0.5)
ENVELOPE = Envelope("bounce@front.example", "reader@list.example")
MESSAGE = [
    b"Message-ID: <m.1@front.example>\r\n",
    b"To: reader@list.example\r\n\r\n",
    b"Body\r\n..stuffed\r\n",
]
UNSTUFFED = b"".join(MESSAGE).replace(b"\r\n..", b"\r\n.")


def relay(server: Server, **changes: Any) -> Relay:
    options: dict[str, Any] = {
        "name": "main",
        "host": server.host,
        "port": server.port,
        "ca_file": server.ca_file,
        "helo": "front.example",
        "limits": SHORT,
    }
    if not server.starttls and not server.implicit:
        options["tls"] = "none"
    return Relay(RelayOptions(**(options | changes)))


async def yes() -> bool:
    return True


async def no() -> bool:
    return False


async def late() -> bool:
    """A mark that takes its time: what the server did meanwhile must be noticed before the dot leaves."""
    await asyncio.sleep(0.1)
    return True


async def connected(over: Relay) -> Connection:
    opened = await over.connect()
    assert isinstance(opened, Connection), opened
    return opened


async def until(true: Callable[[], bool]) -> None:
    """Wait for what happens in the server's thread."""
    async with asyncio.timeout(5):
        while not true():  # noqa: ASYNC110 - no event of this loop tells of it
            await asyncio.sleep(0.005)


def one(
    server: Server, *, before_dot: Callable[[], Awaitable[bool]] = yes, pieces: Any = MESSAGE, **changes: Any
) -> Outcome | None:
    """The outcome of one message over a connection of its own; a failure to connect counts as one."""

    async def send() -> Outcome | None:
        opened = await relay(server, **changes).connect()
        if isinstance(opened, Outcome):
            return opened
        outcome = await opened.send(ENVELOPE, pieces, before_dot=before_dot)
        await opened.close()
        return outcome

    return asyncio.run(send())


def clear(*rules: str, folder: Path, **options: Any) -> Server:
    """A server without TLS: what is tested here is the same with it, and quicker without."""
    return Server(*rules, folder=folder, starttls=False, **options)


# ------------------------------------------------------------------------------------------------------------ delivery


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

        async def mark() -> bool:
            await asyncio.sleep(0.05)  # time for a dot to arrive, if one had been sent
            seen.append(len(server.messages()))
            return True

        outcome = one(server, before_dot=mark)
    assert seen == [0]
    assert outcome is not None
    assert outcome.state is State.ACCEPTED


def test_refused_mark_sends_no_dot_and_ends_the_connection(tmp_path: Path) -> None:
    async def scenario() -> None:
        connection = await connected(relay(server))
        assert await connection.send(ENVELOPE, MESSAGE, before_dot=no) is None
        assert not connection.usable
        await connection.close()

    with clear(folder=tmp_path) as server:
        asyncio.run(scenario())
    assert not server.messages()


def test_failing_mark_sends_no_dot(tmp_path: Path) -> None:
    async def full() -> bool:
        raise OSError("disk full")

    with clear(folder=tmp_path) as server, pytest.raises(OSError, match="disk full"):
        one(server, before_dot=full)
    assert not server.messages()


def test_connection_is_used_again_and_given_up_after_its_number_of_messages(tmp_path: Path) -> None:
    async def scenario() -> list[bool]:
        connection = await connected(relay(server, messages=3))
        usable = []
        for _ in range(3):
            await connection.send(ENVELOPE, MESSAGE, before_dot=yes)
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
    pieces = [b"Message-ID: <m.1@front.example>\r\n\r\n"] + [b"x" * 70 + b"\r\n"] * 20_000
    with Server(folder=tmp_path) as server:
        outcome = one(server, pieces=pieces)
        (message,) = server.messages()
    assert outcome is not None
    assert outcome.state is State.ACCEPTED
    assert message.sha256 == hashlib.sha256(b"".join(pieces)).hexdigest()


# -------------------------------------------------------------------------------------------- lost, silent, cut, garbled

BEFORE = ["mail", "rcpt", "data", "354"]
CUTS = ["do=drop", "do=reset", "raw=25 then=drop"]


@pytest.mark.parametrize("phase", ["connect", "banner", "ehlo", *BEFORE])
@pytest.mark.parametrize("cut", CUTS)
def test_connection_cut_before_the_dot_costs_nobody_anything(tmp_path: Path, phase: str, cut: str) -> None:
    with clear(f"{phase} {cut}", folder=tmp_path) as server:
        outcome = one(server, before_dot=late)
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)
    assert not server.messages()


@pytest.mark.parametrize("phase", ["starttls", "handshake"])
@pytest.mark.parametrize("cut", ["drop", "reset"])
def test_connection_cut_while_tls_is_made_is_the_relays_trouble(tmp_path: Path, phase: str, cut: str) -> None:
    with Server(f"{phase} do={cut}", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)


@pytest.mark.parametrize("at", [1, 30])
@pytest.mark.parametrize("cut", ["drop", "reset"])
def test_connection_cut_within_the_body_costs_nobody_anything(tmp_path: Path, at: int, cut: str) -> None:
    with clear(f"body at={at} do={cut}", folder=tmp_path) as server:
        outcome = one(server, before_dot=late)
    assert outcome is not None
    assert (outcome.state, outcome.charged) == (State.QUEUED, False)


@pytest.mark.parametrize("phase", ["dot", "logged"])
@pytest.mark.parametrize("cut", CUTS)
def test_connection_cut_after_the_dot_leaves_a_doubt(tmp_path: Path, phase: str, cut: str) -> None:
    with clear(f"{phase} {cut}", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.state is State.UNCERTAIN
    assert len(server.messages()) == (phase == "logged")


@pytest.mark.parametrize("phase", ["banner", "ehlo", "mail", "rcpt", "data"])
def test_silence_before_the_dot_ends_at_its_limit_and_costs_nobody_anything(
    tmp_path: Path, phase: str
) -> None:
    limits = Limits(connect=0.2, banner=0.2, command=0.2, data=0.2)
    with clear(f"{phase} do=stall", folder=tmp_path) as server:
        outcome = one(server, limits=limits)
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)
    assert "no answer" in outcome.cause


@pytest.mark.parametrize("phase", ["dot", "logged"])
def test_silence_after_the_dot_leaves_a_doubt(tmp_path: Path, phase: str) -> None:
    with clear(f"{phase} do=stall", folder=tmp_path) as server:
        outcome = one(server, limits=Limits(dot=0.2))
    assert outcome is not None
    assert outcome.state is State.UNCERTAIN


def test_late_acceptance_is_not_taken_for_the_next_answer(tmp_path: Path) -> None:
    async def scenario() -> bool:
        connection = await connected(relay(server, limits=Limits(dot=0.1)))
        outcome = await connection.send(ENVELOPE, MESSAGE, before_dot=yes)
        assert outcome is not None
        assert outcome.state is State.UNCERTAIN
        await asyncio.sleep(0.3)
        usable = connection.usable
        await connection.close()
        return usable

    with clear("logged wait=0.2", folder=tmp_path) as server:
        assert asyncio.run(scenario()) is False


@pytest.mark.parametrize("tls", [False, True])
def test_server_that_stops_reading_is_noticed_before_the_dot(tmp_path: Path, tls: bool) -> None:
    asked: list[bool] = []

    async def mark() -> bool:
        asked.append(True)
        return True

    pieces = [b"x" * 70 + b"\r\n"] * 150_000  # more than the kernel's buffers take
    with Server("body at=1 do=deaf", folder=tmp_path, starttls=tls, rcvbuf=4096) as server:
        outcome = one(server, pieces=pieces, before_dot=mark, limits=Limits(block=0.3))
    assert outcome is not None
    assert (outcome.state, outcome.charged, asked) == (State.QUEUED, False, [])


GARBLED = [
    r"raw='hello there\r\n'",
    r"raw='99 no\r\n'",
    r"raw='650 no\r\n'",
    r"raw='\0\0\0\r\n'",
    "do=flood",
    "reply='" + "x" * 65_536 + "'",
    "raw='250-" + "x" * 65_536 + "'",
]


@pytest.mark.parametrize("garbled", GARBLED, ids=range(len(GARBLED)))
@pytest.mark.parametrize("phase", ["mail", "rcpt", "data"])
def test_what_is_no_reply_before_the_dot_costs_nobody_anything(
    tmp_path: Path, phase: str, garbled: str
) -> None:
    with clear(f"{phase} {garbled}", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)


@pytest.mark.parametrize("garbled", GARBLED, ids=range(len(GARBLED)))
def test_what_is_no_reply_to_the_dot_leaves_a_doubt(tmp_path: Path, garbled: str) -> None:
    with clear(f"logged {garbled}", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.state is State.UNCERTAIN


@pytest.mark.parametrize("garbled", GARBLED, ids=range(len(GARBLED)))
def test_what_is_no_reply_at_the_beginning_is_an_outcome(tmp_path: Path, garbled: str) -> None:
    with clear(f"banner {garbled}", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.charged) == (State.QUEUED, False)


def test_reply_split_at_every_byte_is_one_reply(tmp_path: Path) -> None:
    with clear("* split=1 pace=0.0005", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.state is State.ACCEPTED


def test_surplus_reply_is_never_the_answer_to_the_next_command(tmp_path: Path) -> None:
    """A second 250 after MAIL's would make a refused recipient look accepted."""
    rules = (r"mail raw='250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n'", "rcpt reply='550 5.1.1 No such user'")
    with clear(*rules, folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.action) == (State.QUEUED, Action.RECONNECT)


def test_acceptance_before_the_dot_is_not_believed(tmp_path: Path) -> None:
    with clear("body at=1 reply='250 2.0.0 Taken'", folder=tmp_path) as server:
        outcome = one(server, before_dot=late)
    assert outcome is not None
    assert (outcome.state, outcome.action) == (State.QUEUED, Action.RECONNECT)
    assert not server.messages()


def test_refusal_before_the_dot_is_the_answer_and_no_dot_follows(tmp_path: Path) -> None:
    with clear("body at=1 reply='552 5.3.4 Too big'", folder=tmp_path) as server:
        outcome = one(server, before_dot=late)
    assert outcome is not None
    assert (outcome.code, outcome.action) == (552, Action.HALT)
    assert not server.messages()


def test_control_characters_and_broken_text_of_a_reply_are_made_harmless(tmp_path: Path) -> None:
    rule = r"rcpt raw='550 5.1.1 \xff\xfe\0\x1b[31mgone caf\xc3\xa9\r\n'"
    with clear(rule, folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.reply is not None
    assert outcome.reply.isprintable()
    assert "café" in outcome.reply
    assert outcome.enhanced == "5.1.1"


def test_aborting_at_the_dot_leaves_a_doubt_and_needs_no_cancelling(tmp_path: Path) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        sending = asyncio.create_task(connection.send(ENVELOPE, MESSAGE, before_dot=yes))
        await until(lambda: bool(server.messages()))
        connection.abort()
        return await sending

    with clear("logged do=stall", folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert outcome.state is State.UNCERTAIN


# ------------------------------------------------------------------------------------------------------------ refusals


def test_refused_recipient_is_followed_by_rset_and_the_next_message_passes(tmp_path: Path) -> None:
    async def scenario() -> list[Outcome | None]:
        connection = await connected(relay(server))
        outcomes = [
            await connection.send(Envelope("b@front.example", rcpt), MESSAGE, before_dot=yes)
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
    assert heard[heard.index("1 RCPT TO:<gone@list.example>") + 1] == "1 RSET"


@pytest.mark.parametrize("how", ["reply='500 5.5.1 What'", "do=drop", "do=stall"])
def test_connection_is_not_used_again_after_a_failed_rset(tmp_path: Path, how: str) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server, limits=Limits(reset=0.2)))
        await connection.send(Envelope("", "gone@list.example"), MESSAGE, before_dot=yes)
        outcome = await connection.send(ENVELOPE, MESSAGE, before_dot=yes)
        assert not connection.usable
        await connection.close()
        return outcome

    rules = ("rcpt to=gone@* reply='550 5.1.1 No such user'", f"rset {how}")
    with clear(*rules, folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)
    assert not server.messages()


@pytest.mark.parametrize("phase", ["rcpt", "data", "dot"])
def test_421_ends_the_connection(tmp_path: Path, phase: str) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        outcome = await connection.send(ENVELOPE, MESSAGE, before_dot=yes)
        assert not connection.usable
        await connection.close()
        return outcome

    with clear(f"{phase} reply='421 4.7.0 Enough'", folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.code) == (State.QUEUED, False, 421)


def test_421_that_ends_a_session_in_use_is_no_answer_to_the_next_row(tmp_path: Path) -> None:
    async def scenario() -> Outcome | None:
        connection = await connected(relay(server))
        await connection.send(ENVELOPE, MESSAGE, before_dot=yes)
        return await connection.send(ENVELOPE, MESSAGE, before_dot=yes)

    with clear("mail nth=2 reply='421 4.7.0 Enough' then=drop", folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)


def test_server_that_hung_up_between_messages_is_noticed(tmp_path: Path) -> None:
    async def scenario() -> bool:
        connection = await connected(relay(server))
        await connection.send(ENVELOPE, MESSAGE, before_dot=yes)
        await asyncio.sleep(0.1)
        return connection.usable

    rule = r"logged raw='250 2.0.0 Ok\r\n421 4.4.2 Idle too long\r\n' then=drop"
    with clear(rule, folder=tmp_path) as server:
        assert asyncio.run(scenario()) is False


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
        outcome = await connection.send(envelope, MESSAGE, before_dot=yes)
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
        outcome = await connection.send(Envelope("b@front.example", rcpt), MESSAGE, before_dot=yes)
        await connection.close()
        return outcome

    with clear(folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
        assert not any("MAIL" in line for line in server.heard())
    assert outcome is not None
    assert (outcome.state, outcome.cause) == (State.FAILED, "malformed-address")


# ---------------------------------------------------------------------------------------------- connecting, TLS, log-in


def test_nobody_listening_is_the_relays_trouble(tmp_path: Path) -> None:
    with clear(folder=tmp_path) as server:
        pass
    outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)


@pytest.mark.parametrize("certificate", ["expired", "other-name", "untrusted"])
@pytest.mark.parametrize("implicit", [False, True])
def test_bad_certificate_halts_and_no_message_is_sent(
    tmp_path: Path, certificate: str, implicit: bool
) -> None:
    with Server(folder=tmp_path, certificate=certificate, implicit=implicit) as server:
        outcome = one(server, tls="implicit" if implicit else "required")
        heard = server.heard()
    assert outcome is not None
    assert (outcome.state, outcome.action, outcome.charged) == (State.QUEUED, Action.HALT, False)
    assert "TLS" in outcome.cause
    assert not any("MAIL" in line for line in heard)


def test_missing_starttls_halts_and_no_message_is_sent(tmp_path: Path) -> None:
    with clear(folder=tmp_path) as server:
        outcome = one(server, tls="required", ca_file=None)
        heard = server.heard()
    assert outcome is not None
    assert (outcome.action, outcome.cause) == (Action.HALT, "the relay does not offer STARTTLS")
    assert not any("MAIL" in line for line in heard)


def test_opportunistic_takes_tls_where_it_is_offered_and_only_there(tmp_path: Path) -> None:
    with Server(folder=tmp_path) as server:
        assert one(server, tls="opportunistic") is not None
        assert server.messages()[0].tls
    (tmp_path / "2").mkdir()
    with clear(folder=tmp_path / "2") as server:
        assert one(server, tls="opportunistic", ca_file=None) is not None
        assert not server.messages()[0].tls


def test_opportunistic_does_not_fall_back_when_tls_fails(tmp_path: Path) -> None:
    with Server(folder=tmp_path, certificate="expired") as server:
        outcome = one(server, tls="opportunistic")
        heard = server.heard()
    assert outcome is not None
    assert outcome.action is Action.HALT
    assert not any("MAIL" in line for line in heard)


def test_login_happens_under_tls(tmp_path: Path) -> None:
    with Server(folder=tmp_path, users={"desk": "s3cret"}) as server:
        outcome = one(server, username="desk", password="s3cret")
    assert outcome is not None
    assert outcome.state is State.ACCEPTED


def test_refused_login_halts(tmp_path: Path) -> None:
    with Server(folder=tmp_path, users={"desk": "s3cret"}) as server:
        outcome = one(server, username="desk", password="wrong")
    assert outcome is not None
    assert (outcome.state, outcome.action, outcome.code) == (State.QUEUED, Action.HALT, 535)


@pytest.mark.parametrize("tls", ["none", "opportunistic"])
def test_password_never_goes_out_in_clear(tmp_path: Path, tls: str) -> None:
    with clear(folder=tmp_path, users={"desk": "s3cret"}) as server:
        outcome = one(server, tls=tls, ca_file=None, username="desk", password="s3cret")
        heard = server.heard()
    assert outcome is not None
    assert outcome.action is Action.HALT
    assert not any("AUTH" in line for line in heard)


@pytest.mark.parametrize(
    ("phase", "reply", "action"),
    [
        ("banner", "554 5.7.1 Your address is listed", Action.COUNT_BLOCK),
        ("banner", "421 4.3.2 Busy", Action.SLOW),
        ("ehlo", "550 5.7.1 Go away", Action.COUNT_BLOCK),
        ("starttls", "454 4.7.0 TLS not available for now", Action.SLOW),
        ("auth", "454 4.7.0 Try again", Action.SLOW),
        ("auth", "535 5.7.8 No", Action.HALT),
    ],
)
def test_refusal_before_any_message_charges_nobody(
    tmp_path: Path, phase: str, reply: str, action: Action
) -> None:
    with Server(f"{phase} reply='{reply}'", folder=tmp_path, users={"desk": "s3cret"}) as server:
        outcome = one(server, username="desk", password="s3cret")
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, action)


def test_clear_text_is_refused_for_other_machines() -> None:
    with pytest.raises(ValueError, match="only under TLS"):
        Relay(RelayOptions(name="main", host="relay.front.example", port=25, tls="none"))
    with pytest.raises(ValueError, match="no such tls setting"):
        Relay(RelayOptions(name="main", host="127.0.0.1", port=25, tls="yes"))


def test_password_is_in_no_text_of_the_options() -> None:
    assert "s3cret" not in repr(RelayOptions(name="main", host="127.0.0.1", port=25, password="s3cret"))


def test_connecting_can_be_cancelled_at_any_moment(tmp_path: Path) -> None:
    async def scenario() -> None:
        opening = asyncio.create_task(relay(server).connect())
        await until(lambda: "1 connected" in server.heard())
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening

    with clear("banner do=stall", folder=tmp_path) as server:
        asyncio.run(scenario())
