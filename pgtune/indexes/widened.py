"""Indexes that get one key more because a query, run for real, threw most of what it looked up in them away.

Where a planner expects a few lookups it takes a narrow index for as good as a wide one. If thousands come, each of them
fetches rows that a filter then removes, and the query takes longer than without any index. With the filter's column as
one key more only those are fetched that stay. So which index should be wider shows when the queries run, on a copy.

`python -m benchmarks.advise tpcds --budgets 250` runs such queries: 17 and 25, and 29 gains as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol

from pgtune.indexes import access
from pgtune.indexes.facts import Facts
from pgtune.indexes.keys import KeyMaker
from pgtune.indexes.timing import Each, Timing
from pgtune.model.design import Index, Key
from pgtune.plans.plan import Node, Plan
from pgtune.sqltext.conditions import conditions
from pgtune.sqltext.shape import Catalog, Source
from pgtune.workload.catalog import Tables


class Copy(Protocol):
    """The database where the queries run."""

    def analyzed(self, key: str) -> Plan | None:
        """The query's plan with the rows that it really had (EXPLAIN ANALYZE VERBOSE); None if it was cut off."""

    def build(self, index: Index) -> int | None:
        """Create it; its bytes, None if it cannot be created."""

    def drop(self, index: Index) -> None:
        """Drop what was created."""


@dataclass(frozen=True, slots=True)
class Widened:
    """An index in place of a narrower one, and the query it is for.

    The query's milliseconds without any index, with the narrower one, and with this; `others` is how much longer all
    other queries take for it, times their weight, as a share of the workload's time.
    """

    index: Index
    instead: Index
    query: str
    before: float
    after: float
    then: float
    others: float


@dataclass(slots=True)
class Widening(Generic[Each]):
    """Widens indexes for slow queries. `indexes` are those that are there, `sizes` their true bytes, both by name."""

    timing: Timing[Each]
    facts: Facts
    copy: Copy
    indexes: dict[str, Index]
    sizes: dict[str, int]
    budget: int | None = None
    found: list[Widened] = field(default_factory=list)

    def run(self) -> list[Widened]:
        """Those that make a query fast that was slower than without any, for the queries that lose most first."""
        for key in self.timing.slower():
            if self.timing.slow(key) and self.timing.confirmed(key):
                self._mend(key)
        return self.found

    def _mend(self, key: str) -> None:
        plan = self.copy.analyzed(key)
        for narrow, wide in wider(plan, self.indexes, self.facts) if plan else ():
            if self._helps(key, narrow, wide):
                break

    def _helps(self, key: str, narrow: Index, wide: Index) -> bool:
        """Take it if the query is slow no more, no other gets slower than without any, and all take no longer."""
        size = self.copy.build(wide)
        if size is None:
            return False
        self.timing.indexes |= {wide.name}
        found = self._timed(key, narrow, wide) if self._fits(narrow, size) else {}
        if found:
            self.found.append(self._widened(key, narrow, wide, found))
            self.timing.now |= found
            self.sizes[wide.name], self.indexes[wide.name] = size, wide
            del self.sizes[narrow.name], self.indexes[narrow.name]
        gone = narrow if found else wide
        self.timing.indexes -= {gone.name}
        self.copy.drop(gone)
        return bool(found)

    def _fits(self, narrow: Index, size: int) -> bool:
        return self.budget is None or sum(self.sizes.values()) - self.sizes[narrow.name] + size <= self.budget

    def _timed(self, key: str, narrow: Index, wide: Index) -> dict[str, Each]:
        """How the queries run whose plan it changes, this one first; nothing if it is not worth it."""
        timing, found = self.timing, dict[str, Each]()
        without, as_now = frozenset({narrow.name}), frozenset({wide.name})
        for each in (key, *(other for other in timing.now if other != key)):
            if each != key and timing.plan(each, without) == timing.plan(each, as_now):
                continue
            found[each] = timing.carefully(each, without)
            if timing.spoils(each, found[each]) or timing.slows(key, found[key]):
                return {}
        return found if timing.total(timing.now | found) <= timing.total(timing.now) else {}

    def _widened(self, key: str, narrow: Index, wide: Index, found: Mapping[str, Each]) -> Widened:
        timing = self.timing
        others = sum(timing.gained(each) - timing.gained(each, found) for each in found if each != key)
        share = others / max(timing.total(timing.now), 1e-9)
        return Widened(wide, narrow, key, timing.trials[key].before, timing.now[key].ms, found[key].ms, share)


def wider(plan: Plan, own: Mapping[str, Index], facts: Facts) -> list[tuple[Index, Index]]:
    """Each index of these from which a filter removed more rows than it kept, and that index with one key more.

    That which fetched most rows for nothing is the first. The key is a column that the filter compares for equality,
    of several the one with most different values.
    """
    catalog, sources = Tables.of(facts.snapshot).under(()), access.sources(plan)
    found: dict[tuple[Index, Index], float] = {}
    for node, name in _lookups(plan.root):
        removed, kept = (float(node.detail.get(each, 0)) for each in ("Rows Removed by Filter", "Actual Rows"))
        narrow = own.get(name)
        if narrow is not None and narrow.method == "btree" and removed > kept:
            key = _key(node, narrow, sources, facts, catalog)
            if key is not None:
                include = tuple(each for each in narrow.include if each != key.column)
                pair = narrow, replace(narrow, keys=(*narrow.keys, key), include=include)
                found[pair] = found.get(pair, 0.0) + removed * float(node.detail.get("Actual Loops", 1))
    return sorted(found, key=lambda pair: -found[pair])


def _lookups(node: Node) -> Iterator[tuple[Node, str]]:
    """The nodes that fetch rows by one index, and its name."""
    below = node.children[0] if node.kind == "Bitmap Heap Scan" and node.children else node
    if node.relation is not None and below.index is not None:
        yield node, below.index
    for child in node.children:
        yield from _lookups(child)


def _key(node: Node, narrow: Index, sources: Mapping[str, Source], facts: Facts, catalog: Catalog) -> Key | None:
    table, source = facts.table(narrow.table), sources.get(node.alias or "")
    if table is None or source is None:
        return None
    text = node.conditions.get("Filter", "")
    alone, between = conditions(text, tuple(sources.values()), catalog)
    terms = [each.term for each in alone if each.test == "equal" and each.arm is None and not each.negated]
    for join in between:
        terms += (join.left, join.right) if join.operator == "=" and join.arm is None else ()
    keys = (KeyMaker(facts, table).btree(term) for term in terms if term.source == source.number and term.column)
    fresh = [key for key in keys if key is not None and key not in narrow.keys]
    return max(fresh, key=lambda key: (table.distinct(key.column), key.column), default=None)
