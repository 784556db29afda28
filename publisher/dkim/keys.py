"""Signing keys: made, read from PEM and checked. PURE; what is wrong with a key is said without repeating anything of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

__all__ = ["ED25519", "RSA", "SigningKey", "new_key", "read_key"]

RSA, ED25519 = "rsa-sha256", "ed25519-sha256"
"""The algorithms of the tag `a=`."""
ED25519_BYTES = 64
"""Of a signature (RFC 8032 section 5.1.6); one by RSA is as long as its key."""
NEW_BITS = 2048
SHORTEST, LONGEST = 2048, 4096
"""Bits of an RSA key: verifiers have to take up to 4096 (RFC 8301 section 3.2), and mailbox providers call under 2048 weak."""
_PADDING, _PREHASHED = padding.PKCS1v15(), Prehashed(SHA256())


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key, and the selector under which its public half is published.

    Attributes:
        fingerprint: SHA-256 of the public key in hex: which key it is, whatever its file or selector is called.
    """

    selector: str
    algorithm: str
    fingerprint: str
    _private: RSAPrivateKey | Ed25519PrivateKey = field(repr=False, compare=False)

    def sign(self, digest: bytes) -> bytes:
        """The signature of a SHA-256 digest (RFC 6376 section 3.3.1, RFC 8463 section 3); the same each time."""
        if isinstance(self._private, RSAPrivateKey):
            return self._private.sign(digest, _PADDING, _PREHASHED)
        return self._private.sign(digest)

    @property
    def size(self) -> int:
        """Bytes of a signature."""
        return -(-self._private.key_size // 8) if isinstance(self._private, RSAPrivateKey) else ED25519_BYTES

    @property
    def public(self) -> bytes:
        """The public key as a DNS record holds it: SubjectPublicKeyInfo for RSA, the 32 bytes for Ed25519."""
        return _public(self._private)


def new_key(algorithm: str) -> str:
    """A new private key made at random, as PEM (PKCS #8): write it with mode 0600."""
    made = (
        Ed25519PrivateKey.generate()
        if algorithm == ED25519
        else generate_private_key(65537, key_size=NEW_BITS)
    )
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def read_key(pem: str, *, selector: str, algorithm: str) -> SigningKey:
    """The key of this PEM text.

    Raises:
        ValueError: it is none, of another kind, or of a length that receivers do not trust; the sentence names what is wanted.
    """
    wanted = "an Ed25519 key" if algorithm == ED25519 else "an RSA key"
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        raise ValueError("stands under a password, which nobody could type here") from None
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError(f"is no private key in PEM form; {wanted} is wanted") from None
    if isinstance(private, RSAPrivateKey) and algorithm == RSA:
        if not SHORTEST <= private.key_size <= LONGEST:
            raise ValueError(
                f"is an RSA key of {private.key_size} bits; receivers trust {SHORTEST} to {LONGEST}"
            )
    elif not (isinstance(private, Ed25519PrivateKey) and algorithm == ED25519):
        raise ValueError(f"is a key of another kind; {wanted} is wanted")
    return SigningKey(selector, algorithm, hashlib.sha256(_public(private)).hexdigest(), private)


def _public(private: RSAPrivateKey | Ed25519PrivateKey) -> bytes:
    public = private.public_key()
    if isinstance(private, Ed25519PrivateKey):
        return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
