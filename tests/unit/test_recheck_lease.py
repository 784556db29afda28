"""How long a site that is looked at is nobody else's."""

from __future__ import annotations

from datetime import timedelta

from publisher.desk import recheck
from publisher.fetch import Limits


def test_what_is_asked_for_is_nobody_elses_for_as_long_as_a_slow_round_takes() -> None:
    """Sixty sites one after the other, each with its robots.txt and a page of twenty seconds."""
    assert recheck._lease(Limits()) == timedelta(minutes=10)
    assert recheck._lease(Limits(concurrency=1)) == timedelta(minutes=40)
