"""The candidates of a workload, each with a number, and which query each of them is relevant to.

Sets of candidates are integers, candidate n being bit n: what the selection does with them, it does a million times.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from pgtune.indexes.access import Access
from pgtune.indexes.advice import SizeOf
from pgtune.indexes.candidate import Candidate
from pgtune.indexes.relevance import Use
from pgtune.model.design import Index, Name, Query


@dataclass(slots=True)
class Item:
    """A query to plan with the weight of its cost: one binding of one statement.

    `relevant` are candidates' bits; `hidden` are existing indexes that only a newer planner would use as it does.
    """

    number: int
    statement: int
    query: Query
    weight: float
    accesses: tuple[Access, ...] = ()
    relevant: int = 0
    hidden: frozenset[Name] = frozenset()


@dataclass(slots=True)
class Pool:
    """Every candidate so far. `limit` bytes: a bigger one is not taken in, nor one that is not among `only`.

    Nor one that begins as one of those `barred` does: for most queries it is as good, and as bad.
    """

    items: Sequence[Item]
    size_of: SizeOf
    limit: int | None = None
    only: frozenset[Index] | None = None
    barred: frozenset[Index] = frozenset()
    candidates: list[Candidate] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    impossible: int = 0
    _numbers: dict[Index, int] = field(default_factory=dict)
    _by_name: dict[str, int] = field(default_factory=dict)
    _refused: set[Index] = field(default_factory=set)
    _barred: set[tuple[Name, str | None]] = field(default_factory=set)
    _by_table: dict[Name, list[tuple[Item, list[Use]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._barred = {_start(index) for index in self.barred}
        for item in self.items:
            uses: dict[Name, list[Use]] = {}
            for access in item.accesses:
                uses.setdefault(access.table, []).append(Use.of(access))
            for table, found in uses.items():
                self._by_table.setdefault(table, []).append((item, found))

    def add(self, candidate: Candidate) -> int:
        """The candidate's bit, 0 if it is not to be had; a new one is made known to every query it is relevant to."""
        index = candidate.index
        if index in self._numbers:
            return 1 << self._numbers[index]
        if (
            index in self._refused
            or _start(index) in self._barred
            or (self.only is not None and index not in self.only)
        ):
            return 0
        size = self.size_of(index)
        if self.limit is not None and size > self.limit:
            self._refused.add(index)
            return 0
        number = len(self.candidates)
        self._numbers[index] = number
        self._by_name[index.name] = number
        self.candidates.append(candidate)
        self.sizes.append(size)
        self._introduce(index, 1 << number)
        return 1 << number

    def _introduce(self, index: Index, bit: int) -> None:
        for item, uses in self._by_table.get(index.table, ()):
            if any(use.usable(index) for use in uses):
                item.relevant |= bit

    def skipped_into(self, mask: int) -> None:
        """Make these known to the queries that a planner may serve by skipping over their first key."""
        for number in bits(mask):
            index = self.candidates[number].index
            for item, uses in self._by_table.get(index.table, ()):
                if any(use.skippable(index) for use in uses):
                    item.relevant |= 1 << number

    def given(self, indexes: Iterable[Index]) -> int:
        """The bits of these candidates."""
        return sum(1 << self._numbers[index] for index in indexes)

    def refuse(self, mask: int) -> None:
        """Take candidates that cannot be built out of everything."""
        self.impossible |= mask
        for item in self.items:
            item.relevant &= ~mask

    def mask(self, candidates: Iterable[Candidate]) -> int:
        """The bits of them all."""
        found = 0
        for each in candidates:
            found |= self.add(each)
        return found

    def named(self, names: Iterable[str]) -> int:
        """The bits of the candidates with these names; other names are those of indexes that exist."""
        found = 0
        for name in names:
            if (number := self._by_name.get(name)) is not None:
                found |= 1 << number
        return found

    def others(self, names: Iterable[str]) -> frozenset[str]:
        """Those of the names that are no candidate's: indexes that exist."""
        return frozenset(name for name in names if name not in self._by_name)

    def indexes(self, mask: int) -> frozenset[Index]:
        """The indexes of a set."""
        return frozenset(self.candidates[number].index for number in bits(mask))

    def size(self, mask: int) -> int:
        """Bytes of a set."""
        return sum(self.sizes[number] for number in bits(mask))


def _start(index: Index) -> tuple[Name, str | None]:
    return index.table, index.keys[0].column or index.keys[0].expression


def bits(mask: int) -> Iterator[int]:
    """The numbers in a set, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
