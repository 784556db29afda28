"""The folder of the configuration: where it is looked for, what its files hold, and on which line each key stands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from publisher.errors import ConfigurationInvalid, Problem
from publisher.settings.disk import stamps, text_of
from publisher.settings.keys import open_to_others

__all__ = ["FILES", "Found", "Loc", "file_of", "find", "read", "too_deep", "written"]

Loc = tuple[str | int, ...]
"""Where a value stands: ("source", 1, "url") is `url` of the second `[[source]]`."""

FILES: Mapping[str, tuple[str, ...]] = {
    "publisher.toml": ("site", "store", "relay", "fetch", "mail", "disclaimer"),
    "sections.toml": ("section",),
    "sources.toml": ("source",),
    "digests.toml": ("digest",),
    "secrets.toml": ("secrets",),
}
"""Which tables stand in which file; secrets.toml holds its keys bare."""

DEEPEST = 20
PLACES = (Path("config"), Path("/etc/publisher"))


@dataclass(slots=True)
class Found:
    """What the files say: one mapping of all tables, the line of each key, and what is wrong with the files."""

    data: dict[str, Any] = field(default_factory=dict)
    lines: dict[Loc, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def where(self, loc: Loc) -> str:
        """`sources.toml:14`, or the file alone when the key is not written anywhere."""
        name = file_of(loc[0])
        line = next((self.lines[loc[:n]] for n in range(len(loc), 0, -1) if loc[:n] in self.lines), None)
        return f"{name}:{line}" if line else name


def file_of(table: str | int) -> str:
    """The file in which this table belongs."""
    return next((name for name, tables in FILES.items() if table in tables), "publisher.toml")


def written(folder: Path) -> dict[str, tuple[int, int]]:
    """What tells whether the files of this folder were written since: cheap, and without reading them."""
    return stamps(folder, FILES)


def find(folder: Path | None, environ: Mapping[str, str], places: Sequence[Path] = PLACES) -> Path:
    """The configuration's folder, absolute: named by the person, by PUBLISHER_CONFIG, else `./config`, `/etc/publisher`.

    Raises:
        ConfigurationInvalid: the named folder has no publisher.toml, or none of the usual places has.
    """
    named = folder or (Path(environ["PUBLISHER_CONFIG"]) if environ.get("PUBLISHER_CONFIG") else None)
    for place in [named] if named else places:
        if _stands(place / "publisher.toml"):
            return place.resolve()
    looked = ", ".join(str(place) for place in ([named] if named else places))
    raise ConfigurationInvalid(
        [
            Problem(
                "configuration",
                "",
                f"no publisher.toml in {looked}; `publisher init` writes one, --config names its folder",
            )
        ]
    )


def _stands(path: Path) -> bool:
    """Whether there is anything by this name; what it is, is said when it is read."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise ConfigurationInvalid([Problem(str(path), "", f"cannot be read: {error.strerror}")]) from error
    return True


def read(folder: Path) -> Found:
    """Every file of the folder; a missing one counts as empty, one that is broken or no file is a problem."""
    found = Found()
    for name in FILES:
        path = folder / name
        if _stands(path):
            _read(path, found)
    return found


def too_deep(data: Any) -> bool:
    """Whether tables and lists lie deeper in one another than any setting does; without recursion, for that is the danger."""
    level = [data]
    for _ in range(DEEPEST):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
            if isinstance(inner, (Mapping, list))
        ]
        if not level:
            return False
    return True


def _read(path: Path, found: Found) -> None:
    name, text = path.name, ""
    try:
        text = text_of(path, "utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        found.problems.append(Problem(name, "", f"cannot be read: {error.strerror}"))
        return
    except UnicodeDecodeError:
        found.problems.append(Problem(name, "", "is not TOML: it is not UTF-8"))
        return
    except ValueError as error:  # not only TOMLDecodeError: a number may have too many digits
        found.problems.append(Problem(name, "", f"is not TOML: {str(error).partition('; use sys.')[0]}"))
        return
    except RecursionError:
        data = None
    if data is None or too_deep(data):
        found.problems.append(Problem(name, "", "tables or lists lie too deep in one another"))
        return
    lines = _lines(text)
    if name == "secrets.toml":
        if problem := open_to_others(path):
            found.problems.append(problem)
        data, lines = {"secrets": data}, {("secrets", *loc): line for loc, line in lines.items()}
    for key in list(data):
        home = file_of(key)
        if home != name and key in FILES[home]:
            found.problems.append(Problem(f"{name}:{lines.get((key,), 1)}", key, f"belongs in {home}"))
            del data[key]
    found.data |= data
    found.lines |= lines


_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_NAME})\s*\]")
_KEY = re.compile(rf"\s*({_NAME})\s*=")


def _lines(text: str) -> dict[Loc, int]:
    """The line of each table and key. tomllib keeps no positions; keys inside inline tables count as their table's."""
    lines: dict[Loc, int] = {}
    seen: dict[Loc, int] = {}
    table: Loc = ()
    quoted = False
    for number, line in enumerate(text.splitlines(), 1):
        inside, quoted = quoted, quoted ^ bool((line.count('"""') + line.count("'''")) % 2)
        if inside:
            continue
        if header := _HEADER.match(line):
            table = _place(_parts(header[2]), seen, new=header[1] == "[[")
            lines.setdefault(table, number)
            lines.setdefault(table[:1], number)
        elif key := _KEY.match(line):
            parts = _parts(key[1])
            for length in range(1, len(parts) + 1):
                lines.setdefault((*table, *parts[:length]), number)
    return lines


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))


def _place(parts: Sequence[str], seen: dict[Loc, int], *, new: bool) -> Loc:
    """The loc of a table header: inside an array of tables, keys belong to its latest entry."""
    loc: Loc = ()
    for depth, part in enumerate(parts, 1):
        loc = (*loc, part)
        if new and depth == len(parts):
            seen[loc] = seen.get(loc, -1) + 1
        if loc in seen:
            loc = (*loc, seen[loc])
    return loc
