"""One B-tree for two: where one begins with the keys of one and holds those of the other, an expert takes that one.

The search counts cost, and a smaller index is always read a little faster; a person also counts indexes. So of two
chosen ones the first is given up where the second begins with its keys, or both for a third, if that takes fewer bytes
and no query gets noticeably dearer.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from pgtune.indexes.candidate import Candidate
from pgtune.indexes.costs import Costs
from pgtune.indexes.pool import Item
from pgtune.model.design import Index, Name

NOTICED = 0.05  # of a query's cost with the set as it was: what it may cost more
GIVEN_UP = 0.001  # of the workload's cost as it is: what all of it together may cost more


@dataclass(slots=True)
class Joined:
    """`costs` are asked for what is not known of a set that would take fewer bytes, until the time is `over`."""

    costs: Costs
    items: Sequence[Item]
    over: Callable[[], bool]

    def instead(self, chosen: int) -> int:
        """The set with one index for two wherever that does."""
        if self.over():
            return chosen
        left = GIVEN_UP * sum(item.weight * self.costs.base(item) for item in self.items)
        most = {item.number: self.costs.exact(item, chosen) * (1 + NOTICED) for item in self.items}
        pool, useful = self.costs.pool, self._useful()
        for new, gone in swaps(pool.candidates, chosen):
            if gone & ~chosen or new & ~useful or pool.size(new & ~chosen) >= pool.size(gone):
                continue
            if self.over():
                break
            other = chosen & ~gone | new
            lost = self._lost(chosen, other, most)
            if lost is not None and lost <= left:
                chosen, left = other, left - max(lost, 0.0)
        return chosen

    def _useful(self) -> int:
        """Every index that some plan uses: the others are not asked for."""
        found = 0
        for item in self.items:
            for known in self.costs.known[item.number]:
                found |= known.used
        return found

    def _lost(self, chosen: int, other: int, most: Mapping[int, float]) -> float | None:
        """What the workload costs more with the other set, None if a query would cost more than its most."""
        lost, gone = 0.0, chosen & ~other
        for item in self.items:
            if not item.relevant & gone:
                continue
            before = self.costs.exact(item, chosen)
            if self.costs.used(item, chosen) & gone:
                after = self.costs.exact(item, other)
                if after > most[item.number]:
                    return None
                lost += item.weight * (after - before)
        return lost


def swaps(candidates: Sequence[Candidate], chosen: int) -> Iterator[tuple[int, int]]:
    """What may stand for what, as bits: (put in, taken out), table by table."""
    tables: dict[Name, list[int]] = {}
    for number, each in enumerate(candidates):
        if _plain(each.index):
            tables.setdefault(each.index.table, []).append(number)
    for numbers in tables.values():
        ours = [number for number in numbers if chosen >> number & 1]
        others = [number for number in numbers if not chosen >> number & 1]
        for first, second in permutations(ours, 2):
            one, other = candidates[first].index, candidates[second].index
            if _begins(other, one):
                yield 0, 1 << first
            for number in others:
                third = candidates[number].index
                if _begins(third, one) and set(other.keys) <= set(third.keys):
                    yield 1 << number, 1 << first | 1 << second


def _plain(index: Index) -> bool:
    return index.method == "btree" and not index.where and not index.include


def _begins(long: Index, short: Index) -> bool:
    return long.keys[: len(short.keys)] == short.keys and len(long.keys) > len(short.keys)
