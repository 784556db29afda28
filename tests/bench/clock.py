"""A clock for benchmarks: medians of several rounds, and a line for each measured thing."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

ROUNDS = 7


def median(work: Callable[[], object], times: int = 1) -> float:
    """Seconds per call, the median of several rounds after a warm-up."""
    work()
    rounds: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.perf_counter() - began) / times)
    return statistics.median(rounds)


def line(what: str, ours: float, peer: tuple[str, float] | None = None) -> None:
    """One measured thing."""
    told = f"{ours * 1e6:>10,.0f} us"
    against = f"   {peer[1] / ours:>8.1f}x {peer[0]} ({peer[1] * 1e6:,.0f} us)" if peer else ""
    sys.stdout.write(f"{what:<46}{told}{against}\n")
