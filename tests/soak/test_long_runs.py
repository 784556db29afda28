"""`make soak`: what `make test` does a few times, done hundreds of times. One judge over all of it: `tests/crash/checker.py`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from publisher.store import deliveries
from publisher.store.db import Database
from tests.contract.test_workers import (
    begun,
    judged,
    kills_beside_each_other,
    leaving_meanwhile,
    taken,
    to_the_end,
)
from tests.crash.nursery import Lives, Nursery
from tests.crash.test_kill import (
    test_sixty_kills_at_random_moments_lose_nobody_and_repeat_only_what_was_marked as sixty_kills,
)
from tests.dispatchbox import DISPATCH, frozen, present, readers
from tests.smtpd import Server
from tests.waiting import until

pytestmark = pytest.mark.soak


@pytest.mark.parametrize("seed", range(2, 11))
def test_random_kills(nursery: Nursery, tmp_path: Path, seed: int) -> None:
    """Nine times sixty: with the sixty of `make test`, six hundred."""
    sixty_kills(nursery, tmp_path, seed)


@pytest.mark.parametrize("seed", range(2, 102))
def test_two_workers_and_random_kills(
    nursery: Nursery, database: Database, tmp_path: Path, seed: int
) -> None:
    """A hundred runs on each database."""
    kills_beside_each_other(nursery, database, tmp_path, kills=5, seed=seed)


def test_a_thousand_of_five_thousand_leave_meanwhile(
    nursery: Nursery, database: Database, tmp_path: Path
) -> None:
    leaving_meanwhile(nursery, database, tmp_path, people=5000, leavers=1000)


@pytest.mark.parametrize("seed", range(20))
def test_pause_resume_and_cancel_at_random_moments(
    nursery: Nursery, database: Database, tmp_path: Path, seed: int
) -> None:
    """Two workers, which are begun again when a pause has ended them; every fourth run is cancelled in the end."""
    draw = random.Random(seed)  # noqa: S311 - repeatable, not secret
    frozen(database, readers(121))
    with Server("dot wait=0.005", folder=tmp_path, starttls=False) as server:
        lives: list[Lives] = begun(nursery, database, server, 2)
        for step in range(8):
            reached = taken(server)
            until(lambda reached=reached: taken(server) >= min(reached + draw.randrange(8), 100))
            with database.write() as connection:
                paused = deliveries.pause(connection, DISPATCH)
            if paused:
                for life in lives:
                    assert life.end() in {"ended 0", "ended 1"}
                with database.write() as connection:
                    if step == 7 and seed % 4 == 0:
                        deliveries.cancel(connection, DISPATCH, actor="soak", why="enough", now=present())
                    else:
                        deliveries.resume(connection, DISPATCH)
                for life in lives:
                    life.begin()
        for life in lives:
            life.end()
        to_the_end(database, server)
    verdict = judged(database, server)
    assert verdict.doubles == 0
    assert verdict.states["accepted"] + verdict.states["cancelled"] == 121
