"""The page of commands is what the program says of itself, and its exit codes are those of the table."""

from __future__ import annotations

import re

from publisher.cli import exits
from publisher.desk.metrics import METRICS
from tests.manual import PAGE, page


def test_the_page_of_commands_is_made_from_the_program() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make manual`"


def test_every_metric_is_documented_and_no_other() -> None:
    page_ = (PAGE.parent / "operating.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(publisher_\w+)` \|", page_, re.MULTILINE)) == set(METRICS)


def test_it_names_every_exit_code() -> None:
    named = {int(code) for code in re.findall(r"^\| (\d+) \|", page(), re.MULTILINE)}
    assert named == {
        0,
        exits.PARTLY,
        exits.LATER,
        exits.INTERRUPTED,
        *exits.EXITS.values(),
        *exits.people_exits().values(),
    }
