"""The advice really built on the server with the data: what it costs, how big it is, how long the queries run."""

import contextlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import psycopg
from psycopg import sql

from pgtune.model.design import Index

TIMEOUT_S = 180  # a query without indexes may run for hours; it is cut off, and counted with this


@dataclass(frozen=True, slots=True)
class Built:
    """By query: the planner's cost and the median of the warm runs in seconds (empty if none were wanted)."""

    costs: Mapping[str, float]
    seconds: Mapping[str, float] = field(default_factory=dict)
    size_bytes: int = 0
    indexes: int = 0

    @property
    def cost(self) -> float:
        """All queries once."""
        return sum(self.costs.values())


def measured(conninfo: str, queries: Mapping[str, str], runs: int) -> Built:
    """The database as it is now."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        costs = {name: _cost(connection, text) for name, text in queries.items()}
        seconds = {name: _seconds(connection, text, runs) for name, text in queries.items()} if runs else {}
    return Built(costs, seconds)


def with_indexes(conninfo: str, queries: Mapping[str, str], indexes: Sequence[Index], runs: int) -> Built:
    """The same with these indexes, which are removed again."""
    names = [sql.Identifier(index.table.schema, index.name) for index in indexes]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'")
        try:
            for index in indexes:
                connection.execute(index.ddl().encode())
            size = sum(_size(connection, name) for name in names)
            found = measured(conninfo, queries, runs)
        finally:
            for name in names:
                connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(name))
    return Built(found.costs, found.seconds, size, len(names))


def _size(connection: psycopg.Connection, name: sql.Identifier) -> int:
    row = connection.execute("SELECT pg_relation_size(%s::regclass)", (name.as_string(connection),)).fetchone()
    assert row is not None
    return int(row[0])


def _cost(connection: psycopg.Connection, text: str) -> float:
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
    assert row is not None
    return float(row[0][0]["Plan"]["Total Cost"])


def _seconds(connection: psycopg.Connection, text: str, runs: int) -> float:
    """The median of the runs after one that warms up; one that is cut off is not repeated."""
    connection.execute(f"SET statement_timeout = '{TIMEOUT_S}s'".encode())
    times: list[float] = []
    for _run in range(runs + 1):
        begin = time.perf_counter()
        with contextlib.suppress(psycopg.errors.QueryCanceled):
            connection.execute(text.encode()).fetchall()
        times.append(time.perf_counter() - begin)
        if times[-1] >= TIMEOUT_S:
            return float(TIMEOUT_S)
    return median(times[1:] or times)
