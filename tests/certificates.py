"""Throw-away certificates for servers under test: a good one, and those that a client must refuse."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KINDS = ("good", "expired", "other-name", "untrusted")


def tls_context(folder: Path, kind: str = "good") -> ssl.SSLContext:
    """A server's TLS; `folder`/ca.pem is what clients are told to trust.

    The certificate is its own root, for localhost and 127.0.0.1: "expired" since yesterday, "other-name" for another host,
    "untrusted" not the one in ca.pem.
    """
    if kind not in KINDS:
        raise ValueError(f"no such certificate: {kind}")
    folder.mkdir(parents=True, exist_ok=True)
    shown = folder / "shown.pem"
    shown.write_bytes(_made(kind))
    trusted = _made("good") if kind == "untrusted" else shown.read_bytes()
    (folder / "ca.pem").write_bytes(trusted[trusted.index(b"-----BEGIN CERTIFICATE") :])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(shown)
    return context


def _made(kind: str) -> bytes:
    """Key and certificate in one PEM text."""
    key = ec.generate_private_key(ec.SECP256R1())
    host = "elsewhere.example" if kind == "other-name" else "localhost"
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    if kind != "other-name":
        names.append(x509.IPAddress(ip_address("127.0.0.1")))
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)  # noqa: TID251 - TLS is checked against this clock
    until = now - timedelta(days=1) if kind == "expired" else now + timedelta(days=2)
    usage = {
        word: word in {"digital_signature", "key_cert_sign"}
        for word in (
            "digital_signature",
            "content_commitment",
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        )
    }
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=3))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return plain + certificate.public_bytes(serialization.Encoding.PEM)
