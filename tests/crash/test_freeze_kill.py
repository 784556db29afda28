"""SIGKILL while the audience is frozen, by the command line's own process: resuming reaches everybody, and nobody twice."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.commandbox import House
from tests.mailroom import keeping, mails
from tests.newsrooms import line
from tests.waiting import SECONDS

READERS = [
    *((f"business{number}@list.example", "business") for number in range(4)),
    *((f"all{number}@list.example", "") for number in range(4)),
]


@pytest.mark.parametrize(
    ("point", "meanwhile"),
    [
        ("after-freeze-chunk:1", "nothing"),
        ("after-freeze-chunk:3", "a kill"),
        ("after-freeze-chunk:1", "a kill that empties"),
        ("before-sending", "nothing"),
        ("before-sending", "a kill that empties"),
    ],
)
def test_death_in_the_freeze_loses_nobody(tmp_path: Path, point: str, meanwhile: str) -> None:
    with keeping(tmp_path) as server:
        house = House(tmp_path / "house", server.port)
        house.take_in(line(1), line(2), line(3, categories=["Business"]))
        house.subscribe(*READERS)
        with house.start("send", "morning", "--yes", crashpoint=point) as process:
            assert process.wait(SECONDS) == -signal.SIGKILL
        assert not server.messages()
        present = house.dispatch()
        assert present["state"] == "freezing"
        shown = house.run("dispatch", "show", present["id"])
        assert shown.returncode == 5
        assert f"publisher dispatch resume {present['id']}" in shown.stdout
        if meanwhile != "nothing":
            killed = "Headline number 2" if meanwhile == "a kill" else "Headline number 3"
            done = house.run("story", "kill", house.story(killed), "--why", "wrong")
            assert (done.returncode, present["id"] in done.stdout) == (0, True), done.stdout
        resumed = house.run("dispatch", "resume", present["id"])
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        sent = mails(server)
    expected = {
        address for address, sections in READERS if meanwhile != "a kill that empties" or not sections
    }
    assert set(sent) == expected
    assert set(Counter(len(bodies) for bodies in sent.values())) == {1}
    if meanwhile != "nothing":
        assert not any(killed in body for bodies in sent.values() for body in bodies)
    assert house.dispatch()["state"] == "done"
