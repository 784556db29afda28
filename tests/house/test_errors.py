from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module

import publisher
import subscribers
from publisher.cli.exits import code_of
from publisher.errors import PublisherError
from subscribers.errors import SubscribersError

CONTRACT = {2, 3, 4, 5, 75, 78}
"""The exit codes of announced failures; 0 is success and 130 Ctrl-C."""


def every_error() -> Iterator[type[Exception]]:
    """All announced errors; every module is imported first, so that none hides in a corner."""
    for package in (publisher, subscribers):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name and not module.name.endswith("__main__"):
                import_module(module.name)
    waiting: list[type[Exception]] = [PublisherError, SubscribersError]
    while waiting:
        found = waiting.pop()
        waiting += found.__subclasses__()
        if found not in {PublisherError, SubscribersError}:
            yield found


def test_every_announced_error_has_an_exit_code_of_the_contract() -> None:
    found = list(every_error())
    assert len(found) > 15
    for error in found:
        assert code_of(error.__new__(error)) in CONTRACT, error


def test_every_announced_error_has_a_code_of_its_own() -> None:
    codes = [error.code for error in every_error()]  # type: ignore[attr-defined]  # both bases declare it
    assert len(set(codes)) == len(codes)
