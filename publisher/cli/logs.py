"""The log of commands that stay: lines for people, or a JSON object a line for programs; addresses and tokens are masked in both."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

__all__ = ["Lines", "Objects", "set_up"]

FORM = "%(asctime)s %(levelname)s %(name)s: %(message)s"
TOKEN = re.compile(r"(/(?:u|p|confirm|account)/)[A-Za-z0-9_=-]{8,}")


def _masked(text: str) -> str:
    from publisher.daemon import masked

    return TOKEN.sub(r"\1***", masked(text))


class Lines(logging.Formatter):
    """For people."""

    def format(self, record: logging.LogRecord) -> str:
        """The usual line."""
        return _masked(super().format(record))


class Objects(logging.Formatter):
    """For programs."""

    def format(self, record: logging.LogRecord) -> str:
        """One object: time, level, logger and message, and the facts of a step by their names."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **getattr(record, "facts", {"message": record.getMessage()}),
        }
        if record.exc_info:
            told["trace"] = self.formatException(record.exc_info)
        plain = {key: _masked(value) if isinstance(value, str) else value for key, value in told.items()}
        return json.dumps(plain, ensure_ascii=False, default=str)


def set_up(level: int, *, as_json: bool) -> None:
    """Log to standard error from this level on."""
    handler = logging.StreamHandler()
    handler.setFormatter(Objects() if as_json else Lines(FORM))
    logging.basicConfig(handlers=[handler], level=level)
