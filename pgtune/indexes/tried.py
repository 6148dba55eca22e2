"""An index put in place of others on a copy, and kept if no query is slower for it and all together take no longer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol

from pgtune.indexes.timing import Each, Timing
from pgtune.model.design import Index
from pgtune.plans.plan import Plan


class Copy(Protocol):
    """The database where the queries run."""

    def analyzed(self, key: str) -> Plan | None:
        """The query's plan with the rows that it really had (EXPLAIN ANALYZE VERBOSE); None if it was cut off."""

    def build(self, index: Index) -> int | None:
        """Create it; its bytes, None if it cannot be created."""

    def drop(self, index: Index) -> None:
        """Drop what was created."""


@dataclass(frozen=True, slots=True)
class Kept(Generic[Each]):
    """How the queries run whose plan the new index changes, and the indexes that are gone for it."""

    times: dict[str, Each]
    out: tuple[Index, ...]


@dataclass(slots=True)
class Trying(Generic[Each]):
    """`indexes` are those that are there, `sizes` their true bytes, both by name; at most so many, `budget` in bytes.

    `needed` are names of those that have to stay; `gone` of those that are given up: there, but hidden from the
    queries, and outside the budget.
    """

    timing: Timing[Each]
    copy: Copy
    indexes: dict[str, Index]
    sizes: dict[str, int]
    budget: int | None = None
    most: int | None = None
    needed: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    @property
    def left(self) -> list[Index]:
        """What is not given up."""
        return [index for name, index in self.indexes.items() if name not in self.gone]

    @property
    def size(self) -> int:
        """Bytes of what is left."""
        return sum(self.sizes[index.name] for index in self.left)

    def put(self, index: Index, out: tuple[Index, ...] = (), fast: str = "") -> Kept[Each] | None:
        """Build it, and keep it in place of those `out` if it is worth that, else drop it again.

        `fast` is a query that must not be slower then than without any index: for it others that gain least make room.
        """
        size = self.copy.build(index)
        if size is None:
            return None
        self.timing.indexes |= {index.name}
        self.indexes[index.name], self.sizes[index.name] = index, size
        found = dict[str, Each]()
        try:
            out = (*out, *self._room(index, out)) if fast else out
            found |= self._timed(index.name, frozenset(each.name for each in out), fast) if self._fits(out) else {}
            self.timing.now |= found
        finally:
            self.take(out if found else (index,))
        return Kept(found, out) if found else None

    def take(self, indexes: Sequence[Index]) -> None:
        """Drop some that are there."""
        for each in indexes:
            self.timing.indexes -= {each.name}
            del self.indexes[each.name], self.sizes[each.name]
        for each in indexes:
            self.copy.drop(each)

    def _fits(self, out: Sequence[Index]) -> bool:
        few = self.most is None or len(self.left) - len(out) <= self.most
        return few and (self.budget is None or self.size - sum(self.sizes[each.name] for each in out) <= self.budget)

    def _room(self, index: Index, out: tuple[Index, ...]) -> tuple[Index, ...]:
        """What else must go so that all fits: what gains least for its size, and no more than that takes."""
        others = [each for each in self.left if each not in {index, *out} and each.name not in self.needed]
        gone = list[Index]()
        for each in sorted(others, key=lambda each: (self._gained(each) / self.sizes[each.name], each.name)):
            if not self._fits((*out, *gone)):
                gone.append(each)
        for each in reversed(gone):
            less = [other for other in gone if other != each]
            gone = less if self._fits((*out, *less)) else gone
        return tuple(gone)

    def _gained(self, index: Index) -> float:
        """What the queries that use it have gained, whatever they would do without it."""
        timing = self.timing
        return sum(max(timing.gained(key), 0) for key, ran in timing.now.items() if index.name in ran.indexes)

    def _timed(self, name: str, out: frozenset[str], fast: str) -> dict[str, Each]:
        """How the queries run whose plan it changes, `fast` first; nothing if it is not worth it."""
        timing, found = self.timing, dict[str, Each]()
        without, as_now = self.gone | out, self.gone | {name}
        for key in sorted(timing.now, key=lambda each: each != fast):
            if key != fast and timing.plan(key, without) == timing.plan(key, as_now):
                continue
            found[key] = timing.carefully(key, without)
            if timing.spoils(key, found[key]) or (fast and timing.slows(fast, found[fast])):
                return {}
        return found if timing.total(timing.now | found) <= timing.total(timing.now) else {}
