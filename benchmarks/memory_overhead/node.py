"""What one plan node, and a whole query, really take of memory: as a multiple of work_mem."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg

from benchmarks import tpch
from benchmarks.measure.processes import PeakMemory, dynamic_segments, own_pages
from pgtune.cluster import Cluster
from pgtune.model.units import KB, MB

SAMPLE_S = 0.01
WORK_MEM = (4 * MB, 16 * MB)
MULTIPLIERS = (1.0, 2.0, 4.0)
WORKERS = (0, 2)

# Each statement is one memory-hungry node; the planner is held to it by the enable_ settings beside it.
NODES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "hash aggregate": (
        "SELECT l_orderkey, sum(l_quantity) FROM lineitem GROUP BY 1 OFFSET 1000000000",
        ("enable_sort", "enable_indexscan"),
    ),
    "hash join": (
        "SELECT count(*), max(o_comment) FROM orders, lineitem WHERE o_orderkey = l_orderkey",
        ("enable_mergejoin", "enable_nestloop"),
    ),
    "sort": ("SELECT * FROM lineitem ORDER BY l_comment OFFSET 1000000000", ("enable_indexscan",)),
    "Q18, 4 nodes": (tpch.queries()["Q18"], ("enable_sort", "enable_indexscan")),
}


@dataclass(frozen=True, slots=True)
class Use:
    """Peak bytes above an idle backend's: of the greatest process, and of leader, workers, shared tables together."""

    node: str
    work_mem: int
    multiplier: float
    workers: int
    greatest: int
    together: int
    spilled: int

    @property
    def times(self) -> float:
        """The greatest process as a multiple of work_mem."""
        return self.greatest / self.work_mem

    @property
    def times_together(self) -> float:
        """The query as a multiple of work_mem."""
        return self.together / self.work_mem


def measure(cluster: Cluster) -> Iterator[Use]:
    """Run every node at every setting on a cluster that holds TPC-H."""
    for node in NODES:
        for work_mem in WORK_MEM:
            for multiplier in MULTIPLIERS if node != "sort" else MULTIPLIERS[:1]:
                for workers in WORKERS:
                    yield _use(cluster, node, work_mem, multiplier, workers)


def _use(cluster: Cluster, node: str, work_mem: int, multiplier: float, workers: int) -> Use:
    statement, off = NODES[node]
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        wished = {"work_mem": f"{work_mem // KB}kB", "hash_mem_multiplier": str(multiplier)}
        wished |= {"max_parallel_workers_per_gather": str(workers), "jit": "off"} | dict.fromkeys(off, "off")
        for name, value in wished.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        before = own_pages(connection.info.backend_pid)
        spilled, segments = _spilled(connection), sum(dynamic_segments(connection.info.backend_pid).values())
        with PeakMemory(cluster.pid or 0, SAMPLE_S) as peak:
            others = _others(connection)
            connection.execute(statement.encode()).fetchall()
        grown = max(0, peak.dynamic - segments)
        above = [max(0, bytes_ - before) for pid, bytes_ in peak.by_process.items() if pid not in others]
        return Use(node, work_mem, multiplier, workers, max(above), sum(above) + grown, _spilled(connection) - spilled)


def _others(connection: psycopg.Connection) -> set[int]:
    """Processes that are neither this backend nor its workers."""
    query = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
    known = {int(row[0]) for row in connection.execute(query)}
    row = connection.execute("SELECT pg_read_file('postmaster.pid')").fetchone()
    assert row is not None
    return known | {int(str(row[0]).split("\n", 1)[0])}


def _spilled(connection: psycopg.Connection) -> int:
    connection.execute("SELECT pg_stat_force_next_flush()")
    row = connection.execute("SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()").fetchone()
    assert row is not None
    return int(row[0])
