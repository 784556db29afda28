"""The secrets: signing keys, the address key and relay passwords; read, checked, made anew, never shown.

They stand in `secrets.toml` (mode 0600) beside the other files, or come as `PUBLISHER_SECRETS__...`. Any of them may be
given as the path of a file instead, by adding `_file` to its name. Nothing runs on a key that is missing, short or
made up by hand, and no sentence of an error repeats one.
"""

from __future__ import annotations

import base64
import binascii
import json
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretBytes, SecretStr

from publisher.errors import Problem
from publisher.settings.disk import absolute, text_of
from publisher.settings.tables import Table

__all__ = ["Secrets", "fresh_keys", "from_files", "new_secrets", "open_to_others", "secrets_toml"]

KEY_BYTES = 32
FEWEST_DISTINCT = 16
"""Of 32 random bytes, fewer than 16 distinct ones come once in more than 10^12 keys: such a key was typed by hand."""


def _key(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a key is written as text in base64url")  # noqa: TRY004 - pydantic makes sentences of ValueError only
    try:
        key = base64.b64decode(value.strip() + "=" * (-len(value.strip()) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64url; `publisher init` writes keys that fit") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"a key has {KEY_BYTES} bytes (43 characters), this one has {len(key)}")
    if len(set(key)) < FEWEST_DISTINCT:
        raise ValueError("this key was not made at random; `publisher init` writes keys that fit")
    return key


def _signing(value: Any) -> Any:
    """A key as "Standard Webhooks" writes it: base64, with or without `whsec_` before it."""
    if not isinstance(value, str):
        raise ValueError("a key is written as text in base64")  # noqa: TRY004 - pydantic makes sentences of ValueError only
    try:
        key = base64.b64decode(value.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("not base64; `openssl rand -base64 32` makes one that fits") from None
    if not 24 <= len(key) <= 64:
        raise ValueError(f"a key has 24 to 64 bytes, this one has {len(key)}")
    return key


Key = Annotated[SecretBytes, BeforeValidator(_key)]
KeyId = Annotated[int, Field(ge=0, le=255)]


class Secrets(Table):
    """secrets.toml.

    Attributes:
        token_keys: id (0 to 255, one byte of every token) -> key. The first signs, all are checked: a link in an old
            mail must work for ever, so a key is added in front and none is taken away.
        address_key: keys the hashes of addresses; cannot be changed once there are subscribers.
        form_key: signs the forms of the public pages.
        relay_passwords: relay's name -> password.
        metrics_token: who shows it may read /metrics; without one nobody may.
        mailbox_password: of the mailbox that bounces are read from.
        webhook_secrets: webhook's name -> the key that signs what it is told.
        report_keys: delivery service -> what proves its reports (`publisher.services`); without one its address does not answer.
    """

    token_keys: Annotated[dict[KeyId, Key], Field(min_length=1)]
    address_key: Key
    form_key: Key
    relay_passwords: dict[str, SecretStr] = Field(default_factory=dict)
    metrics_token: Annotated[SecretStr, Field(min_length=16, max_length=256)] | None = None
    mailbox_password: SecretStr = SecretStr("")
    webhook_secrets: dict[str, Annotated[SecretBytes, BeforeValidator(_signing)]] = Field(
        default_factory=dict
    )
    report_keys: dict[str, SecretStr] = Field(default_factory=dict)

    @property
    def signing_key(self) -> int:
        """Id of the key that signs new tokens."""
        return next(iter(self.token_keys))

    @property
    def token_keys_bytes(self) -> dict[int, bytes]:
        """Every token key by its id, bare."""
        return {number: key.get_secret_value() for number, key in self.token_keys.items()}

    @property
    def address_key_bytes(self) -> bytes:
        """The address key, bare."""
        return self.address_key.get_secret_value()

    def webhook_secret(self, name: str) -> bytes:
        """The key that signs for this webhook, bare."""
        return self.webhook_secrets[name].get_secret_value()

    def relay_password(self, relay: str) -> str:
        """The password for this relay; empty when there is none."""
        secret = self.relay_passwords.get(relay)
        return secret.get_secret_value() if secret else ""


def open_to_others(path: Path) -> Problem | None:
    """What is wrong with the mode of a file that holds secrets, or None."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        return Problem(str(path), "", f"others can read this file of secrets (mode {mode:04o}): chmod 600 it")
    return None


def from_files(
    data: Mapping[str, Any], folder: Path, prefix: str = "secrets"
) -> tuple[dict[str, Any], list[Problem]]:
    """The same tables with every `<name>_file` replaced by `<name>` and the text of that file, one line end cut off."""
    told: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, value in data.items():
        key = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            told[name], found = from_files(value, folder, key)
            problems += found
        elif not name.endswith("_file"):
            told[name] = value
        elif name.removesuffix("_file") in data:
            problems.append(
                Problem("secrets", key, f"stands beside {name.removesuffix('_file')}; keep one of the two")
            )
        else:
            path = Path(str(value))
            try:
                path = absolute(folder, path)
                told[name.removesuffix("_file")] = text_of(path).rstrip("\r\n")
                if problem := open_to_others(path):
                    problems.append(problem)
            except OSError as error:
                problems.append(Problem("secrets", key, f"cannot read {path}: {error.strerror}"))
            except (
                RuntimeError,
                ValueError,
            ) as error:  # no such home; a NUL in the path; bytes that are no text
                why = "it is not text" if isinstance(error, UnicodeDecodeError) else str(error)
                problems.append(Problem("secrets", key, f"cannot be read: {why}"))
    return told, problems


def fresh_keys() -> dict[str, Any]:
    """New random keys, as the data of a secrets.toml."""
    return {
        "token_keys": {"1": secrets.token_urlsafe(KEY_BYTES)},
        "address_key": secrets.token_urlsafe(KEY_BYTES),
        "form_key": secrets.token_urlsafe(KEY_BYTES),
        "relay_passwords": {},
    }


def secrets_toml(data: Mapping[str, Any]) -> str:
    """The text of a secrets.toml with these keys; write it with mode 0600."""
    token_keys = "\n".join(f'{number} = "{key}"' for number, key in data["token_keys"].items())
    passwords = "\n".join(
        f"{name} = {json.dumps(password)}" for name, password in data["relay_passwords"].items()
    )
    return f"""\
# Secrets of this installation: keep a copy in a safe place, never in version control (mode 0600).
# Every machine that sends or serves needs the same ones. Any value may be the path of a file instead:
# write `address_key_file = "/run/secrets/address_key"`. Environment: PUBLISHER_SECRETS__ADDRESS_KEY.

# Keys the hashes by which addresses are known. It can never be changed.
address_key = "{data["address_key"]}"

# Signs the forms of the public pages.
form_key = "{data["form_key"]}"

# Sign the links in mails. The first signs; all are checked, so that old mails' links go on working:
# put a new key in front under a number not used before, and take none away.
[token_keys]
{token_keys}

# Password of each relay that has a `username`, by the relay's name.
[relay_passwords]
{passwords or '# main = "the password"'}

# What proves the reports of delivery services (docs/services.md tells where it is found).
[report_keys]
# mailgun = "the signing key"
"""


def new_secrets() -> str:
    """The text of a new installation's secrets.toml."""
    return secrets_toml(fresh_keys())
