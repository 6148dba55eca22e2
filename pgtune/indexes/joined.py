"""One B-tree for two: where one begins with the keys of one and holds those of the other, an expert takes that one.

The search counts cost, and a smaller index is always read a little faster; a person also counts indexes. So of two
chosen ones the first is given up where the second begins with its keys, or both for a third, if that takes fewer bytes
and no query gets noticeably dearer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from pgtune.indexes.candidate import Candidate
from pgtune.indexes.costs import Costs
from pgtune.indexes.pool import Item, bits
from pgtune.model.design import Index

NOTICED = 0.05  # of a query's cost: what it may cost more
GIVEN_UP = 0.002  # of the workload's cost as it is: what all of it together may cost more


@dataclass(slots=True)
class Joined:
    """`costs` are asked for what is not known of a set that would take fewer bytes."""

    costs: Costs
    items: Sequence[Item]

    def instead(self, chosen: int) -> int:
        """The set with one index for two wherever that does."""
        left = GIVEN_UP * sum(item.weight * self.costs.base(item) for item in self.items)
        pool, useful = self.costs.pool, self._useful()
        for new, gone in swaps(pool.candidates, chosen):
            other = chosen & ~gone | new
            if gone & ~chosen or new & ~useful or pool.size(other) >= pool.size(chosen):
                continue
            lost = self._lost(chosen, other)
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

    def _lost(self, chosen: int, other: int) -> float | None:
        """What the workload costs more with the other set, None if some query's share of that would be noticed."""
        lost, gone = 0.0, chosen & ~other
        for item in self.items:
            before = self.costs.exact(item, chosen)
            if self.costs.used(item, chosen) & gone:
                after = self.costs.exact(item, other)
                if after > before * (1 + NOTICED):
                    return None
                lost += item.weight * (after - before)
        return lost


def swaps(candidates: Sequence[Candidate], chosen: int) -> Iterator[tuple[int, int]]:
    """What may stand for what, as bits: (put in, taken out)."""
    plain = [number for number, each in enumerate(candidates) if _plain(each.index)]
    ours = [number for number in bits(chosen) if _plain(candidates[number].index)]
    for first, second in permutations(ours, 2):
        one, other = candidates[first].index, candidates[second].index
        if one.table != other.table:
            continue
        if _begins(other, one):
            yield 0, 1 << first
        for number in plain:
            third = candidates[number].index
            if not chosen >> number & 1 and _begins(third, one) and set(other.keys) <= set(third.keys):
                yield 1 << number, 1 << first | 1 << second


def _plain(index: Index) -> bool:
    return index.method == "btree" and not index.where and not index.include


def _begins(long: Index, short: Index) -> bool:
    return long.table == short.table and long.keys[: len(short.keys)] == short.keys and len(long.keys) > len(short.keys)
