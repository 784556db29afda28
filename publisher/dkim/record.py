"""What the owner of a domain publishes so that receivers can check our signatures (RFC 6376 section 3.6). PURE."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from publisher.dkim.keys import ED25519, SigningKey

__all__ = ["DnsRecord", "record"]

STRING_MAX = 255
"""Octets of one string of a TXT record (RFC 1035 section 3.3.14); receivers join them without a blank."""


@dataclass(frozen=True, slots=True)
class DnsRecord:
    """A TXT record: its name below the domain that signs (which may be unknown yet: ""), and its text."""

    below: str
    domain: str
    text: str

    @property
    def name(self) -> str:
        """The whole name, as far as it is known."""
        return f"{self.below}.{self.domain}" if self.domain else self.below

    @property
    def strings(self) -> tuple[str, ...]:
        """The text, cut into strings that a TXT record can hold."""
        return tuple(self.text[start : start + STRING_MAX] for start in range(0, len(self.text), STRING_MAX))

    @property
    def zone_line(self) -> str:
        """The record as a zone file has it."""
        return (
            f"{self.name}{'.' if self.domain else ''} IN TXT ( "
            + "\n    ".join(f'"{string}"' for string in self.strings)
            + " )"
        )


def record(key: SigningKey, domain: str) -> DnsRecord:
    """The record of a key that signs for this domain ("": one that is not known yet)."""
    kind = "ed25519" if key.algorithm == ED25519 else "rsa"
    public = base64.b64encode(key.public).decode("ascii")
    return DnsRecord(f"{key.selector}._domainkey", domain, f"v=DKIM1; k={kind}; p={public}")
