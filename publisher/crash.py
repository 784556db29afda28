"""Named places at which a test may kill the process; without `PUBLISHER_CRASHPOINT` in the environment nothing happens.

A crash point is where the ledger's promises are easiest to break. Naming it in the code tells the reader so, and lets a
test die exactly there: `PUBLISHER_CRASHPOINT=after-mark:3` kills at the third passage.
"""

from __future__ import annotations

import os
import signal

__all__ = ["crashpoint"]

_NAME, _, _COUNT = os.environ.get("PUBLISHER_CRASHPOINT", "").partition(":")
_left = [int(_COUNT or "1")] if _NAME else []


def crashpoint(*names: str) -> None:
    """Die here by SIGKILL, if the environment asks for it. More than one name: places that are passed at once."""
    if not _left or _NAME not in names:
        return
    _left[0] -= 1
    if _left[0] <= 0:
        os.kill(os.getpid(), signal.SIGKILL)
