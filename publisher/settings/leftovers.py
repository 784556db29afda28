"""What is sound and yet may not be meant: values that are still the template's, and names that a reader is told in another language."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from publisher import assets
from publisher.errors import Problem
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
    """What readers of a digest's language are told in another, each with its place: titles of digest and sections, the sender's name."""
    found = read(settings.folder)
    tables = settings.tables
    values = tables.model_dump(mode="json")
    spoken: dict[str, set[str]] = {}
    lacking: list[tuple[Loc, str]] = []
    for index, digest in enumerate(tables.digest):
        for name in digest.sections:
            spoken.setdefault(name, set()).update(digest.languages)
        for key in ("title", "sender"):
            lacking += [
                (("digest", index, key), one)
                for one in digest.languages
                if one not in values["digest"][index][key]
            ]
    for index, section in enumerate(tables.section):
        languages = spoken.get(section.slug, set())
        lacking += [
            (("section", index, "title"), one) for one in sorted(languages) if one not in section.title
        ]
    return [
        Problem(
            found.where(loc),
            f"{written(loc, values)}.{language}",
            "is missing: its readers have it in another language",
        )
        for loc, language in lacking
    ]


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
