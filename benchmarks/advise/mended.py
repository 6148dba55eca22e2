"""What is done for queries that are slower with the indexes, as `--prove` does it, on the server with the data."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import psycopg

from benchmarks.advise import session
from pgtune.indexes.facts import Facts
from pgtune.indexes.mending import Further, Mending
from pgtune.indexes.timing import Timing, Trial
from pgtune.indexes.tried import Trying
from pgtune.model.design import Index
from pgtune.plans.plan import Plan


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
    """A run as the rules take it: milliseconds, and the indexes that the plan used."""

    ms: float
    indexes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Means:
    """What the rules go by: the budget in bytes for other indexes, and what would be advised without some."""

    facts: Facts
    budget: int | None
    further: Further


@dataclass(slots=True)
class Mended:
    """The copy that the rules work on. `made` are all indexes that were created, dropped ones too.

    `cost` is what the planner reckons for all queries with what is left at last.
    """

    connection: psycopg.Connection
    queries: Mapping[str, str]
    made: list[Index]
    mending: Mending[Ran] = field(init=False)
    cost: float = 0.0

    def run(self, timing: Timing[Ran], sizes: Mapping[str, int], means: Means) -> None:
        """Do it."""
        by_name = {index.name: index for index in self.made}
        self.mending = Mending(Trying(timing, self, by_name, {**sizes}, means.budget), means.facts, means.further)
        self.mending.run()
        self.cost = self._cost()

    @property
    def size_bytes(self) -> int:
        """What is left at last."""
        return self.mending.trying.size

    def _cost(self) -> float:
        with session.hidden(self.connection, self._named(self.mending.trying.gone)):
            return sum(session.plan(self.connection, text).cost for text in self.queries.values())

    def timing(self, timed: Mapping[str, Timed], used: Mapping[str, frozenset[str]]) -> Timing[Ran]:
        """The queries' times so far; of two runs the second counts."""
        trials = {name: Trial(1.0, median(each.without) * 1000) for name, each in timed.items()}
        now = {name: Ran(median(each.with_them) * 1000, used[name]) for name, each in timed.items()}
        return Timing(frozenset(index.name for index in self.made), trials, now, self.plan, self.measure)

    def plan(self, key: str, without: frozenset[str]) -> str:
        """What tells a plan from another."""
        with session.hidden(self.connection, self._named(without)):
            return str(self.connection.execute(f"EXPLAIN {self.queries[key]}".encode()).fetchall())

    def measure(self, key: str, without: frozenset[str], most_ms: float) -> Ran:
        """Run it; of two runs the second counts."""
        most = most_ms / 1000 + 1
        with session.hidden(self.connection, self._named(without)):
            used = session.plan(self.connection, self.queries[key]).indexes
            seconds = session.seconds(self.connection, self.queries[key], most)
            if seconds < min(most, session.LONG_S):
                seconds = session.seconds(self.connection, self.queries[key], most)
        print(f"  {key} without {len(without)}: {seconds:.2f} s", file=sys.stderr)
        return Ran(seconds * 1000, used)

    def analyzed(self, key: str) -> Plan:
        """As EXPLAIN ANALYZE has it."""
        return session.plan(self.connection, self.queries[key], "ANALYZE, VERBOSE, TIMING OFF, ")

    def build(self, index: Index) -> int:
        """Create it."""
        self.made.append(index)
        size = session.create(self.connection, index)
        print(f"  {index.ddl()}: {size / 1e6:.1f} MB", file=sys.stderr)
        return size

    def drop(self, index: Index) -> None:
        """Drop it."""
        session.drop(self.connection, index)

    def _named(self, names: frozenset[str]) -> Sequence[Index]:
        return [index for index in self.made if index.name in names]


def _spread(seconds: Sequence[float]) -> str:
    whole = f"{median(seconds):.2f}"
    return f"{whole} ({min(seconds):.2f}-{max(seconds):.2f})" if len(seconds) > 1 else whole
