"""Entries out of pg_stat_statements, as a snapshot holds it."""

from collections.abc import Iterator

from pgtune.snapshot.snapshot import Snapshot
from pgtune.workload.entry import Entry

ORIGIN = "pg_stat_statements"


def entries(snapshot: Snapshot) -> Iterator[Entry]:
    """What the server counted; texts are normalised, so parameters are where constants were."""
    for row in snapshot.workload:
        yield Entry(
            row.text, ORIGIN, row.calls, row.total_ms, role=row.role, truncated=row.truncated,
        )  # fmt: skip
