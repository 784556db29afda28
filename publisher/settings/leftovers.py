"""What is still the template's: a configuration can be sound and yet speak for a newsroom that does not exist."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from publisher import assets
from publisher.errors import Problem
from publisher.settings.files import FILES, Loc, read
from publisher.settings.loading import Settings, written

__all__ = ["leftovers"]

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
