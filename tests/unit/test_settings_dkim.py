"""[dkim]: what would not sign, or would sign for nothing, is refused with the file and the reason, and never shows a key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from publisher import dkim
from publisher.settings import effective
from publisher.settings.signing import aligned
from tests.dkimbox import pem
from tests.unit.test_settings import problems, settle


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("rsa.pem", pem(dkim.RSA)), ("ed.pem", pem(dkim.ED25519)), ("bad.pem", "c2VjcmV0")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "open.pem").write_text(pem(dkim.RSA))
    (tmp_path / "open.pem").chmod(0o640)
    (tmp_path / "latin.pem").write_bytes(b"\xff")
    (tmp_path / "latin.pem").chmod(0o600)
    return tmp_path


def with_keys(folder: Path, **table: Any) -> dict[str, Any]:
    return {"main": {"dkim": {"selector": "wire", "key_file": "rsa.pem"} | table}, "folder": folder}


def test_keys_are_read_from_the_configurations_folder(folder: Path) -> None:
    both = {"ed25519_selector": "wire-ed", "ed25519_key_file": str(folder / "ed.pem")}
    settings = settle(**with_keys(folder, **both))
    assert [(key.selector, key.algorithm) for key in settings.dkim.keys] == [
        ("wire", "rsa-sha256"),
        ("wire-ed", "ed25519-sha256"),
    ]
    shown = effective(settings)["dkim"]
    assert shown["key_file"] == str(folder / "rsa.pem")
    assert "PRIVATE" not in repr(settings) + repr(settings.dkim) + str(shown)


def test_without_the_table_nothing_signs() -> None:
    assert settle().dkim.keys == ()


@pytest.mark.parametrize(
    ("table", "key", "sentence"),
    [
        ({"selector": ""}, "selector", "is needed"),
        ({"key_file": None}, "key_file", "`publisher dkim keygen` makes a key"),
        ({"selector": "Wire"}, "selector", "small letters, digits, hyphens and dots"),
        ({"selector": "a." * 40 + "a"}, "selector", "63 at most"),
        ({"key_file": "gone.pem"}, "key_file", "No such file"),
        ({"key_file": "."}, "key_file", "it is a folder"),
        ({"key_file": "open.pem"}, "key_file", "(mode 0640): chmod 600 it"),
        ({"key_file": "bad.pem"}, "key_file", "bad.pem is no private key in PEM form"),
        ({"key_file": "latin.pem"}, "key_file", "latin.pem is no private key in PEM form"),
        ({"key_file": "ed.pem"}, "key_file", "of another kind; an RSA key is wanted"),
        ({"ed25519_key_file": "ed.pem"}, "ed25519_selector", "is needed"),
        ({"ed25519_selector": "e"}, "ed25519_key_file", "is needed"),
        ({"ed25519_selector": "e", "ed25519_key_file": "rsa.pem"}, "ed25519_key_file", "an Ed25519 key"),
        ({"ed25519_selector": "wire", "ed25519_key_file": "ed.pem"}, "ed25519_selector", "of its own"),
        ({"domain": "other.example"}, "domain", 'digest "morning" comes from quay.example'),
        ({"domain": "xquay.example"}, "domain", "above or below"),
    ],
)
def test_what_would_not_sign_is_refused(folder: Path, table: Any, key: str, sentence: str) -> None:
    found = problems(**with_keys(folder, **table))
    assert [line for line in found if f": dkim.{key}: " in line and sentence in line], found
    assert not any("c2VjcmV0" in line for line in found)


def test_an_ed25519_key_alone_does_not_sign(folder: Path) -> None:
    table = {"selector": "", "key_file": None, "ed25519_selector": "e", "ed25519_key_file": "ed.pem"}
    assert any(": dkim.key_file: " in line for line in problems(**with_keys(folder, **table)))


@pytest.mark.parametrize("domain", ["quay.example", "mail.quay.example"])
def test_the_senders_domain_signs_or_one_below_it(folder: Path, domain: str) -> None:
    assert settle(**with_keys(folder, domain=domain)).dkim.domain == domain


def test_a_domain_above_the_senders_may_sign() -> None:
    assert aligned("quay.example", "mail.quay.example")
    assert not aligned("a.quay.example", "b.quay.example")
