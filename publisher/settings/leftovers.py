"""What is sound and yet may not be meant: values that are still the template's, and names that a reader is told in another language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from publisher import assets
from publisher.errors import Problem
from publisher.feed import base, english_name
from publisher.settings.files import FILES, Loc, read
from publisher.settings.loading import Settings, written

__all__ = ["borrowed", "leftovers"]

MADE_UP = "example"
"""Every invented name and address of the shipped files holds this word; what does not hold it may well be anybody's choice."""


def leftovers(settings: Settings) -> list[Problem]:
    """The values in force that the shipped files invented, each with its place."""
    shipped = {text for name in FILES for text in _invented(name)}
    found = read(settings.folder)
    values = settings.tables.model_dump(mode="json")
    return [
        Problem(found.where(loc), written(loc, values), f'still says "{text}"')
        for loc, text in _texts(values)
        if text in shipped
    ]


def borrowed(settings: Settings) -> list[Problem]:
    """What readers of a digest's language are told in another, each with its place: titles of digest and sections, the sender's name; and a source's disclaimer."""
    found = read(settings.folder)
    tables = settings.tables
    values = tables.model_dump(mode="json")
    spoken: dict[str, set[str]] = {}
    lacking: list[tuple[Loc, list[str], str]] = []
    for index, digest in enumerate(tables.digest):
        for name in digest.sections:
            spoken.setdefault(name, set()).update(digest.languages)
        for key in ("title", "sender"):
            said = values["digest"][index][key]
            others = [one for one in digest.languages if one not in said]
            first = digest.languages[0] if key == "title" else next(iter(said))
            lacking.append((("digest", index, key), others, first))
    for index, section in enumerate(tables.section):
        others = sorted(spoken.get(section.slug, set()) - section.title.keys())
        lacking.append((("section", index, "title"), others, next(iter(section.title))))
    spoken_here = {base(entry.language) for entry in tables.disclaimer}
    foreign = [
        Problem(
            found.where(("source", index, "language")),
            written(("source", index, "language"), values),
            f'there is no disclaimer in "{source.language}": its stories stand under that in "{tables.site.language}"',
        )
        for index, source in enumerate(tables.source)
        if source.language and base(source.language) not in spoken_here
    ]
    return foreign + [
        Problem(found.where(loc), written(loc, values), _told(str(loc[-1]), others, first))
        for loc, others, first in lacking
        if others
    ]


def _told(key: str, others: Sequence[str], first: str) -> str:
    """What whose readers see, and what to add."""
    names = [english_name(language) for language in others]
    readers = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]
    missing = f"`{key}.{others[0]}` is missing" + (", and so on" if len(others) > 1 else "")
    return f"readers in {readers} see the {key} in {english_name(first)}: {missing}"


def _invented(name: str) -> Iterator[str]:
    path = assets.root() / "config" / name
    if path.is_file():  # secrets are made new, not shipped
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        yield from (text for _, text in _texts(data) if MADE_UP in text.casefold())


def _texts(value: Any, loc: Loc = ()) -> Iterator[tuple[Loc, str]]:
    """Every text of nested tables and lists with its place."""
    if isinstance(value, str):
        yield loc, value
    elif isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _texts(entry, (*loc, key))
    elif isinstance(value, Sequence):
        for index, entry in enumerate(value):
            yield from _texts(entry, (*loc, index))
