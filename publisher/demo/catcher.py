"""An SMTP server that catches mail: for the demo, and for trying things out. Loopback only, STARTTLS required.

It makes a throw-away certificate for localhost, takes every message, and writes it byte for byte as it came. A file is named by the
recipient and the Message-ID, so that the same mail has the same name, and a second copy of it is noticed.
"""

from __future__ import annotations

import asyncio
import hashlib
import ipaddress
import os
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

__all__ = ["Catcher", "certificate"]

SIZE_MAX = 10_000_000


def certificate(folder: Path, *, now: datetime) -> tuple[Path, Path]:
    """A self-signed P-256 certificate for localhost in `folder`, made once a year; (certificate, key), the key 0600."""
    folder.mkdir(parents=True, exist_ok=True)
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    if cert_path.exists() and key_path.exists():
        known = x509.load_pem_x509_certificate(cert_path.read_bytes())
        if known.not_valid_before_utc <= now < known.not_valid_after_utc - timedelta(days=1):
            return cert_path, key_path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    key_path.unlink(missing_ok=True)
    handle = os.open(key_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    cert_path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    return cert_path, key_path


class Catcher:
    """A running catcher; use it as a context manager. `host` and `port` say where it listens."""

    def __init__(self, folder: Path, tls: tuple[Path, Path]) -> None:
        self.folder = folder
        self.caught = 0
        self.repeated = 0
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*tls)
        self._controller = _AnyPort(
            _Handler(self),
            hostname="127.0.0.1",
            port=0,
            tls_context=context,
            require_starttls=True,
            enable_SMTPUTF8=True,
            data_size_limit=SIZE_MAX,
        )

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    @property
    def host(self) -> str:
        """Where it listens."""
        return "127.0.0.1"

    @property
    def port(self) -> int:
        """The port that the system gave it."""
        return self._controller.bound()

    def keep(self, recipient: str, raw: bytes) -> None:
        """Write a message as it came."""
        head = raw.partition(b"\r\n\r\n")[0]
        identity = next(
            (line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:")), raw
        )
        mark = hashlib.sha256(identity).hexdigest()[:10]
        safe = "".join(c if c.isalnum() or c in "@.-_" else "-" for c in recipient)
        path = self.folder / f"{safe}-{mark}.eml"
        if path.exists():
            self.repeated += 1
            return
        path.write_bytes(raw)
        self.caught += 1


class _AnyPort(Controller):
    """aiosmtpd's controller, on a port of the system's choice: it asks itself whether it is up at the port it got."""

    def bound(self) -> int:
        """The port that the system gave it."""
        if not isinstance(self.server, asyncio.Server):
            raise RuntimeError("the catcher is not running")  # noqa: TRY004 - it is the state that is wrong
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def _trigger_server(self) -> None:
        self.port = self.bound()
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd is typed in part


class _Handler:
    def __init__(self, catcher: Catcher) -> None:
        self._catcher = catcher

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep the message for each recipient."""
        for recipient in envelope.rcpt_tos:
            self._catcher.keep(recipient, bytes(envelope.original_content or b""))
        return "250 2.0.0 caught"


def present() -> datetime:
    """The machine's own time: a certificate must be valid now, whatever clock the demo tells stories by."""
    return datetime.now(UTC)  # noqa: TID251 - TLS is checked against this clock
