"""SIGKILL between the kill of a story and the notices of it: whoever has the story is told, and nobody twice."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.commandbox import House
from tests.mailroom import keeping, mails
from tests.newsrooms import line
from tests.waiting import SECONDS

READERS = [
    *((f"business{number}@list.example", "business") for number in range(2)),
    *((f"all{number}@list.example", "") for number in range(5)),
]


def test_death_between_kill_and_notices(tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        house = House(tmp_path / "house", server.port)
        house.take_in(line(1), line(2), line(3, categories=["Business"]))
        house.subscribe(*READERS)
        assert house.run("send", "morning", "--yes").returncode == 0
        name = house.story("Headline number 1")
        with house.start(
            "story", "kill", name, "--why", "libel", crashpoint="after-followup-slice:2"
        ) as process:
            assert process.wait(SECONDS) == -signal.SIGKILL
        assert house.run("story", "kill", name, "--why", "again").returncode == 4
        assert house.run("dispatch", "resume").returncode == 0
        assert "Nothing is due" in house.run("dispatch", "resume").stdout
        (act,) = house.data("story", "reach", name)["acts"]
        sent = mails(server)
    assert (act["mailboxes"], act["mails"]["accepted"], act["looking"]) == (5, 5, False)
    assert {who: len(bodies) for who, bodies in sent.items()} == {
        who: 1 if sections else 2 for who, sections in READERS
    }
