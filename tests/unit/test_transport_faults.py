"""Lost, silent, cut and garbled: whatever happens is an outcome, and the phase decides which."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from publisher.ledger import Action, Outcome, Phase, State
from publisher.transport import Answer, Limits
from publisher.transport.relay import _failure
from tests.smtpd import PLAIN, Server
from tests.transportbox import (
    ENVELOPE,
    MESSAGE,
    clear,
    connected,
    either_way,
    late,
    one,
    relay,
    until,
    yes,
)

__all__ = ["either_way"]

BEFORE = ["mail", "rcpt", "data", "354"]
CUTS = ["do=drop", "do=reset", "raw=25 then=drop"]


@pytest.mark.usefixtures("either_way")
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


@pytest.mark.parametrize("inner", [ssl.SSLWantReadError, ssl.SSLEOFError, ssl.SSLSyscallError])
def test_a_line_that_ends_within_a_handshake_is_no_wrong_setting(inner: type[ssl.SSLError]) -> None:
    """What asyncio waited for stands behind the error, as its context, when a reset meets the handshake at the wrong moment."""
    lost = ConnectionResetError(104, "Connection reset by peer")
    lost.__context__ = inner("The operation did not complete (read)")
    assert _failure(lost, Phase.TLS).action is Action.RECONNECT
    refused = ConnectionError("no")
    refused.__context__ = ssl.SSLCertVerificationError("self-signed certificate")
    assert _failure(refused, Phase.TLS).action is Action.HALT


@pytest.mark.parametrize("at", [1, 30])
@pytest.mark.parametrize("cut", ["drop", "reset"])
def test_connection_cut_within_the_body_costs_nobody_anything(tmp_path: Path, at: int, cut: str) -> None:
    with clear(f"body at={at} do={cut}", folder=tmp_path) as server:
        outcome = one(server, before_dot=late)
    assert outcome is not None
    assert (outcome.state, outcome.charged) == (State.QUEUED, False)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("phase", ["dot", "logged"])
@pytest.mark.parametrize("cut", CUTS)
def test_connection_cut_after_the_dot_leaves_a_doubt(tmp_path: Path, phase: str, cut: str) -> None:
    with clear(f"{phase} {cut}", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.state is State.UNCERTAIN
    assert len(server.messages()) == (phase == "logged")


@pytest.mark.usefixtures("either_way")
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
        outcome = await connection.send(ENVELOPE, [MESSAGE], before_dot=yes)
        assert outcome is not None
        assert outcome.state is State.UNCERTAIN
        await asyncio.sleep(0.7)  # until after the late reply
        usable = connection.usable
        await connection.close()
        return usable

    with clear("logged wait=0.5", folder=tmp_path) as server:
        assert asyncio.run(scenario()) is False


@pytest.mark.parametrize("tls", [False, True])
def test_server_that_stops_reading_is_noticed_before_the_dot(tmp_path: Path, tls: bool) -> None:
    asked: list[bool] = []

    def mark(answer: Answer) -> None:
        asked.append(True)
        answer(True)

    long = (b"x" * 70 + b"\r\n") * 150_000  # more than the kernel's buffers take
    with Server("body at=1 do=deaf", folder=tmp_path, starttls=tls, rcvbuf=4096) as server:
        outcome = one(server, message=long, before_dot=mark, limits=Limits(block=0.3))
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


@pytest.mark.usefixtures("either_way")
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


@pytest.mark.usefixtures("either_way")
def test_reply_split_at_every_byte_is_one_reply(tmp_path: Path) -> None:
    with clear("* split=1 pace=0.0005", folder=tmp_path) as server:
        outcome = one(server)
    assert outcome is not None
    assert outcome.state is State.ACCEPTED


def test_surplus_reply_is_never_the_answer_to_the_next_command(tmp_path: Path) -> None:
    """A second 250 after MAIL's would make a refused recipient look accepted."""
    rules = (r"mail raw='250 2.1.0 Ok\r\n250 2.1.5 Ok\r\n'", "rcpt reply='550 5.1.1 No such user'")
    with clear(*rules, folder=tmp_path, offer=PLAIN) as server:
        outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.action) == (State.QUEUED, Action.RECONNECT)


def test_acceptance_before_the_dot_is_not_believed(tmp_path: Path) -> None:
    with clear("body at=1 reply='250 2.0.0 Taken'", folder=tmp_path) as server:
        outcome = one(server, before_dot=late)
    assert outcome is not None
    assert (outcome.state, outcome.action) == (State.QUEUED, Action.RECONNECT)
    assert not server.messages()


@pytest.mark.usefixtures("either_way")
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
        sending = asyncio.create_task(connection.send(ENVELOPE, [MESSAGE], before_dot=yes))
        await until(lambda: bool(server.messages()))
        connection.abort()
        return await sending

    with clear("logged do=stall", folder=tmp_path) as server:
        outcome = asyncio.run(scenario())
    assert outcome is not None
    assert outcome.state is State.UNCERTAIN
