"""`publisher dkim`: a key that nobody else reads, its record, and the configuration that signs with it."""

from __future__ import annotations

import json
import re
import stat

import pytest

from publisher.cli import publisher
from publisher.cli.exits import told
from publisher.settings import load


@pytest.fixture
def run(tmp_path, capsys):
    """A command in a new newsroom -> (code, what it said)."""
    assert told(publisher, ["init", str(tmp_path)]) == 0
    capsys.readouterr()

    def command(*arguments):
        code = told(publisher, ["--config", str(tmp_path / "config"), *arguments])
        return code, capsys.readouterr()

    return command


def configure(tmp_path, said):
    """Do what keygen says: its lines go under [dkim]."""
    path = tmp_path / "config" / "publisher.toml"
    lines = said.rpartition("\n\n")[2]
    path.write_text(path.read_text().replace("[dkim]\n", f"[dkim]\n{lines}\n"))


def test_a_key_is_made_published_and_signs(run, tmp_path):
    code, said = run("dkim", "keygen", "--selector", "wire2026")
    assert code == 0
    path = tmp_path / "config" / "dkim-wire2026.pem"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    configure(tmp_path, said.out)
    (key,) = load(tmp_path / "config", {}).dkim.keys
    assert (key.selector, key.algorithm) == ("wire2026", "rsa-sha256")
    code, again = run("dkim", "record")
    assert code == 0
    assert again.out.strip() == said.out.partition("\n\n")[0]
    assert again.out.startswith('wire2026._domainkey.news.example. IN TXT ( "v=DKIM1; k=rsa; p=')
    assert all(len(string) <= 255 for string in re.findall(r'"(.*?)"', again.out))
    assert "PRIVATE" not in said.out + again.out


def test_a_second_key_signs_beside_the_first(run, tmp_path):
    for options in (["--selector", "one"], ["--ed25519", "--selector", "two"]):
        configure(tmp_path, run("dkim", "keygen", *options)[1].out)
    assert [key.selector for key in load(tmp_path / "config", {}).dkim.keys] == ["one", "two"]
    code, said = run("--json", "dkim", "record")
    rows = json.loads(said.out)["items"]
    assert (code, [row["algorithm"] for row in rows]) == (0, ["rsa-sha256", "ed25519-sha256"])
    assert {"".join(row["strings"]) == row["text"] for row in rows} == {True}
    assert [row["name"] for row in rows] == ["one._domainkey.news.example", "two._domainkey.news.example"]


def test_a_file_that_is_there_is_not_overwritten(run, tmp_path):
    path = tmp_path / "mine.pem"
    path.write_text("mine")
    code, said = run("dkim", "keygen", "--out", str(path))
    assert code == 4
    assert "is there already; nothing was written" in said.err
    assert path.read_text() == "mine"


def test_a_key_can_be_made_before_the_configuration_is_right(run, tmp_path):
    path = tmp_path / "config" / "publisher.toml"
    path.write_text(path.read_text().replace("[dkim]\n", '[dkim]\nselector = "s"\nkey_file = "dkim-s.pem"\n'))
    code, said = run("config", "check")
    assert code == 78
    assert "`publisher dkim keygen` makes a key" in said.err
    code, said = run("dkim", "keygen", "--selector", "s")
    assert code == 0
    assert said.out.startswith("s._domainkey IN TXT (")
    assert run("config", "check")[0] == 0


def test_json_tells_what_was_written(run, tmp_path):
    code, said = run("dkim", "keygen", "--out", str(tmp_path / "key.pem"), "--json")
    told_ = json.loads(said.out)
    assert (code, told_["written"], told_["selector"]) == (0, str(tmp_path / "key.pem"), "publisher")
    assert told_["records"][0]["type"] == "TXT"


@pytest.mark.parametrize("selector", ["", "A", "a_b", "-a", "a..b", "a" * 64, "a b", "a\n"])
def test_what_is_no_dns_name_is_no_selector(run, tmp_path, selector):
    code, _ = run("dkim", "keygen", "--selector", selector, "--out", str(tmp_path / "key.pem"))
    assert code == (2 if selector else 0)


def test_a_folder_that_is_not_there_is_named(run, tmp_path):
    code, said = run("dkim", "keygen", "--out", str(tmp_path / "nowhere" / "key.pem"))
    assert code == 78
    assert "cannot write to" in said.err


def test_a_record_is_printed_again_before_its_key_signs(run, tmp_path):
    """While one waits for the DNS, [dkim] names no key."""
    (tmp_path / "config" / "dkim-notes.pem").write_text("no key")
    made = [
        run("dkim", "keygen", *options)[1].out.partition("\n\n")[0]
        for options in (["--ed25519", "--selector", "one"], ["--selector", "two"])
    ]
    code, said = run("dkim", "record")
    assert (code, said.out.strip()) == (0, "\n".join(made))
    assert "not in force yet" in said.err
    configure(tmp_path, run("dkim", "keygen", "--selector", "three")[1].out)
    code, said = run("dkim", "record")
    assert (said.out.startswith("three."), said.out.count("_domainkey"), said.err) == (True, 1, "")


def test_without_a_key_there_is_no_record(run):
    code, said = run("dkim", "record")
    assert code == 2
    assert "publisher dkim keygen" in said.err


def test_keys_are_kept_out_of_version_control(run, tmp_path):
    assert "/config/dkim*.pem\n" in (tmp_path / ".gitignore").read_text()
