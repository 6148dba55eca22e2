"""Among sets of nearly the same cost, one that makes no query dearer if its joins return as many rows as they may.

Where they do, the planner expects far too few rows (composite.py), and looks up each of the many in an index that was
advised for other queries. Such indexes are given up if the workload can nearly do without them; else the set stays as
it is, the query and its risk are named as a doubt, and `--prove` shows what it really takes.

What nearly is, NEAR, was looked for on the sets of `python -m benchmarks.advise tpcds --predict --budgets 250`: of 20
queries at risk 2 are left with 0.05 and none with 0.1, which makes the workload's cost .612 in place of .573. Without a
budget only what is next to free is given up, ALL: whoever pays for all storage gets what it can bring.
"""

from dataclasses import dataclass, field

from pgtune.indexes import composite
from pgtune.indexes.chosen import Model
from pgtune.indexes.costs import Known
from pgtune.indexes.facts import Facts
from pgtune.indexes.pool import Item, bits
from pgtune.indexes.search import best_set
from pgtune.indexes.selection import Selection

NEAR = 0.1  # of the workload's cost with the best set within a budget: what it may cost more to be trusted
ALL = 0.002  # the same without a budget
ROUNDS = 24  # queries that are freed of their risk, or found too dear to be


@dataclass(slots=True)
class Trust:
    """Looks at the queries' plans under a set. `limit`: how many times dearer one may become."""

    selection: Selection
    facts: Facts
    limit: float
    _reckonings: dict[tuple[int, int], tuple[float, frozenset[str]]] = field(default_factory=dict)

    def better(self, chosen: int) -> int:
        """This set, or one without indexes that risky plans rest on."""
        self._asked(chosen)
        most = self.selection.total(chosen) * (1 + (ALL if self.selection.limits.budget_bytes is None else NEAR))
        best, banned, kept = (len(self.risky(chosen)), self.selection.total(chosen), chosen), 0, set[int]()
        for _round in range(ROUNDS):
            item = next((each for each in self.risky(chosen) if each.number not in kept), None)
            if item is None or self.selection.limits.over():
                break
            culprits = self._culprits(item, chosen)
            other = self._filled(chosen & ~culprits, banned | culprits)
            if not culprits or self.selection.total(other) > most:
                kept.add(item.number)
                continue
            chosen, banned = other, banned | culprits
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

    def _culprits(self, item: Item, chosen: int) -> int:
        """Indexes without which the query is not risky any more: those that are looked into more often than planned.

        One, that which the workload misses least; or several, each of which leaves it safer than another would.
        """
        gone = 0
        while suspects := self._suspects(item, chosen & ~gone):
            found = [self._without(item, chosen & ~gone, number) for number in bits(suspects)]
            safe = [(total, number) for cost, total, number in found if cost <= self.limit * self._cost(item, 0)]
            if safe:
                return gone | 1 << min(safe)[1]
            gone |= 1 << min(found)[2]
        return 0

    def _suspects(self, item: Item, chosen: int) -> int:
        """What the risk rests on; all that the query uses where no index is to blame more than another."""
        used = self.selection.costs.used(item, chosen)
        return used & self.selection.pool.named(self._reckoned(item, chosen)[1]) or used

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

    def _without(self, item: Item, chosen: int, number: int) -> tuple[float, float, int]:
        """What the query may cost, and what the workload does, without this index."""
        less = chosen & ~(1 << number)
        self.selection.costs.exact(item, less)
        return self._cost(item, less), self.selection.total(less), number

    def _cost(self, item: Item, chosen: int) -> float:
        """What the query costs with this set if its joins return what they may."""
        return self._reckoned(item, chosen)[0]

    def _reckoned(self, item: Item, chosen: int) -> tuple[float, frozenset[str]]:
        costs, mask = self.selection.costs, chosen & item.relevant
        cheapest = costs.best(item, mask)
        if any(self._of_plan(item, each)[0] > each.cost for each in (costs.best(item, 0), cheapest)):
            costs.ask(item, mask)  # of plans that cost the same, which one it is matters now
        exact = next((each for each in costs.known[item.number] if each.available == mask), cheapest)
        return self._of_plan(item, exact)

    def _of_plan(self, item: Item, known: Known) -> tuple[float, frozenset[str]]:
        key = (item.number, known.available)
        if key not in self._reckonings:
            plain = (known.cost, frozenset[str]())
            self._reckonings[key] = plain if known.plan is None else composite.reckoned(known.plan, self.facts)
        return self._reckonings[key]
