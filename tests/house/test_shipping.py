"""The wheel, the source archive and the editable install each bring templates and configuration along."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from publisher import assets
from publisher.store.migrate import HEAD
from tests.house.tree import ROOT, files

BUILD = "import sys; from hatchling import build; print(getattr(build, sys.argv[1])(sys.argv[2]))"
WHERE = "from publisher import assets; from publisher.store.migrate import HEAD; print(assets.root(), HEAD)"


def built(kind: str, folder: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, kind, str(folder)], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return folder / done.stdout.split()[-1]


def assets_in_the_tree() -> set[str]:
    return {
        str(path.relative_to(ROOT))
        for path in files()
        if path.relative_to(ROOT).parts[0] in {"templates", "config"}
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("build_wheel", tmp_path_factory.mktemp("wheel"))


def test_the_wheel_carries_templates_configuration_and_licence(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"publisher/_shipped/{name}" for name in assets_in_the_tree()} <= names
    assert {"publisher/py.typed", "subscribers/py.typed"} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not any(name.startswith(("tests/", "docs/", "templates/", "config/")) for name in names)


def test_an_installed_wheel_finds_what_it_carries(wheel: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(wheel, tmp_path, "zip")
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {WHERE}"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.split() == [str(tmp_path / "publisher" / "_shipped"), HEAD]


def test_the_source_archive_can_be_built_and_tested_from(tmp_path: Path) -> None:
    with tarfile.open(built("build_sdist", tmp_path)) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert assets_in_the_tree() <= names
    assert {"pyproject.toml", "requirements.lock", "Makefile", "LICENSE", "tests/conftest.py"} <= names


def test_an_editable_install_is_a_path_to_the_checkout(tmp_path: Path) -> None:
    with zipfile.ZipFile(built("build_editable", tmp_path)) as archive:
        (path,) = (name for name in archive.namelist() if name.endswith(".pth"))
        assert archive.read(path).decode().strip() == str(ROOT)
    assert assets.root(ROOT / "publisher") == ROOT
