"""Addresses: one rule for form, import, command line and API; their sending form, their key, their mask.

PURE. Accepted is what a person's mailbox looks like: a dot-atom before the @, a domain name of two labels or more after it.
Refused are quoted local parts, comments, literals, controls, mixed scripts. The domain becomes its ASCII form (IDNA), so
that only a non-ASCII local part needs SMTPUTF8 (RFC 6531) of the server. Nothing is asked of the DNS.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from subscribers.errors import AddressRefused

__all__ = ["Address", "key", "keyer", "mask", "parse", "plain", "plain_each", "same_mailbox", "unnamed"]

KEY_BYTES = 16
LOCAL_MAX, WHOLE_MAX = 64, 254
"""Octets (RFC 5321 4.5.3.1.1; RFC 3696 erratum 1690)."""
READ_MAX = 1000
"""Characters beyond which nothing is read, only refused."""

_SPECIAL = frozenset({"arpa", "invalid", "local", "localhost", "onion", "test"})
"""Last labels that need the long way's closer look (RFC 6761): those that email_validator knows, whose loading most commands can spare."""

_ATOMS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]++)*"
_LOCAL = re.compile(_ATOMS)
_DOMAIN = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}")
"""The dot-atom form in ASCII that nearly every address has; all else goes the long way."""
_FORM = rf"(?!'){_ATOMS}@(?:[a-z0-9]++(?:-[a-z0-9]++)*\.)+(?!(?:{'|'.join(sorted(_SPECIAL))})(?:\n|\Z))[a-z]{{2,63}}+"
"""What most of these look like: the domain in small letters. Counts nothing: no part of an address of so few characters is too long.

No group in it is possessive: before 3.11.5 Python goes on from the wrong place after one, and finds nothing.
"""
_SHORT, _SHORT_LINES = re.compile(_FORM), re.compile(rf"(?:{_FORM}\n)*")
SHORT_MAX = 64

_NAMES = re.compile("@|＠|﹫|%40|=40", re.IGNORECASE)
"""What a word that names a mailbox holds."""

_EAST_ASIAN_AND_LATIN = frozenset(
    {"LATIN", "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """A checked address. `address` is what goes on the wire: the local part as typed, the domain in lower-case ASCII."""

    address: str
    local: str
    domain: str

    @property
    def needs_smtputf8(self) -> bool:
        """Whether a server must offer SMTPUTF8 to take it."""
        return not self.local.isascii()


def parse(text: str) -> Address:
    """The address in this text, blanks around it allowed.

    Raises:
        AddressRefused: with the reason in words.
    """
    trimmed = text.strip(" \t")
    address = plain(trimmed)
    if address is not None:
        local, _, domain = address.partition("@")
        return Address(address, local, domain)
    return _parse_slowly(text, trimmed)


def plain(text: str) -> str | None:
    """An address in the form that nearly every one has, as it goes on the wire; None: `parse` has to look closer.

    None for one that begins with a quote, too: in a list, it may be a mark (`cells.guard`).
    """
    if len(text) <= SHORT_MAX and _SHORT.fullmatch(text):
        return text
    local, _, given = text.partition("@")
    if len(text) > WHOLE_MAX or len(local) > LOCAL_MAX or not _LOCAL.fullmatch(local) or local[0] == "'":
        return None
    domain = _plain_domain(given)
    if not domain:
        return None
    return text if domain == given else f"{local}@{domain}"


def plain_each(texts: Sequence[str]) -> Sequence[str | None]:
    """`plain` of each: where all have the form that most have, one look at all of them is a third of as many looks."""
    lines = "\n".join(texts) + "\n"
    if (
        max(map(len, texts)) <= SHORT_MAX
        and lines.count("\n") == len(texts)
        and _SHORT_LINES.fullmatch(lines)
    ):
        return texts
    return [plain(text) for text in texts]


@lru_cache(maxsize=20_000)
def _plain_domain(given: str) -> str:
    """The domain in small letters; "" for one that is not plain. A list has few domains, and many lines."""
    domain = given.lower()
    plain = _DOMAIN.fullmatch(given) and "--" not in domain and domain.rpartition(".")[2] not in _SPECIAL
    return domain if plain else ""


def _parse_slowly(text: str, trimmed: str) -> Address:
    from email_validator import EmailNotValidError, validate_email

    if len(trimmed) > READ_MAX:
        raise AddressRefused(text, "it is too long")
    if any(unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn"} for c in trimmed):
        raise AddressRefused(text, "it holds a control or invisible character")
    if "\ufffd" in trimmed:
        raise AddressRefused(
            text, "it holds a character that was lost on the way: the form or file is not UTF-8"
        )
    try:
        found = validate_email(
            trimmed, check_deliverability=False, strict=True, allow_quoted_local=False, test_environment=True
        )
    except EmailNotValidError as error:
        said = str(error).rstrip(".")  # a sentence of the library's; ours goes on in small letters
        raise AddressRefused(text, said[:1].lower() + said[1:]) from None
    domain = found.ascii_domain.lower()
    local = found.local_part
    if "." not in domain:
        raise AddressRefused(text, "the domain has no dot")
    if any(_mixes_scripts(label) for label in [local, *found.domain.split(".")]):
        raise AddressRefused(text, "it mixes scripts, as forged addresses do")
    whole = f"{local}@{domain}"
    if len(whole.encode()) > WHOLE_MAX or len(local.encode()) > LOCAL_MAX:
        raise AddressRefused(text, "it is too long")
    return Address(whole, local, domain)


def _mixes_scripts(label: str) -> bool:
    """Whether letters of one label belong to scripts that no language writes together (after UTS 39, section 5.2).

    A letter's script is the first word of its Unicode name: LATIN, CYRILLIC, ARABIC, CJK…
    """
    scripts = {unicodedata.name(c, "?").split(" ")[0] for c in label if c.isalpha()}
    return len(scripts) > 1 and not scripts <= _EAST_ASIAN_AND_LATIN


def key(address: Address, address_key: bytes) -> bytes:
    """16 bytes by which an address is known where it must not be readable: HMAC-SHA256 of case-folded local part and domain.

    Plus tags and dots are kept: they may be different mailboxes. Folding also makes one of ß and ss, which may be two: `same_mailbox` tells,
    where the address itself is known. The key cannot change: suppressions are found by it for ever.
    """
    return keyer(address_key)([f"{address.local}@{address.domain}"])[0]


@lru_cache(maxsize=8)
def keyer(address_key: bytes) -> Callable[[Sequence[str]], list[bytes]]:
    """What makes the keys of addresses: HMAC whose two halves are begun once for all, more than twice as quick as one by one. They are folded and encoded all at once."""
    sha = hashlib.sha256
    block = (sha(address_key).digest() if len(address_key) > 64 else address_key).ljust(64, b"\0")
    inner = sha(bytes(byte ^ 0x36 for byte in block)).copy
    outer = sha(bytes(byte ^ 0x5C for byte in block)).copy

    def keyed(addresses: Sequence[str]) -> list[bytes]:
        keys = []
        for text in "\n".join(addresses).casefold().encode().split(b"\n"):
            within, around = inner(), outer()
            within.update(text)
            around.update(within.digest())
            keys.append(around.digest()[:KEY_BYTES])
        return keys

    return keyed


def same_mailbox(one: str, other: str) -> bool:
    """Whether two addresses with one key are one mailbox: they differ in capitals alone (and in how Greek writes an s at a word's end)."""
    return one.lower().replace("ς", "σ") == other.lower().replace("ς", "σ")


def mask(address: Address, address_key: bytes) -> str:
    """How logs name an address: `r***@example.org#1f2e3d4c`."""
    return f"{address.local[0]}***@{address.domain}#{key(address, address_key)[:4].hex()}"


def unnamed(text: str) -> str:
    """A server's words without the addresses in them, however they are written there: what is kept of them outlives the erasure of a person."""
    if not _NAMES.search(text):
        return text
    return " ".join("…" if _NAMES.search(word) else word for word in text.split())
