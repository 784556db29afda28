"""How sharp the tests are: small faults are put into modules, one at a time, and the tests have to notice.

`make mutate MODULES='subscribers/tokens.py' TESTS='tests/unit/test_tokens.py'` (SAMPLE=60 of all faults, SEED=1 says which) prints each fault
that nobody noticed, and the score. A fault lives in the memory of one forked process; no file is touched. Only tests that run within one process can see it;
the first that fails, or does not end, has noticed. What `tests.mutations` makes of nothing (an empty value nobody reads) is judged by hand.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import random
import signal
import tempfile
import time
from collections.abc import Sequence
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

import hypothesis
import pytest

from tests.mutations import faults

FOR_ALL = (
    "cryptography.x509",
    "hypothesis.stateful",
    "jinja2",
    "lxml.html",
    "selectolax.lexbor",
    "sqlalchemy",
)
"""Imported once, before the forks."""
QUIET = ["-q", "-x", "-k", "not postgresql", "-p", "no:cacheprovider", "--hypothesis-profile=mutants"]
QUIET += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]


def passes(tests: Sequence[str], path: Path, tree: ast.Module, seconds: float) -> bool:
    """Whether the tests pass, in time, with this tree as the module's; in a silent process of its own."""
    if child := os.fork():
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                return status == 0
            time.sleep(0.02)
        os.killpg(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return False
    os.setsid()
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    os.dup2(1, 2)
    usual = SourceFileLoader.get_code

    def code(self: SourceFileLoader, fullname: str) -> CodeType | None:
        return compile(tree, path, "exec") if self.path == str(path) else usual(self, fullname)

    setattr(SourceFileLoader, "get_code", code)  # noqa: B010 - every module comes by this way
    ended = 3
    try:
        ended = int(pytest.main([*QUIET, *tests]))
    finally:
        os._exit(ended)


def main() -> None:
    """Read the command line, try the faults, and say who survived."""
    parser = argparse.ArgumentParser(description="how many small faults the tests notice")
    parser.add_argument("--modules", nargs="+", type=Path, required=True)
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    hypothesis.configuration.set_hypothesis_home_dir(tempfile.gettempdir())
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile(
        "mutants", deadline=None, derandomize=True, database=None, phases=phases
    )
    for name in FOR_ALL:
        importlib.import_module(name)
    modules = [path.resolve() for path in asked.modules]
    begun = time.monotonic()
    if not passes(asked.tests, modules[0], ast.parse(modules[0].read_bytes()), 3600):
        raise SystemExit("the tests fail without any fault")
    limit = 60 + 3 * (time.monotonic() - begun)
    found = [(path, n) for path in modules for n, _ in enumerate(faults(ast.parse(path.read_bytes())))]
    chosen = random.Random(asked.seed).sample(found, min(asked.sample, len(found)))  # noqa: S311 - the same for all
    noticed = 0
    for path, number in sorted(chosen):
        tree = ast.parse(path.read_bytes())
        line, what, make = list(faults(tree))[number]
        make()
        if passes(asked.tests, path, ast.fix_missing_locations(tree), limit):
            print(f"{path.name}:{line}: {what}", flush=True)  # noqa: T201 - what it is asked for
        else:
            noticed += 1
    print(f"noticed: {noticed} of {len(chosen)} ({noticed / len(chosen):.0%}); {len(found)} in all")  # noqa: T201 - what it is asked for


if __name__ == "__main__":
    main()
