"""One session on the server with the data: queries planned and run, with indexes hidden from the planner or not."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import psycopg
from psycopg import sql

from pgtune.model.design import Index
from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Plan

TIMEOUT_S = 180.0  # a query without indexes may run for hours; it is cut off, and counted with this
LONG_S = 30  # a run that takes longer is not repeated: the machine's noise is small beside it


@contextmanager
def hidden(connection: psycopg.Connection, indexes: Sequence[Index]) -> Iterator[None]:
    """The planner does not see these indexes meanwhile."""
    change = (
        "WITH hidden AS (UPDATE pg_index SET indisvalid = %s FROM pg_class c WHERE c.oid = indexrelid "
        "AND relname = ANY (%s) RETURNING indrelid) "
        "UPDATE pg_class c SET relpages = c.relpages FROM hidden h WHERE c.oid = h.indrelid"
    )
    names = [index.name for index in indexes]
    connection.execute(change, (False, names))
    try:
        yield
    finally:
        connection.execute(change, (True, names))


def named(index: Index) -> sql.Identifier:
    """Its name with its schema."""
    return sql.Identifier(index.table.schema, index.name)


def create(connection: psycopg.Connection, index: Index) -> int:
    """Create it; its bytes."""
    connection.execute(index.ddl().encode())
    name = named(index).as_string(connection)
    row = connection.execute("SELECT pg_relation_size(%s::regclass)", (name,)).fetchone()
    assert row is not None
    return int(row[0])


def drop(connection: psycopg.Connection, index: Index) -> None:
    """Drop it if it is there."""
    connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(named(index)))


def plan(connection: psycopg.Connection, text: str, options: str = "") -> Plan:
    """The query's plan, by EXPLAIN with these further options."""
    row = connection.execute(f"EXPLAIN ({options}FORMAT JSON) {text}".encode()).fetchone()
    assert row is not None
    return plan_of(row[0])


def seconds(connection: psycopg.Connection, text: str, most: float = TIMEOUT_S) -> float:
    """How long one run takes; if it is cut off, as long as it may."""
    connection.execute(f"SET statement_timeout = {round(min(most, TIMEOUT_S) * 1000)}".encode())
    begin = time.perf_counter()
    try:
        connection.execute(text.encode()).fetchall()
    except psycopg.errors.QueryCanceled:
        return min(most, TIMEOUT_S)
    finally:
        connection.execute("SET statement_timeout = 0")
    return time.perf_counter() - begin
