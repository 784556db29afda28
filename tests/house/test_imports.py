from __future__ import annotations

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.house.tree import ROOT


def test_every_room_keeps_to_its_storey(capsys: pytest.CaptureFixture[str]) -> None:
    """The contracts stand in pyproject.toml, the reasons in docs/architecture.md."""
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out
