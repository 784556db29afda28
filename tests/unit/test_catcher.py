from __future__ import annotations

import email
import smtplib
import socket
import ssl
import stat
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from publisher.demo.catcher import Catcher, certificate, present

NOW = present()
READERS = [f"reader-{number}@list.example" for number in range(200)]


def letter(number: int, text: str = "Salām") -> bytes:
    head = f"Message-ID:\r\n <{number}.k@front.example>\r\nSubject: Wire\r\n\r\n"
    return head.encode() + f"{text}\r\n.. two dots\r\n.\r\n".encode() + b"x" * 900 + b"\r\n"


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate(tmp_path_factory.mktemp("tls"), now=NOW)


def session(catcher: Catcher, tls: tuple[Path, Path]) -> smtplib.SMTP:
    """A connection by somebody who trusts this certificate alone, as strictly as the newest Python does."""
    context = ssl.create_default_context(cafile=tls[0])
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    client = smtplib.SMTP(catcher.host, catcher.port, local_hostname="front.example")
    client.starttls(context=context)
    return client


def test_what_is_caught_is_what_was_sent_byte_for_byte(tmp_path: Path, tls: tuple[Path, Path]) -> None:
    with Catcher(tmp_path / "mail", tls) as catcher, session(catcher, tls) as client:
        client.sendmail("bounce@front.example", ["reader@list.example"], letter(1))
        (path,) = (tmp_path / "mail").iterdir()
        assert path.read_bytes() == letter(1)
        assert path.name.startswith("reader@list.example-")
        assert path.suffix == ".eml"
        assert email.message_from_bytes(path.read_bytes())["Subject"] == "Wire"
        assert (catcher.caught, catcher.repeated) == (1, 0)


def test_mail_without_tls_is_refused(tmp_path: Path, tls: tuple[Path, Path]) -> None:
    with (
        Catcher(tmp_path, tls) as catcher,
        smtplib.SMTP(catcher.host, catcher.port, "front.example") as client,
    ):
        with pytest.raises(smtplib.SMTPSenderRefused, match="STARTTLS"):
            client.sendmail("bounce@front.example", ["reader@list.example"], letter(1))
        assert catcher.caught == 0


def test_two_hundred_messages_have_the_same_names_in_whatever_order_they_come(
    tmp_path: Path, tls: tuple[Path, Path]
) -> None:
    def deliver(catcher: Catcher, part: list[str]) -> None:
        with session(catcher, tls) as client:
            for reader in part:
                client.sendmail("bounce@front.example", [reader], letter(READERS.index(reader)))

    def run(folder: Path, readers: list[str]) -> dict[str, bytes]:
        with Catcher(folder, tls) as catcher:
            senders = [
                threading.Thread(target=deliver, args=(catcher, readers[start::4])) for start in range(4)
            ]
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            assert (catcher.caught, catcher.repeated) == (200, 0)
        return {path.name: path.read_bytes() for path in folder.iterdir()}

    assert run(tmp_path / "one", READERS) == run(tmp_path / "two", READERS[::-1])


def test_a_second_copy_is_noticed_and_the_first_left_alone(tmp_path: Path, tls: tuple[Path, Path]) -> None:
    with Catcher(tmp_path, tls) as catcher, session(catcher, tls) as client:
        for text in ("once", "once", "altered"):
            client.sendmail("bounce@front.example", ["reader@list.example"], letter(1, text))
        assert (catcher.caught, catcher.repeated) == (3, 2)
    with Catcher(tmp_path, tls) as later:
        later.keep("reader@list.example", letter(1, "once"))
        assert (later.caught, later.repeated) == (1, 1)
    kept = sorted(tmp_path.iterdir(), key=lambda path: (len(path.name), path.name))
    assert [path.read_bytes() for path in kept] == [letter(1, t) for t in ("once", "once", "altered", "once")]


@pytest.mark.parametrize(
    "recipient",
    ["../../up@list.example", "a/b@list.example", "نرگس@list.example", "l" * 64 + "@" + "d" * 189],
)
def test_no_recipient_leads_out_of_the_folder_or_breaks_its_names(
    tmp_path: Path, tls: tuple[Path, Path], recipient: str
) -> None:
    path = Catcher(tmp_path, tls).keep(recipient, letter(1))
    assert path.parent == tmp_path
    assert path.name.isascii()
    assert len(path.name) < 150


def test_it_stops_although_somebody_is_still_connected(tmp_path: Path, tls: tuple[Path, Path]) -> None:
    catcher = Catcher(tmp_path, tls)
    with socket.create_connection(catcher.start(), timeout=5) as idle:
        assert idle.recv(1000).startswith(b"220 ")
        catcher.stop()
        assert idle.recv(1000) == b""
    with pytest.raises(ConnectionError):
        socket.create_connection((catcher.host, catcher.port), timeout=5)


def test_the_key_is_its_owners_alone_and_the_pair_is_used_until_it_nearly_ends(tmp_path: Path) -> None:
    first, key = certificate(tmp_path / "tls", now=NOW)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    made = first.read_bytes()
    certificate(tmp_path / "tls", now=NOW + timedelta(days=300))
    assert first.read_bytes() == made
    certificate(tmp_path / "tls", now=NOW + timedelta(days=364, hours=12))
    assert first.read_bytes() != made
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_the_certificates_clock_is_the_machines_and_not_the_demos() -> None:
    assert abs(present() - datetime.now(UTC)) < timedelta(minutes=1)  # noqa: TID251 - the clock under test
