"""Schemas with indexes that experts chose: each is hidden in turn and must be advised again, or a better one.

For every index of the schema a query is asked that needs it, made from the index's own keys; the index is hidden and
advice asked for that query. Restored means: the query costs at most `ALMOST` times what it costs with the
index that was there.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

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
    for name, load in schemas.schemas():
        tried = restored = 0
        for index, ratio in _results(load):
            tried += 1
            restored += ratio <= ALMOST
            if ratio > ALMOST:
                missed.append(f"{name}: {index.definition} ({ratio:.2f} times)")
        lines.append([name, tried, restored, restored / tried if tried else None])
    return "\n".join([tabulate(lines, ["schema", "indexes", "restored", "share"], tablefmt="github"), *missed])


def _results(load: schemas.Load) -> Iterator[tuple[StoredIndex, float]]:
    cluster = Cluster.throw_away(find(18))
    try:
        cluster.configure({"autovacuum": "off", "fsync": "off"})
        cluster.start()
        load(cluster.conninfo())
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
    """A statement that needs the index, None for a kind of index that no such statement is made for.

    For a B-tree equality on all its keys but the last, which is ordered by; for GIN what its operators are for. That an
    index is unique tells the planner more than an index that is advised ever can: it is left out.
    """
    if index.unique or not index.valid or index.include:
        return None
    columns = {column.name: column for column in table.columns}
    terms = []
    for place, key in enumerate(index.keys, 1):
        column = columns.get(key.strip('"'))
        if index.method == "btree":
            terms.append(f"({key}) = ${place}" + (f"::text::{column.type}" if column else ""))
        elif index.method == "gin" and column and len(index.keys) == 1:
            terms.append(_contains(key, column.type))
        else:
            return None
    order = ""
    if index.method == "btree" and len(terms) > 1:
        terms, order = terms[:-1], f" ORDER BY {index.keys[-1]} LIMIT 20"
    terms += [f"({index.predicate})"] if index.predicate else []
    return f"SELECT * FROM {table.name.sql} WHERE {' AND '.join(terms)}{order}"


def _contains(key: str, kind: str) -> str:
    if kind == "tsvector":
        return f"{key} @@ $1::text::tsquery"
    return f"{key} LIKE '%of words%'" if kind in {"text", "character varying"} else f"{key} @> $1::text::{kind}"


def _ratio(twin: Twin, snapshot: Snapshot, table: Table, index: StoredIndex, text: str) -> float:
    """Cost with what is advised over cost with the index that was there."""

    def plan(asked: Query, design: Design) -> Plan:
        return twin.plan(asked, replace(design, dropped=design.dropped | {index.name}))

    statement = Workload((Statement(text, "query", "select", parameters=len(set(re.findall(r"\$\d+", text)))),))
    answer = advise(_hidden(snapshot, table, index.name), statement, plan, twin.size_of)
    return answer.cost_after / twin.plan(Query(text), AS_IT_IS).cost


def _hidden(snapshot: Snapshot, table: Table, name: Name) -> Snapshot:
    fewer = replace(table, indexes=tuple(each for each in table.indexes if each.name != name))
    return replace(snapshot, tables=tuple(fewer if each.name == table.name else each for each in snapshot.tables))
