"""Known plans as a model, and a chosen set in it: no planner is asked here, everything is arithmetic on bits.

Every query has configurations: a set of candidates and the cost of its plan if they are there. A chosen set costs each
query the cheapest configuration it contains, and the write tax of its members.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pgtune.indexes.pool import bits

TINY = 1e-9  # of a workload's cost: what is rounding


class Offer(NamedTuple):
    """A plan of a query that uses candidates: those of the fewest plans come first in `rarest`."""

    query: int
    used: int
    cost: float
    rarest: list[int]


@dataclass(slots=True)
class Model:
    """`plans` of each query as (set, cost), the cheapest first, with the empty set last; `weights` as many.

    `sizes` in bytes and `taxes` in cost are by candidate. `bundles` are the sets of all plans, `holding` those that a
    candidate is in, the `served` its queries, each with the plans that use it. `budget` None: all the storage; `most`
    None: any number.
    """

    plans: Sequence[Sequence[tuple[int, float]]]
    weights: Sequence[float]
    sizes: Sequence[int]
    taxes: Sequence[float]
    budget: int | None = None
    most: int | None = None
    over: Callable[[], bool] = lambda: False
    served: dict[int, dict[int, list[Offer]]] = field(default_factory=dict)
    bundles: list[int] = field(default_factory=list)
    holding: dict[int, list[int]] = field(default_factory=dict)
    untaxed: bool = False
    least: float = 0.0  # a gain that is none

    def __post_init__(self) -> None:
        self.bundles = list(dict.fromkeys(used for plans in self.plans for used, _cost in plans if used))
        for bundle in self.bundles:
            for number in bits(bundle):
                self.holding.setdefault(number, []).append(bundle)
        for query, plans in enumerate(self.plans):
            for used, cost in plans:
                offer = Offer(query, used, cost, sorted(bits(used), key=lambda each: (len(self.holding[each]), each)))
                for number in offer.rarest:
                    self.served.setdefault(number, {}).setdefault(query, []).append(offer)
        self.untaxed = not any(self.taxes)
        self.least = TINY * self.total(0)

    def plan(self, query: int, chosen: int) -> tuple[int, float]:
        """The cheapest plan of the query that the set allows: what it uses and its cost."""
        missing = ~chosen
        return next(plan for plan in self.plans[query] if not plan[0] & missing)

    def cost(self, query: int, chosen: int) -> float:
        """What the query costs with this set."""
        return self.plan(query, chosen)[1]

    def total(self, chosen: int) -> float:
        """What the whole workload costs with this set."""
        costs = sum(weight * self.cost(query, chosen) for query, weight in enumerate(self.weights))
        return costs + self.tax(chosen)

    def tax(self, chosen: int) -> float:
        """The write tax of the set."""
        return 0.0 if self.untaxed else sum(self.taxes[number] for number in bits(chosen))

    def size(self, chosen: int) -> int:
        """Bytes of the set."""
        sizes, total = self.sizes, 0
        while chosen:
            lowest = chosen & -chosen
            total += sizes[lowest.bit_length() - 1]
            chosen ^= lowest
        return total

    def fits(self, chosen: int) -> bool:
        """True if the set keeps to budget and number."""
        return self.keeps(self.size(chosen) if self.budget is not None else 0, chosen)

    def keeps(self, size: int, chosen: int) -> bool:
        """True if the set, which takes `size` bytes, keeps to budget and number."""
        within = self.budget is None or size <= self.budget
        return within and (self.most is None or chosen.bit_count() <= self.most)

    def queries(self, numbers: Iterable[int]) -> list[int]:
        """The queries that one of these candidates can matter to."""
        return list(dict.fromkeys(query for number in numbers for query in self.served.get(number, ())))


@dataclass(slots=True)
class State:
    """A chosen set, its size in bytes, and each query's plan under it.

    By candidate: `using`, the queries whose plan uses it, and `waiting`, plans that it is missing from. A plan that
    misses several waits at one of them: so a set is looked at for the few plans that wait at its members.
    """

    model: Model
    chosen: int = 0
    size: int = 0
    plans: list[tuple[int, float]] = field(default_factory=list)
    using: dict[int, dict[int, None]] = field(default_factory=dict)
    waiting: dict[int, list[Offer]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model, chosen = self.model, self.chosen
        self.chosen, self.plans = 0, [model.plan(query, 0) for query in range(len(model.plans))]
        self.using = {number: {} for number in model.served}
        for number, queries in model.served.items():
            self.waiting[number] = [each for offers in queries.values() for each in offers if each.rarest[0] == number]
        self.become(chosen)

    @property
    def total(self) -> float:
        """What the whole workload costs."""
        model = self.model
        costs = sum(weight * cost for weight, (_used, cost) in zip(model.weights, self.plans, strict=True))
        return costs + model.tax(self.chosen)

    def gain(self, chosen: int) -> float:
        """What going over to that set would save."""
        model, missing, after = self.model, ~chosen, dict[int, float]()
        added, removed = chosen & ~self.chosen, self.chosen & missing
        for number in bits(removed):
            for query in self.using.get(number, ()):
                after[query] = model.cost(query, chosen)
        for number in bits(added):
            for query, used, cost, _rarest in self.waiting.get(number, ()):
                if not used & missing and cost < after.get(query, self.plans[query][1]):
                    after[query] = cost
        saved = model.tax(removed) - model.tax(added)
        for query, cost in after.items():
            saved += model.weights[query] * (self.plans[query][1] - cost)
        return saved

    def become(self, chosen: int) -> None:
        """Go over to that set."""
        self.size = self.size_of(chosen)
        for number in bits(self.chosen & ~chosen):
            self._lose(number)
        added, self.chosen = chosen & ~self.chosen, chosen
        for number in bits(added):
            waiting, self.waiting[number] = self.waiting.get(number, []), []
            for offer in waiting:
                self._offer(offer)

    def _lose(self, number: int) -> None:
        """Take a candidate out: plans that were complete wait for it, queries take the next best."""
        ready = self.chosen
        self.chosen ^= 1 << number
        for offers in self.model.served.get(number, {}).values():
            self.waiting[number] += [each for each in offers if not each.used & ~ready]
        for query in list(self.using.get(number, ())):
            self._take(query, self.model.plan(query, self.chosen))

    def _offer(self, offer: Offer) -> None:
        """Take the plan if nothing is missing and it is better, else let it wait."""
        missing = offer.used & ~self.chosen
        if missing:
            self.waiting[next(each for each in offer.rarest if missing >> each & 1)].append(offer)
        elif offer.cost < self.plans[offer.query][1]:
            self._take(offer.query, (offer.used, offer.cost))

    def _take(self, query: int, plan: tuple[int, float]) -> None:
        """Let this be the query's plan."""
        for number in bits(self.plans[query][0]):
            del self.using[number][query]
        for number in bits(plan[0]):
            self.using[number][query] = None
        self.plans[query] = plan

    def raised(self, added: int) -> list[int]:
        """The sets that may bring more a byte than before, now that `added` is among the chosen.

        They hold some of it, or complete a plan that needs some of it and is better than what its query has. Whatever
        else has changed brings less.
        """
        model, found = self.model, dict[int, None]()
        for number in bits(added):
            found.update(dict.fromkeys(model.holding.get(number, ())))
            for query, offers in model.served.get(number, {}).items():
                for offer in offers:
                    if offer.cost >= self.plans[query][1]:
                        break
                    missing = offer.used & ~self.chosen
                    first = next(each for each in offer.rarest if missing >> each & 1)
                    found.update((each, None) for each in model.holding[first] if not missing & ~each)
        return list(found)

    def size_of(self, chosen: int) -> int:
        """Bytes of that set, by what differs from this one."""
        return self.size + self.model.size(chosen & ~self.chosen) - self.model.size(self.chosen & ~chosen)

    def fits(self, chosen: int) -> bool:
        """True if that set keeps to budget and number."""
        return self.model.keeps(self.size_of(chosen) if self.model.budget is not None else 0, chosen)
