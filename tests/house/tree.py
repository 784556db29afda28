"""The project's own files, as a clone has them, for tests that read them as text."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOT_OURS = {".git", ".venv", "var", "dist", "build", "__pycache__", "node_modules"}


@cache
def files() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in the repository; without git, every file that is not made by a tool."""
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        capture_output=True,
        check=False,
    )
    if listed.returncode == 0:
        found: Iterator[Path] = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    else:
        found = (
            path
            for path in ROOT.rglob("*")
            if not any(part in NOT_OURS or part.endswith("_cache") for part in path.parts)
        )
    return tuple(sorted(path for path in found if path.is_file()))


@cache
def texts() -> dict[Path, str]:
    """Path from the root -> text, of all files that are text."""
    told: dict[Path, str] = {}
    for path in files():
        raw = path.read_bytes()
        if b"\0" not in raw[:8000]:
            told[path.relative_to(ROOT)] = raw.decode("utf-8", errors="replace")
    return told
