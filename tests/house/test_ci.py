from __future__ import annotations

import json
import re

from tests.house.tree import ROOT, texts


def test_ci_installs_every_program_that_a_test_asks_for() -> None:
    """CI lets no test skip for want of a program, so what a test names has to be in the script that CI runs."""
    asked = {
        name
        for path, text in texts().items()
        if path.parts[0] == "tests"
        for name in re.findall(r"""mark\.program\(["']([\w.-]+)["']\)""", text)
    }
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert {
        name for name in asked if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", script)
    } == set()


def test_every_npm_package_that_a_test_asks_for_is_installed_in_one_version_and_no_other_is() -> None:
    asked = {
        name
        for path, text in texts().items()
        if path.parts[0] == "tests"
        for name in re.findall(r"""mark\.package\(["']([\w.-]+)["']\)""", text)
    }
    listed = json.loads((ROOT / "tests/interop/package.json").read_text(encoding="utf-8"))["dependencies"]
    assert asked == set(listed)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in listed.values())
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "npm install --prefix tests/interop --ignore-scripts --no-package-lock" in script


def test_ci_ends_with_what_a_person_runs() -> None:
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1] == "exec make test"
