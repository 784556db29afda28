"""Purpose-bound tokens: for the links in mails (leave and preferences), for the addresses to which mails bounce, and for one use.

PURE. 24 bytes, 32 base64url characters: key id (1), subscriber (5) and digest number (2), or a delivery (7), HMAC-SHA256 cut to 16. The HMAC key is
derived for the purpose, so that a token of one purpose is nothing under another. They never expire and change settings only:
they show no address and erase nobody. Keys rotate by putting a new one in front; old ones go on checking.

A token of one use (confirm, account, address) says nothing: it is derived from the Message-ID of the one mail that carries it, so that a
repeat of the mail has the same bytes, and the database keeps its SHA-256 only, with its end and its use. A form's token says when the
form was shown, and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from hashlib import sha256
from typing import Any

__all__ = [
    "Claim",
    "Purpose",
    "TokenKeys",
    "bounce_minter",
    "fingerprint",
    "form_shown",
    "form_token",
    "mint",
    "mint_bounce",
    "mint_once",
    "minter",
    "read",
    "read_bounce",
]

MAC_BYTES = 16
BLOCK = 64
"""Bytes of a block of SHA-256."""
LENGTH = 32
URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Purpose(StrEnum):
    """What a token is good for."""

    LEAVE = "leave"
    PREFERENCES = "preferences"
    BOUNCE = "bounce"
    CONFIRM = "confirm"
    ACCOUNT = "account"
    """A person's own data: shown, erased, or moved to another address."""
    ADDRESS = "address"
    """The new address, proved."""


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Keys by their id (0 to 255); `signing` names the one that signs new tokens."""

    keys: Mapping[int, bytes]
    signing: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a good token says: which subscriber, about which digest."""

    subscriber: int
    digest: int


def mint(
    keys: TokenKeys, purpose: Purpose, *, subscriber: int, digest: int, key_id: int | None = None
) -> str:
    """A token; equal arguments give an equal token. `key_id` names another key than the signing one (for a resend)."""
    return minter(keys, purpose, digest=digest, key_id=key_id)(subscriber)


def minter(
    keys: TokenKeys, purpose: Purpose, *, digest: int, key_id: int | None = None
) -> Callable[[int], str]:
    """`mint` for many subscribers: what is the same for all of them is made once."""
    return _minter(keys, purpose, 5, digest.to_bytes(2, "big"), key_id)


def mint_bounce(keys: TokenKeys, delivery: int, *, key_id: int | None = None) -> str:
    """The token in the return path of a delivery; equal arguments give an equal token."""
    return bounce_minter(keys, key_id=key_id)(delivery)


def bounce_minter(keys: TokenKeys, *, key_id: int | None = None) -> Callable[[int], str]:
    """`mint_bounce` for many deliveries."""
    return _minter(keys, Purpose.BOUNCE, 7, b"", key_id)


def mint_once(keys: TokenKeys, purpose: Purpose, message_id: str, *, key_id: int) -> str:
    """The token of one use that the mail of this Message-ID carries; equal arguments give an equal token."""
    drawn = hmac.digest(_derived(keys.keys[key_id], purpose), message_id.encode(), "sha256")[
        : LENGTH * 3 // 4
    ]
    return base64.urlsafe_b64encode(drawn).decode("ascii")


def fingerprint(purpose: Purpose, token: str) -> bytes:
    """What the database keeps of a token of one use: nobody can make the token of it."""
    return sha256(f"{purpose} {token}".encode("utf-8", "replace")).digest()


def form_token(key: bytes, shown: datetime) -> str:
    """What a form carries back: when it was shown."""
    said = int(shown.timestamp()).to_bytes(8, "big")
    return base64.urlsafe_b64encode(said + _form_mac(key, said)).decode("ascii")


def form_shown(key: bytes, token: str) -> datetime | None:
    """When the form of this token was shown; None when it is no token of ours."""
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii")) if len(token) == LENGTH else b""
    except (UnicodeEncodeError, binascii.Error):
        raw = b""
    good = len(raw) == LENGTH * 3 // 4 and hmac.compare_digest(_form_mac(key, raw[:8]), raw[8:])
    return datetime.fromtimestamp(int.from_bytes(raw[:8], "big"), UTC) if good else None


def _form_mac(key: bytes, said: bytes) -> bytes:
    return hmac.digest(key, b"publisher form " + said, "sha256")[:MAC_BYTES]


def _minter(
    keys: TokenKeys, purpose: Purpose, width: int, tail: bytes, key_id: int | None
) -> Callable[[int], str]:
    """HMAC (RFC 2104) whose beginning is made once: a mail takes three of them, and most of each is the beginning."""
    number = keys.signing if key_id is None else key_id
    head = bytes([number])
    begun_inner, begun_outer = _begun(keys.keys[number], purpose)

    def minted(who: int) -> str:
        payload = head + who.to_bytes(width, "big") + tail
        inner, outer = begun_inner.copy(), begun_outer.copy()
        inner.update(payload)
        outer.update(inner.digest())
        raw = binascii.b2a_base64(payload + outer.digest()[:MAC_BYTES], newline=False)
        return raw.translate(URL_SAFE).decode("ascii")

    return minted


def read(keys: TokenKeys, purpose: Purpose, token: str) -> Claim | None:
    """What the token says, or None: forged, of another purpose, or not a token at all; always the same work."""
    what = _opened(keys, purpose, token)
    if what is None:
        return None
    return Claim(subscriber=int.from_bytes(what[:5], "big"), digest=int.from_bytes(what[5:], "big"))


def read_bounce(keys: TokenKeys, token: str) -> int | None:
    """The delivery that bounced, or None, likewise."""
    what = _opened(keys, Purpose.BOUNCE, token)
    return None if what is None else int.from_bytes(what, "big")


def _opened(keys: TokenKeys, purpose: Purpose, token: str) -> bytes | None:
    try:
        raw = base64.urlsafe_b64decode(token.encode("ascii")) if len(token) == LENGTH else b""
    except (UnicodeEncodeError, binascii.Error):
        raw = b""
    # one spelling only: what encodes otherwise held characters that the decoder passes over
    whole = len(raw) == LENGTH * 3 // 4 and base64.urlsafe_b64encode(raw).decode("ascii") == token
    good = whole and raw[0] in keys.keys
    payload = raw[:8] if good else bytes(8)
    expected = _mac(keys.keys[raw[0]] if good else bytes(32), purpose, payload)
    if not hmac.compare_digest(expected, raw[8:] if good else bytes(MAC_BYTES)) or not good:
        return None
    return payload[1:]


def _mac(key: bytes, purpose: Purpose, payload: bytes) -> bytes:
    """HMAC under the purpose's own key."""
    return hmac.digest(_derived(key, purpose), payload, "sha256")[:MAC_BYTES]


def _derived(key: bytes, purpose: Purpose) -> bytes:
    return hmac.digest(key, f"publisher token {purpose}".encode(), "sha256")


@lru_cache(maxsize=64)
def _begun(key: bytes, purpose: Purpose) -> tuple[Any, Any]:
    derived = _derived(key, purpose).ljust(BLOCK, b"\0")
    return sha256(bytes(byte ^ 0x36 for byte in derived)), sha256(bytes(byte ^ 0x5C for byte in derived))
