from __future__ import annotations

from pathlib import Path

import pytest

from publisher import assets


def _package(root: Path, *folders: str) -> Path:
    for folder in folders:
        (root / folder).mkdir(parents=True)
    return root / "publisher"


def test_an_installed_package_carries_its_own(tmp_path: Path) -> None:
    package = _package(
        tmp_path, "publisher/_shipped/templates", "publisher/_shipped/config", "templates", "config"
    )
    assert assets.root(package) == package / "_shipped"


def test_a_checkout_has_them_beside_the_package(tmp_path: Path) -> None:
    assert assets.root(_package(tmp_path, "publisher", "templates", "config")) == tmp_path


def test_half_an_installation_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="incomplete"):
        assets.root(_package(tmp_path, "publisher/_shipped/templates", "config"))


def test_this_checkout_has_both() -> None:
    assert (assets.root() / "config" / "publisher.toml").is_file()
