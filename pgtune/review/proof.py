"""What an index would do for one query: proven by a what-if on the twin, never guessed."""

from dataclasses import dataclass

from pgtune.indexes.advice import IndexRecommendation, Limits, StatisticsAdvice
from pgtune.indexes.advise import World, advise
from pgtune.snapshot.snapshot import Snapshot
from pgtune.workload.entry import Entry
from pgtune.workload.gather import Gathering

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
    return Proof(advice.cost_before, advice.cost_after, advice.recommendations, advice.statistics)
