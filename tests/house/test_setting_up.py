"""What a newcomer sees of `make`: each step of the set-up is said, and tests that skip end in one line, not in a flood."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

PYTHON = """#!/bin/sh
[ "$1" = -m ] && mkdir -p .venv/bin && ln -sf "$STUBS/quiet" .venv/bin/pip
exit 0
"""


def _stub(folder: Path, name: str, text: str) -> None:
    folder.joinpath(name).write_text(text, encoding="utf-8")
    folder.joinpath(name).chmod(0o755)


@pytest.mark.program("make")
@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_setting_up_says_each_step(tmp_path: Path, program: str, installer: str) -> None:
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    _stub(stubs, "quiet", "#!/bin/sh\nexit 0\n")
    _stub(stubs, "python3", PYTHON)
    if installer == "uv":
        _stub(stubs, "uv", "#!/bin/sh\nmkdir -p .venv\n")
    for tool in ("sh", "mkdir", "ln", "grep", "touch"):
        stubs.joinpath(tool).symlink_to(str(shutil.which(tool)))
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    done = subprocess.run(
        [program, ".venv/ready"],
        cwd=tmp_path,
        env={"PATH": str(stubs), "STUBS": str(stubs)},
        capture_output=True,
        text=True,
        check=True,
    )
    first, *steps = done.stdout.splitlines()
    assert first.startswith(f"Setting up .venv with {installer}, once")
    assert [step.split(":")[0].strip() for step in steps] == ["1 of 3", "2 of 3", "3 of 3"]
    assert (tmp_path / ".venv" / "ready").exists()


def test_the_way_onto_a_server_leads_to_a_sound_configuration(tmp_path: Path) -> None:
    """docs/operating.md; what only root can do is left out."""
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    block = page.partition("## Onto a server")[2].partition("```sh\n")[2].partition("```")[0]
    asks_root = ("/usr/bin/python3", "ln ", "useradd ", "install ", "chown ")
    steps = [line for line in block.splitlines() if line and not line.startswith(asks_root)]
    assert len(steps) == 2
    commands = "\n".join(steps).replace("/etc/publisher", f"{tmp_path}/etc")
    done = subprocess.run(
        ["/bin/sh", "-ec", f"{commands}\npublisher --config {tmp_path}/etc config show"],
        env={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "/var/lib/publisher" in done.stdout


def _without_samples(**more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("PUBLISHER", "PYTEST"))
    }
    return subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            "tests/interop/test_intake_samples.py",
        ],
        cwd=ROOT,
        env=environment | more,
        capture_output=True,
        text=True,
        check=False,
    )


def test_tests_without_samples_end_in_one_line_of_what_is_missing() -> None:
    ran = _without_samples()
    said = [line for line in ran.stdout.splitlines() if "missing" in line]
    assert ran.returncode == 0, ran.stdout
    assert len(said) == 1, ran.stdout
    assert said[0].endswith(" tests: the folder named by PUBLISHER_SAMPLES is missing")


def test_tests_without_samples_fail_where_they_are_required() -> None:
    ran = _without_samples(PUBLISHER_TEST_REQUIRE="samples")
    assert ran.returncode == 1
    assert (
        "PUBLISHER_TEST_REQUIRE forbids to skip: the folder named by PUBLISHER_SAMPLES is missing"
        in ran.stdout
    )
