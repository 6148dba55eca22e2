"""What advice on partitions consists of. Costs are the planner's units, times each statement's weight."""

from collections.abc import Callable
from dataclasses import dataclass

from pgtune.model.design import Name, Scheme
from pgtune.model.units import GB, MB


def never() -> bool:
    """The deadline of a run that has none."""
    return False


@dataclass(frozen=True, slots=True)
class Limits:
    """When a table may be partitioned at all.

    A table below `least_bytes` is left alone: PostgreSQL's own rule of thumb is that partitions pay when a table
    exceeds the server's memory (documentation 5.12.1), and 10 GB is what the smallest servers of today have.
    `least_part` and `most` cap how many partitions there may be: planning without pruning took 1 ms with 12, 14 ms with
    100 and 73 to 166 ms with 500 partitions in a fresh session (measured, PostgreSQL 15). `gain` is the share of the
    cost of all statements on the table that must be saved, `loss` how much of what some save others may lose.
    """

    least_bytes: int = 10 * GB
    least_part: int = 256 * MB
    most: int = 100
    gain: float = 0.1
    loss: float = 0.25
    over: Callable[[], bool] = never


@dataclass(frozen=True, slots=True)
class Effect:
    """A statement on the table: its cost today and on the partitioned table, planning of partitions included.

    `scanned` is how many partitions its plan reads; `dropped`: a retention delete that becomes DROP TABLE.
    """

    text: str
    fingerprint: str
    origin: str
    weight: float
    cost_before: float
    cost_after: float
    scanned: int
    dropped: bool = False

    @property
    def saved(self) -> float:
        """What it saves, times weight; negative if it gets dearer."""
        return self.weight * (self.cost_before - self.cost_after)


@dataclass(frozen=True, slots=True)
class Retention:
    """How long rows live: `interval` as PostgreSQL writes it ('90 days'), empty where the workload does not say."""

    interval: str
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Partitioning:
    """A table to partition. `period` in words ('month', '10000000 ids'), empty for list and hash.

    `script` migrates it online, run by psql; `online` is False where writes have to wait while it copies.
    `upkeep` says how partitions come and go later, `partman` is the same as configuration of pg_partman (empty where
    it has none), `consequences` is what changes for keys, foreign keys and statements.
    """

    scheme: Scheme
    period: str
    size_bytes: int
    cost_before: float
    cost_after: float
    queries: tuple[Effect, ...]
    why: str
    consequences: tuple[str, ...]
    upkeep: tuple[str, ...]
    script: str
    partman: str = ""

    @property
    def table(self) -> Name:
        """The table."""
        return self.scheme.table


@dataclass(frozen=True, slots=True)
class Declined:
    """A big table that stays as it is, and why."""

    table: Name
    why: str


@dataclass(frozen=True, slots=True)
class PartitionAdvice:
    """The whole answer, the greatest saving first."""

    partitionings: tuple[Partitioning, ...] = ()
    declined: tuple[Declined, ...] = ()
    planner_calls: int = 0
