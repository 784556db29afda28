"""A reader who opens a mail at once: every link to our own site answers, though nobody has published anything by hand."""

from __future__ import annotations

import quopri
import re
from pathlib import Path

from tests.commandbox import House
from tests.mailroom import keeping
from tests.newsrooms import line
from tests.webbox import serving

OURS = re.compile(r"https://news\.example(/[\w./-]*|)")
MANY = 24
"""More stories than the mail shows: there is a link to what more a section has."""


def test_every_link_of_a_mail_to_our_own_site_answers(tmp_path: Path) -> None:
    with keeping(tmp_path) as server:
        house = House(tmp_path / "house", server.port)
        house.take_in(*(line(number) for number in range(1, MANY + 1)))
        house.subscribe(("reader@list.example", ""))
        said = house.run("send", "morning", "--yes")
        assert said.returncode == 0, said.stderr
        (raw,) = (quopri.decodestring(path.read_bytes()).decode() for path in tmp_path.glob("*.eml"))
    links = {path or "/" for path in OURS.findall(raw)}
    assert {path.split("/")[1] for path in links} == {"", "e", "p", "s", "u"}
    with serving(house.folder) as web:
        assert {link: web.get(link).status for link in sorted(links)} == dict.fromkeys(sorted(links), 200)
