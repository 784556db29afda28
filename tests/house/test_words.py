"""What no file of the project may say. The patterns are put together here, so that this file does not say it either."""

from __future__ import annotations

import re

import pytest

from tests.house.tree import texts

MOST_LINES = 400

FORBIDDEN = {
    "a package registry's host": "|".join(
        re.escape(".".join(parts))
        for parts in (
            ("pypi", "org"),
            ("files", "pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("deb", "debian", "org"),
            ("crates", "io"),
        )
    ),
    "an address in a lock or requirements file": "|".join(
        f"{left}-{right}" for left, right in (("--(extra-)?index", "url"), ("--find", "links"))
    ),
    "a folder of one machine": r"(?<![\w.])/(work|root|home/[a-z]+)" + "/",
}
UNFINISHED = r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "NotImplemented" + "Error")) + r")\b"
SILENT_EXCUSE = re.compile(r"#\s*noqa(?!: [A-Z0-9, ]+ +- \S)|#\s*type: ignore(?!\[[\w, -]+\]\s+#\s*\S)")


def hits(pattern: str, suffix: str = "") -> list[str]:
    wanted = re.compile(pattern)
    return [
        f"{path}:{number}: {line.strip()[:120]}"
        for path, text in texts().items()
        if path.name.endswith(suffix)
        for number, line in enumerate(text.splitlines(), 1)
        if wanted.search(line)
    ]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_names(what: str) -> None:
    assert hits(FORBIDDEN[what]) == []


def test_no_unfinished_place_is_marked_and_left() -> None:
    assert hits(UNFINISHED, ".py") == []


def test_every_exception_from_a_rule_says_why() -> None:
    assert hits(SILENT_EXCUSE.pattern, ".py") == []


def test_no_python_file_is_too_long_to_read() -> None:
    lengths = {path: len(text.splitlines()) for path, text in texts().items() if path.suffix == ".py"}
    long = {str(path): length for path, length in lengths.items() if length > MOST_LINES}
    assert not long, f"part these by what they promise, {MOST_LINES} lines at most: {long}"


def test_the_patterns_find_what_they_are_for() -> None:
    """A pattern with a slip in it would find nothing for ever."""
    assert re.search(FORBIDDEN["a package registry's host"], "https://py" + "pi.org/simple")
    assert re.search(FORBIDDEN["a folder of one machine"], "see /ho" + "me/ann/notes")
    assert not re.search(FORBIDDEN["a folder of one machine"], "https://news.example/work/of/art")
    assert re.search(FORBIDDEN["an address in a lock or requirements file"], "--extra-index" + "-url x")
    assert re.search(UNFINISHED, "# TO" + "DO later")
    assert SILENT_EXCUSE.search("x = 1  # no" + "qa: S101")
    assert not SILENT_EXCUSE.search("x = 1  # no" + "qa: S101 - reason")
