"""Schemas with indexes that experts chose: each is hidden in turn and must be advised again, or a better one.

For every plain index of the schema a query is asked that needs it, made from the index's own columns; the index is
hidden and advice asked for that query. Restored means: the query costs at most `ALMOST` times what it costs with the
index that was there.
"""

from collections.abc import Iterator
from dataclasses import replace

import psycopg
from tabulate import tabulate

from benchmarks.advise import schemas
from pgtune.cluster import Cluster, find
from pgtune.indexes.advise import advise
from pgtune.model.design import AS_IT_IS, Design, Name, Query
from pgtune.plans.plan import Plan
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot, StoredIndex, Table
from pgtune.twin import Twin, raised
from pgtune.workload.statement import Statement, Workload

ALMOST = 1.05


def run() -> str:
    """One line for each schema, and the indexes that were not restored."""
    lines, missed = [], []
    for name, script in schemas.scripts():
        tried = restored = 0
        for index, ratio in _results(script):
            tried += 1
            restored += ratio <= ALMOST
            if ratio > ALMOST:
                missed.append(f"{name}: {index.definition} ({ratio:.2f} times)")
        lines.append([name, tried, restored, restored / tried if tried else None])
    return "\n".join([tabulate(lines, ["schema", "indexes", "restored", "share"], tablefmt="github"), *missed])


def _results(script: str) -> Iterator[tuple[StoredIndex, float]]:
    cluster = Cluster.throw_away(find(18))
    try:
        cluster.configure({"autovacuum": "off", "fsync": "off"})
        cluster.start()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute(script.encode())
        snapshot = schemas.in_use(capture(cluster.conninfo(), workload=False))
    finally:
        cluster.remove()
    chosen = [
        (table, index, text)
        for table in snapshot.tables
        for index in table.indexes
        if (text := query(table, index)) is not None
    ]
    with raised(snapshot, plan_seconds=10) as twin:
        for table, index, text in chosen:
            yield index, _ratio(twin, snapshot, table, index, text)


def query(table: Table, index: StoredIndex) -> str | None:
    """A statement that needs the index: equality on all its columns but the last, which is ordered by."""
    names = [key.strip('"') for key in index.keys]
    columns = {column.name: column for column in table.columns}
    if index.method != "btree" or index.unique or index.predicate or not all(name in columns for name in names):
        return None
    *first, last = names
    conditions = " AND ".join(f'"{name}" = $1::text::{columns[name].type}' for name in first)
    if not first:
        return f'SELECT * FROM {table.name.sql} WHERE "{last}" = $1::text::{columns[last].type}'
    return f'SELECT * FROM {table.name.sql} WHERE {conditions} ORDER BY "{last}" LIMIT 20'


def _ratio(twin: Twin, snapshot: Snapshot, table: Table, index: StoredIndex, text: str) -> float:
    """Cost with what is advised over cost with the index that was there."""

    def plan(asked: Query, design: Design) -> Plan:
        return twin.plan(asked, replace(design, dropped=design.dropped | {index.name}))

    statement = Workload((Statement(text, "query", "select", parameters=1),))
    answer = advise(_hidden(snapshot, table, index.name), statement, plan, twin.size_of)
    return answer.cost_after / twin.plan(Query(text), AS_IT_IS).cost


def _hidden(snapshot: Snapshot, table: Table, name: Name) -> Snapshot:
    fewer = replace(table, indexes=tuple(each for each in table.indexes if each.name != name))
    return replace(snapshot, tables=tuple(fewer if each.name == table.name else each for each in snapshot.tables))
