"""SIGKILL while mail is sent, by the command line's own process: who is in doubt is named before a copy leaves, and the copy is one."""

from __future__ import annotations

import re
import signal
from collections import defaultdict
from pathlib import Path

from tests.commandbox import House
from tests.mailroom import keeping
from tests.newsrooms import line
from tests.waiting import SECONDS

READERS = [(f"reader{number}@list.example", "") for number in range(1, 7)]


def test_who_is_in_doubt_after_a_kill_is_named_and_gets_the_same_bytes(tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        house = House(tmp_path / "house", server.port)
        house.take_in(line(1), line(2))
        house.subscribe(*READERS)
        with house.start("send", "morning", "--yes", crashpoint="after-reply:3") as process:
            assert process.wait(SECONDS) == -signal.SIGKILL
        path = house.folder / "config" / "publisher.toml"
        words = path.read_text(encoding="utf-8")
        for key in ("url", "contact", "bounce_address", "unsubscribe_address", "list_domain"):
            words = re.sub(rf'(?m)^({key} = ".*)news\.example"', r'\1edited.example"', words)
        path.write_text(words, encoding="utf-8")
        digests = house.folder / "config" / "digests.toml"
        digests.write_text(
            digests.read_text(encoding="utf-8").replace("digest@news", "edited@news"), encoding="utf-8"
        )

        listed = house.dispatch()
        assert (listed["state"], listed["workers"]) == ("sending", [])
        shown = house.run("dispatch", "show", listed["id"])
        assert shown.returncode == 5
        assert "Nobody is sending" in shown.stdout
        doubtful = house.data("dispatch", "resolve", listed["id"], "--addresses")["items"]
        assert {row["state"] for row in doubtful} == {"resend"}
        resumed = house.run("dispatch", "resume")
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        copies: dict[str, list[bytes]] = defaultdict(list)
        for taken in server.messages():
            copies[taken.rcpt].append((server.folder / f"{taken.n:06d}.eml").read_bytes())
    assert set(copies) == {address for address, _ in READERS}
    twice = {address for address, sent in copies.items() if len(sent) > 1}
    assert twice
    assert twice <= {row["address"] for row in doubtful}
    assert {len(set(sent)) for sent in copies.values()} == {1}
    assert not any(b"edited" in mail for sent in copies.values() for mail in sent)
