"""Every recipe is a newsroom that `config check` finds sound, written as the page says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.commands import room
from tests.house.tree import ROOT

PAGE = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
FILE = re.compile(r"```toml\n# (config/\S+)\n(.*?)```", re.DOTALL)
RECIPES = {part.partition("\n")[0]: FILE.findall(part) for part in PAGE.split("\n## ")[1:]}
WHOLE = [name for name, files in RECIPES.items() if files]


def test_the_recipes_are_found() -> None:
    assert len(WHOLE) == 3


@pytest.mark.parametrize("name", WHOLE)
def test_a_recipe_is_a_sound_newsroom(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    house = room(tmp_path / "house", capsys)
    for file, text in RECIPES[name]:
        assert (house.folder / file).is_file(), "`init` wrote none of that name"
        (house.folder / file).write_text(text, encoding="utf-8")
    said = house("config", "check")
    assert said.code == 0, said.err
