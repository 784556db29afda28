"""The keys of `[dkim]`: read from their files, checked, and held against the senders of the digests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from publisher.settings.checks import Fault
from publisher.settings.disk import text_of
from publisher.settings.keys import open_to_others

if TYPE_CHECKING:  # a house that does not sign spares itself the import at each command
    from publisher.dkim import SigningKey
    from publisher.settings.loading import Tables

__all__ = ["Signing", "aligned", "signing"]


@dataclass(frozen=True, slots=True)
class Signing:
    """How mails are signed: for which domain (empty: the sender's), with which keys; none: not at all."""

    domain: str = ""
    keys: tuple[SigningKey, ...] = ()


def signing(tables: Tables, folder: Path) -> tuple[Signing, list[Fault]]:
    """What `[dkim]` says, and what is wrong with it or its files."""
    table = tables.dkim.resolved(folder)
    if table == type(table)():
        return Signing(), []
    from publisher.dkim import ED25519, RSA

    wrong: list[Fault] = list(_astray(tables))
    keys: list[SigningKey] = []
    for prefix, algorithm in (("", RSA), ("ed25519_", ED25519)):
        selector, path = getattr(table, f"{prefix}selector"), getattr(table, f"{prefix}key_file")
        if not selector and not path and prefix:
            continue
        if not selector:
            wrong.append(
                (("dkim", f"{prefix}selector"), "is needed: the name under which the key is published")
            )
        if not path:
            wrong.append((("dkim", f"{prefix}key_file"), "is needed: `publisher dkim keygen` makes a key"))
        elif isinstance(read := _read(path, selector, algorithm), str):
            wrong.append((("dkim", f"{prefix}key_file"), read))
        else:
            keys.append(read)
    if table.selector and table.selector == table.ed25519_selector:
        wrong.append((("dkim", "ed25519_selector"), "is that of the other key: each has a name of its own"))
    return Signing(table.domain, tuple(keys)), wrong


def _read(path: Path, selector: str, algorithm: str) -> SigningKey | str:
    """The key, or what is wrong with its file."""
    from publisher.dkim import read_key

    try:
        text = text_of(path)
        if problem := open_to_others(path):
            return f"{path}: {problem.message}"
        return read_key(text, selector=selector, algorithm=algorithm)
    except OSError as error:
        return f"cannot read {path}: {error.strerror}; `publisher dkim keygen` makes a key"
    except UnicodeDecodeError:
        return f"{path} is no private key in PEM form"
    except ValueError as error:
        return f"{path} {error}"


def _astray(tables: Tables) -> Iterator[Fault]:
    """Senders whose mails would be signed by a domain that is not theirs: DMARC does not count that (RFC 7489 section 3.1)."""
    signer = tables.dkim.domain
    for digest in tables.digest if signer else ():
        for sender in digest.sender.values():
            domain = sender.address.rpartition("@")[2]
            if not aligned(signer, domain):
                yield (
                    ("dkim", "domain"),
                    f'digest "{digest.slug}" comes from {domain}: the domain that signs has to be that one, or above or below it',
                )


def aligned(signer: str, sender: str) -> bool:
    """Whether one domain is the other, or stands below it."""
    return f".{sender}".endswith(f".{signer}") or signer.endswith(f".{sender}")
