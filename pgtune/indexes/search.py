"""The search for a set of indexes among known plans: no planner is asked here, everything is arithmetic on bits.

Every query has configurations: a set of candidates and the cost of its plan if they are there. A chosen set costs each
query the cheapest configuration it contains, and the write tax of its members.
"""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pgtune.indexes.pool import bits

TINY = 1e-9
EXCHANGES = 50  # promising moves tried in one pass of exchange
PASSES = 3
BEHIND = 1.01  # a set that is so much dearer before it is filled up is given up


@dataclass(slots=True)
class Model:
    """`plans` of each query as (set, cost), the cheapest first, with the empty set last; `weights` as many.

    `sizes` in bytes and `taxes` in cost are by candidate, and so are `touched`, the queries that can use it. `served`
    is by query, and there by candidate: the plans that use it. `bundles` are the sets of all plans, `holding` those
    that a candidate is in. `budget` None: all the storage; `most` None: any number.
    """

    plans: Sequence[Sequence[tuple[int, float]]]
    weights: Sequence[float]
    sizes: Sequence[int]
    taxes: Sequence[float]
    budget: int | None = None
    most: int | None = None
    over: Callable[[], bool] = lambda: False
    touched: dict[int, list[int]] = field(default_factory=dict)
    served: list[dict[int, list[tuple[int, float]]]] = field(default_factory=list)
    bundles: list[int] = field(default_factory=list)
    holding: dict[int, list[int]] = field(default_factory=dict)
    least: float = 0.0  # a gain that is none

    def __post_init__(self) -> None:
        self.served = [{} for _query in self.plans]
        for query, plans in enumerate(self.plans):
            for plan in plans:
                for number in bits(plan[0]):
                    self.served[query].setdefault(number, []).append(plan)
            for number in self.served[query]:
                self.touched.setdefault(number, []).append(query)
        self.bundles = list(dict.fromkeys(used for plans in self.plans for used, _cost in plans if used))
        for bundle in self.bundles:
            for number in bits(bundle):
                self.holding.setdefault(number, []).append(bundle)
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
        return sum(self.taxes[number] for number in bits(chosen))

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
        return list(dict.fromkeys(query for number in numbers for query in self.touched.get(number, ())))


@dataclass(slots=True)
class State:
    """A chosen set, its size in bytes, and each query's plan under it.

    By candidate: `using`, the queries whose plan uses it, and `better`, those that have better plans which do.
    """

    model: Model
    chosen: int = 0
    size: int = 0
    plans: list[tuple[int, float]] = field(default_factory=list)
    using: dict[int, dict[int, None]] = field(default_factory=dict)
    better: dict[int, dict[int, list[tuple[int, float]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        model = self.model
        self.size = model.size(self.chosen)
        self.using, self.better = ({number: {} for number in model.touched} for _each in range(2))
        self.plans = [(0, math.inf)] * len(model.plans)
        for query in range(len(model.plans)):
            self._take(query, model.plan(query, self.chosen))

    def _take(self, query: int, plan: tuple[int, float]) -> None:
        """Let this be the query's plan."""
        for number in bits(self.plans[query][0]):
            del self.using[number][query]
        for number in bits(plan[0]):
            self.using[number][query] = None
        self.plans[query] = plan
        for number, plans in self.model.served[query].items():
            if plans[0][1] < plan[1]:
                self.better[number][query] = plans
            else:
                self.better[number].pop(query, None)

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
            for query, plans in self.better.get(number, {}).items():
                most = after.get(query, self.plans[query][1])
                for used, cost in plans:
                    if cost >= most:
                        break
                    if not used & missing:
                        after[query] = cost
                        break
        saved = sum(model.weights[query] * (self.plans[query][1] - cost) for query, cost in after.items())
        return saved - model.tax(added) + model.tax(removed)

    def become(self, chosen: int) -> None:
        """Go over to that set."""
        changed = bits(self.chosen ^ chosen)
        self.size = self.size_of(chosen)
        self.chosen = chosen
        for query in self.model.queries(changed):
            plan = self.model.plan(query, chosen)
            if plan is not self.plans[query]:
                self._take(query, plan)

    def raised(self, added: int) -> list[int]:
        """The sets that may bring more a byte than before, now that `added` is among the chosen.

        They hold some of it, or complete a plan that needs some of it and is better than what its query has. Whatever
        else has changed brings less.
        """
        holding, found = self.model.holding, dict[int, None]()
        for number in bits(added):
            found.update(dict.fromkeys(holding.get(number, ())))
            for query, plans in self.better.get(number, {}).items():
                for used, cost in plans:
                    if cost >= self.plans[query][1]:
                        break
                    missing = used & ~self.chosen
                    lowest = (missing & -missing).bit_length() - 1
                    found.update((each, None) for each in holding[lowest] if not missing & ~each)
        return list(found)

    def size_of(self, chosen: int) -> int:
        """Bytes of that set, by what differs from this one."""
        return self.size + self.model.size(chosen & ~self.chosen) - self.model.size(self.chosen & ~chosen)

    def fits(self, chosen: int) -> bool:
        """True if that set keeps to budget and number."""
        return self.model.keeps(self.size_of(chosen) if self.model.budget is not None else 0, chosen)


Score = Callable[[float, int], float]


def by_byte(gain: float, size: int) -> float:
    """Most gain a byte."""
    return gain / max(size, 1)


def by_gain(gain: float, _size: int) -> float:
    """Most gain."""
    return gain


def between(gain: float, size: int) -> float:
    """Half way: a big index may be worth it if nothing else is left to buy."""
    return gain / math.sqrt(max(size, 1))


def fill(state: State, score: Score = by_byte) -> None:
    """Add the set of some plan that scores best until nothing fits or helps.

    What may score better than before is reckoned anew at once, what may score worse when it is at the heap's top.
    """
    model = state.model
    current = {bundle: entry for bundle in model.bundles if (entry := _entry(state, bundle, score))}
    heap = list(current.values())
    heapq.heapify(heap)
    while heap and not model.over():
        stale = heapq.heappop(heap)
        if current.get(stale[1]) is not stale:  # reckoned anew meanwhile
            continue
        fresh = _entry(state, stale[1], score)
        if fresh is None:
            del current[stale[1]]
            continue
        if heap and fresh > heap[0]:
            current[stale[1]] = fresh
            heapq.heappush(heap, fresh)
            continue
        added = stale[1] & ~state.chosen
        state.become(state.chosen | added)
        for other in state.raised(added):
            if (entry := _entry(state, other, score)) and entry != current.get(other):
                current[other] = entry
                heapq.heappush(heap, entry)


def _entry(state: State, bundle: int, score: Score) -> tuple[float, int] | None:
    model, chosen = state.model, state.chosen | bundle
    size = model.size(chosen ^ state.chosen)
    if chosen == state.chosen or not model.keeps(state.size + size, chosen):
        return None
    gain = state.gain(chosen)
    return (-score(gain, size), bundle) if gain > model.least else None


def prune(state: State) -> None:
    """Take out what does not help, the biggest first."""
    for number in sorted(bits(state.chosen), key=lambda each: -state.model.sizes[each]):
        less = state.chosen & ~(1 << number)
        if state.gain(less) >= 0:
            state.become(less)


def shrink(state: State, kept: int = 0, score: Score = by_byte, worst: float = float("inf")) -> bool:
    """Take out what loses least until the set fits; `kept` stays. False: it got dearer than `worst` on the way."""
    total = state.total
    losses = Losses(state, score, state.chosen & ~kept)
    while not state.fits(state.chosen):
        least = losses.least()
        if least is None or total > worst:
            return False
        total += losses.forgone(least)
        losses.take(least)
    return state.total <= worst


@dataclass(slots=True)
class Losses:
    """What each index of a state's set brings, by a score; of two that bring the same the first candidate comes first.

    What is taken out makes others bring less only if they stood in one plan with it: those are reckoned anew at once.
    Others that share a query with it may bring more, which is reckoned when it is their turn.
    """

    state: State
    score: Score
    among: int
    _current: dict[int, float] = field(default_factory=dict)
    _heap: list[tuple[float, int]] = field(default_factory=list)
    _doubtful: int = 0

    def __post_init__(self) -> None:
        self._current = {number: self._loss(number) for number in bits(self.among)}
        self._heap = [(loss, number) for number, loss in self._current.items()]
        heapq.heapify(self._heap)

    def least(self) -> int | None:
        """The index that brings least, None if none is left."""
        heap = self._heap
        while heap:
            loss, number = heap[0]
            if self._current.get(number) != loss:
                heapq.heappop(heap)
            elif self._doubtful >> number & 1:
                self._reckon(number)
            else:
                return number
        return None

    def take(self, number: int) -> None:
        """Take it out of the set."""
        state, together = self.state, 0
        del self._current[number]
        for query in state.using.get(number, ()):
            together |= state.plans[query][0]
        state.become(state.chosen & ~(1 << number))
        for query in state.model.touched.get(number, ()):
            self._doubtful |= state.plans[query][0]
        for other in bits(together):
            if other in self._current:
                self._reckon(other)

    def _reckon(self, number: int) -> None:
        self._doubtful &= ~(1 << number)
        if (loss := self._loss(number)) != self._current[number]:
            self._current[number] = loss
            heapq.heappush(self._heap, (loss, number))

    def forgone(self, number: int) -> float:
        """What the set loses without it, in cost."""
        return -self.state.gain(self.state.chosen & ~(1 << number))

    def _loss(self, number: int) -> float:
        return self.score(self.forgone(number), self.state.model.sizes[number])


def exchange(state: State) -> bool:
    """Put in a plan's set that is not there, take out what then loses least, fill up: kept where that is better."""
    changed = False
    for bundle in _promising(state):
        if state.model.over():
            break
        before, total = state.chosen, state.total
        state.become(before | bundle)
        if shrink(state, kept=bundle, worst=total * BEHIND) and _cheaper(state, total):
            prune(state)
            changed = True
        else:
            state.become(before)
    return changed


def _cheaper(state: State, total: float) -> bool:
    """True if it costs less than `total`, at least when what was freed is filled up."""
    if state.total >= total * (1 - TINY):
        fill(state)
    return state.total < total * (1 - TINY)


def _promising(state: State) -> Sequence[int]:
    """Sets not yet there, by what they would save if there were room."""
    gains = [(state.gain(state.chosen | bundle), bundle) for bundle in state.model.bundles if bundle & ~state.chosen]
    best = sorted((entry for entry in gains if entry[0] > 0), key=lambda entry: -entry[0])
    return [bundle for _gain, bundle in best[:EXCHANGES]]


def best_set(model: Model, starts: Iterable[int] = (), *, careful: bool = True) -> int:
    """The best set found from several starts: filled by three scores, shrunk from everything, and those given.

    `careful`: exchanges are tried as well, which brings it to the optimum or near it, and takes ten times as long.
    """
    found = [_filled(model, score) for score in (by_byte, between, by_gain)]
    found += [_shrunk(model, score) for score in (by_byte, between)]
    found += [State(model, start) for start in starts if model.fits(start)]
    state = min(found, key=lambda each: each.total)
    for _pass in range(PASSES if careful else 0):
        if not exchange(state):
            break
    prune(state)
    return state.chosen


def _filled(model: Model, score: Score) -> State:
    state = State(model)
    fill(state, score)
    prune(state)
    return state


def _shrunk(model: Model, score: Score) -> State:
    everything = 0
    for plans in model.plans:
        everything |= plans[0][0]
    state = State(model, everything)
    prune(state)
    shrink(state, score=score)
    fill(state)
    return state
