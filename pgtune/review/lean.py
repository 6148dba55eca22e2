"""The advised indexes without what wins nothing clearly: one query alone knows of no writes to pay for."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from pgtune.indexes.advice import Limits
from pgtune.model.design import Index
from pgtune.snapshot.snapshot import Snapshot
from pgtune.sqltext.analysis import shape
from pgtune.workload.catalog import Tables
from pgtune.workload.statement import Statement

# The planner reckons a page read at random as 1.1 to 4 pages in sequence (random_page_cost, the guide's and the
# default): what is won by less than that spread may be no gain at all.
CLEARLY = 4.0
NARROWING = frozenset({"equal", "in", "range", "prefix"})


@dataclass(frozen=True, slots=True)
class Tried:
    """`cost` is that of the query with all that was advised; `costs` answers for other sets of indexes."""

    cost: float
    costs: Callable[[Collection[Index]], float]

    def lean(self, made: Sequence[Index], compared: Collection[str]) -> Mapping[Index, Index]:
        """What is left of each index, those that can be spared left out."""
        left = {index: index for index in made}
        for index in made:
            others = [each for old, each in left.items() if old != index]
            if others and self.costs(others) <= CLEARLY * self.cost:
                del left[index]
                continue
            turned = _turned(index, compared)
            if turned != index and self.costs([*others, turned]) <= Limits().worst * self.cost:
                left[index] = turned
            for simpler in (_whole, _bare, _shorter):
                while (less := simpler(left[index])) is not None and self.costs([*others, less]) <= CLEARLY * self.cost:
                    left[index] = less
        return left


def compared(statements: Sequence[Statement], snapshot: Snapshot) -> frozenset[str]:
    """The columns by which the statements narrow what they read."""
    tables = Tables.of(snapshot)
    shapes = (shape(each.text, tables.under(each.search_path)) for each in statements)
    found = (each for one in shapes for each in one.predicates() if each.test in NARROWING and not each.negated)
    return frozenset(each.term.column or each.term.sql for each in found)


def _turned(index: Index, compared: Collection[str]) -> Index:
    """The columns that are compared in front: a plan that skips through others costs the same by a hair."""
    if index.method != "btree":
        return index
    return replace(
        index, keys=tuple(sorted(index.keys, key=lambda key: (key.column or key.expression) not in compared))
    )


def _whole(index: Index) -> Index | None:
    """Not partial."""
    return replace(index, where="") if index.where else None


def _bare(index: Index) -> Index | None:
    """Without payload."""
    return replace(index, include=()) if index.include else None


def _shorter(index: Index) -> Index | None:
    """Without its last key."""
    return replace(index, keys=index.keys[:-1]) if len(index.keys) > 1 else None
