"""`make soak` is run by hand, and seldom: what it stands on is looked at here."""

from __future__ import annotations

from _pytest.fixtures import getfixturemarker

from tests.contract import conftest as short
from tests.soak import conftest as long


def test_long_runs_have_all_fixtures_of_the_short_ones() -> None:
    fixtures = {name for name, value in vars(short).items() if getfixturemarker(value) is not None}
    assert "database" in fixtures
    assert fixtures <= vars(long).keys()
