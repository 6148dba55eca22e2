"""How true the planning twin is, one command.

    python -m benchmarks.twin [--scale 0.1] [--major 18] [--twin-major N] [--only TPC-H,TPC-DS,pgbench,mixed,tables]

Each database is loaded, captured and raised as a twin, and every query is planned on both: as it is, under each what-if
index against the index really created, under each partition scheme against a copy really partitioned. Printed are
identical shapes and how far the costs of the twin are from the real ones. Needs `tpchgen-cli` and `duckdb` with
`duckdb-extension-tpcds` (dependency group `bench`).
"""

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import psycopg

from benchmarks.twin import raising
from benchmarks.twin.cases import CASES, Case
from pgtune.cluster import Cluster, find
from pgtune.model.design import Design, Index, Name, Query, Scheme
from pgtune.model.errors import NotPlannable
from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Node, Plan
from pgtune.server.capture import capture
from pgtune.snapshot.snapshot import Snapshot
from pgtune.twin import Twin, raised
from pgtune.twin.sizes import stored_height

LOADING = {"autovacuum": "off", "fsync": "off", "maintenance_work_mem": "256MB", "max_wal_size": "4GB"}


@dataclass
class Score:
    """Pairs of plans: how many have one shape, and the ratios of the twin's cost to the real one."""

    same: int = 0
    ratios: list[float] = field(default_factory=list)
    odd: list[str] = field(default_factory=list)

    def add(self, name: str, plan: Plan, true: Plan, *, equal: bool) -> None:
        """Count a pair; one that differs by shape or by 5 % is remembered."""
        ratio = plan.cost / true.cost if true.cost else 1.0
        self.ratios.append(ratio)
        self.same += equal
        if not equal or abs(ratio - 1) > 0.05:
            self.odd.append(f"{name}: {ratio:.3f}{'' if equal else ', another shape'}")

    def line(self, what: str) -> str:
        """The score in words."""
        if not self.ratios:
            return f"  {what}: nothing to compare"
        near = [sum(abs(each - 1) <= limit for each in self.ratios) / len(self.ratios) for limit in (0.001, 0.05)]
        return (
            f"  {what}: {self.same} of {len(self.ratios)} shapes the same; cost ratio {min(self.ratios):.4f} to "
            f"{max(self.ratios):.4f}, median {statistics.median(self.ratios):.4f}; "
            f"within 0.1 %: {near[0]:.1%}, within 5 %: {near[1]:.1%}"
        )


def planned(connection: psycopg.Connection, text: str) -> Plan:
    """The plan of the real database."""
    row = connection.execute(f"EXPLAIN (FORMAT JSON, VERBOSE) {text}".encode()).fetchone()
    assert row is not None
    return plan_of(row[0])


def as_it_is(real: psycopg.Connection, twin: Twin, queries: Iterable[tuple[str, str]]) -> Score:
    """Every query on what exists."""
    score = Score()
    for name, text in queries:
        true, plan = planned(real, text), twin.plan(Query(text))
        score.add(name, plan, true, equal=plan.shape == true.shape)
    return score


def with_indexes(real: psycopg.Connection, twin: Twin, case: Case, queries: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Every query under each index, where the index is used on either side; and the sizes."""
    score, sizes = Score(), Score()
    for index in case.indexes(real):
        if _known(twin.snapshot, index):
            continue
        real.execute(index.ddl().encode())
        ((size,),) = real.execute("SELECT pg_relation_size(%s::regclass)", (f'public."{index.name}"',)).fetchall()
        sizes.ratios.append(twin.size_of(index) / size)
        if abs(sizes.ratios[-1] - 1) > 0.2:
            sizes.odd.append(f"{index.ddl()}: {sizes.ratios[-1]:.2f} of {size // 8192} pages")
        for name, text in queries:
            true, plan = planned(real, text), twin.plan(Query(text), Design(frozenset({index})))
            if index.name in true.indexes | plan.indexes:
                score.add(f"{name} {index.name}", plan, true, equal=plan.shape == true.shape)
        real.execute(f'DROP INDEX public."{index.name}"'.encode())
    yield score.line("what-if indexes")
    yield from (f"    {each}" for each in score.odd[:30])
    near = sum(abs(each - 1) <= 0.15 for each in sizes.ratios) / len(sizes.ratios)
    low, high = min(sizes.ratios), max(sizes.ratios)
    yield f"  sizes of {len(sizes.ratios)} indexes: {low:.2f} to {high:.2f}, within 15 %: {near:.0%}"
    yield from (f"    {each}" for each in sizes.odd[:30])


def _known(snapshot: Snapshot, index: Index) -> bool:
    """Whether an index that exists begins with the same columns: the choice between equals says nothing."""
    table = snapshot.table(index.table)
    keys = tuple(key.column for key in index.keys)
    return table is not None and any(each.keys[: len(keys)] == keys for each in table.indexes)


def with_schemes(real: psycopg.Connection, twin: Twin, case: Case, queries: Sequence[tuple[str, str]]) -> Iterator[str]:
    """Every query that reads a partitioned table, against a copy with the same partitions and indexes."""
    for scheme in case.schemes:
        score = Score()
        _partition(real, twin.snapshot, scheme)
        parts = {each.name for each in scheme.partitions}
        for name, text in queries:
            true = planned(real, text)
            if not any(node.relation and node.relation.name in parts for node in true.root.walk()):
                continue
            try:
                plan = twin.plan(Query(text), Design(schemes=frozenset({scheme})))
            except NotPlannable as error:
                score.odd.append(f"{name}: {error}")
                continue
            score.add(name, plan, true, equal=shape(plan.root) == shape(true.root))
        yield score.line(f"{scheme.table.name} by {scheme.strategy} of {scheme.key[0]}, {len(parts)} partitions")
        yield from (f"    {each}" for each in score.odd)
        _merge(real, scheme)


def shape(node: Node) -> tuple[object, ...]:
    """A plan's shape, where a partition's index has its own name and equal scans stand in any order."""
    below = [shape(child) for child in node.children]
    return (node.kind, node.relation, node.detail.get("Join Type"),
            tuple(sorted(below, key=repr) if "Append" in node.kind else below))  # fmt: skip


def _partition(real: psycopg.Connection, snapshot: Snapshot, scheme: Scheme) -> None:
    """Put a partitioned copy into the table's place; keys that would not hold the partition key are given it."""
    table, whole = scheme.table.name, Name("aside", scheme.table.name)
    stored = snapshot.table(scheme.table)
    assert stored is not None
    real.execute("CREATE SCHEMA aside")
    real.execute(f"ALTER TABLE public.{table} SET SCHEMA aside".encode())
    real.execute(
        f"CREATE TABLE public.{table} (LIKE {whole.sql}) PARTITION BY {scheme.strategy} ({scheme.key[0]})".encode()
    )
    for part in scheme.partitions:
        real.execute(f"CREATE TABLE {part.name} PARTITION OF public.{table} FOR VALUES {part.bound}".encode())
    real.execute(f"INSERT INTO public.{table} SELECT * FROM {whole.sql}".encode())
    for index in stored.indexes:
        keys = list(index.keys)
        unique = "UNIQUE" if index.unique else ""
        keys += [scheme.key[0]] if index.unique and scheme.key[0] not in keys else []
        real.execute(f"CREATE {unique} INDEX ON public.{table} ({', '.join(keys)})".encode())
    for key in stored.foreign_keys:
        words = f"({', '.join(key.columns)}) REFERENCES {key.target.sql} ({', '.join(key.target_columns)})"
        real.execute(f"ALTER TABLE public.{table} ADD FOREIGN KEY {words}".encode())
    real.execute(f"VACUUM (ANALYZE) public.{table}".encode())


def _merge(real: psycopg.Connection, scheme: Scheme) -> None:
    real.execute(f"DROP TABLE public.{scheme.table.name}".encode())
    real.execute(f"ALTER TABLE aside.{scheme.table.name} SET SCHEMA public".encode())
    real.execute("DROP SCHEMA aside")


def heights(snapshot: Snapshot) -> str:
    """How many heights would be reckoned right if they were not known."""
    known = [
        (index.height, stored_height(index, table, index.pages))
        for table in snapshot.tables
        for index in table.indexes
        if index.height is not None
    ]
    right = sum(true == reckoned for true, reckoned in known)
    return f"  heights of B-trees, were they not known: {right} of {len(known)} reckoned right"


def run(case: Case, scale: float, major: int, twin_major: int | None) -> Iterator[str]:
    """One database, line by line."""
    cluster = Cluster.throw_away(find(major))
    try:
        cluster.configure(LOADING)
        cluster.start()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            connection.execute("CREATE DATABASE bench")
        conninfo = cluster.conninfo("bench")
        case.load(cluster, conninfo, scale)
        with psycopg.connect(conninfo, autocommit=True) as real:
            real.execute("CREATE EXTENSION pageinspect")
            real.execute("CHECKPOINT")  # VACUUM takes rows for visible to all once their commit is on the disk
            real.execute("VACUUM")
            snapshot = capture(conninfo)
            began = time.monotonic()
            with raised(snapshot, binaries=find(twin_major) if twin_major else None) as twin:
                seconds = time.monotonic() - began
                yield f"{case.name} on {major}, twin on {twin.major}: raised in {seconds:.1f} s"
                queries = list(case.queries().items())
                score = as_it_is(real, twin, queries)
                yield score.line("as it is")
                yield from (f"    {each}" for each in score.odd)
                yield heights(snapshot)
                yield from with_indexes(real, twin, case, queries)
                yield from with_schemes(real, twin, case, queries)
    finally:
        cluster.remove()


def main() -> int:
    parser = argparse.ArgumentParser(description="How true the planning twin is.")
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--major", type=int, default=18)
    parser.add_argument("--twin-major", type=int)
    parser.add_argument("--only", default="")
    parser.add_argument("--tables", type=int, default=1000)
    given = parser.parse_args()
    for case in CASES:
        if not given.only or case.name in given.only.split(","):
            for line in run(case, given.scale, given.major, given.twin_major):
                print(line, flush=True)
    if not given.only or "tables" in given.only.split(","):
        for line in raising.run(given.tables):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
