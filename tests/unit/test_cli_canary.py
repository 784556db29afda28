"""`send` with a canary waits for it, says so, and goes on."""

from __future__ import annotations

from pathlib import Path

from tests.commandbox import House
from tests.mailroom import keeping
from tests.newsrooms import line


def test_send_waits_for_the_canary_and_goes_on(tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        house = House(tmp_path / "house", server.port)
        digests = house.folder / "config" / "digests.toml"
        rule = 'canary = { addresses = ["@news.example"], share = 0, wait = "1s" }\n'
        digests.write_text(digests.read_text(encoding="utf-8") + rule, encoding="utf-8")
        house.take_in(line(1))
        house.subscribe(("editor@news.example", ""), ("reader@list.example", ""))
        said = house.run("send", "morning", "--yes")
        assert [message.rcpt for message in server.messages()] == [
            "editor@news.example",
            "reader@list.example",
        ]
    assert said.returncode == 0, said.stderr
    assert "canary: 1 of 1 accepted, going on at" in said.stdout
    shown = house.run("dispatch", "show", house.dispatch()["id"])
    assert "Canary: 1 of 1 accepted, 0 refused, 0 complained; the rest followed." in shown.stdout
