"""Indexes that get one key more because a query, run for real, threw most of what it looked up in them away.

Where a planner expects a few lookups it takes a narrow index for as good as a wide one. If thousands come, each of them
fetches rows that a filter then removes, and the query takes longer than without any index. With the filter's column as
one key more only those are fetched that stay. So which index should be wider shows when the queries run, on a copy.

`python -m benchmarks.advise tpcds --budgets 250` runs such queries: 17 and 25, and 29 gains as well.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Generic

from pgtune.indexes import access
from pgtune.indexes.facts import Facts
from pgtune.indexes.keys import KeyMaker
from pgtune.indexes.timing import Each
from pgtune.indexes.tried import Trying
from pgtune.model.design import Index, Key
from pgtune.plans.plan import Node, Plan
from pgtune.sqltext.conditions import conditions
from pgtune.sqltext.shape import Catalog, Source
from pgtune.workload.catalog import Tables


@dataclass(frozen=True, slots=True)
class Widened:
    """An index in place of a narrower one, and of those that had to make `room` for it, and the query it is for.

    The query's milliseconds without any index, with the narrower one, and with this; `others` is how much longer all
    other queries take for it, times their weight, as a share of the workload's time.
    """

    index: Index
    instead: Index
    room: tuple[Index, ...]
    query: str
    before: float
    after: float
    then: float
    others: float


@dataclass(slots=True)
class Widening(Generic[Each]):
    """Widens indexes for slow queries."""

    trying: Trying[Each]
    facts: Facts
    found: list[Widened] = field(default_factory=list)

    def run(self) -> list[Widened]:
        """Those that make a query fast that was slower than without any, for the queries that lose most first."""
        timing = self.trying.timing
        for key in timing.slower():
            if timing.slow(key) and timing.confirmed(key):
                self._mend(key)
        return self.found

    def _mend(self, key: str) -> None:
        plan, timing = self.trying.copy.analyzed(key), self.trying.timing
        for narrow, wide in wider(plan, self.trying.indexes, self.facts) if plan else ():
            before = {**timing.now}
            if kept := self.trying.put(wide, (narrow,), fast=key):
                others = sum(timing.gained(each, before) - timing.gained(each) for each in kept.times if each != key)
                share = others / max(timing.total(before), 1e-9)
                times = timing.trials[key].before, before[key].ms, kept.times[key].ms
                self.found.append(Widened(wide, narrow, kept.out[1:], key, *times, share))
                break


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
