"""Which new indexes to give up because a query took longer with them than without any of them, as measured.

A planner takes the cheapest plan by its estimates; where these are far off, an index that serves other queries makes
this one slower. What is given up for it is what the workload, as measured, can nearly do without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Generic

from pgtune.indexes.timing import Each, Timing

MAY_LOSE = 0.25  # of what the workload gains with all the indexes: it keeps the better part in any case


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


def allowed(timing: Timing[Each], may_lose: float) -> float:
    """Milliseconds that all queries may take if so much may be lost of what they gain now; with 1 as many as they will.

    Measured twice, they may take longer with next to no indexes than without.
    """
    gain = max(sum(map(timing.gained, timing.now)), 0)
    return timing.total(timing.now) + may_lose * gain if may_lose < 1 else inf


def unhelped(timing: Timing[Each], found: Sequence[GivenUp]) -> list[str]:
    """The queries that are slower, and nothing is told of them."""
    told = {each.query for each in found}
    return [key for key in timing.slower() if key not in told]


@dataclass(slots=True)
class Release(Generic[Each]):
    """Frees queries from indexes. `needed` are not given up for anything: queries that nobody has run rest on them.

    `may_lose` is the share of what the workload gains with all the indexes that may be lost so that no query is slower;
    with 1 nothing is too much.
    """

    timing: Timing[Each]
    may_lose: float = MAY_LOSE
    needed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()
    found: list[GivenUp] = field(default_factory=list)

    def run(self) -> list[GivenUp]:
        """What is given up for which query, those that lose most first; after each, what stays slow is looked at again.

        That a query is slow is seen once, in turn with the indexes and without.
        """
        most, seen = allowed(self.timing, self.may_lose), set[str]()
        while key := next((each for each in self.timing.slower() if each not in seen), ""):
            seen.add(key)
            if self.timing.confirmed(key, self.gone):
                seen = set() if self._free(key, most) else seen
        return self.found

    def _free(self, key: str, most: float) -> bool:
        """Give up what makes it slow if all together then take no more than `most`; whether anything is.

        Another query that would be slower for it than without any index is freed too. One that would lose too much
        keeps what its plan uses of that, and something else is looked for.
        """
        timing, refused = self.timing, list[GivenUp]()
        group, stay, more = [key], self.needed, self.timing.indexes
        while more:
            gone, freed = self._given_back(*self._all_of(group, stay))
            if any(timing.slows(each, ran) for each, ran in freed.items()):
                break
            others, spoiled = self._others(freed, gone, most)
            now = timing.now | freed | others
            given = self._given(key, gone, now, kept=bool(spoiled) or timing.total(now) > most)
            if not given.kept:
                found, self.gone, timing.now = gone - self.gone, gone, now
                self._tell(key, [given] if found else [])  # with none it was slow by chance
                return bool(found)
            if spoiled and timing.total(now) + timing.gained(spoiled, now) <= most:  # as if it were freed
                group.append(spoiled)
            else:
                refused.append(given)
                dear = spoiled or max(sorted(now), key=lambda each: timing.gained(each) - timing.gained(each, now))
                more = timing.now[dear].indexes & gone
                stay |= more
        self._tell(key, sorted(refused, key=lambda each: each.others)[:1])
        return False

    def _tell(self, key: str, given: Sequence[GivenUp]) -> None:
        """In place of what was told of the query when less was given up."""
        self.found[:] = [*(each for each in self.found if each.query != key or not each.kept), *given]

    def _given(self, key: str, gone: frozenset[str], now: Mapping[str, Each], *, kept: bool) -> GivenUp:
        timing = self.timing
        more = sum(timing.gained(each) - timing.gained(each, now) for each in now if each != key)
        share, names = more / max(timing.total(timing.now), 1e-9), tuple(sorted(gone - self.gone))
        return GivenUp(names, key, timing.trials[key].before, timing.now[key].ms, now[key].ms, share, kept)

    def _all_of(self, group: Sequence[str], stay: frozenset[str]) -> tuple[frozenset[str], dict[str, Each]]:
        """All indexes that these queries would use, one after the other is gone, and how they run without."""
        gone, freed = self.gone, {each: self.timing.now[each] for each in group}
        own = self.timing.indexes - stay
        while used := frozenset(name for ran in freed.values() for name in ran.indexes & own - gone):
            gone |= used
            freed = {each: self.timing.run(each, gone) for each in group}
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
                found[each] = self.timing.carefully(each, less)
                if self.timing.slows(each, found[each]):
                    break
            else:
                gone, freed = less, found
        return gone, freed

    def _worth(self, name: str) -> float:
        """What the queries that use it have gained so far, whatever they would do without it."""
        return sum(self.timing.gained(key) for key, ran in self.timing.now.items() if name in ran.indexes)

    def _others(self, freed: dict[str, Each], gone: frozenset[str], most: float) -> tuple[dict[str, Each], str]:
        """The other queries that used any of these, as they run without, those that gained most first.

        Once they are known to take too long together, or one is slower than without any, no more are run; which one.
        """
        timing, found = self.timing, dict[str, Each]()
        users = [key for key, ran in timing.now.items() if key not in freed and ran.indexes & (gone - self.gone)]
        for key in sorted(users, key=timing.gained, reverse=True):
            if (left := most - timing.total(timing.now | freed | found)) < 0:
                break
            found[key] = timing.carefully(key, gone, left)
            if timing.spoils(key, found[key]):
                return found, key
        return found, ""
