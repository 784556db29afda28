"""SIGKILL of a sender that signs: who is sent to again gets the same signature, whatever was configured meanwhile."""

from __future__ import annotations

import signal
from collections import defaultdict
from pathlib import Path

from publisher import dkim
from publisher.settings import load
from tests.commandbox import House
from tests.dkimbox import published, verified
from tests.mailroom import keeping
from tests.newsrooms import line
from tests.waiting import SECONDS

READERS = [(f"reader{number}@list.example", "") for number in range(1, 7)]
BOTH = """[dkim]
selector = "one"
key_file = "dkim-one.pem"
ed25519_selector = "two"
ed25519_key_file = "dkim-two.pem"
"""


def test_repeat_after_a_kill_has_the_same_signatures(tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        house = House(tmp_path / "house", server.port)
        for options in (["--selector", "one"], ["--selector", "two", "--ed25519"]):
            made = house.run("dkim", "keygen", *options)
            assert made.returncode == 0, made.stderr
        path = house.folder / "config" / "publisher.toml"
        path.write_text(path.read_text(encoding="utf-8").replace("[dkim]\n", BOTH), encoding="utf-8")
        keys: tuple[dkim.SigningKey, ...] = load(path.parent, {}).dkim.keys
        house.take_in(line(1), line(2))
        house.subscribe(*READERS)
        with house.start("send", "morning", "--yes", crashpoint="after-reply:3") as process:
            assert process.wait(SECONDS) == -signal.SIGKILL
        words = path.read_text(encoding="utf-8").replace('selector = "one"', 'selector = "three"')
        path.write_text(words.replace("[dkim]\n", '[dkim]\ndomain = "news.example"\n'), encoding="utf-8")
        resumed = house.run("dispatch", "resume")
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        copies: dict[str, list[bytes]] = defaultdict(list)
        for taken in server.messages():
            copies[taken.rcpt].append((server.folder / f"{taken.n:06d}.eml").read_bytes())
    assert set(copies) == {address for address, _ in READERS}
    assert max(map(len, copies.values())) == 2
    assert {len(set(sent)) for sent in copies.values()} == {1}
    names = published(*keys, domain="news.example")
    assert {tuple(verified(sent[0], names)) for sent in copies.values()} == {(True, True)}
