"""Whether a change of a column's type rewrites its table is seen on a twin as on a server with rows."""

import psycopg
import pytest

from benchmarks.review.type_changes import BEFORE, CHANGES, compared
from pgtune.model.trace import Script
from pgtune.snapshot.blank import blank
from pgtune.twin import raised


def test_every_type_change_is_seen_rightly(database, version, binaries_of):
    """A hundred pairs of types, with expressions, indexes and time zones: new files of table and index, all right."""
    with raised(blank(version), binaries=binaries_of(version)) as twin:
        twin.migrate(Script(BEFORE, transaction=False))
        wrong = [(change.name, real, ours) for change, real, ours in compared(database, twin) if real != ours]
    assert wrong == []
    assert len(CHANGES) > 100
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT FROM changing")  # each was undone
