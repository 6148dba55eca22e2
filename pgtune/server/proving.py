"""Queries run for real on a server that was named for it: read-only, timed out, rolled back, and only harmless ones.

To see what a query does without an index that the proof has made, it is dropped in the transaction that is rolled back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import psycopg
from psycopg import sql

from pgtune import resources
from pgtune.model.design import Name, Query
from pgtune.model.errors import NotAllowed, Refused
from pgtune.plans.parse import plan_of
from pgtune.plans.plan import Plan
from pgtune.server.connect import Connection, rows, translated

EXECUTED = "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "
PLANNED = "EXPLAIN (FORMAT JSON) "
COUNTED = "EXPLAIN (ANALYZE, VERBOSE, TIMING OFF, FORMAT JSON) "
PLAN_SECONDS = 10.0  # what planning alone may take
RUNS = 2  # the first warms the cache, the last counts


@dataclass(frozen=True, slots=True)
class Execution:
    """What EXPLAIN ANALYZE said: total cost, milliseconds, pages of 8 kB hit or read, rows, and the indexes used.

    Of one that was cut off, `ms` is how long it had, and there are neither pages nor rows.
    """

    cost: float
    ms: float
    buffers: int
    rows: float
    indexes: frozenset[str]
    cut_off: bool = False


def volatile(connection: Connection, functions: Sequence[tuple[str, str]]) -> list[str]:
    """Those of the functions (schema or "", name) that are volatile on this server."""
    schemas, names = [each[0] for each in functions], [each[1] for each in functions]
    found = rows(connection, resources.sql("proof/volatile"), schemas=schemas, names=names)
    return [str(row["name"]) for row in found]


def execute(connection: Connection, query: Query, seconds: float, without: Sequence[Name] = ()) -> Execution:
    """Run a query that was found to be one harmless SELECT; its parameters are bound, so nothing of them is SQL.

    It is run as if the indexes `without` were not there. After `seconds` it is cut off.

    Raises:
        Refused: the server refused it.
    """
    try:
        found = [_asked(connection, EXECUTED, query, seconds, without) for _ in range(RUNS)]
    except Refused as error:
        if isinstance(error.__cause__, psycopg.errors.QueryCanceled):
            planned = _read(_asked(connection, PLANNED, query, PLAN_SECONDS, without))
            return replace(planned, ms=seconds * 1000, cut_off=True)
        raise
    return _read(found[-1])


def plan(connection: Connection, query: Query, without: Sequence[Name] = ()) -> str:
    """The plan of a query as if the indexes `without` were not there, to tell it from another.

    Raises:
        Refused: the server refused it.
    """
    return str(_asked(connection, PLANNED, query, PLAN_SECONDS, without))


def analyzed(connection: Connection, query: Query, seconds: float) -> Plan:
    """The plan of a query with the rows that each of its nodes really had.

    Raises:
        Refused: the server refused it, or it took longer than so many seconds.
    """
    return plan_of(_asked(connection, COUNTED, query, seconds, ()))


def _asked(
    connection: Connection, explain: str, query: Query, seconds: float, without: Sequence[Name]
) -> dict[str, object]:
    path = sql.SQL(", ").join(map(sql.Identifier, query.search_path))
    with translated(), connection.transaction(force_rollback=True):
        if without:
            connection.execute("SET TRANSACTION READ WRITE")
        connection.execute(sql.SQL("SET LOCAL search_path = {}").format(path))
        connection.execute(sql.SQL("SET LOCAL statement_timeout = {}").format(round(seconds * 1000)))
        for each in without:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(each.schema, each.name)))
        connection.execute("SET TRANSACTION READ ONLY")
        cursor = psycopg.RawCursor(connection)
        answer = cursor.execute(explain + query.text, query.bindings or ()).fetchone()
    if answer is None:
        raise Refused("the server gave no plan")
    found: dict[str, object] = answer["QUERY PLAN"][0]
    return found


def _read(entry: dict[str, object]) -> Execution:
    plan = plan_of(entry)
    figures = plan.root.detail
    buffers = int(figures.get("Shared Hit Blocks", 0)) + int(figures.get("Shared Read Blocks", 0))
    ms = float(str(entry.get("Execution Time", 0)))
    return Execution(plan.cost, ms, buffers, float(figures.get("Actual Rows", 0)), plan.indexes)


def may_measure(connection: Connection) -> None:
    """See that the session is a read-only one, whatever came with the conninfo.

    Raises:
        NotAllowed: it is not.
    """
    with translated():
        found = connection.execute("SHOW default_transaction_read_only").fetchone()
    if found is None or found["default_transaction_read_only"] != "on":
        raise NotAllowed("the session for measuring is not read-only: options in the connection string undo it")
