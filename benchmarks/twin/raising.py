"""How long a twin of many tables takes to raise, and how many plans it makes a second."""

import time
from collections.abc import Iterator

import psycopg

from pgtune.cluster import Cluster, find
from pgtune.model.design import Design, Index, Key, Name, Query
from pgtune.server.capture import capture
from pgtune.twin import raised

COLUMNS = "id bigint PRIMARY KEY, a int, b text, c timestamptz DEFAULT now(), d numeric, e boolean, f jsonb, g bigint"
ROW = "n, n % 7, 'x' || n, now(), n, true, '{}', n"
ROUNDS = 3
PLANS = 2000


def run(tables: int) -> Iterator[str]:
    """A schema of so many tables, each with a key, an index, a foreign key and statistics of eight columns."""
    cluster = Cluster.throw_away(find())
    try:
        cluster.configure({"fsync": "off"})
        cluster.start()
        _fill(cluster.conninfo(), tables)
        snapshot = capture(cluster.conninfo())
        cluster.stop()
        seconds, own = [], []
        for _ in range(ROUNDS):
            began, busy = time.monotonic(), time.process_time()
            with raised(snapshot) as twin:
                seconds.append(time.monotonic() - began)
                own.append(time.process_time() - busy)
                rates = _rates(twin.plan)
        yield f"{tables} tables: raised in {min(seconds):.1f} s (best of {ROUNDS}), {min(own):.1f} s of it our own work"
        yield f"  plans a second: {rates[0]:.0f} of one design, {rates[1]:.0f} with another design each time"
    finally:
        cluster.remove()


def _fill(conninfo: str, tables: int) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        for n in range(tables):
            connection.execute(f"CREATE TABLE t{n} ({COLUMNS})".encode())
            connection.execute(f"CREATE INDEX ON t{n} (a)".encode())
            connection.execute(f"INSERT INTO t{n} SELECT {ROW} FROM generate_series(1, 20) n".encode())
            if n:
                connection.execute(f"ALTER TABLE t{n} ADD FOREIGN KEY (g) REFERENCES t{n - 1}".encode())
        connection.execute("ANALYZE")


def _rates(plan: object) -> tuple[float, float]:
    """Plans a second, without and with a change of design between two."""
    assert callable(plan)
    query = Query("SELECT * FROM t1 JOIN t0 ON t1.g = t0.id WHERE t1.a = 3")
    designs = [Design(frozenset({Index(Name("public", "t1"), (Key(column),))})) for column in "bcdg"]
    for design in designs:
        plan(query, design)
    began = time.monotonic()
    for _ in range(PLANS):
        plan(query, designs[-1])
    between = time.monotonic()
    for number in range(PLANS):
        plan(query, designs[number % len(designs)])
    return PLANS / (between - began), PLANS / (time.monotonic() - between)
