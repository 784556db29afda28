"""The API against its own description: generated requests, right and wrong, are answered as it says, and never by a crash."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings

from publisher.store.db import open_database
from publisher.store.migrate import ready
from tests.apibox import Program, house, token

SEMANTIC = "positive_data_acceptance"
"""No schema says which addresses can be mailed, or which digests there are: what fits it may still be refused."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory):
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('api')}/house.sqlite3")
    ready(database)
    made = Program(house(database))
    made.token = token(made.room, "generated")
    yield made
    database.close()


def test_generated_requests_are_answered_as_described(program: Program) -> None:
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", program.app)
    schemathesis.checks.load_all_checks()
    checks = [check for check in schemathesis.checks.CHECKS.get_all() if check.__name__ != SEMANTIC]
    for found in schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=4,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def answered(case) -> None:
            case.call_and_validate(headers={"Authorization": f"Bearer {program.token}"}, checks=checks)

        answered()
