"""Grouping the stories of a day by event, against datasketch in the same rounds: `python -m tests.bench.grouping`, and within `make bench`.

10,000 stories of invented words, to a tenth of which another agency's copy comes. Ours is the whole way, from stories to the events that
they report, once with texts that nobody has seen and once when they have been seen, as at every later build of a running house. The
peer parts each text at its blanks, makes its MinHash of 128 permutations in one call, asks for what is near and inserts it; it
is fetched into a folder of its own, and left out with a word where it cannot be. Ours and the peer take turns. Asserts nothing.
"""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import accumulate
from typing import Any

from publisher.selection import grouped
from publisher.selection.alike import sketch
from publisher.selection.texts import forget
from publisher.story import Story
from tests.bench.clock import line
from tests.stories import story

STORIES, COPIES = 10_000, 1_000
OF_PEER = 2_000
"""Stories that the peer is asked for: each costs it the same."""
ROUNDS = 5


def main() -> None:
    """Both ways, and the peer."""
    pool = stories()
    with tempfile.TemporaryDirectory(prefix="publisher-bench-") as folder:
        peer = _datasketch(folder, pool[:OF_PEER])
        turns = [lambda: anew(pool), lambda: grouped(pool), *([peer] if peer else [])]
        spent = [[_seconds(turn) for turn in turns] for _ in range(ROUNDS)]
    first, again, *theirs = (sorted(of_one)[ROUNDS // 2] for of_one in zip(*spent, strict=True))
    told = ("datasketch", theirs[0] / OF_PEER) if theirs else None
    line(f"a story grouped among {STORIES:,}, its text not seen before", first / STORIES, told)
    line(f"the same, seen before ({len(grouped(pool).members)} events)", again / STORIES, told)


def stories() -> list[Story]:
    """As many as in `STORIES`, the last of them copies."""
    drawn = random.Random(1)  # noqa: S311 - invented words, the same in every run
    letters = "abcdefghijklmnopqrstuvwxyz"
    known = ["".join(drawn.choices(letters, k=drawn.randint(3, 9))) for _ in range(20_000)]
    weights = list(accumulate(1 / (rank + 8) for rank in range(len(known))))

    def words(count: int) -> list[str]:
        return drawn.choices(known, cum_weights=weights, k=count)

    own = STORIES - COPIES
    texts = [(words(9), words(32)) for _ in range(own)]
    texts += [([*words(1), *head], [*words(2), *lede]) for head, lede in texts[:COPIES]]
    return [
        story(
            f"{number:05}",
            source=f"agency-{number % 40}" if number < own else "another",
            item={"original_headline": " ".join(head), "lede": " ".join(lede)},
        )
        for number, (head, lede) in enumerate(texts)
    ]


def anew(pool: Sequence[Story]) -> None:
    """Grouped by somebody who has seen none of these texts."""
    forget()
    sketch.cache_clear()
    grouped(pool)


def _datasketch(folder: str, pool: Sequence[Story]) -> Callable[[], object] | None:
    """The peer, ready to run."""
    installer = ["uv", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip"]
    command = [*installer, "install", "--quiet", "--target", folder, "datasketch"]
    if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode:
        sys.stdout.write("datasketch: not measured, it cannot be fetched\n")
        return None
    sys.path.append(folder)
    library: Any = import_module("datasketch")
    texts = [f"{one.received.original_headline} {one.received.lede}" for one in pool]

    def near() -> None:
        index = library.MinHashLSH(threshold=0.5, num_perm=128)
        for number, text in enumerate(texts):
            made = library.MinHash(num_perm=128)
            made.update_batch([word.encode() for word in set(text.split())])
            index.query(made)
            index.insert(number, made)

    return near


def _seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    main()
