"""Among sets of nearly the same cost, one that makes no query dearer if joins on several columns are joins on a key.

Where that is so the planner expects far too few rows, and looks up each of the many in an index that was advised for
other queries. Such an index is given up if the workload can nearly do without it; else the set stays as it is, the
query and its risk are named as a doubt, and `--prove` shows what it really takes.

What nearly is, NEAR, was looked for with the limit taken away, on the sets of `python -m benchmarks.advise tpch
--predict` (no query at risk at 125 and 250 MB) and `tpcds --predict`. To free one query more cost at most 0.65 % of the
workload at TPC-H's other budgets, and 0.5, 1.7 and less than 0 % at 100, 250 and 500 MB of TPC-DS: a limit of 1 % would
keep one of these queries at risk, and none was freed for more than 2 %. What stayed at risk no index alone was to blame
for.
"""

from dataclasses import dataclass, field

from pgtune.indexes import composite
from pgtune.indexes.chosen import Model
from pgtune.indexes.costs import Known
from pgtune.indexes.facts import Facts
from pgtune.indexes.pool import Item, bits
from pgtune.indexes.search import best_set
from pgtune.indexes.selection import Selection

NEAR = 0.02  # of the workload's cost as it is: what a set may cost more for being trusted
ROUNDS = 4


@dataclass(slots=True)
class Trust:
    """Looks at the queries' plans under a set. `limit`: how many times dearer one may become."""

    selection: Selection
    facts: Facts
    limit: float
    _costs: dict[tuple[int, int], float] = field(default_factory=dict)

    def better(self, chosen: int) -> int:
        """This set, or one without indexes that a risky plan rests on."""
        self._asked(chosen)
        most = self.selection.total(chosen) + NEAR * self.selection.total(0)
        best, banned = (len(self.risky(chosen)), self.selection.total(chosen), chosen), 0
        for _round in range(ROUNDS):
            risky = self.risky(chosen)
            number = next((each for item in risky if (each := self._culprit(item, chosen)) is not None), None)
            if number is None or self.selection.limits.over():
                break
            banned |= 1 << number
            chosen = self._filled(chosen & ~banned, banned)
            if self.selection.total(chosen) > most:
                break
            best = min(best, (len(self.risky(chosen)), self.selection.total(chosen), chosen))
        return best[2]

    def risky(self, chosen: int) -> list[Item]:
        """The queries that this set would make dearer than allowed, the worst first."""
        times = self.risks(chosen)
        return sorted((item for item in self.selection.items if item.number in times), key=lambda i: -times[i.number])

    def risks(self, chosen: int) -> dict[int, float]:
        """By the number of each risky query, how many times dearer this set may make it."""
        times = {item.number: self._cost(item, chosen) / max(self._cost(item, 0), 1.0) for item in self.selection.items}
        return {number: much for number, much in times.items() if much > self.limit}

    def _culprit(self, item: Item, chosen: int) -> int | None:
        """The index without which the query is not risky any more, that one which the workload misses least."""
        found = []
        for number in bits(self.selection.costs.used(item, chosen)):
            less = chosen & ~(1 << number)
            self.selection.costs.exact(item, less)
            if self._cost(item, less) <= self.limit * self._cost(item, 0):
                found.append((self.selection.total(less), number))
        return min(found)[1] if found else None

    def _filled(self, chosen: int, banned: int) -> int:
        """What is best around this set without the banned ones, with its costs asked for."""
        model = self.selection.model()
        plans = [[plan for plan in plans if not plan[0] & banned] for plans in model.plans]
        less = Model(plans, model.weights, model.sizes, model.taxes, model.budget, model.most, model.over)
        found = best_set(less, (chosen,), careful=False)
        self._asked(found)
        return found

    def _asked(self, chosen: int) -> None:
        """Ask for what each query costs with the whole set, skip scans included: the search leaves those aside."""
        self.selection.pool.skipped_into(chosen)
        self.selection.ask(self.selection.items, chosen)

    def _cost(self, item: Item, chosen: int) -> float:
        """What the query costs with this set if its joins are on keys."""
        costs, mask = self.selection.costs, chosen & item.relevant
        cheapest = costs.best(item, mask)
        if any(self._reckoned(item, each) > each.cost for each in (costs.best(item, 0), cheapest)):
            costs.ask(item, mask)  # of plans that cost the same, which one it is matters now
        exact = next((each for each in costs.known[item.number] if each.available == mask), cheapest)
        return self._reckoned(item, exact)

    def _reckoned(self, item: Item, known: Known) -> float:
        key = (item.number, known.available)
        if key not in self._costs:
            self._costs[key] = known.cost if known.plan is None else composite.cost(known.plan, self.facts)
        return self._costs[key]
