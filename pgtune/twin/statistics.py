"""The planner's statistics of columns, put where the planner looks for them."""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import psycopg

from pgtune import resources
from pgtune.model.design import Name
from pgtune.model.errors import NotPlannable
from pgtune.snapshot.snapshot import Column, Table
from pgtune.twin.house import OWNER, House
from pgtune.twin.wire import Wire

BATCH = 1000  # rows a statement
SECONDS = 30.0  # what a batch may take; 1000 rows take 0.1


def restore(house: House, tables: Iterable[Table], known: Container[Name]) -> list[str]:
    """Write the statistics of every column whose relation is `known`; what could not be written, by name."""
    major = house.cluster.binaries.major
    rows = [row for row in _rows(tables) if Name(row["schema"], row["relation"]) in known]
    wire = house.weak(OWNER)
    try:
        return [
            name for start in range(0, len(rows), BATCH) for name in _write(wire, major, rows[start : start + BATCH])
        ]
    finally:
        wire.close()


def _write(wire: Wire, major: int, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Write rows together, or if that fails by halves, down to the one that is to blame."""
    try:
        wire.batch([(resources.sql("twin/statistics", major), (json.dumps(rows),))], SECONDS)
    except (psycopg.Error, NotPlannable):
        if len(rows) == 1:
            yield f"{rows[0]['schema']}.{rows[0]['relation']}.{rows[0]['attribute']}"
            return
        half = len(rows) // 2
        yield from _write(wire, major, rows[:half])
        yield from _write(wire, major, rows[half:])


def _rows(tables: Iterable[Table]) -> Iterator[dict[str, Any]]:
    for table in tables:
        yield from _of(table.name, table.columns)
        for index in table.indexes:
            yield from _of(index.name, index.columns)


def _of(relation: Name, columns: Iterable[Column]) -> Iterator[dict[str, Any]]:
    for column in columns:
        for stats in column.stats:
            yield {"schema": relation.schema, "relation": relation.name, "attribute": column.name} | asdict(stats)
