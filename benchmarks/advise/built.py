"""The advice really built on the server with the data: what it costs, how big it is, how long the queries run.

Each query whose plan changes runs with and without the indexes in turn, in one session, so that both meet the same
machine: without means that pg_index calls them invalid meanwhile, which hides them from the planner and nothing else.
Then indexes are given up for queries that are slower with them, as `--prove` does it.
"""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

import psycopg
from psycopg import sql

from pgtune.indexes.slowed import Release
from pgtune.indexes.timing import Timing, Trial
from pgtune.model.design import Index
from pgtune.plans.parse import plan_of

TIMEOUT_S = 180.0  # a query without indexes may run for hours; it is cut off, and counted with this
LONG_S = 30  # a run that takes longer is not repeated: the machine's noise is small beside it


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of the runs of one query; one that was cut off counts TIMEOUT_S."""

    without: tuple[float, ...]
    with_them: tuple[float, ...]

    @property
    def ratio(self) -> float:
        """Time with over time without, by the medians."""
        return median(self.with_them) / median(self.without)

    @property
    def text(self) -> str:
        """Both medians with their spread."""
        return f"{_spread(self.without)} to {_spread(self.with_them)}"


@dataclass(frozen=True, slots=True)
class Ran:
    """A run as `Release` takes it: milliseconds, and the indexes that the plan used."""

    ms: float
    indexes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Built:
    """By query: the planner's cost, and the runs of those whose plan changed.

    `released` is what is given up for those that are slower, and how all then run.
    """

    costs: Mapping[str, float]
    size_bytes: int = 0
    timed: Mapping[str, Timed] = field(default_factory=dict)
    released: Release[Ran] | None = None

    @property
    def cost(self) -> float:
        """All queries once."""
        return sum(self.costs.values())


def planned(conninfo: str, queries: Mapping[str, str]) -> Built:
    """The database as it is now."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return Built({name: _plan(connection, text)[0] for name, text in queries.items()})


def with_indexes(conninfo: str, queries: Mapping[str, str], indexes: Sequence[Index], runs: int) -> Built:
    """The same with these indexes, which are removed again; `runs` of each query whose plan they change."""
    names = [sql.Identifier(index.table.schema, index.name) for index in indexes]
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'")
        try:
            for index in indexes:
                connection.execute(index.ddl().encode())
            size = sum(_size(connection, name) for name in names)
            plans = {name: _plan(connection, text) for name, text in queries.items()}
            own = {index.name for index in indexes}
            changed = [name for name, (_cost, used) in plans.items() if used & own] if runs else []
            timed = {name: _turns(connection, name, queries[name], indexes, runs) for name in changed}
            released = _released(connection, queries, indexes, timed, plans) if timed else None
        finally:
            for name in names:
                connection.execute(sql.SQL("DROP INDEX IF EXISTS {}").format(name))
    return Built({name: cost for name, (cost, _used) in plans.items()}, size, timed, released)


def _released(
    connection: psycopg.Connection, queries: Mapping[str, str], indexes: Sequence[Index], timed: Mapping[str, Timed],
    plans: Mapping[str, tuple[float, set[str]]],
) -> Release[Ran]:  # fmt: skip
    """Give up what makes queries slower, as --prove does; of two runs the second counts."""
    by_name = {index.name: index for index in indexes}

    def plan(name: str, without: frozenset[str]) -> str:
        with _hidden(connection, [by_name[each] for each in sorted(without)]):
            return str(connection.execute(f"EXPLAIN {queries[name]}".encode()).fetchall())

    def measure(name: str, without: frozenset[str], most_ms: float) -> Ran:
        most = most_ms / 1000 + 1
        with _hidden(connection, [by_name[each] for each in sorted(without)]):
            used = frozenset(_plan(connection, queries[name])[1])
            seconds = _seconds(connection, queries[name], most)
            if seconds < min(most, LONG_S):
                seconds = _seconds(connection, queries[name], most)
        print(f"  {name} without {len(without)}: {seconds:.2f} s", file=sys.stderr)
        return Ran(seconds * 1000, used)

    trials = {name: Trial(1.0, median(each.without) * 1000) for name, each in timed.items()}
    now = {name: Ran(median(each.with_them) * 1000, frozenset(plans[name][1])) for name, each in timed.items()}
    release = Release(Timing(frozenset(by_name), trials, now, plan, measure))
    release.run()
    return release


def _turns(connection: psycopg.Connection, name: str, text: str, indexes: Sequence[Index], runs: int) -> Timed:
    """The query with and without the indexes in turn, each once more in the beginning to warm up."""
    found: tuple[list[float], list[float]] = ([], [])
    for _run in range(runs + 1):
        for times, hidden in zip(found, (True, False), strict=True):
            if not times or times[-1] < LONG_S:
                with _hidden(connection, indexes if hidden else ()):
                    times.append(_seconds(connection, text))
    timed = Timed(*(tuple(each[1:] or each) for each in found))
    print(f"  {name}: {timed.text} s ({timed.ratio:.2f})", file=sys.stderr)
    return timed


@contextmanager
def _hidden(connection: psycopg.Connection, indexes: Sequence[Index]) -> Iterator[None]:
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


def _size(connection: psycopg.Connection, name: sql.Identifier) -> int:
    row = connection.execute("SELECT pg_relation_size(%s::regclass)", (name.as_string(connection),)).fetchone()
    assert row is not None
    return int(row[0])


def _plan(connection: psycopg.Connection, text: str) -> tuple[float, set[str]]:
    """The cost of a query and the indexes that it uses."""
    row = connection.execute(f"EXPLAIN (FORMAT JSON) {text}".encode()).fetchone()
    assert row is not None
    plan = plan_of(row[0])
    return plan.cost, set(plan.indexes)


def _seconds(connection: psycopg.Connection, text: str, most: float = TIMEOUT_S) -> float:
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


def _spread(seconds: Sequence[float]) -> str:
    whole = f"{median(seconds):.2f}"
    return f"{whole} ({min(seconds):.2f}-{max(seconds):.2f})" if len(seconds) > 1 else whole
