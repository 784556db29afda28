"""The demo is the main job end to end: what it leaves is the outer contract, and the same on every machine."""

import json
import os
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path

import pytest

from publisher import gate
from publisher.edition import Variant
from publisher.store import editions
from publisher.store.db import open_database


def demo(folder: Path, **environment: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from publisher.cli import main; main()", "demo", "--dir", str(folder)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def left(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    demo(folder)
    return folder


def files(folder: Path, *parts: str) -> dict[str, bytes]:
    found = {}
    for part in parts:
        for path in sorted((folder / part).rglob("*")):
            if path.is_file() and path.suffix != ".eml":
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


def test_a_second_run_changes_nothing_and_mails_nobody(tmp_path):
    demo(tmp_path)
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "mail").iterdir()}
    outputs = files(tmp_path, "feeds", "preview", "site")
    report = (tmp_path / "report.json").read_bytes()
    demo(tmp_path)
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "mail").iterdir()} == before
    assert files(tmp_path, "feeds", "preview", "site") == outputs
    assert (tmp_path / "report.json").read_bytes() == report


def test_another_zone_locale_and_hash_seed_give_the_same_bytes(left, tmp_path):
    demo(tmp_path, TZ="Pacific/Kiritimati", LC_ALL="C", LANG="C", PYTHONHASHSEED="4711", PYTHONUTF8="1")
    assert files(tmp_path, "feeds", "preview", "site") == files(left, "feeds", "preview", "site")
    assert (tmp_path / "report.json").read_bytes() == (left / "report.json").read_bytes()


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
