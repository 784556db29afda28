"""The long runs stand on the fixtures of the short ones."""

from tests.contract.conftest import database, emptied, empty_file, postgresql, shared
from tests.contract.test_workers import nursery, small_chunks

__all__ = ["database", "emptied", "empty_file", "nursery", "postgresql", "shared", "small_chunks"]
