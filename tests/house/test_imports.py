from __future__ import annotations

import ast
import tomllib

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

from tests.house.tree import ROOT, texts


def test_every_room_keeps_to_its_storey(capsys: pytest.CaptureFixture[str]) -> None:
    """The contracts stand in pyproject.toml, the reasons in docs/architecture.md."""
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True)
    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_a_module_that_calls_itself_pure_is_held_to_it() -> None:
    """The word stands in its docstring; the contract that forbids I/O lists it, or the package it belongs to."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (core,) = (contract for contract in contracts if contract["name"] == "The core does no I/O")
    held = tuple(core["source_modules"])
    calling = {
        ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        for path, text in texts().items()
        if path.parts[0] in {"publisher", "subscribers"} and path.suffix == ".py"
        if "PURE" in (ast.get_docstring(ast.parse(text)) or "").split("\n\n", 1)[-1][:6]
    }
    assert len(calling) > 5
    loose = {
        name
        for name in calling
        if not any(name == module or name.startswith(f"{module}.") for module in held)
    }
    assert not loose
