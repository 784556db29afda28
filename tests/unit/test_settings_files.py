from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from publisher.errors import ConfigurationInvalid, Problem
from publisher.settings import fresh_keys, load, secrets_toml, starting_files


def write(folder: Path, **texts: str) -> Path:
    """The starting configuration with some texts put in other's places."""
    folder.mkdir(exist_ok=True)
    for name, text in {**starting_files(date(2026, 3, 2)), **texts}.items():
        (folder / name).write_text(text, encoding="utf-8")
        (folder / name).chmod(0o600)
    return folder


def file_problems(folder: Path, environ: Any = None) -> list[str]:
    with pytest.raises(ConfigurationInvalid) as caught:
        load(folder, environ or {})
    return [str(problem) for problem in caught.value.problems]


def test_what_init_writes_loads_as_it_is(tmp_path: Path) -> None:
    settings = load(write(tmp_path / "config"), {})
    assert settings.site.tag_date == "2026-03-02"
    assert [source.slug for source in settings.sources] == ["harbour-news"]
    assert settings.data_dir == tmp_path / "var"


def test_settings_know_which_of_their_files_were_written_since(tmp_path: Path) -> None:
    settings = load(write(tmp_path / "config"), {})
    assert settings.written_since == ()
    with (tmp_path / "config" / "sources.toml").open("a", encoding="utf-8") as file:
        file.write("# one more\n")
    (tmp_path / "config" / "digests.toml").unlink()
    assert settings.written_since == ("digests.toml", "sources.toml")
    assert load(write(tmp_path / "config"), {}).written_since == ()


def test_each_fault_names_file_and_line(tmp_path: Path) -> None:
    sections = """[[section]]
slug = "world"
title.en = "World"

# told [[section]] in a comment
[[section]]
slug = "city"
window = "a day"
max = 1000
"""
    found = file_problems(write(tmp_path, **{"sections.toml": sections}))
    assert any(line.startswith("sections.toml:6: section[city].title: ") for line in found)
    assert any(line.startswith("sections.toml:8: section[city].window: ") for line in found)
    assert any(line.startswith("sections.toml:9: section[city].max: ") for line in found)


def test_a_table_inside_an_array_has_the_line_of_its_key(tmp_path: Path) -> None:
    text = starting_files(date(2026, 3, 2))["publisher.toml"].replace("#dot = ", "dot = 5 #")
    number = next(number for number, line in enumerate(text.splitlines(), 1) if line.startswith("dot"))
    (found,) = file_problems(write(tmp_path, **{"publisher.toml": text}))
    assert found.startswith(f"publisher.toml:{number}: relay[1].timeouts.dot: a length of time is wanted")


def test_text_inside_a_long_string_is_not_taken_for_keys(tmp_path: Path) -> None:
    text = '[site]\npostal_address = """\nname = "no"\n[store]\n"""\nname = 5\n'
    found = file_problems(write(tmp_path, **{"publisher.toml": text}))
    assert any(line.startswith("publisher.toml:6: site.name: ") for line in found)


def test_a_table_in_the_wrong_file_is_sent_home(tmp_path: Path) -> None:
    text = starting_files(date(2026, 3, 2))
    found = file_problems(
        write(tmp_path, **{"digests.toml": text["digests.toml"] + '\n[store]\ndata_dir = "x"\n'})
    )
    assert len(found) == 1
    assert found[0].endswith(": store: belongs in publisher.toml")


def test_a_file_that_is_not_toml_is_named_with_its_line(tmp_path: Path) -> None:
    found = file_problems(write(tmp_path, **{"sources.toml": "[[source]\n"}))
    assert found[0].startswith("sources.toml: is not TOML: ")
    assert "line 1" in found[0]


def test_without_secrets_the_person_is_told_who_writes_them(tmp_path: Path) -> None:
    (write(tmp_path) / "secrets.toml").unlink()
    assert file_problems(tmp_path) == [
        "secrets.toml: it is not there: put your copy of it back, for links in mails that are out were made with its keys (`publisher init` writes one in a new folder)"
    ]


def test_secrets_that_others_can_read_are_refused(tmp_path: Path) -> None:
    (write(tmp_path) / "secrets.toml").chmod(0o640)
    (found,) = file_problems(tmp_path)
    assert "secrets.toml" in found
    assert "mode 0640" in found
    assert "chmod 600" in found


def test_a_secret_may_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    keys = fresh_keys()
    key = tmp_path / "address.key"
    key.write_text(keys["address_key"] + "\n", encoding="ascii")
    key.chmod(0o600)
    text = secrets_toml(keys).replace(
        f'address_key = "{keys["address_key"]}"', 'address_key_file = "address.key"'
    )
    password = tmp_path / "password"
    password.write_text("quiet-word\n", encoding="utf-8")
    password.chmod(0o600)
    folder = write(tmp_path, **{"secrets.toml": text})
    environ = {
        "PUBLISHER_SECRETS__RELAY_PASSWORDS__MAIN_FILE": str(password),
        "PUBLISHER_RELAY": '[{"name": "main", "host": "smtp.example", "port": 587, "username": "q"}]',
    }
    settings = load(folder, environ)
    assert settings.secrets.relay_password("main") == "quiet-word"
    assert len(settings.secrets.address_key_bytes) == 32
    key.chmod(0o604)
    password.unlink()
    found = file_problems(folder, environ)
    assert any("mode 0604" in line for line in found)
    assert any("relay_passwords.main_file: cannot read" in line for line in found)


def test_the_folder_is_the_named_one_then_the_environments_then_the_usual(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, told, usual = (write(tmp_path / name) for name in ("named", "told", "config"))
    monkeypatch.chdir(tmp_path)
    environ = {"PUBLISHER_CONFIG": str(told)}
    assert load(named, environ).folder == named
    assert load(None, environ).folder == told
    assert load(None, {}).folder == usual


def test_a_folder_without_configuration_is_refused_with_the_places_tried(tmp_path: Path) -> None:
    (found,) = file_problems(tmp_path)
    assert str(tmp_path) in found
    assert "`publisher init` writes one" in found


def test_several_faults_stand_on_lines_of_their_own():
    one, two = Problem("a.toml", "x", "is missing"), Problem("b.toml", "y", "is wrong")
    assert str(ConfigurationInvalid([one])) == "the configuration cannot be used: a.toml: x: is missing"
    assert str(ConfigurationInvalid([one, two])).splitlines() == [
        "the configuration cannot be used:",
        "  a.toml: x: is missing",
        "  b.toml: y: is wrong",
    ]


@pytest.mark.parametrize("name", ["publisher.toml", "sections.toml", "secrets.toml"])
def test_of_a_file_that_cannot_be_read_nothing_else_is_said(tmp_path: Path, name: str) -> None:
    (found,) = file_problems(write(tmp_path, **{name: "[[["}))
    assert found.startswith(f"{name}: is not TOML: ")


def test_without_sections_a_digest_says_so_once(tmp_path: Path) -> None:
    (found,) = file_problems(write(tmp_path, **{"sections.toml": ""}))
    assert found.endswith("there is no section at all: sections.toml is missing or names none")
