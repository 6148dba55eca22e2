"""What one index entry costs an INSERT, in the planner's units: the source of `ENTRY` in pgtune/indexes/writes.py.

    python -m benchmarks.advise.write_tax

A unit is what reading a page in order takes when it is cached, measured on the same table. Rows come in random key
order, the worst case for a B-tree.
"""

import time

import psycopg
from tabulate import tabulate

from pgtune.cluster import Cluster, find

ROWS = 300_000
ADDED = 50_000
METHODS = {
    "none": None,
    "btree": "CREATE INDEX ON t (k)",
    "hash": "CREATE INDEX ON t USING hash (k)",
    "gin (8 elements)": "CREATE INDEX ON t USING gin (tags)",
    "gist": "CREATE INDEX ON t USING gist (span)",
    "brin": "CREATE INDEX ON t USING brin (k)",
}
FILL = """INSERT INTO t SELECT hashint8(n + {start}), int4range(n::int, n::int + 5), repeat('x', 60),
    ARRAY(SELECT hashint8(n * 8 + e) % 5000 FROM generate_series(1, 8) e) FROM generate_series(1, {rows}) n"""


def main() -> None:
    """Print microseconds and units an entry by method."""
    cluster = Cluster.throw_away(find(18))
    try:
        cluster.configure({"shared_buffers": "512MB", "autovacuum": "off", "max_wal_size": "4GB", "jit": "off"})
        cluster.start()
        with psycopg.connect(cluster.conninfo(), autocommit=True) as connection:
            print(_table(connection))
    finally:
        cluster.remove()


def _table(connection: psycopg.Connection) -> str:
    seconds = {name: _insert(connection, ddl) for name, ddl in METHODS.items()}
    unit = _unit(connection)
    lines = []
    for name, taken in seconds.items():
        entry = (taken - seconds["none"]) / ADDED
        lines.append([name, taken, entry * 1e6, entry / unit])
    return f"a unit is {unit * 1e6:.2f} us\n" + tabulate(
        lines, ["index", "s for all rows", "us an entry", "units an entry"], tablefmt="github", floatfmt=".2f"
    )


def _insert(connection: psycopg.Connection, ddl: str | None) -> float:
    connection.execute("DROP TABLE IF EXISTS t")
    connection.execute("CREATE TABLE t (k int, span int4range, filler text, tags int[])")
    connection.execute(FILL.format(start=0, rows=ROWS).encode())
    if ddl:
        connection.execute(ddl.encode())
    connection.execute("VACUUM ANALYZE t")
    begin = time.perf_counter()
    connection.execute(FILL.format(start=ROWS, rows=ADDED).encode())
    return time.perf_counter() - begin


def _unit(connection: psycopg.Connection) -> float:
    """Seconds a unit of cost takes in a plan that reads the whole table, the best of three."""
    connection.execute("VACUUM ANALYZE t")
    connection.execute("SET max_parallel_workers_per_gather = 0")
    row = connection.execute("EXPLAIN (FORMAT JSON) SELECT count(*) FROM t WHERE k > 0").fetchone()
    assert row is not None
    times = []
    for _run in range(3):
        begin = time.perf_counter()
        connection.execute("SELECT count(*) FROM t WHERE k > 0").fetchone()
        times.append(time.perf_counter() - begin)
    return min(times) / float(row[0][0]["Plan"]["Total Cost"])


if __name__ == "__main__":
    main()
