"""The stored form of a story's version: JSON of every field, and back.

Written with pydantic, which knows every type; read by hand, because feeds read thousands of versions and validation of what we wrote
ourselves cost more than everything else together. A key that this program does not know is passed over, one that lacks has its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from publisher.story import NO_EMBARGO, Embargo, EmbargoKind, Media, PubStatus, Received, Subject

__all__ = ["received_from_data", "received_to_data"]

_RECEIVED: TypeAdapter[Received] = TypeAdapter(Received)
_KNOWN = frozenset(field.name for field in fields(Received))
_TIMES = ("first_created", "version_created", "expires")
_LISTS = ("set_aside", "categories", "signals", "flags")


def received_to_data(received: Received) -> Any:
    """JSON-ready form of a received version; `received_from_data` gives an equal one back."""
    return _RECEIVED.dump_python(received, mode="json")


def received_from_data(data: Mapping[str, Any]) -> Received:
    """The received version of `received_to_data`'s form."""
    given = dict(data) if data.keys() <= _KNOWN else {name: data[name] for name in data.keys() & _KNOWN}
    for name in _TIMES:
        given[name] = _time(given.get(name))
    for name in _LISTS:
        given[name] = tuple(given.get(name, ()))
    given["aliases"] = frozenset(given.get("aliases", ()))
    given["pubstatus"] = PubStatus(given.get("pubstatus", PubStatus.USABLE))
    given["embargo"] = _embargo(given.get("embargo"))
    given["subjects"] = tuple(Subject(**subject) for subject in given.get("subjects", ()))
    given["media"] = tuple(Media(**medium) for medium in given.get("media", ()))
    return Received(**given)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _embargo(data: Mapping[str, Any] | None) -> Embargo:
    if not data or data["kind"] == EmbargoKind.NONE:
        return NO_EMBARGO if not data or not data["text"] else Embargo(text=data["text"])
    return Embargo(EmbargoKind(data["kind"]), _time(data["until"]), data["text"])
