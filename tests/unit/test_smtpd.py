"""The test server itself: what other tests believe of it has to be true."""

from __future__ import annotations

import hashlib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.smtp_rules import PHASES, Rule
from tests.smtpd import Process, Server
from tests.waiting import until

HELLO = b"Message-ID: <1@front.example>\r\nSubject: x\r\n\r\n.one\r\n.\r\ntwo\r\n"
BANNER = b"220 relay.example ESMTP\r\n"
PATIENCE, MOMENT = 30.0, 0.2
"""Seconds: how long a busy machine may need for an answer, and how long we listen where none is expected."""
TAKEN = {"sender": "out@front.example", "message_id": "<1@front.example>", "size": len(HELLO)}


@contextmanager
def talking(server: Server | Process) -> Iterator[socket.socket]:
    """A bare connection, for answers that no well-behaved client would live through."""
    with socket.create_connection((server.host, server.port), timeout=PATIENCE) as sock:
        yield sock


def said_until(sock: socket.socket, end: bytes) -> bytes:
    """What it says up to these words, however it comes in pieces; nothing may come after them."""
    heard = b""
    while not heard.endswith(end):
        part = sock.recv(65536)
        assert part, heard
        heard += part
    return heard


def until_closed(sock: socket.socket) -> bytes:
    heard = b""
    while part := sock.recv(65536):
        heard += part
    return heard


def silent(sock: socket.socket) -> bool:
    """Whether nothing comes for a moment; a server that hangs up is not silent."""
    sock.settimeout(MOMENT)
    try:
        sock.recv(1)
    except TimeoutError:
        return True
    return False


def mailed(client: smtplib.SMTP, *recipients: str) -> dict[str, tuple[int, bytes]]:
    return client.sendmail("out@front.example", recipients, HELLO)


def deliver(server: Server) -> None:
    """One message over a connection of its own; raises whatever was refused."""
    with smtplib.SMTP() as client:
        code, text = client.connect(server.host, server.port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, text)
        mailed(client, "a@b.example")


def trusting(server: Server | Process) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=server.ca_file)
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    return context


def test_a_message_taken_under_tls_stands_in_the_log(tmp_path: Path) -> None:
    with Server(folder=tmp_path, users={"desk": "a word"}, keep=True) as server:
        with smtplib.SMTP(server.host, server.port) as client:
            client.starttls(context=trusting(server))
            client.login("desk", "a word")
            assert mailed(client, "a@b.example", "c@d.example") == {}
        first, second = server.messages()
    assert (first.rcpt, second.rcpt) == ("a@b.example", "c@d.example")
    assert TAKEN.items() <= {name: getattr(first, name) for name in first.__slots__}.items()
    assert first.sha256 == hashlib.sha256(HELLO).hexdigest()
    assert first.tls
    assert (tmp_path / "000001.eml").read_bytes() == HELLO
    assert "1 AUTH" in server.heard()
    assert not any("desk" in line for line in server.heard())


def test_without_tls_and_login_nothing_is_taken(tmp_path: Path) -> None:
    with Server(folder=tmp_path, users={"desk": "secret"}) as server:
        with smtplib.SMTP(server.host, server.port) as client:
            with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
                mailed(client, "a@b.example")
            client.starttls(context=trusting(server))
            with pytest.raises(smtplib.SMTPSenderRefused, match="Authentication required"):
                mailed(client, "a@b.example")
            with pytest.raises(smtplib.SMTPAuthenticationError):
                client.login("desk", "guessed")
        assert server.messages() == []


@pytest.mark.parametrize(
    ("certificate", "complaint"),
    [("expired", "expired"), ("other-name", "mismatch"), ("untrusted", "self-signed|self signed")],
)
def test_a_bad_certificate_is_refused_by_a_client_that_looks(
    tmp_path: Path, certificate: str, complaint: str
) -> None:
    with (
        Server(folder=tmp_path, certificate=certificate) as server,
        smtplib.SMTP(server.host, server.port) as client,
        pytest.raises(ssl.SSLCertVerificationError, match=complaint),
    ):
        client.starttls(context=trusting(server))


@pytest.mark.parametrize("phase", ["banner", "ehlo", "mail", "rcpt", "data", "dot", "logged"])
def test_a_reply_can_be_put_in_at_every_step(tmp_path: Path, phase: str) -> None:
    with Server(f"{phase} reply='451 4.3.0 Not at {phase}'", folder=tmp_path, starttls=False) as server:
        with pytest.raises(smtplib.SMTPException, match=f"Not at {phase}"):
            deliver(server)
        assert len(server.messages()) == (phase == "logged")


@pytest.mark.parametrize("end", ["drop", "reset"])
@pytest.mark.parametrize("phase", [p for p in PHASES if p not in {"starttls", "handshake", "auth"}])
def test_the_line_can_be_cut_at_every_step(tmp_path: Path, phase: str, end: str) -> None:
    script = b"EHLO x\r\nMAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n"
    with Server(f"{phase} do={end}", folder=tmp_path, starttls=False) as server:
        heard = b""
        with suppress(ConnectionError), talking(server) as sock:  # a reset may come while we still connect
            sock.sendall(script)
            while b"354" not in heard and (part := sock.recv(65536)):
                heard += part
            sock.sendall(HELLO.replace(b"\r\n.", b"\r\n..") + b".\r\nQUIT\r\n")
            heard += until_closed(sock)
        assert b"221" not in heard
        assert b"taken" not in heard or phase == "quit"
        assert len(server.messages()) == (phase in {"logged", "quit"})


def test_a_drop_is_a_fin_and_a_reset_is_not(tmp_path: Path) -> None:
    rules = ("banner connection=1 do=drop", "banner connection=2 do=reset")
    with Server(*rules, folder=tmp_path, starttls=False) as server:
        with talking(server) as sock:
            assert sock.recv(1) == b""
        with pytest.raises(ConnectionResetError), talking(server) as sock:
            sock.recv(1)


@pytest.mark.parametrize("end", ["stall", "deaf"])
def test_a_silent_server_says_nothing_for_ever(tmp_path: Path, end: str) -> None:
    with (
        Server(f"mail do={end}", folder=tmp_path, starttls=False) as server,
        talking(server) as sock,
    ):
        sock.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nNOOP\r\n")
        said_until(sock, b"250 ENHANCEDSTATUSCODES\r\n")
        assert silent(sock)


def test_mid_body_is_after_so_many_bytes_or_at_the_end(tmp_path: Path) -> None:
    with Server(
        "body at=4 nth=1 do=drop", "body at=99999 do=drop", folder=tmp_path, starttls=False
    ) as server:
        for body in (b"1234", b"short\r\n.\r\n"):
            with talking(server) as sock:
                sock.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")
                said_until(sock, b"354 Go ahead\r\n")
                sock.sendall(body)
                assert until_closed(sock) == b""
        assert server.messages() == []


def test_a_greylister_lets_each_recipient_in_at_the_second_try(tmp_path: Path) -> None:
    rule = "rcpt per=to nth=1 reply='451 4.7.1 Greylisted'"
    with (
        Server(rule, folder=tmp_path, starttls=False) as server,
        smtplib.SMTP(server.host, server.port) as client,
    ):
        for recipient in ("a@b.example", "c@b.example"):
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                mailed(client, recipient)
        for recipient in ("a@b.example", "c@b.example"):
            assert mailed(client, recipient) == {}
        assert [message.rcpt for message in server.messages()] == ["a@b.example", "c@b.example"]


def test_a_connection_can_be_worn_out(tmp_path: Path) -> None:
    rule = "mail per=connection nth=3- reply='421 4.7.0 Enough' then=drop"
    with Server(rule, folder=tmp_path, starttls=False) as server:
        for _ in range(2):
            with smtplib.SMTP(server.host, server.port) as client:
                assert mailed(client, "a@b.example") == {}
                assert mailed(client, "a@b.example") == {}
                with pytest.raises((smtplib.SMTPSenderRefused, smtplib.SMTPServerDisconnected)):
                    mailed(client, "a@b.example")
        assert [message.connection for message in server.messages()] == [1, 1, 2, 2]


def test_rules_count_by_themselves_and_the_first_that_fits_acts(tmp_path: Path) -> None:
    rules = ("rcpt nth=/3 do=pass", "rcpt reply='451 4.3.0 Not now'")
    with (
        Server(*rules, folder=tmp_path, starttls=False) as server,
        smtplib.SMTP(server.host, server.port) as client,
    ):
        for n in range(1, 7):
            if n % 3:
                with pytest.raises(smtplib.SMTPRecipientsRefused):
                    mailed(client, f"r{n}@b.example")
            else:
                mailed(client, f"r{n}@b.example")
        server.teach("rcpt to=*@dead.example reply='550 5.1.1 Unknown'")
        assert list(mailed(client, "x@dead.example", "y@b.example")) == ["x@dead.example"]
        assert [message.rcpt for message in server.messages()] == [
            "r3@b.example",
            "r6@b.example",
            "y@b.example",
        ]


def test_a_held_answer_comes_when_the_server_is_taught_anew(tmp_path: Path) -> None:
    with Server("mail do=hold", folder=tmp_path, starttls=False) as server, talking(server) as sock:
        sock.sendall(b"EHLO x\r\nMAIL FROM:<>\r\nNOOP\r\n")
        until(lambda: server.held != [])
        server.teach()
        heard = b""
        while b"250 2.0.0 Ok\r\n" not in heard:
            heard += sock.recv(65536)
        assert heard.endswith(b"250 2.1.0 Ok\r\n250 2.0.0 Ok\r\n")


def test_an_answer_comes_in_the_pieces_that_were_asked_for(tmp_path: Path) -> None:
    """The second piece would come in an hour: however busy the machine is, the first is alone until then."""
    with (
        Server("banner split=5 pace=3600", folder=tmp_path, starttls=False) as server,
        talking(server) as sock,
    ):
        assert said_until(sock, BANNER[:5]) == BANNER[:5]
        assert silent(sock)


def test_answers_can_be_late_broken_up_and_gibberish(tmp_path: Path) -> None:
    rules = (
        "banner split=1 pace=0.001",
        "mail wait=0.15",
        r"rcpt raw='\x1b[31m250\0 caf\xe9\r\n'",
        "data raw=35 then=drop",
    )
    with Server(*rules, folder=tmp_path, starttls=False) as server, talking(server) as sock:
        begun = time.monotonic()
        sock.sendall(b"MAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n")
        heard = until_closed(sock)
        assert time.monotonic() - begun > 0.1
    assert heard == BANNER + b"250 2.1.0 Ok\r\n\x1b[31m250\0 caf\xe9\r\n35"


def test_a_reply_can_go_on_for_ever(tmp_path: Path) -> None:
    with (
        Server("ehlo do=flood", folder=tmp_path, starttls=False) as server,
        talking(server) as sock,
    ):
        sock.sendall(b"EHLO x\r\n")
        heard = 0
        while heard < 1_000_000:
            part = sock.recv(65536)
            assert part
            heard += len(part)


def test_what_was_said_in_clear_before_tls_is_forgotten(tmp_path: Path) -> None:
    with Server(folder=tmp_path) as server, talking(server) as sock:
        said_until(sock, BANNER)
        sock.sendall(b"EHLO x\r\n")
        said_until(sock, b"250 STARTTLS\r\n")
        sock.sendall(b"STARTTLS\r\nMAIL FROM:<injected@b.example>\r\n")
        assert said_until(sock, b"\r\n").startswith(b"220")
        with trusting(server).wrap_socket(sock, server_hostname="localhost") as tls:
            tls.sendall(b"RCPT TO:<a@b.example>\r\n")
            assert said_until(tls, b"\r\n").startswith(b"503")


def test_a_log_survives_the_death_of_the_server_and_goes_on(tmp_path: Path) -> None:
    process = Process("logged nth=2 do=drop", folder=tmp_path, starttls=False)
    with process:
        port = process.port
        with smtplib.SMTP(process.host, process.port) as client:
            assert mailed(client, "a@b.example") == {}
            with pytest.raises(smtplib.SMTPServerDisconnected):
                mailed(client, "b@b.example")
    assert [(m.n, m.rcpt) for m in process.messages()] == [(1, "a@b.example"), (2, "b@b.example")]
    with process, smtplib.SMTP(process.host, port) as client:
        mailed(client, "c@b.example")
    assert [m.n for m in process.messages()] == [1, 2, 3]


@pytest.mark.parametrize(
    "rule", ["recpt do=drop", "rcpt do=explode", "rcpt nth", "rcpt phase=mail", "mail wait=x"]
)
def test_a_rule_with_a_slip_in_it_is_refused(rule: str) -> None:
    with pytest.raises(ValueError, match=r"such|convert|needs"):
        Rule.parse(rule)
