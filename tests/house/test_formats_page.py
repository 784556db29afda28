"""docs/formats.md: its examples do what it says, and its tables name what the code reads and writes, all of it."""

from __future__ import annotations

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from publisher.formats import FORMATS
from publisher.intake import jsonl
from publisher.intake.document import MAX_BYTES
from subscribers.csvfile import HEADINGS
from tests.commands import Room, room
from tests.house.tree import texts

PAGE = texts()[Path("docs/formats.md")]
EXAMPLE = re.compile(r"```(jsonl|csv)\n(.*?)```\s+```sh\n(publisher [^\n]*)\n```", re.DOTALL)


WIRES = re.compile(r"```(xml|json|html|eml|txt)\n(.*?)```\s+```sh\n(publisher [^\n]*)\n```", re.DOTALL)
PRINTED = re.compile(r"```sh\nprintf '([^']*)' > (\S+)\n(publisher [^\n]*)\n```")


def table(heading: str) -> dict[str, str]:
    """The rows of the table with this heading: the names of the first cell -> the others."""
    body = PAGE.partition(f"| {heading} |")[2].partition("\n\n")[0].splitlines()[2:]
    rows = (row.strip("| ").split(" | ", 1) for row in body)
    return {name: rest for first, rest in rows for name in re.findall(r"`([\w-]+)`", first)}


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Room:
    monkeypatch.chdir(tmp_path)
    return room(tmp_path, capsys)


def test_every_example_does_what_the_page_says(run: Room) -> None:
    examples = EXAMPLE.findall(PAGE)
    assert [kind for kind, _, _ in examples] == ["jsonl", "jsonl", "csv"]
    for kind, text, command in examples:
        words = shlex.split(command)[1:]
        (name,) = [word for word in words if word.endswith(f".{kind}")]
        run.folder.joinpath(name).write_text(text, encoding="utf-8")
        said = run(*words)
        assert said.code == 0, said
        assert "quarantined" not in said.out
    first, second = sorted(run.json("story", "list")["items"], key=lambda story: story["headline"])
    assert (first["state"], second["state"]) == ("usable", "killed")
    readers = run.json("subscriber", "list")["items"]
    assert [reader["status"] for reader in readers] == ["confirmed", "confirmed"]


def test_the_examples_of_agencies_formats_are_stories(run: Room) -> None:
    examples = [(text, command) for _, text, command in WIRES.findall(PAGE)]
    for printed, _, command in PRINTED.findall(PAGE):
        examples.append((printed.encode().decode("unicode_escape"), command))
    for text, command in examples:
        words = shlex.split(command)[1:]
        run.folder.joinpath(words[words.index("--file") + 1]).write_bytes(text.encode())
        said = run(*words)
        assert said.code == 0, said
    stories = run.json("story", "list")["items"]
    assert len(stories) == len(examples) - 1  # the text wire has no link
    assert {story["state"] for story in stories} == {"usable"}
    assert [entry["headline"] for entry in run.json("quarantine", "list")["items"]] == ["Cranes arrive"]


def test_the_example_with_everything_has_every_field() -> None:
    whole = json.loads(EXAMPLE.findall(PAGE)[0][1].splitlines()[1])
    assert set(whole) == {*jsonl.TEXTS, *jsonl.LISTS, *jsonl.OBJECTS, *jsonl.JUDGED}
    for name, keys in jsonl.OBJECTS.items():
        assert set(keys) <= set(whole[name][0])


def test_the_tables_name_every_field_format_and_column() -> None:
    fields = table("field")
    assert set(fields) == {*jsonl.TEXTS, *jsonl.LISTS, *jsonl.OBJECTS, *jsonl.JUDGED}
    for name, keys in jsonl.OBJECTS.items():
        assert [key for key in keys if f"`{key}`" not in fields[name]] == []
    assert {name for name, rest in fields.items() if rest.split(" | ")[1] == "yes"} == {
        "headline",
        "source_url",
    }
    assert {*table("`--format`"), "auto"} == set(FORMATS)
    assert set(table("column")) == set(HEADINGS)


def test_the_limit_of_a_file_is_the_one_that_holds() -> None:
    assert f"A file has at most {MAX_BYTES // 1_000_000} MB" in PAGE


def test_an_export_has_the_columns_that_the_page_names(run: Room) -> None:
    run("subscriber", "export", str(run.folder / "out.csv"))
    with run.folder.joinpath("out.csv").open(encoding="utf-8", newline="") as file:
        heading = next(csv.reader(file))
    assert ", ".join(f"`{name}`" for name in heading) in PAGE
