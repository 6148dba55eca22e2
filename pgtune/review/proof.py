"""What an index would do for one query: proven by a what-if on the twin, never guessed."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pgtune.guide import Guide
from pgtune.indexes.advice import IndexRecommendation, Limits, StatisticsAdvice
from pgtune.indexes.advise import World, advise
from pgtune.indexes.facts import Facts, TableFacts
from pgtune.model.design import Design, Index
from pgtune.partitions.advice import Partitioning
from pgtune.partitions.propose import Proposer
from pgtune.plans.rules.scans import SELECTIVE
from pgtune.review.lean import CLEARLY, Tried, compared
from pgtune.snapshot.snapshot import Snapshot
from pgtune.sqltext.analysis import shape
from pgtune.workload.catalog import Tables
from pgtune.workload.entry import Entry
from pgtune.workload.gather import Gathering
from pgtune.workload.statement import Statement


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
    found = {each.index: each for each in advice.recommendations}
    tried = Tried(advice.cost_after, lambda indexes: _cost(workload.statements, world, indexes))
    lean = tried.lean(tuple(found), compared(workload.statements, snapshot))
    indexes = tuple(_with(found[old], new, world.size_of(new)) for old, new in lean.items())
    return Proof(advice.cost_before, _cost(workload.statements, world, lean.values()), indexes, advice.statistics)


def divide(entry: Entry, snapshot: Snapshot | None, world: World, guide: Guide) -> Partitioning | None:
    """The partition scheme that makes this query clearly cheaper, of a table that is big enough; None if none does."""
    if snapshot is None:
        return None
    tables = Tables.of(snapshot)
    proposer = Proposer(snapshot, world.plan, lambda each: shape(each.text, tables.under(each.search_path)), guide)
    found = proposer.advise(Gathering(snapshot).add([entry]).workload().statements).partitionings
    won = [each for each in found if each.cost_after * CLEARLY <= each.cost_before]
    return won[0] if won else None


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


def _cost(statements: Sequence[Statement], world: World, indexes: Collection[Index]) -> float:
    """The cost of the statements with these indexes, each weighted as the advisor weighs it."""
    design = Design(frozenset(indexes))
    return sum(
        each.weight * share * world.plan(query, design).cost for each in statements for query, share in each.queries()
    )
