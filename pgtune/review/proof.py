"""What an index would do for one query: proven by a what-if on the twin, never guessed."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pgtune.indexes.advice import IndexRecommendation, Limits, StatisticsAdvice
from pgtune.indexes.advise import World, advise
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.model.design import Design, Index
from pgtune.plans.rules.scans import SELECTIVE
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
    if any(_guessed(each.index, Facts(snapshot)) for each in advice.recommendations):
        return Proof(advice.cost_before, advice.cost_before, (), advice.statistics)
    made = tuple(each.index for each in advice.recommendations)
    lean = _lean(made, advice.cost_after, lambda indexes: _cost(workload.statements, world, indexes))
    found = dict(zip(made, advice.recommendations, strict=True))
    indexes = tuple(_with(found[old], new, world.size_of(new)) for old, new in lean.items())
    return Proof(advice.cost_before, _cost(workload.statements, world, lean.values()), indexes, advice.statistics)


def _guessed(index: Index, facts: Facts) -> bool:
    """True for an index on an expression whose columns have too few values: nothing but a constant says it helps."""
    table = facts.table(index.table)
    texts = [key.expression for key in index.keys if key.expression]
    return table is not None and any(few(table, text) for text in texts)


def few(table: TableFacts, expression: str) -> bool:
    """True if an expression can have but few values, for its columns do: each of them stands for a tenth or more.

    The planner takes 0.5 % for an equality with an expression of which it has no statistics (DEFAULT_EQ_SEL).
    """
    words = set(re.findall(r"\w+", expression))
    values = [table.distinct(name) for name in table.columns if name in words]
    return bool(values) and max(values) * SELECTIVE <= 1


def _with(found: IndexRecommendation, index: Index, size: int) -> IndexRecommendation:
    """The same advice for a shorter index."""
    return replace(found, index=index, size_bytes=size)


def _lean(made: Sequence[Index], cost: float, costs: Callable[[Collection[Index]], float]) -> Mapping[Index, Index]:
    """What is left of each index without what wins nothing clearly: one query alone knows of no writes to pay for."""
    lean = {index: index for index in made}
    for index in made:
        others = [each for old, each in lean.items() if old != index]
        if others and costs(others) <= CLEARLY * cost:
            del lean[index]
            continue
        for simpler in _SIMPLER:
            while (less := simpler(lean[index])) is not None and costs([*others, less]) <= CLEARLY * cost:
                lean[index] = less
    return lean


def _whole(index: Index) -> Index | None:
    return replace(index, where="") if index.where else None


def _bare(index: Index) -> Index | None:
    return replace(index, include=()) if index.include else None


def _shorter(index: Index) -> Index | None:
    return replace(index, keys=index.keys[:-1]) if len(index.keys) > 1 else None


_SIMPLER = (_whole, _bare, _shorter)


def _cost(statements: Sequence[Statement], world: World, indexes: Collection[Index]) -> float:
    """The cost of the statements with these indexes, each weighted as the advisor weighs it."""
    design = Design(frozenset(indexes))
    return sum(
        each.weight * share * world.plan(query, design).cost for each in statements for query, share in each.queries()
    )
