"""The memory of a server's own processes: a backend before and after work, and the processes that always run."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from benchmarks.measure.processes import Memory, family, memory
from pgtune.cluster import Cluster

TABLES = 200  # a middling application schema; each with a primary key, so 400 relations in the backend's caches
BUFFERS = "512MB"


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend's memory after each kind of work."""

    trivial: Memory
    after_tables: Memory
    after_buffers: Memory


def backend(cluster: Cluster) -> Backend:
    """Measure one backend: after `SELECT 1`, after touching 200 tables, after reading every shared buffer."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as setup:
        for number in range(TABLES):
            setup.execute(f"CREATE TABLE touched_{number} (id int PRIMARY KEY, a text, b numeric, c timestamptz)")
        setup.execute("CREATE TABLE wide AS SELECT repeat('x', 1000) AS filler FROM generate_series(1, 450000)")
        setup.execute("VACUUM wide")
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        pid = connection.info.backend_pid
        connection.execute("SELECT 1")
        trivial = memory(pid)
        for number in range(TABLES):
            connection.execute(f"SELECT count(*) FROM touched_{number} WHERE id = 1 AND a = 'x'")
        after_tables = memory(pid)
    # pg_prewarm reads first: a sequential scan that has to read stays in a ring of 256 kB, one that
    # hits touches all pages.
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        connection.execute("SET max_parallel_workers_per_gather = 0")
        connection.execute("CREATE EXTENSION IF NOT EXISTS pg_prewarm")
        connection.execute("SELECT pg_prewarm('wide', 'buffer')")
        connection.execute("SELECT sum(length(filler)) FROM wide")
        return Backend(trivial, after_tables, memory(connection.info.backend_pid))


def fixed(cluster: Cluster) -> dict[str, int]:
    """Private bytes of each process that runs without any client, by what the server calls it."""
    with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pid, backend_type FROM pg_stat_activity WHERE backend_type <> 'client backend'"
        ).fetchall()
    named: dict[int, str] = {int(pid): str(kind) for pid, kind in found}
    result: dict[str, int] = {}
    for pid in family(cluster.pid or 0):
        name = named.get(pid, "postmaster" if pid == cluster.pid else "other")
        if pid in named or pid == cluster.pid:
            result[name] = result.get(name, 0) + memory(pid).private
    return result


@contextmanager
def running(cluster: Cluster) -> Iterator[Cluster]:
    """The cluster started with enough buffers to show what page tables cost, and stopped in the end."""
    cluster.configure({"shared_buffers": BUFFERS, "autovacuum_naptime": "1h"})
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.stop()
