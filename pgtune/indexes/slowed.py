"""Which new indexes to give up because a query took longer with them than without any of them, as measured.

A planner takes the cheapest plan by its estimates; where these are far off, an index that serves other queries makes
this one slower. What is given up for it is what the workload, as measured, can nearly do without.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, Protocol, TypeVar

from pgtune.indexes.advice import WORST
from pgtune.indexes.trusted import NEAR

NOISE_MS = 1.0  # a query is not slower by less
TURNS = 3  # runs with and without the indexes before a query is taken for slower
MOST = 3  # indexes that are given up together for one query: each step runs it once for every index that it uses


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


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Indexes, and the query they are given up for: its milliseconds without any, with all, and without these.

    `others` is how much longer all other queries take for it, times their weight, as a share of the workload's time;
    `kept` where that is too much, so that the indexes stay and the query with them: then it is at least that; or where
    another query, `spoiled`, would then be slower than without any.
    """

    indexes: tuple[str, ...]
    query: str
    before: float
    after: float
    without: float
    others: float
    kept: bool = False
    spoiled: str = ""


@dataclass(slots=True)
class Release(Generic[Each]):
    """Frees queries from indexes. `now` is how each runs with what is left of `indexes`.

    `measure` runs a query while the planner does not see these of them. `needed` are not given up for anything: queries
    that nobody has run rest on them.
    """

    indexes: frozenset[str]
    trials: dict[str, Trial]
    now: dict[str, Each]
    measure: Callable[[str, frozenset[str]], Each]
    needed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    found: list[GivenUp] = field(default_factory=list)

    def run(self) -> list[GivenUp]:
        """What is given up for which query, those that lose most first."""
        most = self._total(self.now) * (1 + NEAR)
        seen = set[str]()
        while slow := [key for key in self.trials if key not in seen and self._slow(key)]:
            key = max(slow, key=lambda each: self.trials[each].weight * (self.now[each].ms - self.trials[each].before))
            seen.add(key)
            if self._confirmed(key):
                self._free(key, most)
        return self.found

    def unhelped(self) -> list[str]:
        """The queries that are slower still, and of which `found` says nothing."""
        told = {each.query for each in self.found}
        return [key for key in self.trials if key not in told and self._slow(key)]

    def _slow(self, key: str) -> bool:
        return _slower(self.now[key].ms, self.trials[key].before)

    def _confirmed(self, key: str) -> bool:
        """Run it both ways in turn, for it may have been slow by chance: the median of each counts from now on."""
        runs = [(self.measure(key, self.gone), self.measure(key, self.indexes)) for _turn in range(TURNS)]
        self.now[key] = sorted((after for after, _before in runs), key=lambda ran: ran.ms)[TURNS // 2]
        self.trials[key] = Trial(self.trials[key].weight, median(before.ms for _after, before in runs))
        return self._slow(key)

    def _free(self, key: str, most: float) -> None:
        """Give up what makes it slow, if all others together can do without."""
        total, best = self._total(self.now), None
        for names, ran in self._ways(key):
            others, spoiled = self._without(key, names, most)
            changed = {**self.now, **others, key: ran}
            share = (self._total(others) - self._total({each: self.now[each] for each in others})) / max(total, 1e-9)
            kept = bool(spoiled) or self._total(changed) > most
            before, after = self.trials[key].before, self.now[key].ms
            found = GivenUp(tuple(sorted(names)), key, before, after, ran.ms, share, kept, spoiled)
            if not kept:
                self.gone, self.now = self.gone | names, changed
                self.found.append(found)
                return
            best = min(best or found, found, key=lambda each: each.others)
        if best is not None:
            self.found.append(best)

    def _ways(self, key: str) -> Iterator[tuple[frozenset[str], Each]]:
        """Sets of indexes without which the query is not slow: single ones, those that matter least to others first.

        Then several, each of which leaves it faster than another would. With none of them in its plan it is what it
        was, whatever a busy machine makes of that.
        """
        gone, ran = frozenset[str](), self.now[key]
        while len(gone) < MOST and (used := (ran.indexes & self.indexes) - self.needed):
            tried = {name: self.measure(key, self.gone | gone | {name}) for name in sorted(used)}
            before = self.trials[key].before
            free = [n for n, each in tried.items() if not (each.indexes & self.indexes and _slower(each.ms, before))]
            yield from ((gone | {name}, tried[name]) for name in sorted(free, key=self._worth))
            name = min(tried, key=lambda each: tried[each].ms)
            gone, ran = gone | {name}, tried[name]

    def _worth(self, name: str) -> float:
        """What the queries that use it have gained so far, whatever they would do without it."""
        return sum(self._gained(key) for key, ran in self.now.items() if name in ran.indexes)

    def _without(self, key: str, names: frozenset[str], most: float) -> tuple[dict[str, Each], str]:
        """The other queries that use any of these, as they run without, those that gained most first.

        Once they are known to take too long together, or one is slower than without any, no more are run; which one.
        """
        users = [each for each, ran in self.now.items() if each != key and ran.indexes & names]
        found: dict[str, Each] = {}
        for each in sorted(users, key=self._gained, reverse=True):
            if self._total({**self.now, **found}) - self.trials[key].weight * self.now[key].ms > most:
                break
            found[each] = self._carefully(each, self.gone | names)
            if self._spoiled(each, found[each]):
                return found, each
        return found, ""

    def _carefully(self, key: str, without: frozenset[str]) -> Each:
        """Once more if it seems spoiled, for it may be by chance."""
        ran = self.measure(key, without)
        return min(ran, self.measure(key, without), key=lambda each: each.ms) if self._spoiled(key, ran) else ran

    def _spoiled(self, key: str, ran: Each) -> bool:
        """Whether it is slower than without any, and slower than now."""
        return _slower(ran.ms, self.trials[key].before) and _slower(ran.ms, self.now[key].ms)

    def _gained(self, key: str) -> float:
        return self.trials[key].weight * (self.trials[key].before - self.now[key].ms)

    def _total(self, ran: Mapping[str, Ran]) -> float:
        return sum(self.trials[key].weight * each.ms for key, each in ran.items())


def _slower(ms: float, before: float) -> bool:
    return ms > WORST * before and ms - before > NOISE_MS
