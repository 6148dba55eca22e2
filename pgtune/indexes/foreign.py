"""Foreign keys without an index: what a DELETE of the referenced row looks up, as statements to plan.

PostgreSQL's triggers run such a lookup for every row that is deleted; no statement of a workload shows it.
"""

from collections.abc import Iterator, Mapping, Sequence

from pgtune.indexes.facts import Facts
from pgtune.indexes.writes import TableWrites
from pgtune.model.design import Name, quoted
from pgtune.snapshot.snapshot import ForeignKey, Table
from pgtune.workload.statement import Statement

ORIGIN = "foreign key "


def unindexed(facts: Facts) -> Iterator[tuple[Table, ForeignKey]]:
    """The foreign keys whose columns lead no index, in any order."""
    for each in facts.tables:
        for key in each.table.foreign_keys:
            if not each.tiny and not any(
                _leads(index.keys, key.columns) for index in each.table.indexes if index.valid
            ):
                yield each.table, key


def _leads(keys: Sequence[str], columns: Sequence[str]) -> bool:
    return {key.strip('"') for key in keys[: len(columns)]} == set(columns)


def lookups(facts: Facts, deletes: Mapping[Name, TableWrites]) -> tuple[Statement, ...]:
    """One statement for each such key whose target is deleted from, weighing as much as rows are deleted."""
    return tuple(
        _lookup(table, key, deletes[key.target].deleted)
        for table, key in unindexed(facts)
        if key.target in deletes and deletes[key.target].deleted
    )


def _lookup(table: Table, key: ForeignKey, rows: float) -> Statement:
    conditions = " AND ".join(f"x.{quoted(column)} = ${place}" for place, column in enumerate(key.columns, 1))
    text = f"SELECT 1 FROM ONLY {table.name.sql} x WHERE {conditions}"  # noqa: S608  (identifiers, quoted)
    if table.kind == "p":
        text = text.replace("FROM ONLY ", "FROM ", 1)
    return Statement(
        text, f"{ORIGIN}{table.name}.{key.name}", "select", rows, parameters=len(key.columns), origin=ORIGIN + key.name
    )
