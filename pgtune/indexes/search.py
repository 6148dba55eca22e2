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

    `sizes` in bytes and `taxes` in cost are by candidate, and so are `touched`, the queries that can use it, and
    `serving`, the plans (query, set, cost) that do. `budget` None: all the storage; `most` None: any number.
    """

    plans: Sequence[Sequence[tuple[int, float]]]
    weights: Sequence[float]
    sizes: Sequence[int]
    taxes: Sequence[float]
    budget: int | None = None
    most: int | None = None
    over: Callable[[], bool] = lambda: False
    touched: dict[int, list[int]] = field(default_factory=dict)
    serving: dict[int, list[tuple[int, int, float]]] = field(default_factory=dict)
    bundles: list[int] = field(default_factory=list)
    least: float = 0.0  # a gain that is none

    def __post_init__(self) -> None:
        found: dict[int, dict[int, None]] = {}
        sets: dict[int, None] = {}
        for query, plans in enumerate(self.plans):
            for used, cost in plans:
                if used:
                    sets[used] = None
                for number in bits(used):
                    found.setdefault(number, {})[query] = None
                    self.serving.setdefault(number, []).append((query, used, cost))
        self.touched = {number: list(queries) for number, queries in found.items()}
        self.bundles = list(sets)
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
        return costs + sum(self.taxes[number] for number in bits(chosen))

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

    def sets(self, numbers: Iterable[int]) -> list[int]:
        """The sets of all plans of the queries that one of these candidates can matter to."""
        near = (used for query in self.queries(numbers) for used, _cost in self.plans[query] if used)
        return list(dict.fromkeys(near))

    def companions(self, number: int) -> list[int]:
        """The candidates that share a query with this one, itself among them."""
        return list(dict.fromkeys(other for used in self.sets((number,)) for other in bits(used)))


@dataclass(slots=True)
class State:
    """A chosen set, its size in bytes, and each query's plan under it."""

    model: Model
    chosen: int = 0
    size: int = 0
    plans: list[tuple[int, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.size = self.model.size(self.chosen)
        self.plans = [self.model.plan(query, self.chosen) for query in range(len(self.model.plans))]

    @property
    def total(self) -> float:
        """What the whole workload costs."""
        model = self.model
        costs = sum(weight * cost for weight, (_used, cost) in zip(model.weights, self.plans, strict=True))
        return costs + sum(model.taxes[number] for number in bits(self.chosen))

    def gain(self, chosen: int) -> float:
        """What going over to that set would save."""
        model, missing, after = self.model, ~chosen, dict[int, float]()
        added, removed = list(bits(chosen & ~self.chosen)), list(bits(self.chosen & missing))
        for number in removed:
            for query in model.touched.get(number, ()):
                if self.plans[query][0] & missing:
                    after[query] = model.cost(query, chosen)
        for number in added:
            for query, used, cost in model.serving.get(number, ()):
                if not used & missing and cost < after.get(query, self.plans[query][1]):
                    after[query] = cost
        saved = sum(model.weights[query] * (self.plans[query][1] - cost) for query, cost in after.items())
        return saved - sum(model.taxes[each] for each in added) + sum(model.taxes[each] for each in removed)

    def become(self, chosen: int) -> None:
        """Go over to that set."""
        changed = list(bits(self.chosen ^ chosen))
        self.size = self.size_of(chosen)
        self.chosen = chosen
        for query in self.model.queries(changed):
            self.plans[query] = self.model.plan(query, chosen)

    def size_of(self, chosen: int) -> int:
        """Bytes of that set, by what differs from this one."""
        return self.size + self.model.size(chosen & ~self.chosen) - self.model.size(self.chosen & ~chosen)

    def fits(self, chosen: int) -> bool:
        """True if that set keeps to budget and number."""
        return self.model.keeps(self.size_of(chosen) if self.model.budget is not None else 0, chosen)

    def copy(self) -> "State":
        """One that can be changed for itself."""
        other = State.__new__(State)
        other.model, other.chosen, other.size, other.plans = self.model, self.chosen, self.size, list(self.plans)
        return other


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
    """Add the set of some plan that scores best until nothing fits or helps; only the heap's top is reckoned anew."""
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
            continue
        if heap and fresh > heap[0]:
            current[stale[1]] = fresh
            heapq.heappush(heap, fresh)
            continue
        added = stale[1] & ~state.chosen
        state.become(state.chosen | added)
        for other in model.sets(bits(added)):  # what shares a query may be worth more together than alone
            if (entry := _entry(state, other, score)) and entry != current.get(other):
                current[other] = entry
                heapq.heappush(heap, entry)


def _entry(state: State, bundle: int, score: Score) -> tuple[float, int] | None:
    chosen = state.chosen | bundle
    if chosen == state.chosen or not state.fits(chosen):
        return None
    gain = state.gain(chosen)
    if gain <= state.model.least:
        return None
    return -score(gain, state.model.size(chosen & ~state.chosen)), bundle


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

    What is taken out changes it only for indexes that share a query with it, so those alone are reckoned anew.
    """

    state: State
    score: Score
    among: int
    _current: dict[int, float] = field(default_factory=dict)
    _heap: list[tuple[float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._current = {number: self._loss(number) for number in bits(self.among)}
        self._heap = [(loss, number) for number, loss in self._current.items()]
        heapq.heapify(self._heap)

    def least(self) -> int | None:
        """The index that brings least, None if none is left."""
        heap = self._heap
        while heap and self._current.get(heap[0][1]) != heap[0][0]:
            heapq.heappop(heap)
        return heap[0][1] if heap else None

    def take(self, number: int) -> None:
        """Take it out of the set."""
        model = self.state.model
        del self._current[number]
        self.state.become(self.state.chosen & ~(1 << number))
        for other in model.companions(number):
            if other in self._current and (loss := self._loss(other)) != self._current[other]:
                self._current[other] = loss
                heapq.heappush(self._heap, (loss, other))

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
        other = state.copy()
        other.become(other.chosen | bundle)
        if not shrink(other, kept=bundle, worst=state.total * BEHIND):
            continue
        if other.total < state.total * (1 - TINY) or _refilled(other, state):
            prune(other)
            state.become(other.chosen)
            changed = True
    return changed


def _refilled(other: State, state: State) -> bool:
    """Fill up what was freed."""
    fill(other)
    return other.total < state.total * (1 - TINY)


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
