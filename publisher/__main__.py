"""The program's first step: from here on Ctrl-C ends it with 130 and a word, also while it still loads.

Nothing is open yet while modules load, so the process may end where it stands. From the moment the command runs, Ctrl-C is the
command's own; once it has ended, its exit code stands.
"""

from __future__ import annotations

import gc
import os
import signal
from types import FrameType

INTERRUPTED = 130
GARBAGE = 50_000
"""Objects between two looks for circles of them. Loading makes ten thousands, none of them garbage: an eighth of the start."""


def _stop(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"publisher: stopped\n")
    os._exit(INTERRUPTED)


def main() -> None:
    """Load the command line and run it."""
    signal.signal(signal.SIGINT, _stop)
    gc.set_threshold(GARBAGE, *gc.get_threshold()[1:])
    from publisher.cli import main as run

    run()


if __name__ == "__main__":
    main()
