"""What an index would do for one query: proven by a what-if on the twin, never guessed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from pgtune.indexes.advice import IndexRecommendation, Limits, StatisticsAdvice
from pgtune.indexes.advise import World, advise
from pgtune.model.design import Design, Index
from pgtune.snapshot.snapshot import Snapshot
from pgtune.workload.entry import Entry
from pgtune.workload.gather import Gathering
from pgtune.workload.statement import Statement

# The planner reckons a page read at random as 1.1 to 4 pages in sequence (random_page_cost, the guide's and the
# default): what is won by less than that spread may be no gain at all.
CLEARLY = 4.0


@dataclass(frozen=True, slots=True)
class Proof:
    """The query with what the advisor would make for it: costs before and after all of it, in the planner's units."""

    cost_before: float
    cost_after: float
    indexes: tuple[IndexRecommendation, ...]
    statistics: tuple[StatisticsAdvice, ...] = ()

    @property
    def factor(self) -> float:
        """How many times cheaper it becomes."""
        return self.cost_before / max(self.cost_after, 0.01)  # 0.01: the least cost that EXPLAIN shows

    @property
    def clear(self) -> bool:
        """True if there is something to make and it wins clearly."""
        return bool(self.indexes) and self.factor >= CLEARLY


def prove(entry: Entry, snapshot: Snapshot | None, world: World, limits: Limits | None = None) -> Proof | None:
    """The advisor's answer for this query alone; None if it reads no table of the database."""
    if snapshot is None:
        return None
    workload = Gathering(snapshot).add([entry]).workload()
    if not workload.statements:
        return None
    advice = advise(
        snapshot, workload, world.plan, world.size_of, limits or Limits(max_indexes=2), prepare=world.prepare,
        planner_major=world.major,
    )  # fmt: skip
    if not advice.queries:
        return None
    made = tuple(each.index for each in advice.recommendations)
    lean = _lean(made, advice.cost_after, lambda indexes: _cost(workload.statements, world, indexes))
    indexes = tuple(map(_with, advice.recommendations, lean, map(world.size_of, lean)))
    return Proof(advice.cost_before, _cost(workload.statements, world, lean), indexes, advice.statistics)


def _with(found: IndexRecommendation, index: Index, size: int) -> IndexRecommendation:
    """The same advice for a shorter index."""
    return replace(found, index=index, size_bytes=size)


def _lean(made: tuple[Index, ...], cost: float, costs: Callable[[tuple[Index, ...]], float]) -> tuple[Index, ...]:
    """The indexes without the last columns that win nothing clearly: one query alone knows of no writes to pay for."""
    lean = list(made)
    for place, index in enumerate(made):
        for shorter in _shorter(index):
            tried = (*lean[:place], shorter, *lean[place + 1 :])
            if costs(tried) > CLEARLY * cost:
                break
            lean = list(tried)
    return tuple(lean)


def _shorter(index: Index) -> Iterator[Index]:
    if index.include:
        yield replace(index, include=())
    for length in range(len(index.keys) - 1, 0, -1):
        yield replace(index, include=(), keys=index.keys[:length])


def _cost(statements: Sequence[Statement], world: World, indexes: tuple[Index, ...]) -> float:
    """The cost of the statements with these indexes, each weighted as the advisor weighs it."""
    design = Design(frozenset(indexes))
    return sum(
        each.weight * share * world.plan(query, design).cost for each in statements for query, share in each.queries()
    )
