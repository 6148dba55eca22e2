"""What a plan would cost if its joins returned as many rows as they may, by what the statistics do not say.

The planner takes columns for independent (`eqjoinsel`, selfuncs.c), and twice it then expects too few rows by far, so
that a plan which looks each of them up in an index seems to cost nothing:

- A join on several columns: it supposes as many different tuples as the product of their distinct counts, where a table
  has no more than it has rows. If the columns are a composite key that no foreign key declares, hundreds of times as
  many rows come.
- A join on one column with a filtered table that has more values than the other table refers to, as a calendar of
  two centuries has, of which the sales know five years: it supposes that a filter keeps as few of the values that are
  referred to as of all. If it keeps none but those, as many times more rows come as there are more values.

Whether that is so is not in the statistics. So this reckons a plan's cost for the case that it is: with as many more
rows as were supposed too few, and what is done for each row paid for as often. No planner is asked for that.

`python -m benchmarks.advise` runs such queries really: `tpch` its query 9, `tpcds` its query 7.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pgtune.indexes.facts import Facts, TableFacts
from pgtune.plans.compared import equalities, others, parts
from pgtune.plans.plan import Node, Plan

JOINS = frozenset({"Nested Loop", "Hash Join", "Merge Join"})
FEWER = frozenset({"Semi", "Anti"})  # joins that return no more rows than their outer side
GROUPED = frozenset({"Aggregate", "Group", "Unique", "SetOp"})  # what they return is bounded by the groups
ASIDE = frozenset({"InitPlan", "SubPlan"})
ROW = 0.01  # cpu_tuple_cost as PostgreSQL ships it: what one more row costs a join that looks nothing up for it

Side = dict[str, dict[str, str]]
"""By alias the columns that are compared with the other side, each by the class of columns that are equal to it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A subtree: how many times more rows it would return, what it would cost beyond the plan, its aliases."""

    times: float
    more: float
    aliases: frozenset[str]


@dataclass(slots=True)
class Composite:
    """One plan. `tables` by alias; `equal` leads from a column, as alias.name, to one that is equal to it.

    `kept` by alias: the rows that a scan's own conditions leave, where they are not those of a lookup; `looked_up` are
    the indexes that are looked into more often than planned.
    """

    tables: Mapping[str, TableFacts]
    kept: Mapping[str, float] = field(default_factory=dict)
    equal: dict[str, str] = field(default_factory=dict)
    looked_up: set[str] = field(default_factory=set)

    def part(self, node: Node) -> Part:
        """The subtree in numbers."""
        aside = sum(self.part(each).more for each in node.children if _aside(each))
        inputs = [each for each in node.children if not _aside(each)]
        parts = [self.part(each) for each in inputs]
        own = {node.alias} if node.relation is not None and node.alias else set()
        aliases = frozenset(own).union(*(each.aliases for each in parts))
        if node.kind in JOINS and len(parts) == 2:
            times, more = self._join(node, inputs, parts)
        else:
            times = 1.0 if node.kind in GROUPED else max((each.times for each in parts), default=1.0)
            more = sum(each.more for each in parts)
        if node.kind == "Limit" and inputs:
            more *= node.total_cost / max(inputs[0].total_cost, ROW)
        return Part(times, more + aside, aliases)

    def _join(self, node: Node, inputs: Sequence[Node], parts: Sequence[Part]) -> tuple[float, float]:
        """How many times more rows the join would return, and what it would cost beyond the plan."""
        outer, inner = parts
        times, rows = outer.times, inputs[0].rows
        if node.detail.get("Join Type") not in FEWER:
            times *= inner.times
            if node.rows > 1:  # one row is also what the planner says of a thousandth of one
                times *= self._supposed(node, inputs[1], outer.aliases, inner.aliases)
        more = outer.more + (times - 1) * node.rows * ROW
        if node.kind != "Nested Loop":
            return times, more + inner.more
        more += inner.more * max(rows, 1.0) * outer.times
        if outer.times > 1:
            self.looked_up.update(each.index for each in inputs[1].walk() if each.index)
        return times, more + (outer.times - 1) * rows * _lookup(node, *inputs)

    def _supposed(self, node: Node, inner: Node, left: frozenset[str], right: frozenset[str]) -> float:
        """How many times more tuples of the compared columns are supposed than may be there."""
        classes: dict[str, None] = {}
        for one, other in equalities([node, *inner.walk()] if node.kind == "Nested Loop" else [node]):
            if _between(one, other, left, right):
                classes[self.root(one)] = None
        ours, theirs = self._side(left, classes), self._side(right, classes)
        if len(classes) < 2:
            return max((self._dense(a, x, b, y) for a, x in ours.items() for b, y in theirs.items()), default=1.0)
        return max((self._factor(a, x, b, y) for a, x in ours.items() for b, y in theirs.items()), default=1.0)

    def _side(self, aliases: frozenset[str], classes: Mapping[str, None]) -> Side:
        found: Side = {}
        for column in sorted(self.equal):
            alias, name = parts(column)
            if alias in aliases and alias in self.tables and (root := self.root(column)) in classes:
                found.setdefault(alias, {})[root] = name
        return found

    def _factor(self, one: str, ours: Mapping[str, str], other: str, theirs: Mapping[str, str]) -> float:
        both = [each for each in ours if each in theirs]
        if len(both) < 2:
            return 1.0
        first = [max(self.tables[one].distinct(ours[each]), 1.0) for each in both]
        second = [max(self.tables[other].distinct(theirs[each]), 1.0) for each in both]
        common = min(math.prod(first), self.tables[one].rows, math.prod(second), self.tables[other].rows)
        return max(math.prod(map(max, first, second)) / max(common, 1.0), 1.0)

    def _dense(self, one: str, ours: Mapping[str, str], other: str, theirs: Mapping[str, str]) -> float:
        """How many times more values the filtered table has than the other refers to, or than it keeps."""
        few, many = sorted((self._distinct(one, ours), self._distinct(other, theirs)))
        filtered = other if self._distinct(other, theirs) == many else one
        return max(many / max(few, self.kept.get(filtered, many), 1.0), 1.0)

    def _distinct(self, alias: str, columns: Mapping[str, str]) -> float:
        return min(self.tables[alias].distinct(column) for column in columns.values())

    def root(self, column: str) -> str:
        """The column that stands for all that are equal to this one."""
        while (next_ := self.equal.get(column, column)) != column:
            column = next_
        return column

    def unite(self, one: str, other: str) -> None:
        """Take in that two columns are equal."""
        first, second = self.root(one), self.root(other)
        self.equal.setdefault(one, first)
        self.equal.setdefault(other, second)
        low, high = sorted((first, second))
        self.equal[low], self.equal[high] = low, low


def reckoned(plan: Plan, facts: Facts) -> tuple[float, frozenset[str]]:
    """The plan's cost with the rows that its joins may return, and the indexes that make it dearer than planned."""
    nodes = list(plan.root.walk())
    tables = {
        node.alias: table
        for node in nodes
        if node.alias and node.relation is not None and (table := facts.table(node.relation)) is not None
    }
    kept = {node.alias: node.rows for node in nodes if node.alias in tables and not others(node)}
    composite = Composite(tables, kept)
    for one, other in equalities(nodes):
        composite.unite(one, other)
    if not composite.equal:
        return plan.cost, frozenset()
    return plan.cost + composite.part(plan.root).more, frozenset(composite.looked_up)


def _aside(node: Node) -> bool:
    return node.detail.get("Parent Relationship") in ASIDE


def _lookup(node: Node, outer: Node, inner: Node) -> float:
    """What a nested loop does for one outer row, by the planner."""
    if outer.rows <= 1:
        return inner.total_cost
    return max(node.total_cost - outer.total_cost - inner.total_cost, 0.0) / (outer.rows - 1)


def _between(one: str, other: str, left: frozenset[str], right: frozenset[str]) -> bool:
    first, second = parts(one)[0], parts(other)[0]
    return (first in left and second in right) or (first in right and second in left)
