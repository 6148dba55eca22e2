"""The search for a set of indexes among known plans, which asks no planner."""

import heapq
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pgtune.indexes.chosen import TINY, Model, State
from pgtune.indexes.pool import bits

EXCHANGES = 50  # promising moves tried in one pass of exchange
PASSES = 3
BEHIND = 1.01  # a set that is so much dearer before it is filled up is given up

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
        for query in state.model.served.get(number, ()):
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
