"""Keys that sign mails: made, and told as the DNS records that receivers look for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from publisher import dkim
from publisher.errors import BadInput, Conflict, InputUnreadable, unwritable
from publisher.settings import Settings
from publisher.settings.disk import text_of

__all__ = ["domains", "made", "make_key", "records"]


def make_key(path: Path, *, selector: str, algorithm: str) -> dkim.SigningKey:
    """Make a key and write it (mode 0600).

    Raises:
        Conflict: a file of this name is there; it stays as it is. FolderUnwritable: it cannot be written.
    """
    pem = dkim.new_key(algorithm)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(pem)
    except FileExistsError:
        raise Conflict(f"{path} is there already; nothing was written", path=str(path)) from None
    except OSError as error:
        raise unwritable(path, error) from error
    return dkim.read_key(pem, selector=selector, algorithm=algorithm)


def made(settings: Settings) -> list[dkim.SigningKey]:
    """The keys that `dkim keygen` made beside the configuration, whether or not it names them; a file that holds none is nobody's.

    Raises:
        InputUnreadable: one cannot be read.
    """
    found: list[dkim.SigningKey] = []
    for path in sorted(settings.folder.glob("dkim-*.pem")):
        try:
            pem = text_of(path, "latin-1")
        except OSError as error:
            raise InputUnreadable(str(path), error.strerror or str(error)) from error
        for algorithm in (dkim.RSA, dkim.ED25519):
            with suppress(ValueError):
                found.append(
                    dkim.read_key(pem, selector=path.stem.removeprefix("dkim-"), algorithm=algorithm)
                )
    return found


def domains(settings: Settings) -> tuple[str, ...]:
    """The domains that sign: the one of the configuration, else those of the digests' senders."""
    if settings.dkim.domain:
        return (settings.dkim.domain,)
    senders = (sender.address for digest in settings.digests for sender in digest.senders)
    return tuple(dict.fromkeys(address.rpartition("@")[2] for address in senders))


def records(keys: Sequence[dkim.SigningKey], names: Sequence[str]) -> list[dict[str, Any]]:
    """The record of each key for each domain, JSON-ready; without a domain their names stand alone.

    Raises:
        BadInput: there is no key.
    """
    if not keys:
        raise BadInput(
            "mails are not signed here: `publisher dkim keygen` makes a key, [dkim] in publisher.toml names it"
        )
    return [
        {
            "domain": domain,
            "selector": key.selector,
            "algorithm": key.algorithm,
            "name": record.name,
            "type": "TXT",
            "text": record.text,
            "strings": record.strings,
            "zone": record.zone_line,
        }
        for domain in names or ("",)
        for key in keys
        for record in (dkim.record(key, domain),)
    ]
