"""The advice really built on the server with the data: what it costs, how big it is, how long the queries run.

Each query whose plan changes runs with and without the indexes in turn, in one session, so that both meet the same
machine: without means that pg_index calls them invalid meanwhile, which hides them from the planner and nothing else.
Then something is done for queries that are slower with them, as `--prove` does it.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import psycopg

from benchmarks.advise import session
from benchmarks.advise.mended import Means, Mended, Timed
from pgtune.model.design import Index


@dataclass(frozen=True, slots=True)
class Built:
    """By query: the planner's cost, and the runs of those whose plan changed.

    `mended` is what was done for those that are slower, and how all then run.
    """

    costs: Mapping[str, float]
    size_bytes: int = 0
    timed: Mapping[str, Timed] = field(default_factory=dict)
    mended: Mended | None = None

    @property
    def cost(self) -> float:
        """All queries once."""
        return sum(self.costs.values())


def planned(conninfo: str, queries: Mapping[str, str]) -> Built:
    """The database as it is now."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return Built({name: session.plan(connection, text).cost for name, text in queries.items()})


def with_indexes(conninfo: str, queries: Mapping[str, str], indexes: Sequence[Index], runs: int, means: Means) -> Built:
    """The same with these indexes, which are removed again; `runs` of each query whose plan they change."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '256MB'")
        mended = Mended(connection, queries, [*indexes])
        try:
            sizes = {index.name: session.create(connection, index) for index in indexes}
            plans = {name: session.plan(connection, text) for name, text in queries.items()}
            changed = [name for name, plan in plans.items() if plan.indexes & sizes.keys()] if runs else []
            timed = {name: _turns(connection, name, queries[name], indexes, runs) for name in changed}
            size = sum(sizes.values())
            if timed:
                timing = mended.timing(timed, {name: plan.indexes for name, plan in plans.items()})
                mended.run(timing, sizes, means)
        finally:
            for index in mended.made:
                session.drop(connection, index)
    return Built({name: plan.cost for name, plan in plans.items()}, size, timed, mended if timed else None)


def _turns(connection: psycopg.Connection, name: str, text: str, indexes: Sequence[Index], runs: int) -> Timed:
    """The query with and without the indexes in turn, each once more in the beginning to warm up."""
    found: tuple[list[float], list[float]] = ([], [])
    for _run in range(runs + 1):
        for times, hidden in zip(found, (True, False), strict=True):
            if not times or times[-1] < session.LONG_S:
                with session.hidden(connection, indexes if hidden else ()):
                    times.append(session.seconds(connection, text))
    timed = Timed(*(tuple(each[1:] or each) for each in found))
    print(f"  {name}: {timed.text} s ({timed.ratio:.2f})", file=sys.stderr)
    return timed
