"""Schemas that experts indexed, from packages that carry their SQL, with sizes as if they were in use."""

import importlib.metadata
from collections.abc import Iterator
from dataclasses import replace

from pgtune.snapshot.snapshot import Column, ColumnStats, Snapshot, Table

# Distribution and the end of the path of the file in it that makes a schema.
PACKAGES = (
    ("procrastinate", "sql/schema.sql"),
    ("matrix-synapse", "main/full_schemas/72/full.sql.postgres"),
    ("matrix-synapse", "state/full_schemas/72/full.sql.postgres"),
)
ROWS = 200_000
A_PAGE = 40


def scripts() -> Iterator[tuple[str, str]]:
    """Name and SQL of each schema whose package is installed."""
    for name, ending in PACKAGES:
        try:
            files = importlib.metadata.files(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        for file in files:
            if str(file).endswith(ending):
                yield f"{name} {ending.split('/')[0]}", file.read_text()


def in_use(snapshot: Snapshot) -> Snapshot:
    """Every table with rows, pages and statistics: an index is about size and distinct values, not about the rows."""
    return replace(snapshot, tables=tuple(_filled(table) for table in snapshot.tables))


def _filled(table: Table) -> Table:
    pages = ROWS // A_PAGE
    indexes = tuple(replace(index, pages=ROWS // 250, tuples=float(ROWS), height=2) for index in table.indexes)
    columns = tuple(replace(column, stats=(_stats(column),)) for column in table.columns)
    return replace(
        table, pages=pages, relpages=pages, rows=float(ROWS), all_visible=pages, indexes=indexes, columns=columns
    )


def _stats(column: Column) -> ColumnStats:
    """Names say it: what ends in id or key has many values, the rest a hundred; flags have two."""
    distinct = -0.3 if column.name.endswith(("id", "key", "ts", "ordering", "at")) else 100.0
    return ColumnStats(
        inherited=False, null_frac=0.0, avg_width=max(column.length, 12 if column.length < 0 else 1),
        n_distinct=2.0 if column.type == "boolean" else distinct, correlation=0.1,
    )  # fmt: skip
