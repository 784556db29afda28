"""As much of JSON Schema (2020-12) as our schemas use; a keyword that is not known here is a failure, never a pass."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

IGNORED = {"$schema", "$comment", "title", "$defs"}
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}


def faults(value: Any, schema: dict[str, Any]) -> list[str]:
    """What is wrong with a value, each with its place."""
    return list(_faults(value, schema, schema, "$"))


def _faults(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    for word, wanted in schema.items():
        if word not in IGNORED:
            yield from _KEYWORDS[word](value, wanted, schema, root, at)


def _ref(value, wanted, schema, root, at):
    found = root
    for name in wanted.removeprefix("#/").split("/"):
        found = found[name]
    yield from _faults(value, found, root, at)


def _type(value, wanted, schema, root, at):
    if not isinstance(value, TYPES[wanted]) or (isinstance(value, bool) and wanted != "boolean"):
        yield f"{at}: {value!r:.80} is no {wanted}"


def _const(value, wanted, schema, root, at):
    if value != wanted:
        yield f"{at}: {value!r:.80} is not {wanted!r}"


def _pattern(value, wanted, schema, root, at):
    if isinstance(value, str) and not re.search(wanted, value):
        yield f"{at}: {value!r:.200} does not match {wanted}"


def _least(size):
    def check(value, wanted, schema, root, at):
        if isinstance(value, (str, list, dict, int, float)) and size(value) < wanted:
            yield f"{at}: {value!r:.80} is less than {wanted}"

    return check


def _required(value, wanted, schema, root, at):
    if isinstance(value, dict):
        yield from (f"{at}: lacks {name}" for name in wanted if name not in value)


def _properties(value, wanted, schema, root, at):
    if isinstance(value, dict):
        for name, part in wanted.items():
            if name in value:
                yield from _faults(value[name], part, root, f"{at}.{name}")


def _pattern_properties(value, wanted, schema, root, at):
    if isinstance(value, dict):
        for pattern, part in wanted.items():
            for name in value:
                if re.search(pattern, name):
                    yield from _faults(value[name], part, root, f"{at}.{name}")


def _additional(value, wanted, schema, root, at):
    assert wanted is False
    for name in value if isinstance(value, dict) else ():
        if name not in schema.get("properties", {}) and not any(
            re.search(pattern, name) for pattern in schema.get("patternProperties", {})
        ):
            yield f"{at}: {name} is not known"


def _items(value, wanted, schema, root, at):
    for place, entry in enumerate(value if isinstance(value, list) else ()):
        yield from _faults(entry, wanted, root, f"{at}[{place}]")


def _any_of(value, wanted, schema, root, at):
    if all(list(_faults(value, part, root, at)) for part in wanted):
        yield f"{at}: is none of {wanted}"


_KEYWORDS = {
    "$ref": _ref,
    "type": _type,
    "const": _const,
    "pattern": _pattern,
    "minLength": _least(len),
    "minItems": _least(len),
    "minProperties": _least(len),
    "minimum": _least(lambda value: value),
    "required": _required,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "items": _items,
    "anyOf": _any_of,
}
