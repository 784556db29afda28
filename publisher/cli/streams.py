"""Standard input, output and error of a command, whatever they were handed over as.

A closed stream is an empty one, so that no file we open takes its number. Characters that the terminal's encoding lacks are escaped.
Output that cannot be written any more (a full disk, a reader who has gone) never stops the work: it is dropped, and the command says
so when it ends. Only the standard library is imported: this runs before anything else of ours is loaded.
"""

from __future__ import annotations

import io
import os
import sys
from typing import TextIO

__all__ = ["finish", "ready"]

LATER = 75


class _Output(io.TextIOWrapper):
    """A text stream on a file number; the first failure to write is kept in `lost`, and nothing is written after it."""

    lost: OSError | None = None

    def write(self, text: str) -> int:
        try:
            return len(text) if self.lost else super().write(text)
        except OSError as error:
            self.lost = error
            return len(text)

    def flush(self) -> None:
        try:
            if not self.lost:
                super().flush()
        except OSError as error:
            self.lost = error


def ready() -> None:
    """Put streams of ours in the place of the process's own."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process lives
    sys.stdout = _opened(1, sys.stdout)
    sys.stderr = _opened(2, sys.stderr)


def _opened(number: int, given: TextIO | None) -> _Output:
    encoding = (given.encoding if given is not None else None) or "utf-8"
    if encoding.replace("-", "").replace("_", "").casefold() in {"ascii", "usascii", "ansix3.41968"}:
        encoding = "utf-8"  # what is asked for by leaving the locale unset; click does the same
    raw = io.BufferedWriter(io.FileIO(number, "wb", closefd=False))
    line_buffering = number == 2 or os.isatty(number)
    return _Output(raw, encoding=encoding, errors="backslashreplace", line_buffering=line_buffering)


def finish(code: int) -> int:
    """Write out what is still held back; returns the exit code, which says so when output was lost that somebody waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    lost = getattr(sys.stdout, "lost", None)
    if lost is not None and not isinstance(lost, BrokenPipeError):
        sys.stderr.write(f"publisher: the output could not be written: {lost.strerror}\n")
        sys.stderr.flush()
        code = code or LATER
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        if getattr(stream, "lost", None) is not None:  # the interpreter tries once more when it ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    return code
