"""An operator's own templates, rendered in a child process with limits: a loop without end or a value without measure ends the child.

Two seconds of processor time and 256 MB for each rendering, whatever it does: no list of forbidden expressions would be complete, and
no interpreter can stop its own. The child lives as long as its templates are in use, so that its start is paid once; it gets a name
and a context, and answers with the text or with what is wrong. One that was ended is replaced at the next rendering.
"""

from __future__ import annotations

import json
import pickle
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from publisher.render.sandbox import OUTPUT_MAX, Fault, Sandbox, Unrendered

__all__ = ["Limited"]

CPU_SECONDS, MEMORY = 2, 256 * 1024 * 1024
WALL_SECONDS = 30.0
"""For a child that waits instead of working; far beyond the processor's limit, so that a busy machine does not meet it."""
ANSWER_MAX = 6 * OUTPUT_MAX + 10_000
"""Octets: JSON writes a character in six at most."""


class Limited:
    """Templates of these folders, rendered elsewhere. Threads take turns."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = tuple(folders)
        self._child: subprocess.Popen[bytes] | None = None
        self._turn = threading.Lock()

    def fill(self, name: str, context: Mapping[str, Any]) -> str:
        """The template filled; Unrendered when it cannot be, or when it reached a limit. The context is plain data."""
        return self._asked(name, dict(context))

    def check(self, name: str) -> None:
        """Compile the template; Unrendered when it cannot be."""
        self._asked(name, None)

    def close(self) -> None:
        """End the child."""
        with self._turn:
            self._end()

    def __del__(self) -> None:
        self._end()

    def _asked(self, name: str, context: dict[str, Any] | None) -> str:
        request = pickle.dumps((name, context))
        with self._turn:
            answer = self._answer(request)
            if answer is None:
                raise Unrendered(Fault(name, None, _ended(self._end())))
        told = json.loads(answer)
        if isinstance(told, str):
            return told
        raise Unrendered(Fault(*told))

    def _answer(self, request: bytes) -> bytes | None:
        """What the child says to a request; None when it says nothing any more."""
        if self._child is None:
            self._child = _started(self._folders)
        to, answers = self._child.stdin, self._child.stdout
        if to is None or answers is None:
            return None
        try:
            to.write(len(request).to_bytes(4, "big") + request)
            to.flush()
        except BrokenPipeError:
            return None
        deadline = time.monotonic() + WALL_SECONDS
        size = int.from_bytes(_read(answers, 4, deadline), "big")
        answer = _read(answers, min(size, ANSWER_MAX), deadline)
        return answer if len(answer) == size > 0 else None

    def _end(self) -> int:
        """Let the child go; how it ended (as `Popen.returncode`), 0 when there was none."""
        child, self._child = self._child, None
        if child is None:
            return 0
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # what it had not read yet
                    pipe.close()
        return child.wait()


def _started(folders: Sequence[Path]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(  # noqa: S603 - our own interpreter, our own module, folders of the configuration
        [sys.executable, "-m", "publisher.render.limited", *map(str, folders)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={"PYTHONPATH": ":".join(path for path in sys.path if path), "PYTHONWARNINGS": "ignore"},
    )


def _read(pipe: IO[bytes], size: int, deadline: float) -> bytes:
    """So many octets, or as many as come before the end or the deadline. The pipe is read past its buffer."""
    raw = bytearray()
    while len(raw) < size:
        ready, _, _ = select.select([pipe], [], [], max(0.0, deadline - time.monotonic()))
        part = pipe.raw.read(size - len(raw)) if ready else b""  # type: ignore[attr-defined]  # a BufferedReader here
        if not part:
            break
        raw += part
    return bytes(raw)


def _ended(returncode: int) -> str:
    if returncode == -signal.SIGXCPU:
        return f"it takes more than {CPU_SECONDS} s of processor time"
    if returncode == -signal.SIGKILL:
        return f"it was not done after {WALL_SECONDS:g} s"
    return f"its process ended with {returncode}: it needs more memory than a template gets, or breaks the interpreter"


def _child(folders: Sequence[Path]) -> None:
    """In the child: answer requests until there are no more."""
    import resource

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program that asks; it ends us
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    sandbox = Sandbox(folders)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = _size() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    while len(head := requests.read(4)) == 4:
        name, context = pickle.loads(requests.read(int.from_bytes(head, "big")))  # noqa: S301 - from the process that started us
        used = resource.getrusage(resource.RUSAGE_SELF)
        soft = int(used.ru_utime + used.ru_stime) + CPU_SECONDS + 1
        resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))
        told: str | tuple[Any, ...] = ""
        try:
            if context is None:
                sandbox.check(name)
            else:
                told = sandbox.fill(name, context)
        except Unrendered as error:
            told = (error.fault.template, error.fault.line, error.fault.why)
        answer = json.dumps(told).encode()
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


def _size() -> int:
    """Octets of address space that this process has by now, where the system tells."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return MEMORY
    return pages * 4096


if __name__ == "__main__":
    _child([Path(argument) for argument in sys.argv[1:]])
