"""What is done for queries that took longer with the new indexes than without any, on a copy where they run.

First an index is made wider for them (widened.py), then some are given up (slowed.py), and the room that these leave is
filled with others, each of which is measured before it is kept. Where it would cost too much to free a query, that is
tried all the same if it is not far too much: what the room is filled with may make up for it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic

from pgtune.indexes.facts import Facts
from pgtune.indexes.slowed import MAY_LOSE, GivenUp, Release, allowed
from pgtune.indexes.timing import Each
from pgtune.indexes.tried import Trying
from pgtune.indexes.widened import Widened, Widening
from pgtune.model.design import Index

CREDIT = 2  # times what may be lost in the end: what may be lost until the room is filled

Further = Callable[[frozenset[Index]], Sequence[Index]]
"""What would be advised if these, and what begins as they do, could not be had."""


@dataclass(frozen=True, slots=True)
class Filled:
    """An index in the room of what was given up, and how much less all queries take with it, as a share."""

    index: Index
    gain: float


@dataclass(slots=True)
class Mending(Generic[Each]):
    """`may_lose` is the share of the gain that may be lost for the slower queries, with all that is done for them."""

    trying: Trying[Each]
    facts: Facts
    further: Further
    may_lose: float = MAY_LOSE
    widened: list[Widened] = field(default_factory=list)
    slowed: list[GivenUp] = field(default_factory=list)
    filled: list[Filled] = field(default_factory=list)

    def run(self) -> None:
        """Do it; what was done so far is known if it is refused to go on."""
        Widening(self.trying, self.facts, self.widened).run()
        wide = {each.instead.name: each.index.name for each in self.widened}
        self.trying.needed = frozenset(wide.get(name, name) for name in self.trying.needed)
        timing = self.trying.timing
        all_of_them, most = {**timing.now}, allowed(timing, self.may_lose)
        self._release(self.may_lose)
        if not any(each.kept for each in self.slowed) or not self._on_credit(all_of_them, most):
            self._fill()

    def _release(self, may_lose: float) -> None:
        trying = self.trying
        release = Release(trying.timing, may_lose, trying.needed, found=self.slowed)
        try:
            release.run()
        finally:
            trying.gone = release.gone

    def _fill(self) -> None:
        """Put in what would be advised without those given up, as long as there is room."""
        trying = self.trying
        if not trying.gone:
            return
        for index in self.further(frozenset(trying.indexes[name] for name in trying.gone)):
            before = trying.timing.total(trying.timing.now)
            if index.name not in trying.indexes and trying.put(index):
                self.filled.append(Filled(index, 1 - trying.timing.total(trying.timing.now) / max(before, 1e-9)))

    def _on_credit(self, now: dict[str, Each], most: float) -> bool:
        """Whether all queries can be freed so that they take no more than `most` once the room is filled."""
        trying, timing, good = self.trying, self.trying.timing, False
        before = timing.now, trying.gone, self.slowed
        timing.now, trying.gone, self.slowed = now, frozenset(), []
        try:
            self._release(CREDIT * self.may_lose)
            self._fill()
            good = timing.total(timing.now) <= most and not any(each.kept for each in self.slowed)
        finally:
            if not good:
                timing.now, trying.gone, self.slowed = before
                gone, self.filled = self.filled, []
                trying.take([each.index for each in gone])
        return good
