"""What every test may ask for: the outside samples, and programs that may be missing on this machine."""

from __future__ import annotations

import gc
import os
import shutil
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile(
    "unhurried", deadline=None
)  # an example that a busy machine makes slow is not wrong
settings.load_profile("unhurried")


def _missing(kind: str, what: str) -> None:
    """Skip, saying what is missing; fail instead when PUBLISHER_TEST_REQUIRE forbids that skip."""
    if os.environ.get("PUBLISHER_TEST_REQUIRE", "") in {kind, "all"}:
        pytest.fail(f"PUBLISHER_TEST_REQUIRE forbids to skip: {what} is missing")
    pytest.skip(f"{what} is missing")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line for each thing that is missing, however many tests ask for it."""
    reports = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in reports)
    for reason, count in sorted(reasons.items()):
        terminalreporter.write_line(f"skipped {count} test{'' if count == 1 else 's'}: {reason}")


@pytest.fixture(scope="session")
def samples() -> Path:
    """The folder of outside samples, named by PUBLISHER_SAMPLES."""
    folder = os.environ.get("PUBLISHER_SAMPLES")
    if not folder:
        _missing("samples", "the folder named by PUBLISHER_SAMPLES")
    return Path(str(folder))


@pytest.fixture
def program(request: pytest.FixtureRequest) -> str:
    """The path of the program named by the test's `program` marker, the first if there are more; all of them are there."""
    found = {mark.args[0]: shutil.which(mark.args[0]) for mark in request.node.iter_markers("program")}
    for name, path in found.items():
        if path is None:
            _missing("programs", name)
    return str(next(iter(found.values())))


@pytest.fixture
def package(request: pytest.FixtureRequest) -> Path:
    """The folder of the npm package named by the test's `package` marker (tests/interop/package.json has its version); likewise."""
    installed = Path(__file__).parent / "interop" / "node_modules"
    names = [mark.args[0] for mark in request.node.iter_markers("package")]
    for name in names:
        if not (installed / name).is_dir():
            _missing("programs", f"the npm package {name}")
    return installed / names[0]


def pytest_collection_finish() -> None:
    """Thousands of collected tests stay as long as the run: whoever looks for garbage need not look at them again."""
    gc.collect()
    gc.freeze()
