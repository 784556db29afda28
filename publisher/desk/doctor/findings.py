"""What a doctor's look at one thing comes to. PURE."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FAULT", "OK", "SKIPPED", "WARNING", "Finding"]

OK, WARNING, FAULT, SKIPPED = "ok", "warning", "fault", "skipped"
"""As it should be; works, and should be seen to; must be mended; not looked at."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`check`: what was looked at, in a word or two. `said`: how it is. `do`: what to do about it, where something is to be done."""

    check: str
    level: str
    said: str
    do: str = ""
