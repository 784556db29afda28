"""The pages tell the truth about the tree: what they name is there, and no room is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from tests.house.tree import ROOT, files, texts

ENDINGS = "py|toml|md|lock|j2|po|webp|csv"
PATH = re.compile(rf"(?:\./)?[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:{ENDINGS}))|[\w.-]+(?:/[\w.-]+)+")
QUOTED = re.compile(r"`([^`\s]+)`|\]\(([^)\s]+)\)")
BELOW = ("", "publisher", "config", "templates/mail/digest")
"""Where a short name may stand: pages name a room without its house."""
MADE = re.compile(r"(\./)?(var|config|\.venv)(/.*)?|(.*/)?(secrets\.toml|report\.json)|[A-Z]\w+/[A-Z]\w+")
"""What is not in a clone: made by commands, looked for beside the person who runs them, or a time zone."""
ROOM = re.compile(r"(?m)^\| ((?:`[\w./]+`(?:, )?)+) \|")


def quoted(page: str) -> Iterator[str]:
    """What stands between backquotes, or is linked to."""
    for code, link in QUOTED.findall(texts()[Path(page)]):
        yield code or link


def is_there(name: str) -> bool:
    """Whether a file or folder of the tree has this name; a part in capitals stands for any."""
    pattern = re.sub(r"(?<![\w.-])[A-Z]+(?=/|$)", "*", name.rstrip("/"))
    tree = set(files())
    found = (path for below in BELOW for path in (ROOT / below).glob(pattern))
    return any(path in tree or any(path in file.parents for file in tree) for path in found)


def test_every_path_that_a_page_names_exists() -> None:
    pages = [str(path) for path in texts() if path.suffix == ".md"]
    assert len(pages) >= 5
    named = [(page, name) for page in pages for name in quoted(page) if PATH.fullmatch(name)]
    assert len(named) > 60
    lost = [f"{page}: {name}" for page, name in named if not MADE.fullmatch(name) and not is_there(name)]
    assert lost == []


def test_every_module_that_the_code_names_exists() -> None:
    """Docstrings, comments and the linter's messages send the reader to other files, often by their short names."""
    there = {f"/{path}" for path in texts()}
    lost = [
        f"{path}: {name}"
        for path, text in texts().items()
        if (path.suffix == ".py" or path.name == "pyproject.toml") and path.name != Path(__file__).name
        for name in sorted(set(re.findall(r"(?<![\w./*-])[\w/]+\.py\b", text)))
        if not any(file.endswith(f"/{name}") for file in there)
    ]
    assert lost == []


def test_every_dotted_name_of_ours_that_a_page_explains_the_code_by_exists() -> None:
    lost = []
    rooms = {path.stem for path in (ROOT / "publisher").iterdir()}
    for page in ("docs/architecture.md", "CONTRIBUTING.md"):
        for name in quoted(page):
            parts = name.split(".")
            if re.fullmatch(r"[a-z]\w*(\.\w+)+", name) and parts[0] in rooms and parts[-1] != "py":
                found: object = import_module(f"publisher.{parts[0]}")
                for depth, part in enumerate(parts[1:], 2):
                    if not hasattr(found, part) and hasattr(found, "__path__"):
                        import_module(".".join(["publisher", *parts[:depth]]))
                    found = getattr(found, part, None)
                if found is None:
                    lost.append(f"{page}: {name}")
    assert lost == []


def test_the_table_of_rooms_has_every_room_and_no_other() -> None:
    told = {
        name.strip("`/").removesuffix(".py")
        for row in ROOM.findall(texts()[Path("docs/architecture.md")])
        for name in row.split(", ")
    }
    tree = files()
    there = {
        path.stem
        for path in (ROOT / "publisher").iterdir()
        if path.stem != "__init__" and any(file == path or path in file.parents for file in tree)
    }
    assert told == there - {"py"} | {"subscribers"}


def test_a_path_that_is_not_there_is_seen() -> None:
    for name in ("publisher/gate.py", "publisher/nowhere/", "nowhere/story.py", "templates/mail/nowhere/"):
        assert PATH.fullmatch(name)
        assert not is_there(name)
    for name in ("story.py", "publisher/gate/", "templates/locale/LANGUAGE/messages.po", "tests/house"):
        assert PATH.fullmatch(name)
        assert is_there(name)
    assert not PATH.fullmatch("/story/<id>")
    assert not PATH.fullmatch("site.tag_authority")
