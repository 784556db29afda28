"""An SMTP server that catches mail: for the demo and for tests. Loopback only, mail only after STARTTLS.

Every message is written byte for byte as it was sent, whole or not at all, before it is acknowledged. A file is named by the
recipient and the Message-ID, so the same mail has the same name whatever the order; a further copy is counted in `repeated` and
kept beside the first as `….2.eml`, never over it. The certificate is made on the spot, for this machine and the present time.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
import re
import ssl
import threading
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["Catcher", "certificate", "present"]

HOST = "127.0.0.1"
SIZE_MAX = 10_000_000
START_SECONDS = 10.0
MESSAGE_ID = re.compile(rb"^message-id:[ \t]*(?:\r\n[ \t]+)?(\S+)", re.IGNORECASE | re.MULTILINE)


class Catcher:
    """A catcher for `folder`, with certificate and key from `tls`; listens between `start` and `stop`, or as a context.

    Attributes:
        host, port: where it listens, once started.
        caught: messages taken, counted per recipient, copies included.
        repeated: how many of them had been caught before, by this catcher or an earlier one in the same folder.
    """

    def __init__(self, folder: Path, tls: tuple[Path, Path]) -> None:
        self.folder = folder
        self.host, self.port = HOST, 0
        self.caught = self.repeated = 0
        self._tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._tls.load_cert_chain(*tls)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> tuple[str, int]:
        """Listen on a free port, in a thread; returns host and port.

        Raises:
            OSError: the folder cannot be made, or no port is to be had.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        listening: Future[int] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening)), name="catcher", daemon=True
        )
        self._thread.start()
        self.port = listening.result(START_SECONDS)
        return self.host, self.port

    def stop(self) -> None:
        """Hang up, also on clients that are still connected."""
        if self._loop is not None and self._over is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()
            self._loop = self._over = self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    async def _serve(self, listening: Future[int]) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        try:
            server = await self._loop.create_server(self._session, HOST, 0)
        except OSError as error:
            listening.set_exception(error)
            return
        listening.set_result(server.sockets[0].getsockname()[1])
        await self._over.wait()
        server.close()  # the sessions' own tasks end with the loop

    def _session(self) -> SMTP:
        return SMTP(
            _Handler(self),
            hostname="localhost",  # else aiosmtpd asks the resolver for this machine's name
            tls_context=self._tls,
            require_starttls=True,
            enable_SMTPUTF8=True,
            data_size_limit=SIZE_MAX,
        )

    def keep(self, recipient: str, raw: bytes) -> Path:
        """Write a message as it came, and say where."""
        name = _name(recipient, raw)
        path, copy = self.folder / f"{name}.eml", 1
        while path.exists():
            copy += 1
            path = self.folder / f"{name}.{copy}.eml"
        unfinished = self.folder / f".{name}.part"
        unfinished.write_bytes(raw)
        unfinished.replace(path)
        self.caught += 1
        self.repeated += copy > 1
        return path


class _Handler:
    """What aiosmtpd calls."""

    def __init__(self, catcher: Catcher) -> None:
        self._catcher = catcher

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message for each recipient."""
        for recipient in envelope.rcpt_tos:
            self._catcher.keep(recipient, bytes(envelope.original_content or b""))
        return "250 2.0.0 caught"


def _name(recipient: str, raw: bytes) -> str:
    """The recipient as far as a file name bears it, and a digest of recipient and Message-ID (without one: of all)."""
    found = MESSAGE_ID.search(raw.partition(b"\r\n\r\n")[0])
    identity = found[1] if found else raw
    mark = hashlib.sha256(recipient.encode() + b"\0" + identity).hexdigest()[:10]
    return f"{re.sub(r'[^A-Za-z0-9@.+_-]', '-', recipient)[:100]}-{mark}"


def certificate(folder: Path, *, now: datetime) -> tuple[Path, Path]:
    """A throw-away P-256 certificate for localhost in `folder`: (cert.pem, key.pem), the key readable by its owner only.

    It is its own root and lasts a year from `now`, the *machine's* time, whatever clock the demo tells; one that is there and
    good for another day is used again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    if cert_path.exists() and key_path.exists():
        known = x509.load_pem_x509_certificate(cert_path.read_bytes())
        if known.not_valid_before_utc <= now < known.not_valid_after_utc - timedelta(days=1):
            return cert_path, key_path
    key = ec.generate_private_key(ec.SECP256R1())
    key_path.unlink(missing_ok=True)
    with os.fdopen(os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    cert_path.write_bytes(_signed(key, now).public_bytes(serialization.Encoding.PEM))
    return cert_path, key_path


def _signed(key: ec.EllipticCurvePrivateKey, now: datetime) -> x509.Certificate:
    """Self-signed, with every extension that Python 3.13's strict verification asks for (RFC 5280 section 4.2.1)."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))]
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def present() -> datetime:
    """The machine's own time: a certificate must be valid now, whatever clock the demo tells stories by."""
    return datetime.now(UTC)  # noqa: TID251 - TLS is checked against this clock
