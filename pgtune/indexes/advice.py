"""What advice on indexes consists of: indexes to create in their order, indexes to drop or watch, statistics to make.

Costs are the planner's units, summed over the workload with each statement's weight unless a field says otherwise.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from pgtune.model.design import Index, Name

Confidence = Literal["high", "medium", "low"]
DropKind = Literal["unused", "duplicate", "prefix", "invalid"]
StatisticsKind = Literal["analyze", "extended", "expression"]

SizeOf = Callable[[Index], int]
"""The size in bytes that an index would have."""


def never() -> bool:
    """The deadline of a run that has none."""
    return False


WORST = 1.1  # times dearer, or slower, than without the advice: what one query may become for the others


@dataclass(frozen=True, slots=True)
class Limits:
    """What the advice has to keep to.

    `budget_bytes` None: all the storage it wants. `worst` is how many times dearer one query may become.
    `over` says that time is up: the answer is then what was found so far. `exact` asks for the bound under the budget,
    which takes minutes and the solver of the extra `ilp`. `only` are candidates to choose among, None: all there are;
    none is one that begins as one of those `barred`.
    """

    budget_bytes: int | None = None
    max_indexes: int | None = None
    max_columns: int = 3
    worst: float = WORST
    over: Callable[[], bool] = never
    exact: bool = False
    only: frozenset[Index] | None = None
    barred: frozenset[Index] = frozenset()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is: `step` in words, `done` of `total` (0: not known), `cost` the workload's at this moment."""

    step: str
    done: int = 0
    total: int = 0
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """A statement that an index serves: its cost of one execution today and with all of the advice."""

    text: str
    fingerprint: str
    origin: str
    weight: float
    cost_before: float
    cost_after: float


@dataclass(frozen=True, slots=True)
class IndexRecommendation:
    """An index to create.

    `cost_before` and `cost_after` are of the statements it serves, today and with all of the advice, times weight;
    `gain` is what it saves once those before it in the order are there (the gains of all add up), write tax taken off.
    `write_tax` is what the workload's and the recorded writes pay for it. `needs` are statements to run first
    (CREATE EXTENSION); `doubts` say why the confidence is not high. `script` makes it beside writers, on a partitioned
    table partition by partition.
    """

    index: Index
    cost_before: float
    cost_after: float
    gain: float
    size_bytes: int
    write_tax: float
    queries: tuple[Served, ...]
    why: str
    confidence: Confidence
    script: str
    doubts: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def table(self) -> Name:
        """The table that gets it."""
        return self.index.table


@dataclass(frozen=True, slots=True)
class Drop:
    """An index to drop, or to watch: then `ddl` is None and `why` says which evidence is missing.

    `covered_by` names what does its work; `restore` is the statement that brings it back.
    """

    index: Name
    table: Name
    kind: DropKind
    why: str
    size_bytes: int
    restore: str
    ddl: str | None = None
    covered_by: Name | None = None
    confidence: Confidence = "medium"


@dataclass(frozen=True, slots=True)
class Merge:
    """Existing indexes that one new index can stand for: created first by `script`, then the others are dropped."""

    index: Index
    script: str
    replaces: tuple[Name, ...]
    why: str
    size_before: int
    size_after: int


@dataclass(frozen=True, slots=True)
class StatisticsAdvice:
    """Statistics to make: ANALYZE, or CREATE STATISTICS for columns that depend on each other or for an expression."""

    table: Name
    kind: StatisticsKind
    columns: tuple[str, ...]
    ddl: str
    why: str
    confidence: Confidence


@dataclass(frozen=True, slots=True)
class QueryCost:
    """One statement of the workload: the cost of one execution today, with the advice, and with every candidate."""

    text: str
    fingerprint: str
    origin: str
    weight: float
    cost_before: float
    cost_after: float
    cost_bound: float
    indexes: tuple[Index, ...] = ()


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A statement that could not be planned and has no part in the advice."""

    text: str
    origin: str
    why: str


@dataclass(frozen=True, slots=True)
class Bound:
    """No choice among these candidates costs less, by the planner's model.

    `unlimited`: with all the storage. `budget`: under the budget, None if that was not computed; `proven` says that
    the program was solved to its end.
    """

    unlimited: float
    budget: float | None = None
    proven: bool = False


@dataclass(frozen=True, slots=True)
class NotWorthIt:
    """Why a table or a statement that one may wonder about gets no index."""

    table: Name
    why: str


@dataclass(frozen=True, slots=True)
class IndexAdvice:
    """The whole answer. `recommendations` stand in the order to create them in: most gain a byte first."""

    recommendations: tuple[IndexRecommendation, ...]
    drops: tuple[Drop, ...]
    merges: tuple[Merge, ...]
    statistics: tuple[StatisticsAdvice, ...]
    declined: tuple[NotWorthIt, ...]
    queries: tuple[QueryCost, ...]
    unplanned: tuple[Unplanned, ...]
    bound: Bound
    candidates: int
    planner_calls: int
    finished: bool = True

    @property
    def cost_before(self) -> float:
        """The workload's cost as it is."""
        return sum(each.weight * each.cost_before for each in self.queries)

    @property
    def cost_after(self) -> float:
        """The workload's cost with the recommended indexes."""
        return sum(each.weight * each.cost_after for each in self.queries)

    @property
    def size_bytes(self) -> int:
        """What the recommended indexes take."""
        return sum(each.size_bytes for each in self.recommendations)

    @property
    def above_bound(self) -> float:
        """How far the answer is above the unlimited bound, as a share of the bound; 0 without any cost."""
        return self.cost_after / self.bound.unlimited - 1 if self.bound.unlimited else 0.0
