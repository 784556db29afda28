"""Connecting, TLS and log-in: what fails there charges nobody, and nothing goes out in clear."""

from __future__ import annotations

import asyncio
import errno
import os
import ssl
from pathlib import Path

import pytest

from publisher.ledger import Action, Outcome, State
from publisher.transport import Relay, RelayOptions
from publisher.transport.wire import in_words
from tests.smtpd import Server
from tests.transportbox import clear, one, relay, until


def test_nobody_listening_is_the_relays_trouble(tmp_path: Path) -> None:
    with clear(folder=tmp_path) as server:
        pass
    outcome = one(server)
    assert outcome is not None
    assert (outcome.state, outcome.charged, outcome.action) == (State.QUEUED, False, Action.RECONNECT)
    assert outcome.cause == f"the connection was refused (127.0.0.1:{server.port})"


def test_a_relay_whose_name_is_unknown_is_said_in_words(tmp_path: Path) -> None:
    with clear(folder=tmp_path) as server:
        outcome = one(server, host="relay.invalid", tls="opportunistic", ca_file=None)
    assert outcome is not None
    assert outcome.action is Action.RECONNECT
    assert outcome.cause.startswith("the name was not found: ")
    assert f"(relay.invalid:{server.port})" in outcome.cause


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
    assert outcome.scope == "relay", "nobody was named yet: it is this relay that cannot be used"


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


def test_another_way_to_log_in_is_tried_where_one_is_not_there_and_never_with_a_wrong_password(
    tmp_path: Path,
) -> None:
    """RFC 5321, 4.2.2: 500 to 504 are about the command."""
    for code, ways in ((500, 2), (501, 2), (502, 2), (503, 2), (504, 2), (535, 1)):
        folder = tmp_path / str(code)
        folder.mkdir()
        with Server(f"auth reply='{code} No'", folder=folder, users={"desk": "s3cret"}) as server:
            outcome = one(server, username="desk", password="s3cret")
            heard = server.heard()
        assert isinstance(outcome, Outcome)
        assert sum("AUTH" in line for line in heard) == ways, code


def test_clear_text_is_refused_for_other_machines() -> None:
    with pytest.raises(ValueError, match="only under TLS"):
        Relay(RelayOptions(name="main", host="relay.front.example", port=25, tls="none"))
    with pytest.raises(ValueError, match="no such tls setting"):
        Relay(RelayOptions(name="main", host="127.0.0.1", port=25, tls="yes"))
    for host in ("localhost", "127.0.0.1", "127.8.8.8", "::1"):
        Relay(RelayOptions(name="main", host=host, port=25, tls="none"))
    for host in ("localhost.example", "10.0.0.1"):
        with pytest.raises(ValueError, match="only under TLS"):
            Relay(RelayOptions(name="main", host=host, port=25, tls="none"))


def test_trouble_of_the_line_is_told_in_words_whatever_wraps_it() -> None:
    timeout = OSError(errno.EHOSTUNREACH, "x")
    for error, said in (
        (timeout, os.strerror(errno.EHOSTUNREACH)),
        (BrokenPipeError(errno.EPIPE, "x"), "the connection was reset"),
        (ConnectionRefusedError(), "the connection was refused"),
        (ssl.SSLError(1, "no shared cipher"), "no shared cipher"),
        (RuntimeError(), "RuntimeError"),
        (RuntimeError("x" * 201), "x" * 200),
    ):
        assert in_words(error) == said
    for wrap in ("__cause__", "__context__"):
        outer = RuntimeError("outer")
        setattr(outer, wrap, timeout)
        assert in_words(outer) == os.strerror(errno.EHOSTUNREACH)


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
