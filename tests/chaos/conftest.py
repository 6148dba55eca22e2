"""Sites for the tests of the maintenance runner."""

from pathlib import Path

import pytest

from tests.chaos.runs import Site


@pytest.fixture
def site(database: str, home: Path) -> Site:
    """A database of the test's own on every version, with a history of its own."""
    assert home.is_dir()
    return Site(database)
