"""Configuration that would break the reader of it, or pass it and break something later: one sentence each, never a traceback."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from publisher.render.headers import LINE_MAX
from publisher.settings.values import SITE_URL_MAX
from tests.unit.test_settings import MAIN, problems, relay, settle
from tests.unit.test_settings_files import file_problems, write


def short(value: Any) -> str:
    """A test's name without the hundred thousand characters of its value."""
    return ascii(value)[:40]


def main(table: str, **changed: Any) -> Any:
    return {"main": {table: changed}}


@pytest.mark.parametrize(
    ("changed", "key", "sentence"),
    [
        ({"section": {"max": True}}, "section[world].max", "a whole number is wanted"),
        ({"section": {"max": 2.0}}, "section[world].max", "a whole number is wanted"),
        ({"section": {"max": 10**5000}}, "section[world].max", "less than or equal to 200"),
        ({"source": {"default_urgency": False}}, "source[gull].default_urgency", "a whole number"),
        ({"source": {"urgency_map": {"FLASH": 1.0}}}, "source[gull].urgency_map.FLASH", "a whole number"),
        ({"digest": {"number": 1.0}}, "digest[morning].number", "a whole number"),
        (main("fetch", ports=[80, True]), "fetch.ports[2]", "a whole number"),
        (main("fetch", max_bytes=10**12), "fetch.max_bytes", "less than or equal to"),
        (relay(port="587x"), "relay[1].port", "a whole number"),
        ({"section": {"window": "999999d"}}, "section[world].window", 'at most "36500d"'),
        (main("site", tag_date=datetime(2026, 1, 1)), "site.tag_date", "such as 2026-01-01"),  # noqa: DTZ001 - as TOML gives it
        (main("site", url=f"https://quay.example/{'a' * 1200}"), "site.url", "at most 200 characters"),
        (main("site", url="https://münchen.example"), "site.url", "xn-- form"),
        (main("site", url="https://../x"), "site.url", "xn-- form"),
        (main("site", url="https://quay.example/<x>"), "site.url", "absolute http(s) address"),
        (main("site", url="https://quay.example/a%20b"), "site.url", "letters, digits and ._~-"),
        (main("site", url="https://quay.example:99999"), "site.url", "absolute http(s) address"),
        (main("site", tag_authority=f"{'a.' * 140}example"), "site.tag_authority", "a domain name"),
        (main("site", postal_address="1 Quay\x00Street"), "site.postal_address", "control characters"),
        (main("mail", unsubscribe_address="o'leave@quay.example"), "mail.unsubscribe_address", "token"),
        (main("mail", unsubscribe_address=f"{'a' * 32}@quay.example"), "mail.unsubscribe_address", "31 at"),
        (main("mail", bounce_address=f"{'a' * 32}@quay.example"), "mail.bounce_address", "31 at"),
        (main("store", data_dir="a\u0000b"), "store.data_dir", "without control characters"),
        (main("store", data_dir="/etc/passwd"), "store.data_dir", "/etc/passwd is no folder"),
        (main("store", data_dir="/etc/passwd/a/b"), "store.data_dir", "/etc/passwd is no folder"),
        (main("store", data_dir="~no-such-person/x"), "store.data_dir", "no home folder"),
        (main("store", templates_dir="/etc/passwd"), "store.templates_dir", "there is no folder"),
        (main("store", templates_dir="a" * 5000), "store.templates_dir", "there is no folder"),
        (
            main("web", proxies=["10.0.0.0/8", "::ffff:127.0.0.1", "localhost"]),
            "web.proxies[3]",
            "an address or a network",
        ),
        (main("web", proxies=["10.0.0.1/8"]), "web.proxies[1]", "an address or a network"),
        (main("store", url="postgresql://u@127.0.0.1:abc/x"), "store.url", "host or port cannot be read"),
        (main("store", url="postgresql://u@127.0.0.1:0/x"), "store.url", "is wanted"),
        (main("store", url="postgresql://u@[::1/x"), "store.url", "host or port cannot be read"),
        (main("store", url="sqlite:////etc"), "store.url", "no place for a database file"),
        (main("store", url="sqlite:////etc/passwd/a"), "store.url", "no place for a database file"),
        (main("store", url="sqlite:////a\u0000b"), "store.url", "is wanted"),
        (relay(ca_file="/etc"), "relay[1].ca_file", "there is no file"),
        (relay(helo="quay.example\r\nMAIL FROM:<x>"), "relay[1].helo", "control characters"),
    ],
)
def test_a_value_that_would_fail_later_is_refused_with_its_reason(
    changed: Any, key: str, sentence: str
) -> None:
    found = problems(**changed)
    assert any(f": {key}: " in line and sentence in line for line in found), found


def test_a_refused_database_address_is_never_repeated() -> None:
    found = problems(**main("store", url="postgresql://u:hunter2@127.0.0.1:abc/x"))
    assert "hunter2" not in "".join(found)


def test_digits_from_the_environment_are_whole_numbers() -> None:
    environ = {"PUBLISHER_FETCH__MAX_ITEMS": "7", "PUBLISHER_FETCH__PORTS": '["80", 443]'}
    fetch = settle(environ=environ).fetch
    assert (fetch.max_items, fetch.ports) == (7, (80, 443))
    assert "a whole number" in problems(environ={"PUBLISHER_FETCH__MAX_ITEMS": "1.0"})[0]


def test_the_longest_address_of_a_site_fits_into_every_header() -> None:
    url = "https://quay.example/".ljust(SITE_URL_MAX, "a")
    site = settle(**main("site", url=url)).site
    mailto = f"mailto:{'a' * 31}+{'T' * 32}@{'d.' * 120}example"
    assert len(f"List-Unsubscribe: <{site.url}/u/{'T' * 32}>, <{mailto}>") < LINE_MAX - 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = " + "[" * 100_000, "too deep"),
        ("a = " + "[" * 200 + "]" * 200, "too deep"),
        (".".join("a" * 1_200) + " = 1", "too deep"),
        ("a = " + "9" * 20_000, "is not TOML"),
        ("a = 1979-13-40", "is not TOML"),
        ("\udcff", "it is not UTF-8"),
    ],
    ids=short,
)
@pytest.mark.parametrize("name", ["publisher.toml", "sources.toml", "secrets.toml"])
def test_a_file_that_would_break_its_parser_is_named(
    tmp_path: Path, name: str, text: str, sentence: str
) -> None:
    folder = write(tmp_path)
    (folder / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    found = file_problems(folder)
    assert any(line.startswith(f"{name}: ") and sentence in line for line in found), found


@pytest.mark.parametrize(
    "value",
    ["[" * 100_000, "[" * 30 + "]" * 30, "[" + "9" * 20_000 + "]", '{"a": ' * 500 + "1" + "}" * 500],
    ids=short,
)
def test_a_variable_that_would_break_its_parser_is_refused(value: str) -> None:
    assert problems(environ={"PUBLISHER_RELAY": value})
    deep = {"PUBLISHER_SECRETS__" + "__".join("A" * 5000): "x"}
    assert "too deep" in problems(environ=deep)[-1]


def test_a_file_that_is_none_is_said_and_does_not_count_as_absent(tmp_path: Path) -> None:
    folder = write(tmp_path / "config")
    for name, make, sentence in (
        ("sources.toml", lambda path: path.mkdir(), "it is a folder"),
        ("sections.toml", os.mkfifo, "it is no regular file"),
        ("digests.toml", lambda path: path.symlink_to(path), "Too many levels"),
        ("secrets.toml", lambda path: path.symlink_to(tmp_path / "nowhere"), "No such file"),
    ):
        (folder / name).unlink()
        make(folder / name)
        assert f"{name}: cannot be read: {sentence}" in "\n".join(file_problems(folder))
    assert "secrets.toml: it is not there" not in "\n".join(file_problems(folder))
    (folder / "publisher.toml").unlink()
    (folder / "publisher.toml").mkdir()
    assert any("publisher.toml: cannot be read: it is a folder" in line for line in file_problems(folder))


def test_a_missing_file_of_names_that_are_used_is_named(tmp_path: Path) -> None:
    folder = write(tmp_path)
    (folder / "sections.toml").unlink()
    assert all("sections.toml is missing" in line for line in file_problems(folder))


def test_a_secret_s_own_file_that_is_none_is_said(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o600)
    for path, sentence in (("pipe", "no regular file"), ("a\x00b", "null"), ("~no-such-person/x", "home")):
        found = problems(secrets={"address_key_file": path}, folder=tmp_path)
        assert any("address_key_file" in line and sentence in line for line in found), found


def test_a_loop_of_links_is_a_path_like_another(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    found = problems(
        main={"store": {"data_dir": str(loop)}, "relay": [{**MAIN["relay"][0], "ca_file": str(loop)}]}
    )
    assert any("store.data_dir" in line for line in found)
    assert any("ca_file" in line for line in found)
