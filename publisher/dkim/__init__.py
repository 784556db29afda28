"""DKIM (RFC 6376, 8301, 8463): keys, the DNS records of them, and signatures over mails of which most is the same for every reader.

PURE. c=relaxed/relaxed, no `l=`; RSA with SHA-256, and Ed25519 as a second signature where wanted. Both are deterministic:
the same message has the same signatures. No error of this package repeats anything of a key.
"""

from publisher.dkim.keys import ED25519, RSA, SigningKey, new_key, read_key
from publisher.dkim.record import record
from publisher.dkim.signing import Signer

__all__ = [
    "ED25519",
    "RSA",
    "Signer",
    "SigningKey",
    "new_key",
    "read_key",
    "record",
]
