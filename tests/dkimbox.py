"""Keys, a DNS that exists nowhere, and another verifier (dkimpy) for tests of signatures."""

from __future__ import annotations

import re
from functools import cache

import dkim as peer

from publisher import dkim

DOMAIN = "front.example"


@cache
def pem(algorithm: str, number: int = 0) -> str:
    """A private key, made once for all tests of a process."""
    return dkim.new_key(algorithm)


def key(algorithm: str = dkim.RSA, selector: str = "wire", number: int = 0) -> dkim.SigningKey:
    return dkim.read_key(pem(algorithm, number), selector=selector, algorithm=algorithm)


BOTH = (key(), key(dkim.ED25519, "wire-ed"))


def published(*keys: dkim.SigningKey, domain: str = DOMAIN) -> dict[bytes, bytes]:
    """What the DNS would answer."""
    made = [dkim.record(one, domain) for one in keys]
    return {f"{one.name}.".encode(): one.text.encode() for one in made}


def signatures(raw: bytes) -> list[bytes]:
    """The DKIM-Signature fields of a message, whole."""
    head = raw.partition(b"\r\n\r\n")[0] + b"\r\n"
    return re.findall(rb"(?m)^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*", head)


def verified(raw: bytes, names: dict[bytes, bytes]) -> list[bool]:
    """What the other verifier says of each signature of a message, from the top."""
    checker = peer.DKIM(raw, timeout=1)

    def holds(index: int) -> bool:
        try:
            return bool(checker.verify(idx=index, dnsfunc=lambda name, timeout=0: names.get(name)))
        except peer.DKIMException:
            return False

    return [holds(index) for index in range(len(signatures(raw)))]
