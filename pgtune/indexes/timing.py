"""How long queries take without some of the new indexes: each plan is run once, and no longer than to judge it.

An index that a plan does not use does not change it. So most sets of indexes lead to plans that were run before, and to
see which costs an EXPLAIN.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from math import inf
from statistics import median
from typing import Generic, Protocol, TypeVar

from pgtune.indexes.advice import WORST

NOISE_MS = 1.0  # a query is not slower by less
ENOUGH = 2  # times what a query took: one that takes longer does not by chance, and need not be run to its end
TURNS = 3  # runs with and without the indexes before a query is taken for slower


class Ran(Protocol):
    """One execution: milliseconds, and all indexes that its plan used."""

    @property
    def ms(self) -> float:
        """How long it took."""

    @property
    def indexes(self) -> frozenset[str]:
        """What the plan used, by name."""


Each = TypeVar("Each", bound=Ran)


@dataclass(frozen=True, slots=True)
class Trial:
    """A query: how often it is executed, and its milliseconds without any of the new indexes."""

    weight: float
    before: float


@dataclass(slots=True)
class Timing(Generic[Each]):
    """The queries' times. `now` is how each runs with what is left of `indexes`.

    `plan` tells plans of a query without these indexes apart. `measure` runs it so; it may cut it off after so many
    milliseconds, which are known to be too many then.
    """

    indexes: frozenset[str]
    trials: dict[str, Trial]
    now: dict[str, Each]
    plan: Callable[[str, frozenset[str]], Hashable]
    measure: Callable[[str, frozenset[str], float], Each]
    _known: dict[tuple[str, Hashable], tuple[Each, float]] = field(default_factory=dict)
    _sure: set[tuple[str, Hashable]] = field(default_factory=set)
    _confirmed: set[str] = field(default_factory=set)

    def slow(self, key: str) -> bool:
        """Whether it is slower now than without any of the indexes."""
        return _slower(self.now[key].ms, self.trials[key].before)

    def slows(self, key: str, ran: Each) -> bool:
        """Whether it is slower with what it uses of the indexes; with none it is as it was, whatever it took now."""
        return bool(ran.indexes & self.indexes) and _slower(ran.ms, self.trials[key].before)

    def spoils(self, key: str, ran: Each) -> bool:
        """Whether it is slower so, and slower than it is now."""
        return self.slows(key, ran) and _slower(ran.ms, self.now[key].ms)

    def slower(self) -> list[str]:
        """The queries that are, those that lose most first."""
        return sorted(filter(self.slow, self.now), key=self.gained)

    def confirmed(self, key: str, gone: frozenset[str] = frozenset()) -> bool:
        """Whether it is slow without those `gone`, and not by chance, which is seen once.

        It is run so and without any in turn; the median of each counts from now on.
        """
        if key in self._confirmed:
            return self.slow(key)
        turns = [(self._anew(key, gone), self._anew(key, self.indexes)) for _turn in range(TURNS)]
        self.now[key] = sorted((after for after, _before in turns), key=lambda ran: ran.ms)[TURNS // 2]
        self.trials[key] = Trial(self.trials[key].weight, median(before.ms for _after, before in turns))
        self._confirmed |= {key} if self.slow(key) else set()
        return self.slow(key)

    def run(self, key: str, without: frozenset[str], left: float = inf) -> Each:
        """Once for each plan, no longer than to see that it is slow, or takes more than is `left` for all queries."""
        return self._planned((key, self.plan(key, without)), without, left)

    def carefully(self, key: str, without: frozenset[str], left: float = inf) -> Each:
        """The same, once more if it seems slow, for it may be by chance, unless it is by far."""
        at = key, self.plan(key, without)
        ran = self._planned(at, without, left)
        if at in self._sure or not self.slows(key, ran) or ran.ms > ENOUGH * self.trials[key].before:
            return ran
        self._sure.add(at)
        ran = min(ran, self._anew(key, without, left), key=lambda each: each.ms)
        self._known[at] = (ran, self._known[at][1])
        return ran

    def gained(self, key: str, now: Mapping[str, Each] | None = None) -> float:
        """Milliseconds that it takes less than without the indexes, times its weight."""
        return self.trials[key].weight * (self.trials[key].before - (now or self.now)[key].ms)

    def total(self, ran: Mapping[str, Ran]) -> float:
        """Milliseconds of these queries, times their weights."""
        return sum(self.trials[key].weight * each.ms for key, each in ran.items())

    def _planned(self, at: tuple[str, Hashable], without: frozenset[str], left: float) -> Each:
        most = self._most(at[0], left)
        ran, limit = self._known.get(at, (None, 0.0))
        if ran is None or limit < ran.ms < most:  # it was cut off, and may take longer now
            ran = self.measure(at[0], without, most)
            self._known[at] = (ran, most)
        return ran

    def _anew(self, key: str, without: frozenset[str], left: float = inf) -> Each:
        return self.measure(key, without, self._most(key, left))

    def _most(self, key: str, left: float) -> float:
        before, now = self.trials[key].before, self.now[key].ms
        return min(ENOUGH * max(before, now), now + left / max(self.trials[key].weight, 1e-9))


def _slower(ms: float, before: float) -> bool:
    return ms > WORST * before and ms - before > NOISE_MS
