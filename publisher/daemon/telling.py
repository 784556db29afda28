"""A step as one line of the log: `key=value`, nothing of a reader's address but its beginning and its domain."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping

from publisher.daemon.steps import Done

__all__ = ["line", "masked", "tell"]

ADDRESS = re.compile(r"([^\s<>()\[\]\",;:=@])[^\s<>()\[\]\",;:=@]*@(?=[^\s@])")
PLAIN = re.compile(r"[\w.:/+@*-]+")

_log = logging.getLogger("publisher.daemon")


def masked(text: str) -> str:
    """The text with every mail address reduced to its first character and its domain."""
    return ADDRESS.sub(r"\1***@", text)


def line(done: Done) -> str:
    """What was done, as one line whatever a source or a relay said."""
    return " ".join(f"{key}={_value(masked(str(value)))}" for key, value in _facts(done).items())


def _facts(done: Done) -> Mapping[str, object]:
    facts = {
        "step": done.step,
        "subject": done.subject,
        "result": done.result,
        **done.data,
        **({"code": done.code} if done.code else {}),
        **({"said": done.said} if done.said else {}),
    }
    return {key: value for key, value in facts.items() if value != ""}


def _value(text: str) -> str:
    return text if PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def tell(done: Done) -> None:
    """Log it, with its facts for whoever formats them: what failed as a warning, what changed nothing only for whoever wants to know everything."""
    level = logging.WARNING if done.bad else logging.DEBUG if done.result == "unchanged" else logging.INFO
    _log.log(level, "%s", line(done), extra={"facts": _facts(done)})
