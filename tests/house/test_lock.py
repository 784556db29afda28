from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.metadata import distributions
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import ROOT

HASH = r"--hash=sha256:[0-9a-f]{64}"


@cache
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@cache
def locked() -> dict[str, str]:
    """Name -> version."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[\w,-]+\])?==(\S+)", text)
    }


def test_every_package_in_the_lock_has_hashes_and_no_address() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8").replace("\\\n", " ")
    assert "://" not in text
    for line in text.splitlines():
        assert re.fullmatch(rf"[A-Za-z0-9._-]+(\[[\w,-]+\])?==\S+( ; [^\\#]+?)?(\s+{HASH})+\s*", line), line[
            :80
        ]


def test_the_lock_holds_every_dependency_in_a_version_that_fits() -> None:
    wanted = [
        *project()["dependencies"],
        *(entry for extra in project()["optional-dependencies"].values() for entry in extra),
    ]
    assert len(wanted) > 20
    for text in wanted:
        requirement = Requirement(text)
        version = locked().get(canonicalize_name(requirement.name))
        assert version is not None, f"{requirement.name} is not in requirements.lock: run `make lock`"
        assert requirement.specifier.contains(version, prereleases=True), (
            f"{text} against {version}: run `make lock`"
        )


def test_no_dependency_has_a_licence_that_would_bind_ours() -> None:
    """Apache-2.0 allows neither GPL nor AGPL below it; the LGPL of the optional PostgreSQL driver is no obstacle."""
    bound = {}
    for distribution in distributions():
        name = canonicalize_name(distribution.metadata["Name"])
        told = distribution.metadata.get_all("Classifier", [])
        licences = [entry for entry in told if entry.startswith("License ::")]
        licences.append(distribution.metadata.get("License-Expression") or "")
        strict = [
            entry
            for entry in licences
            if re.search(r"GPL|General Public", entry) and not re.search("LGPL|Lesser", entry)
        ]
        if name in locked() and strict:
            bound[name] = strict
    assert bound == {}
