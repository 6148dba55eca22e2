"""Which new indexes to give up because a query took longer with them than without any of them, as measured.

A planner takes the cheapest plan by its estimates; where these are far off, an index that serves other queries makes
this one slower. What is given up for it is what the workload, as measured, can nearly do without.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median
from typing import Generic, Protocol, TypeVar

from pgtune.indexes.advice import WORST
from pgtune.indexes.trusted import NEAR

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


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Indexes, and the query they are given up for: its milliseconds without any, with all, and without these.

    `others` is how much longer all other queries take for it, times their weight, as a share of the workload's time;
    `kept` where that is too much, so that the indexes stay and the query with them: then it is at least that.
    """

    indexes: tuple[str, ...]
    query: str
    before: float
    after: float
    without: float
    others: float
    kept: bool = False


@dataclass(slots=True)
class Release(Generic[Each]):
    """Frees queries from indexes. `now` is how each runs with what is left of `indexes`.

    `measure` runs a query while the planner does not see these of them; it may cut it off after so many milliseconds,
    which are known to be too many then. `needed` are not given up for anything: queries that nobody has run rest on
    them.
    """

    indexes: frozenset[str]
    trials: dict[str, Trial]
    now: dict[str, Each]
    measure: Callable[[str, frozenset[str], float], Each]
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
        runs = [(self._run(key, self.gone), self._run(key, self.indexes)) for _turn in range(TURNS)]
        self.now[key] = sorted((after for after, _before in runs), key=lambda ran: ran.ms)[TURNS // 2]
        self.trials[key] = Trial(self.trials[key].weight, median(before.ms for _after, before in runs))
        return self._slow(key)

    def _free(self, key: str, most: float) -> None:
        """Give up what makes it slow, if all others together can do without.

        Another query that would be slower for it than without any index is freed too. One that would lose too much
        keeps what its plan uses of that, and something else is looked for.
        """
        group, stay, more, refused = [key], self.needed, self.indexes, list[GivenUp]()
        while more:
            gone, freed = self._given_back(*self._all_of(group, stay))
            if any(self._slows(each, ran) for each, ran in freed.items()):
                break
            others, spoiled = self._others(freed, gone, most)
            now = self.now | freed | others
            given = self._given(key, gone, now, kept=bool(spoiled) or self._total(now) > most)
            if not given.kept:
                self.gone, self.now = gone, now
                self.found += [given] if given.indexes else []  # with none it was slow by chance
                return
            if spoiled and self._total(now) + self._gained(spoiled, now) <= most:  # as if it were freed
                group.append(spoiled)
            else:
                refused.append(given)
                dear = spoiled or max(sorted(now), key=lambda each: self._gained(each) - self._gained(each, now))
                more = self.now[dear].indexes & gone
                stay |= more
        self.found += sorted(refused, key=lambda each: each.others)[:1]

    def _given(self, key: str, gone: frozenset[str], now: Mapping[str, Each], *, kept: bool) -> GivenUp:
        more = sum(self._gained(each) - self._gained(each, now) for each in now if each != key)
        share = more / max(self._total(self.now), 1e-9)
        names, before = tuple(sorted(gone - self.gone)), self.trials[key].before
        return GivenUp(names, key, before, self.now[key].ms, now[key].ms, share, kept)

    def _all_of(self, group: Sequence[str], stay: frozenset[str]) -> tuple[frozenset[str], dict[str, Each]]:
        """All indexes that these queries would use, one after the other is gone, and how they run without."""
        gone, freed = self.gone, {each: self.now[each] for each in group}
        while used := frozenset(name for ran in freed.values() for name in ran.indexes & self.indexes - gone) - stay:
            gone |= used
            freed = {each: self._run(each, gone) for each in group}
        return gone, freed

    def _given_back(self, gone: frozenset[str], freed: dict[str, Each]) -> tuple[frozenset[str], dict[str, Each]]:
        """Which of these indexes must be gone so that none of the queries is slow, and how they run then.

        The others are given back, what is worth most first: as long as no query is slow with it, and once more if
        another was given back after one was.
        """
        tried = set[frozenset[str]]()
        while left := [name for name in gone - self.gone if gone - {name} not in tried]:
            less = gone - {max(sorted(left), key=self._worth)}
            tried.add(less)
            found = dict[str, Each]()
            for each in freed:
                found[each] = self._carefully(each, less)
                if self._slows(each, found[each]):
                    break
            else:
                gone, freed = less, found
        return gone, freed

    def _worth(self, name: str) -> float:
        """What the queries that use it have gained so far, whatever they would do without it."""
        return sum(self._gained(key) for key, ran in self.now.items() if name in ran.indexes)

    def _others(self, freed: dict[str, Each], gone: frozenset[str], most: float) -> tuple[dict[str, Each], str]:
        """The other queries that used any of these, as they run without, those that gained most first.

        Once they are known to take too long together, or one is slower than without any, no more are run; which one.
        """
        users = [key for key, ran in self.now.items() if key not in freed and ran.indexes & (gone - self.gone)]
        found: dict[str, Each] = {}
        for key in sorted(users, key=self._gained, reverse=True):
            if (left := most - self._total(self.now | freed | found)) < 0:
                break
            found[key] = self._carefully(key, gone, left)
            if self._slows(key, found[key]) and _slower(found[key].ms, self.now[key].ms):
                return found, key
        return found, ""

    def _carefully(self, key: str, without: frozenset[str], left: float = inf) -> Each:
        """Once more if it seems slow, for it may be by chance, unless it is by far."""
        ran = self._run(key, without, left)
        if not self._slows(key, ran) or ran.ms > ENOUGH * self.trials[key].before:
            return ran
        return min(ran, self._run(key, without, left), key=lambda each: each.ms)

    def _run(self, key: str, without: frozenset[str], left: float = inf) -> Each:
        """No longer than it takes to see that it is slow, or that all take more than is `left` for them together."""
        weight, before, now = self.trials[key].weight, self.trials[key].before, self.now[key].ms
        return self.measure(key, without, min(ENOUGH * max(before, now), now + left / max(weight, 1e-9)))

    def _slows(self, key: str, ran: Each) -> bool:
        """Whether it is slower with what it uses of the indexes; with none it is as it was, whatever it took now."""
        return bool(ran.indexes & self.indexes) and _slower(ran.ms, self.trials[key].before)

    def _gained(self, key: str, now: Mapping[str, Each] | None = None) -> float:
        return self.trials[key].weight * (self.trials[key].before - (now or self.now)[key].ms)

    def _total(self, ran: Mapping[str, Ran]) -> float:
        return sum(self.trials[key].weight * each.ms for key, each in ran.items())


def _slower(ms: float, before: float) -> bool:
    return ms > WORST * before and ms - before > NOISE_MS
