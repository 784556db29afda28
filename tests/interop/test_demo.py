"""The demo is the main job end to end: what it leaves is the outer contract, and the same on every machine."""

import json
import os
import shutil
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

from publisher import gate
from publisher.cli import publisher as cli
from publisher.cli.exits import told
from publisher.edition import Variant
from publisher.store import editions
from publisher.store.db import open_database


def publisher(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from publisher.cli import main; main()", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def demo(folder: Path, **environment: str) -> str:
    done = publisher("demo", "--dir", str(folder), **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    demo(folder)
    return folder


def files(folder: Path, *parts: str) -> dict[str, bytes]:
    found = {}
    for part in parts:
        for path in sorted((folder / part).rglob("*")):
            if path.is_file():
                found[str(path.relative_to(folder))] = path.read_bytes()
    return found


def test_it_leaves_what_the_contract_says(left):
    report = json.loads((left / "report.json").read_text())
    assert report["stories"] == {
        "ingested": 32,
        "published": 29,
        "quarantined": 1,
        "embargoed": 1,
        "killed": 1,
    }
    assert report["deliveries"]["planned"] == report["deliveries"]["accepted"] == 12
    assert report["gate"]["refused"] == 0
    assert report["feeds"] == sum(
        path.suffix in {".rss", ".atom", ".json"} for path in (left / "feeds").rglob("*")
    )
    assert report["editions"] == ["morning-2026-03-02"]
    names = {path.name for path in (left / "feeds").iterdir()}
    assert {"all.rss", "all.atom", "all.json", "index.opml", "world.rss"} <= names
    assert len(list((left / "mail").glob("*.eml"))) == 12
    for language in ("en", "fa", "ar"):
        assert (left / "preview" / f"digest-{language}.html").exists()
        assert (left / "preview" / f"digest-{language}.txt").exists()
    assert (left / "site" / "s" / "world" / "index.html").exists()
    assert (left / "site" / "e" / "morning-2026-03-02" / "index.html").exists()


def test_a_second_run_changes_nothing_and_mails_nobody(left, tmp_path):
    shutil.copytree(left, tmp_path, dirs_exist_ok=True)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "mail").iterdir()}
    outputs = files(tmp_path, "feeds", "preview", "site")
    report = (tmp_path / "report.json").read_bytes()
    assert "anew" not in demo(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "mail").iterdir()} == before
    assert files(tmp_path, "feeds", "preview", "site") == outputs
    assert (tmp_path / "report.json").read_bytes() == report


def test_another_zone_locale_and_hash_seed_give_the_same_bytes(left, tmp_path):
    demo(tmp_path, TZ="Pacific/Kiritimati", LC_ALL="C", LANG="C", PYTHONHASHSEED="4711", PYTHONUTF8="1")
    assert files(tmp_path, "feeds", "preview", "site") == files(left, "feeds", "preview", "site")
    assert (tmp_path / "report.json").read_bytes() == (left / "report.json").read_bytes()


def test_whole_messages_are_among_what_is_compared(left):
    assert {name for name in files(left, "preview") if name.endswith(".eml")} == {
        f"preview/digest-{language}.eml" for language in ("en", "fa", "ar")
    }


def test_a_demo_that_was_used_since_begins_anew_and_says_so(left, tmp_path, capsys):
    """The commands that it proposes run by the real clock, which is later than its own."""
    shutil.copytree(left, tmp_path, dirs_exist_ok=True)
    (tmp_path / "notes.txt").write_text("mine")
    config = ("--config", str(tmp_path / "config"))
    assert told(cli, [*config, "--json", "story", "list"]) == 0
    story = json.loads(capsys.readouterr().out)["items"][0]["id"]
    assert told(cli, [*config, "story", "kill", story, "--why", "a try"]) == 0
    assert "beginning anew" in demo(tmp_path)
    assert files(tmp_path, "feeds", "preview", "site") == files(left, "feeds", "preview", "site")
    assert (tmp_path / "report.json").read_bytes() == (left / "report.json").read_bytes()
    assert len(list((tmp_path / "mail").iterdir())) == 12
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_a_folder_that_is_not_a_demos_is_left_alone(tmp_path):
    assert told(cli, ["-q", "init", str(tmp_path)]) == 0
    before = files(tmp_path, "config")
    done = publisher("demo", "--dir", str(tmp_path))
    assert (done.returncode, files(tmp_path, "config")) == (4, before)
    assert "is not a demo's" in done.stderr
    assert not (tmp_path / "publisher.sqlite3").exists()


def test_the_next_commands_can_be_typed_as_they_stand(left, tmp_path):
    shutil.copytree(left, tmp_path / "a demo")
    script = Path(sys.executable).with_name("publisher")
    where = os.path.relpath(script, tmp_path)
    done = subprocess.run(
        [where, "demo", "--dir", "a demo"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    commands = done.stdout.partition("Next:\n")[2].splitlines()
    assert len(commands) == 3
    for command in commands:
        assert command.strip().startswith(where)
        subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, check=True)  # noqa: S602 - as typed


def test_what_must_not_go_out_is_nowhere(left):
    everything = b"".join(files(left, "feeds", "preview", "site").values())
    everything += b"".join(path.read_bytes() for path in (left / "mail").iterdir())
    for hidden in (b"Exports rose by 1.8 per cent", b"Ministry denies", b"Airport tries a month"):
        assert hidden not in everything


def test_every_mail_as_caught_is_cleared_by_the_gate(left):
    database = open_database(f"sqlite:///{left / 'publisher.sqlite3'}")
    with database.read() as connection:
        made = editions.get(connection, "morning-2026-03-02")
        variants = editions.variants_of(connection, "morning-2026-03-02")
    database.close()
    assert made is not None
    known = {variant.key: variant for variant in variants.values()} | {
        lang: Variant(lang) for lang in made.languages
    }
    for path in sorted((left / "mail").glob("*.eml")):
        raw = path.read_bytes()
        cleared = [
            key
            for key, variant in known.items()
            if not gate.check_message(raw, made, variant, output=path.name, now=made.frozen_at)
        ]
        assert cleared, path.name


def test_each_reader_gets_their_own_links_and_nobody_elses(left):
    links = {}
    for path in (left / "mail").glob("*.eml"):
        message = message_from_bytes(path.read_bytes())
        links[message["To"]] = message["List-Unsubscribe"]
        body = message.get_payload(1).get_payload(decode=True).decode()
        own = message["List-Unsubscribe"].split(">")[0].lstrip("<")
        assert own in body
    assert len(set(links.values())) == len(links) == 12
    for path in (left / "mail").glob("*.eml"):
        raw = path.read_bytes()
        others = [address for address in links if address != message_from_bytes(raw)["To"]]
        assert not [address for address in others if address.encode() in raw]


def test_public_bytes_hold_nothing_personal(left):
    everything = b"".join(files(left, "feeds", "site").values())
    assert b"@example.org" not in everything.replace(b"reader@example.org", b"")
    assert b"/u/" not in everything


def test_the_house_headline_is_shown_and_the_original_kept_beside_it(left):
    feed = json.loads((left / "feeds" / "science.json").read_text())
    item = next(item for item in feed["items"] if "ring around Tamsin" in item["title"])
    assert item["_wire"]["original_headline"].startswith("Observatory finds")
