"""What tests of several files stand in."""

import pytest

from tests.db.reviewing import Repository


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository on its branch, in which the test stands."""
    (tmp_path / "project").mkdir()
    found = Repository(tmp_path / "project")
    found.branch()
    monkeypatch.chdir(found.root)
    return found
